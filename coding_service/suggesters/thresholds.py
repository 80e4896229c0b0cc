"""Chooses, per code, the probability from which it is suggested, on out-of-fold probabilities."""

import numpy as np
from numpy.typing import NDArray

from coding_service.suggestions.scores import Floats

GRID = np.round(np.arange(0.05, 0.951, 0.01), 2)
SHRINKAGE = 15.0
"""Positives at which a code's own best threshold counts as much as the one that is best for all codes."""
SMOOTHING = 7
"""Width, in grid steps, over which F1 is averaged before its top is taken: a lucky spike is no threshold."""
MIN_POSITIVES = 3


def choose_thresholds(probabilities: Floats, labels: NDArray[np.int8]) -> Floats:
    """Choose thresholds that maximise F1, held back toward the common one where a code is rare.

    Parameters
    ----------
    probabilities : ndarray of shape (n_narratives, n_codes)
        Calibrated out-of-fold probabilities.
    labels : ndarray of the same shape, int8
        1, 0, or -1 where unknown.

    Returns
    -------
    ndarray of shape (n_codes,)
        Each in [.05, .95].
    """
    true, suggested, support = _count(probabilities, labels)
    per_code = 2 * true / np.maximum(suggested + support, 1)
    pooled = 2 * true.sum(1) / np.maximum(suggested.sum(1) + support.sum(), 1)
    frequent = support >= MIN_POSITIVES
    macro = per_code[:, frequent].mean(1) if frequent.any() else pooled
    common = float(GRID[np.argmax(_smooth(pooled + macro))])
    thresholds = np.full(labels.shape[1], common)
    for column in np.flatnonzero(frequent):
        own = float(GRID[np.argmax(_smooth(per_code[:, column]))])
        share = support[column] / (support[column] + SHRINKAGE)
        thresholds[column] = share * own + (1 - share) * common
    return np.round(thresholds, 4)


def _count(probabilities: Floats, labels: NDArray[np.int8]) -> tuple[Floats, Floats, Floats]:
    """Count true and all suggestions at each grid point, shape (n_grid, n_codes), and the positives per code."""
    present, known = labels == 1, labels >= 0
    true = np.stack([((probabilities >= cut) & present).sum(0) for cut in GRID]).astype(float)
    suggested = np.stack([((probabilities >= cut) & known).sum(0) for cut in GRID]).astype(float)
    return true, suggested, present.sum(0).astype(float)


def _smooth(curve: Floats) -> Floats:
    half = SMOOTHING // 2
    return np.asarray(np.convolve(np.pad(curve, half, mode="edge"), np.ones(SMOOTHING) / SMOOTHING, mode="valid"))
