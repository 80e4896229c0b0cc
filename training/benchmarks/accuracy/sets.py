"""The sets that systems are compared on: public passages with two ways to split them, and foreign taxonomies."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import read_corpus
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import find_taxonomy, import_json
from training.benchmarks.accuracy.splits import Part, split_part

CORPORA = tuple(
    Path(__file__).parents[2] / "corpus" / name for name in ("starter.jsonl", "pairs.jsonl", "documents.jsonl")
)
"""The invented narratives of this repository, which every system may learn from."""
TRAIN, DEV = "real-train.jsonl", "real-dev.jsonl"
FAMILIES = (
    ("uk-services-inspections", "uk-focused-visits"),
    ("uk-joint-inspections",),
    ("us-pa-summaries",),
    ("us-nv-disclosures",),
    ("us-hhs-audits",),
)
"""Kinds of source that are left out together."""
FOREIGN = ("nhs_px", "ukcat", "msha_bodypart", "disaster_messages")
NAMES = ("real", "unseen", *FOREIGN)


@dataclass(frozen=True)
class LearningSet:
    """Narratives to learn from and to be measured on, the same for every system.

    `closed` tells whether a sub-theme implies its theme in the labels; else codes count exactly as they are listed.
    """

    name: str
    taxonomy: Taxonomy
    closed: bool
    parts: tuple[Part, ...]

    @property
    def fingerprint(self) -> str:
        """Hash of all that a system is given, and of what it is measured on."""
        told = [self.taxonomy.sha256, str(self.closed)]
        told += [corpus_fingerprint(side) for part in self.parts for side in (part.fit, part.tune, part.test)]
        return hashlib.sha256("".join(told).encode()).hexdigest()


def load_set(name: str, data: Path | None, *, rows: int = 0) -> LearningSet:
    """Read a set; `rows` cuts both sides of every part down, to try things out."""
    if name not in NAMES:
        raise SystemExit(f"There is no set {name!r}; there are {', '.join(NAMES)}.")
    return _foreign(name, data, rows) if name in FOREIGN else _ours(name, data, rows)


def read_ours(data: Path | None, taxonomy: Taxonomy, rows: int = 0) -> list[list[CodedNarrative]]:
    """Read the corpora of this repository, but for what never trains, and the public passages of both files."""
    own = [narrative for path in CORPORA for narrative in _cut(read_corpus(path, taxonomy), rows)]
    train, dev = (_cut(read_corpus(path, taxonomy), rows) for path in _files(data, TRAIN, DEV))
    return [_as_train(n for n in own if n.split in ("", "train")), _as_train(train), _as_train(dev)]


def _files(data: Path | None, *names: str) -> list[Path]:
    if data is None:
        raise SystemExit("The coded narratives are not part of this repository: name their folder with --data (DATA=).")
    paths = [data / name for name in names]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise SystemExit(f"These files are not there: {', '.join(missing)}. Name their folder with --data (DATA=).")
    return paths


def _ours(name: str, data: Path | None, rows: int) -> LearningSet:
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    starter, train, dev = read_ours(data, taxonomy, rows)
    if name == "real":
        sides = [(starter + train, dev)]
    else:
        real = train + dev
        sides = [(starter + without(real, own), within(real, own)) for own in FAMILIES]
    parts = [split_part(before, after, taxonomy) for before, after in sides if after]
    return LearningSet(name, taxonomy, closed=True, parts=tuple(parts))


def _foreign(name: str, data: Path | None, rows: int) -> LearningSet:
    """Take over a taxonomy as `io-coding taxonomy import` does; what only groups is a group."""
    corpus, codes = _files(data, f"bench/{name}/data.jsonl", f"bench/{name}/taxonomy.json")
    narratives = read_corpus(corpus)
    parents = {code.get("parent") for code in json.loads(codes.read_text(encoding="utf-8")).values()}
    groups = not any(code in parents for narrative in narratives for code in narrative.codes)
    taxonomy = import_json(
        codes, taxonomy_id=name.replace("_", "-"), version="1.0.0", title=name.replace("_", " "), groups=groups
    )
    train, test = ([n for n in narratives if n.split == split] for split in ("train", "test"))
    part = split_part(_as_train(_cut(train, rows)), _cut(test, rows), taxonomy, closed=False)
    return LearningSet(name, taxonomy, closed=False, parts=(part,))


def _cut(narratives: Sequence[CodedNarrative], rows: int) -> list[CodedNarrative]:
    return list(narratives[:: max(1, len(narratives) // rows)][:rows] if rows else narratives)


def _as_train(narratives: Iterable[CodedNarrative]) -> list[CodedNarrative]:
    """Mark all as given to train on."""
    return [replace(narrative, split="train") for narrative in narratives]


def _family(families: Sequence[str]) -> Callable[[CodedNarrative], bool]:
    return lambda narrative: narrative.meta.get("family") in families


def within(narratives: Sequence[CodedNarrative], families: Sequence[str]) -> list[CodedNarrative]:
    """Give the narratives of some kinds of source."""
    return list(filter(_family(families), narratives))


def without(narratives: Sequence[CodedNarrative], families: Sequence[str]) -> list[CodedNarrative]:
    """Give the narratives of all other kinds of source."""
    return [narrative for narrative in narratives if not _family(families)(narrative)]
