"""Cuts a sentence into clauses, so that a theme told in a few words of a long sentence is not lost in its mean."""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

from coding_service.suggestions.scores import Spans

MIN_PIECES = 4
"""A shorter clause stays with its neighbour: ``however,`` tells nothing alone."""

TINY = 1e-9

_BREAK = re.compile(
    r"[;,:\u2013\u2014]\s+|\s-\s|\s(?=(?:and|but|while|although|though|whereas|because|so that|which|who)\s)"
)

RULE = hashlib.sha256(f"{MIN_PIECES} {_BREAK.pattern}".encode()).hexdigest()[:8]
"""Names the rule: vectors that are kept are of one rule."""


def clause_starts(sentence: str, pieces: Spans) -> NDArray[np.int64]:
    """Find the pieces that clauses begin with: at a conjunction, or after a comma, semicolon, colon or spaced dash.

    Parameters
    ----------
    sentence : str
        The text.
    pieces : ndarray of shape (n_pieces, 2)
        Offsets of its word pieces.

    Returns
    -------
    ndarray of shape (n_clauses,)
        Rising, the first is 0; no clause but a whole sentence is shorter than `MIN_PIECES`.
    """
    starts = [0]
    for found in _BREAK.finditer(sentence):
        at = int(np.searchsorted(pieces[:, 0], found.end()))
        if starts[-1] + MIN_PIECES <= at <= len(pieces) - MIN_PIECES:
            starts.append(at)
    return np.array(starts)


def clauses_of(sentence: str, pieces: Spans, states: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the unit vectors of the clauses of a sentence: means of the states of their word pieces.

    Parameters
    ----------
    sentence : str
        The text.
    pieces : ndarray of shape (n_pieces, 2)
        Offsets of its word pieces, without the marks of start and end.
    states : ndarray of shape (n_pieces, dimension), float32
        Of the same pieces.

    Returns
    -------
    ndarray of shape (n_clauses, dimension), float32
        Empty where there is but one clause.
    """
    starts = clause_starts(sentence, pieces)
    if not len(starts[1:]):
        return np.zeros((0, states.shape[1]), dtype=np.float32)
    sums = np.add.reduceat(states, starts, axis=0)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), TINY), dtype=np.float32)
