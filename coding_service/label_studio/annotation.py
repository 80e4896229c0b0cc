"""A submitted or skipped annotation in our words: what was accepted, added, rejected and where the text tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coding_service.corpus import Span


@dataclass(frozen=True)
class ChosenCode:
    """A code that an annotator said holds.

    Parameters
    ----------
    code : str
        Its id.
    verdict : str
        ``accept`` where the annotation grew out of a prediction that had the code, ``add`` where it was typed.
    rating : int or None
        1 to 3.
    evidence : tuple of Span
        Where the text tells it, in code points, sorted.
    """

    code: str
    verdict: Literal["accept", "add"]
    rating: int | None = None
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True)
class ShownPrediction:
    """What the annotator had before them.

    Parameters
    ----------
    bundle_id : str
        The bundle that made it.
    codes : tuple of ChosenCode
        Its codes with their evidence, in the order of the taxonomy.
    """

    bundle_id: str
    codes: tuple[ChosenCode, ...]


@dataclass(frozen=True)
class AnnotationRecord:
    """An annotation, read.

    Parameters
    ----------
    annotation, task : int
        Label Studio's numbers.
    annotator : str
        E-mail address in lower case; empty where Label Studio does not tell.
    created_at, updated_at : datetime
        Aware times.
    lead_time_seconds : float or None
        How long it took.
    skipped : bool
        Whether the task was skipped; such a record has no codes.
    codes : tuple of ChosenCode
        In the order of the taxonomy.
    shown : ShownPrediction or None
        What was predicted; None where nothing was.
    none_apply : bool
        Whether the annotator said that no code applies.
    missing_theme, comment : str or None
        Free text.
    problems : tuple of str
        What could not be read, one sentence each; never narrative text.
    """

    annotation: int
    task: int
    annotator: str
    created_at: datetime
    updated_at: datetime
    lead_time_seconds: float | None = None
    skipped: bool = False
    codes: tuple[ChosenCode, ...] = ()
    shown: ShownPrediction | None = None
    none_apply: bool = False
    missing_theme: str | None = None
    comment: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def rejected(self) -> tuple[str, ...]:
        """Codes that were predicted and that the annotator did not leave standing."""
        if self.shown is None or self.skipped:
            return ()
        chosen = {choice.code for choice in self.codes}
        return tuple(choice.code for choice in self.shown.codes if choice.code not in chosen)

    @property
    def complete(self) -> bool:
        """Whether the rest of the codes is judged absent."""
        return not self.skipped and not self.problems
