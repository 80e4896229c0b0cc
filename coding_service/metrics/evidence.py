"""How far suggested evidence and the evidence that people marked cover the same characters."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from coding_service.errors import InputError

Span: TypeAlias = tuple[int, int]
"""Half-open character offsets, in Unicode code points."""


def character_f1(predicted_spans: Iterable[Sequence[int]], gold_spans: Iterable[Sequence[int]]) -> float:
    """F1 of the characters covered, each counted once.

    Parameters
    ----------
    predicted_spans : iterable of (int, int)
        Half-open offsets; may overlap and come in any order.
    gold_spans : iterable of (int, int)
        Likewise, into the same text.

    Returns
    -------
    float
        In [0, 1]; NaN where neither side has a span.
    """
    predicted, gold = merge_spans(predicted_spans), merge_spans(gold_spans)
    length = _length(predicted) + _length(gold)
    shared = sum(max(0, min(end, stop) - max(start, begin)) for start, end in predicted for begin, stop in gold)
    return 2 * shared / length if length else float("nan")


def overlap_share(spans: Iterable[Sequence[int]], others: Iterable[Sequence[int]]) -> float:
    """Share of the spans that touch at least one character of the others.

    Parameters
    ----------
    spans : iterable of (int, int)
        The spans to count: the predicted for a precision, the gold for a recall.
    others : iterable of (int, int)
        The spans to meet.

    Returns
    -------
    float
        In [0, 1]; NaN where there is no span to count.
    """
    counted, others = _checked(spans), _checked(others)
    hits = sum(any(start < stop and begin < end for begin, stop in others) for start, end in counted)
    return hits / len(counted) if counted else float("nan")


def coverage_share(spans: Iterable[Sequence[int]], n_chars: int) -> float:
    """Share of a text that the spans cover.

    Parameters
    ----------
    spans : iterable of (int, int)
        Half-open offsets; may overlap.
    n_chars : int
        Length of the text in code points.

    Returns
    -------
    float
        In [0, 1]; NaN for an empty text.

    Raises
    ------
    InputError
        If a span runs past the end of the text.
    """
    merged = merge_spans(spans)
    if merged and merged[-1][1] > n_chars:
        raise InputError(
            f"A span ends at {merged[-1][1]}, past the end of a text of {n_chars} characters.",
            hint="Count offsets in Unicode code points of the unchanged text.",
        )
    return _length(merged) / n_chars if n_chars else float("nan")


def merge_spans(spans: Iterable[Sequence[int]]) -> list[Span]:
    """Join spans that overlap or touch.

    Parameters
    ----------
    spans : iterable of (int, int)
        Half-open offsets in any order.

    Returns
    -------
    list of (int, int)
        Disjoint, by rising start.

    Raises
    ------
    InputError
        If a span is empty, reversed or starts below zero.
    """
    merged: list[Span] = []
    for start, end in sorted(_checked(spans)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _checked(spans: Iterable[Sequence[int]]) -> list[Span]:
    checked = [(int(start), int(end)) for start, end in spans]
    for start, end in checked:
        if not 0 <= start < end:
            raise InputError(
                f"Not a span: start {start}, end {end}.",
                hint="A span starts at 0 or later and ends after its start.",
            )
    return checked


def _length(merged: Iterable[Span]) -> int:
    return sum(end - start for start, end in merged)
