"""Proves that a whole corpus is sound: offsets, ids, splits, near-duplicates, balance, no cheap way to guess codes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from coding_service.corpus.duplicates import THRESHOLD, near_duplicates
from coding_service.corpus.files import scan_corpus, source_name
from coding_service.corpus.labels import ABSENT, PRESENT, UNKNOWN, Labels, label_matrix
from coding_service.corpus.narrative import CodedNarrative
from coding_service.corpus.shortcuts import Shortcut, measure_shortcuts
from coding_service.corpus.split import IntArray, merged_groups
from coding_service.taxonomy import Taxonomy


class Level(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a corpus.

    Parameters
    ----------
    level : Level
        ``broken`` must be mended; ``warning`` should be looked at.
    rule : str
        Name of the rule that does not hold.
    narratives : tuple of str
        Ids of the narratives concerned, at most a few; empty where it concerns the whole corpus.
    message : str
        What is wrong, expected and found; never a word of the text.
    """

    level: Level
    rule: str
    narratives: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class CodeBalance:
    """How well one code is covered.

    Parameters
    ----------
    code : str
        Its id.
    positives : int
        Narratives that carry it, or a sub-theme of it.
    unknown : int
        Narratives that leave it open.
    counters : int
        Narratives that name it in ``meta.counter``: they use its words without deserving it.
    length_roc_auc, first_words_roc_auc : float
        How well the shortcuts guess it; NaN where examples are too few.
    """

    code: str
    positives: int
    unknown: int
    counters: int
    length_roc_auc: float
    first_words_roc_auc: float


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    n_narratives, n_groups : int
        Size of what was checked; narratives that near-duplicates or pairs tie together are one group.
    findings : tuple of Finding
        What is wrong, by rule.
    balance : tuple of CodeBalance
        One per selectable code, in the order of the taxonomy.
    shortcuts : tuple of Shortcut
        What length alone and the first words alone can guess.
    """

    n_narratives: int
    n_groups: int
    findings: tuple[Finding, ...]
    balance: tuple[CodeBalance, ...]
    shortcuts: tuple[Shortcut, ...]

    def passes(self, *, strict: bool = False) -> bool:
        """Tell whether nothing is broken, and with ``strict``, whether there is no finding at all."""
        return not any(strict or finding.level is Level.BROKEN for finding in self.findings)


def check_corpus(
    narratives: Sequence[CodedNarrative],
    taxonomy: Taxonomy,
    *,
    min_positives: int = 0,
    min_counters: int = 0,
    seed: int = 0,
) -> Report:
    """Check a corpus as a whole.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        All of its narratives, from one file or several.
    taxonomy : Taxonomy
        The taxonomy that it was coded with.
    min_positives, min_counters : int
        Positives and counter-examples that each code needs; 0 only reports them.
    seed : int
        Deals the folds in which the shortcuts are measured.

    Returns
    -------
    Report
        Findings, balance and shortcuts. Narratives with broken ids are left out of the last two.
    """
    findings = [*_repeated_ids(narratives)]
    sound: list[CodedNarrative] = []
    for narrative in narratives:
        broken_ids = list(_ids(narrative, taxonomy))
        findings += [*broken_ids, *_offsets(narrative)]
        if not broken_ids:
            sound.append(narrative)
    labels = label_matrix(sound, taxonomy)
    for narrative, row in zip(sound, labels, strict=True):
        findings += _counters(narrative, dict(zip(taxonomy.code_ids, row.tolist(), strict=True)))
    groups = merged_groups(sound)
    findings += [*_torn(narratives), *_alike(narratives)]
    shortcuts = measure_shortcuts([narrative.text for narrative in sound], labels, groups, seed=seed)
    balance = _balance(sound, labels, taxonomy, shortcuts)
    findings += [*_too_few(balance, min_positives, min_counters), *_guessable(shortcuts)]
    return Report(len(narratives), _count(groups), tuple(findings), balance, shortcuts)


def check_files(
    paths: Sequence[Path | str], taxonomy: Taxonomy, *, min_positives: int = 0, min_counters: int = 0
) -> Report:
    """Check the corpus that several files hold together; each line that breaks the format is a finding.

    Parameters
    ----------
    paths : sequence of Path or str
        Corpus files; ``-`` is standard input.
    taxonomy, min_positives, min_counters
        As in `check_corpus`.

    Returns
    -------
    Report
        Findings of the format first.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    scans = [scan_corpus(path) for path in paths]
    broken = [Finding(Level.BROKEN, "format", (), str(problem)) for _, problems in scans for problem in problems]
    narratives = [narrative for found, _ in scans for narrative in found]
    empty = [
        source_name(path) for path, (found, problems) in zip(paths, scans, strict=True) if not found and not problems
    ]
    broken += [Finding(Level.BROKEN, "format", (), f"{name}: there is no narrative.") for name in empty]
    report = check_corpus(narratives, taxonomy, min_positives=min_positives, min_counters=min_counters)
    return replace(report, findings=(*broken, *report.findings))


def _count(groups: IntArray) -> int:
    return int(groups.max(initial=-1)) + 1


def _repeated_ids(narratives: Sequence[CodedNarrative]) -> Iterator[Finding]:
    seen: set[str] = set()
    for narrative in narratives:
        if narrative.id in seen:
            yield Finding(Level.BROKEN, "ids", (narrative.id,), "The id is given to more than one narrative.")
        seen.add(narrative.id)


def _ids(narrative: CodedNarrative, taxonomy: Taxonomy) -> Iterator[Finding]:
    places = {
        "codes": narrative.codes,
        "unknown": narrative.unknown,
        "evidence": narrative.evidence,
        "meta.counter": narrative.counters,
    }
    for place, ids in places.items():
        for code in ids:
            if code not in taxonomy.index:
                message = f"{place} names {code!r}, which is no selectable code of {taxonomy.id} {taxonomy.version}."
                yield Finding(Level.BROKEN, "ids", (narrative.id,), message)
    for code in sorted(set(narrative.codes) & set(narrative.unknown)):
        yield Finding(Level.BROKEN, "ids", (narrative.id,), f"{code!r} stands in codes and in unknown.")


def _offsets(narrative: CodedNarrative) -> Iterator[Finding]:
    size = len(narrative.text)
    for code, spans in narrative.evidence.items():
        for start, end in spans:
            if not 0 <= start < end <= size:
                message = (
                    f"Evidence [{start}, {end}] for {code!r} is empty or outside the {size} characters of the text."
                )
                yield Finding(Level.BROKEN, "offsets", (narrative.id,), message)


def _counters(narrative: CodedNarrative, labels: dict[str, int]) -> Iterator[Finding]:
    if "counter" in narrative.meta and not isinstance(narrative.meta["counter"], dict):
        yield Finding(Level.BROKEN, "counters", (narrative.id,), "meta.counter is no object of code id to quote.")
    for code, quote in narrative.counters.items():
        if not isinstance(quote, str) or not quote or quote not in narrative.text:
            message = f"The quote of the counter-example for {code!r} does not occur in the text."
            yield Finding(Level.BROKEN, "counters", (narrative.id,), message)
        if labels[code] != ABSENT:
            message = f"It is a counter-example for {code!r}, which it also carries or leaves open."
            yield Finding(Level.BROKEN, "counters", (narrative.id,), message)


def _torn(narratives: Sequence[CodedNarrative]) -> Iterator[Finding]:
    """Find groups and pairs that stand in more than one split."""
    together: dict[tuple[str, str], dict[str, list[str]]] = {}
    for narrative in narratives:
        for rule, name in (("groups", narrative.group), ("pairs", narrative.pair)):
            if name and narrative.split:
                together.setdefault((rule, name), {}).setdefault(narrative.split, []).append(narrative.id)
    for (rule, name), splits in together.items():
        if len(splits) > 1:
            ids = tuple(ids[0] for ids in splits.values())
            message = f"{name!r} stands in {' and '.join(sorted(splits))}; all of it belongs in one split."
            yield Finding(Level.BROKEN, rule, ids, message)


def _alike(narratives: Sequence[CodedNarrative]) -> Iterator[Finding]:
    for first, second, similarity in near_duplicates(narratives):
        one, other = narratives[first], narratives[second]
        across = one.split != other.split and bool(one.split and other.split)
        told = " and ".join(sorted({one.split, other.split} - {""})) or "no split"
        message = f"They share {similarity:.2f} of their word trigrams, over {THRESHOLD}; they stand in {told}."
        yield Finding(Level.BROKEN if across else Level.WARNING, "near-duplicates", (one.id, other.id), message)


def _balance(
    narratives: Sequence[CodedNarrative], labels: Labels, taxonomy: Taxonomy, shortcuts: Sequence[Shortcut]
) -> tuple[CodeBalance, ...]:
    counters = [code for narrative in narratives for code in narrative.counters]
    length, first_words = shortcuts
    return tuple(
        CodeBalance(
            code=code,
            positives=int((labels[:, column] == PRESENT).sum()),
            unknown=int((labels[:, column] == UNKNOWN).sum()),
            counters=counters.count(code),
            length_roc_auc=length.per_code[column],
            first_words_roc_auc=first_words.per_code[column],
        )
        for column, code in enumerate(taxonomy.code_ids)
    )


def _too_few(balance: Sequence[CodeBalance], min_positives: int, min_counters: int) -> Iterator[Finding]:
    for row in balance:
        for noun, found, least in (
            ("positives", row.positives, min_positives),
            ("counter-examples", row.counters, min_counters),
        ):
            if found < least:
                message = f"{row.code!r} has {found} {noun}, expected at least {least}."
                yield Finding(Level.BROKEN, "balance", (), message)


def _guessable(shortcuts: Sequence[Shortcut]) -> Iterator[Finding]:
    for shortcut in shortcuts:
        if shortcut.flagged:
            message = (
                f"The {shortcut.name} alone guess codes with a mean ROC-AUC of {shortcut.roc_auc:.3f} over "
                f"{shortcut.n_codes} codes, expected at most {shortcut.limit}."
            ).replace("length alone guess", "length alone guesses")
            yield Finding(Level.WARNING, "shortcuts", (), message)
