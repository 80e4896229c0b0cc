"""What an encoder that was tuned on coded narratives remembers: its heads, what it saw, and what siblings scored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from scipy.special import expit, logit

from coding_service.suggesters.heads import Heads
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

TUNING = "tuning.json"
STEPS_PER_LOGIT = 10.0
"""Resolution of a remembered score."""
CLIP = 1e-5
READING = "whole sentence and best clause"
"""Names how sentences are read: what siblings scored by another reading does not calibrate this one."""

_Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _counts(blend: tuple[float, float, float]) -> tuple[float, float, float]:
    if not any(blend):
        raise ValueError("one of the three readings must count")
    return blend


Blend = Annotated[tuple[_Share, _Share, _Share], AfterValidator(_counts)]
"""Weights of the best sentence, the narrative read at once and its words."""
Head = tuple[Floats, float]
"""Weights and intercept of one code."""


@dataclass(frozen=True)
class TuningRows:
    """What an encoder is tuned on.

    Parameters
    ----------
    sentences : list of str
        The rows.
    labels : ndarray of shape (n_rows, n_codes), int8
        1, 0, or -1 where unknown.
    weights : ndarray of shape (n_rows,)
        Trust in each row.
    denied : ndarray of shape (n_rows, n_codes), bool
        Pairs whose sentence uses the words of the code without deserving it.
    quotes : list of mapping of int to list of (int, int)
        By column: the parts of the row that readers quoted, offsets in the row.
    """

    sentences: list[str]
    labels: NDArray[np.int8]
    weights: Floats
    denied: NDArray[np.bool_]
    quotes: list[dict[int, list[tuple[int, int]]]]


@dataclass(frozen=True)
class TunedHeads:
    """The heads that were tuned with an encoder, one column per code.

    Parameters
    ----------
    sentences : Heads
        Over sentence vectors: does the sentence tell the code?
    quotes : Heads
        Over states of word pieces: of a sentence that does, is this piece part of what readers quoted?
    """

    sentences: Heads
    quotes: Heads


@dataclass(frozen=True)
class Remembered:
    """What is known of narratives that an encoder was tuned on.

    Parameters
    ----------
    seen : ndarray of shape (n_narratives, n_codes), bool
        Pairs that the encoder learned from: its scores of them flatter.
    scores : ndarray of shape (n_narratives, n_codes)
        Raw scores by a sibling that did not see the narrative; 0 where there is none.
    scored : ndarray of shape (n_narratives,), bool
        Whether there are such scores.
    """

    seen: NDArray[np.bool_]
    scores: Floats
    scored: NDArray[np.bool_]


@dataclass(frozen=True)
class Tuning:
    """The memory of a tuned encoder; that of a general one is empty.

    Parameters
    ----------
    heads : mapping of str to (ndarray, float)
        Weights and intercept of each code's head, tuned together with the encoder.
    quotes : mapping of str to (ndarray, float)
        Likewise, of the heads over states of word pieces.
    wordings : mapping of str to str
        Hash of the name and definition that each code had; a code of the same id and another meaning is another code.
    blend : tuple of float or None
        How the readings of a narrative were blended.
    seen : mapping of str to tuple of int or None
        By hash of text: scores of a sibling that did not see it, in steps of log odds in the order of the heads; or
        None where all siblings saw it.
    """

    heads: Mapping[str, Head] = field(default_factory=dict)
    quotes: Mapping[str, Head] = field(default_factory=dict)
    wordings: Mapping[str, str] = field(default_factory=dict)
    blend: Blend | None = None
    seen: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)

    def known(self, taxonomy: Taxonomy) -> set[str]:
        """Give the codes of a taxonomy that have tuned heads."""
        return {
            code_id
            for code_id, wording in wordings_of(taxonomy).items()
            if code_id in self.heads and self.wordings.get(code_id, wording) == wording
        }

    def columns(self, taxonomy: Taxonomy) -> NDArray[np.bool_]:
        """Tell which codes of a taxonomy have tuned heads."""
        known = self.known(taxonomy)
        return np.array([code_id in known for code_id in taxonomy.code_ids], dtype=bool)

    def recall(self, texts: Sequence[str], taxonomy: Taxonomy) -> Remembered:
        """Look texts up."""
        columns = self.columns(taxonomy)
        known = [text_key(text) for text in texts]
        seen = np.array([key in self.seen for key in known], dtype=bool)[:, None] & columns
        scores = np.zeros(seen.shape)
        scored = np.zeros(len(texts), dtype=bool)
        order = {code_id: place for place, code_id in enumerate(self.heads)}
        for row, key in enumerate(known):
            steps = self.seen.get(key)
            if steps is not None:
                scored[row] = True
                own = [steps[order[code_id]] for code_id in np.array(taxonomy.code_ids)[columns].tolist()]
                scores[row, columns] = expit(np.array(own) / STEPS_PER_LOGIT)
        return Remembered(seen, scores, scored)

    def with_siblings(self, texts: Sequence[str], scores: Floats, taxonomy: Taxonomy) -> "Tuning":
        """Add the scores that siblings gave to texts they did not see."""
        steps = np.rint(logit(np.clip(scores, CLIP, 1 - CLIP)) * STEPS_PER_LOGIT).astype(int)
        columns = [taxonomy.index[code_id] for code_id in self.heads]
        added = {text_key(text): tuple(row[columns].tolist()) for text, row in zip(texts, steps, strict=True)}
        return replace(self, seen={**self.seen, **added})

    def write(self, folder: Path) -> None:
        """Write into the folder of an encoder."""
        content = {
            "blend": self.blend,
            "reading": READING,
            "heads": _rounded(self.heads),
            "quotes": _rounded(self.quotes),
            "wordings": dict(self.wordings),
            "seen": dict(sorted(self.seen.items())),
        }
        (folder / TUNING).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Tuning":
        """Read from the folder of an encoder; one without a memory gives an empty one."""
        path = folder / TUNING
        if not path.is_file():
            return cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        same = content.get("reading") == READING
        return cls(
            heads=_heads(content["heads"]),
            quotes=_heads(content.get("quotes", {})),
            wordings=content.get("wordings", {}),
            blend=tuple(content["blend"]) if content["blend"] else None,
            seen={key: tuple(steps) if steps is not None and same else None for key, steps in content["seen"].items()},
        )


def by_code(heads: Heads, taxonomy: Taxonomy) -> dict[str, Head]:
    """Give the column of each code of a taxonomy under its id."""
    return {
        code_id: (heads.weights[:, column], float(heads.intercepts[column]))
        for column, code_id in enumerate(taxonomy.code_ids)
    }


def wordings_of(taxonomy: Taxonomy) -> dict[str, str]:
    """Give a hash of the name and definition of each code."""
    told = {code_id: taxonomy.get(code_id) for code_id in taxonomy.code_ids}
    return {code_id: text_key(f"{code.name}\n{code.definition}") for code_id, code in told.items()}


def _rounded(heads: Mapping[str, Head]) -> dict[str, Any]:
    return {
        code_id: {"weights": [round(float(weight), 5) for weight in weights], "intercept": round(intercept, 5)}
        for code_id, (weights, intercept) in heads.items()
    }


def _heads(content: Mapping[str, Any]) -> dict[str, Head]:
    return {code_id: (np.array(head["weights"]), float(head["intercept"])) for code_id, head in content.items()}


def text_key(text: str) -> str:
    """Name a text by a hash; the text itself is not kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
