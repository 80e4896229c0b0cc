"""Chooses how much each reading of a narrative counts, on narratives that the readings did not learn from."""

import hashlib
from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from coding_service.corpus import CodedNarrative
from coding_service.suggesters.calibration import fit_calibration
from coding_service.suggesters.thresholds import choose_thresholds
from coding_service.suggesters.tuning import Blend
from coding_service.suggestions.scores import Floats

HELD_OUT_SHARE = 0.2
SHARES = (0.25, 0.5, 0.75, 1.0)
GRID: tuple[Blend, ...] = tuple(
    (a, b, c) for a, b, c in product(reversed(SHARES), (0.0, *SHARES), (0.0, *SHARES)) if max(a, b, c) == 1.0
)
"""The best sentence counts in each: nothing else knows a code by its definition. Equal results take the earlier."""
UNTOLD: Blend = (1.0, 0.0, 0.25)
"""Where too little was held out to tell readings apart: the best sentence, and a little of the words."""
FEWEST_POSITIVES = 30


def held_out(narratives: Sequence[CodedNarrative], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows by group; returns the rows to learn from and the rows to choose on."""
    draws = np.array([_draw(narrative.unit, seed) for narrative in narratives])
    order = np.argsort(draws, kind="stable")
    cut = draws[order[int(len(order) * HELD_OUT_SHARE)]] if len(order) else 0.0
    return np.flatnonzero(draws >= cut), np.flatnonzero(draws < cut)


def choose_blend(parts: Floats, labels: NDArray[np.int8]) -> Blend:
    """Choose the weights with the best sum of micro and macro F1.

    Parameters
    ----------
    parts : ndarray of shape (3, n_narratives, n_codes)
        Log odds of the three readings.
    labels : ndarray of shape (n_narratives, n_codes), int8
        1, 0, or -1 where unknown.

    Returns
    -------
    tuple of float
        The largest is 1; equal results take the earlier entry of `GRID`, and below `FEWEST_POSITIVES` it is `UNTOLD`.
    """
    if (labels == 1).sum() < FEWEST_POSITIVES:
        return UNTOLD
    return max(GRID, key=lambda blend: round(_quality(np.tensordot(np.array(blend), parts, axes=1), labels), 4))


def _quality(logits: Floats, labels: NDArray[np.int8]) -> float:
    scores = expit(logits)
    fitted = fit_calibration(scores, labels)
    probabilities = expit(logits * fitted.slopes + fitted.intercepts)
    chosen = probabilities >= choose_thresholds(probabilities, labels)
    present, known = labels == 1, labels >= 0
    true = (chosen & present).sum(0)
    both = (chosen & known).sum(0) + present.sum(0)
    per_code = 2 * true / np.maximum(both, 1)
    return float(2 * true.sum() / max(both.sum(), 1) + per_code[present.any(0)].mean())


def _draw(group: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
