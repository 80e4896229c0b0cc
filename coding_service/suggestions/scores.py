"""Scores of a batch of narratives, and of the spans of text that they rest on, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Spans = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Scores of a batch.

    Parameters
    ----------
    values : ndarray of shape (n_narratives, n_codes)
        Row *i* is narrative *i*; in [0, 1]; raw scores or calibrated probabilities.
    spans : tuple of ndarray of shape (n_spans_i, 2)
        The parts that each narrative was read in, half-open code point offsets, in order.
    span_scores : tuple of ndarray of shape (n_spans_i, n_codes)
        How much each part tells each code, in [0, 1].
    quotes : tuple of ndarray of shape (n_spans_i, n_codes, 2)
        The words of each part that tell each code, offsets as in ``spans``; empty where parts are told whole.
    """

    values: Floats
    spans: tuple[Spans, ...]
    span_scores: tuple[Floats, ...]
    quotes: tuple[Spans, ...] = ()

    def __len__(self) -> int:
        """Count the narratives."""
        return len(self.values)

    def with_values(self, values: Floats) -> "Scores":
        """Give the same spans under other narrative-level values."""
        return replace(self, values=values)

    def quoted(self, row: int, column: int) -> Spans:
        """Give what each part of a narrative would show of a code, shape (n_spans, 2)."""
        return self.quotes[row][:, column] if self.quotes else self.spans[row]

    @classmethod
    def concatenate(cls, batches: Sequence["Scores"], n_codes: int) -> "Scores":
        """Join batches in order; no batch gives an empty one of ``n_codes`` columns."""
        if not batches:
            return cls(np.zeros((0, n_codes)), (), ())
        return cls(
            np.concatenate([batch.values for batch in batches]),
            tuple(spans for batch in batches for spans in batch.spans),
            tuple(scores for batch in batches for scores in batch.span_scores),
            tuple(quotes for batch in batches for quotes in batch.quotes),
        )
