"""One coded narrative, as a line of a corpus file holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Span = tuple[int, int]
"""Half-open range of Unicode code points of a text."""


@dataclass(frozen=True)
class CodedNarrative:
    """A narrative with what is known about its codes.

    Parameters
    ----------
    id : str
        Unique in its corpus.
    text : str
        The narrative, as written.
    codes : tuple of str
        Ids said to hold.
    unknown : tuple of str
        Ids that nobody judged, or that are truly ambiguous.
    evidence : mapping of str to tuple of Span
        Where the text tells each code.
    group : str
        Review or source document; narratives of one group never stand on both sides of a split.
    complete : bool
        Whether every id that is not listed is judged absent; else it is unknown.
    split : str
        ``train``, ``dev``, ``test`` or empty.
    meta : mapping
        Jurisdiction, cause, date and whatever else is known.
    weight : float
        Trust in the labels while training, over 0.
    extra : mapping
        Further keys of the line, kept as they came.
    """

    id: str
    text: str
    codes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    evidence: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    group: str = ""
    complete: bool = True
    split: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What is never divided by a split: the group, or the narrative itself where it has none."""
        return self.group or self.id

    @property
    def pair(self) -> str:
        """The ``meta.pair`` shared by narratives that were written to be alike; empty if there is none."""
        pair = self.meta.get("pair")
        return "" if pair is None else str(pair)

    @property
    def counters(self) -> Mapping[str, Any]:
        """The ``meta.counter``: quotes that use the words of a code without deserving it, by code."""
        counter = self.meta.get("counter")
        return counter if isinstance(counter, dict) else {}
