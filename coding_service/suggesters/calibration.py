"""Turns raw scores into calibrated probabilities, one monotone curve per code, fitted on out-of-fold scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from coding_service.corpus.labels import PRESENT
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

ISOTONIC_SUPPORT = 200
"""Positives from which a code gets its own isotonic curve; below, a sigmoid has fewer ways to go wrong."""
SHRINKAGE = 20.0
"""Positives at which a code's own sigmoid counts as much as the one pooled over all codes."""
CLIP = 1e-6


@dataclass(frozen=True)
class Calibration:
    """Monotone curves from raw score to probability.

    Parameters
    ----------
    slopes, intercepts : ndarray of shape (n_codes,)
        Sigmoid over the logit of the score.
    knots : mapping of int to (ndarray, ndarray)
        Scores and probabilities of the isotonic curve of the columns that have one.
    """

    slopes: Floats
    intercepts: Floats
    knots: Mapping[int, tuple[Floats, Floats]]

    def apply(self, scores: Floats, taxonomy: Taxonomy) -> Floats:
        """Map raw scores of shape (n_narratives, n_codes) to probabilities; no theme is under its sub-themes."""
        probabilities = expit(_logit(scores) * self.slopes + self.intercepts)
        for column, (knots, values) in self.knots.items():
            # A tenth of the smooth curve keeps the order of scores between two knots.
            probabilities[:, column] = (
                0.9 * np.interp(scores[:, column], knots, values) + 0.1 * probabilities[:, column]
            )
        for child, parent in taxonomy.levels:
            probabilities[:, parent] = np.maximum(probabilities[:, parent], probabilities[:, child])
        return np.asarray(probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Give a JSON-ready form."""
        return {
            "slopes": self.slopes.tolist(),
            "intercepts": self.intercepts.tolist(),
            "knots": {str(column): [x.tolist(), y.tolist()] for column, (x, y) in self.knots.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` gave."""
        return cls(
            np.array(content["slopes"]),
            np.array(content["intercepts"]),
            {int(column): (np.array(x), np.array(y)) for column, (x, y) in content["knots"].items()},
        )


def fit_calibration(scores: Floats, labels: NDArray[np.int8], weights: Floats | None = None) -> Calibration:
    """Fit curves on scores that come from suggesters which did not see the narratives.

    Parameters
    ----------
    scores : ndarray of shape (n_narratives, n_codes)
        Out-of-fold raw scores in [0, 1].
    labels : ndarray of the same shape, int8
        1, 0, or -1 where unknown.
    weights : ndarray of shape (n_narratives,) or None
        Trust in each narrative.

    Returns
    -------
    Calibration
        A code without positives or negatives takes the pooled curve.
    """
    trust = np.ones(len(scores)) if weights is None else weights
    logits = _logit(scores)
    known = labels >= 0
    every = np.broadcast_to(trust[:, None], labels.shape)
    pooled = _sigmoid(logits[known], labels[known], every[known], (1.0, 0.0))
    slopes, intercepts = np.empty(labels.shape[1]), np.empty(labels.shape[1])
    knots: dict[int, tuple[Floats, Floats]] = {}
    for column in range(labels.shape[1]):
        rows = known[:, column]
        present = labels[rows, column]
        support = float((present == PRESENT).sum())
        own = _sigmoid(logits[rows, column], present, trust[rows], pooled)
        share = support / (support + SHRINKAGE)
        slopes[column] = share * own[0] + (1 - share) * pooled[0]
        intercepts[column] = share * own[1] + (1 - share) * pooled[1]
        if support >= ISOTONIC_SUPPORT:
            knots[column] = _isotonic(scores[rows, column], present, trust[rows])
    return Calibration(slopes, intercepts, knots)


def _logit(scores: Floats) -> Floats:
    return np.asarray(logit(np.clip(scores, CLIP, 1 - CLIP)))


def _sigmoid(
    logits: Floats, present: NDArray[np.int8], trust: Floats, default: tuple[float, float]
) -> tuple[float, float]:
    if present.size == 0 or present.min() == present.max():
        return default
    # Fitting needs scikit-learn; serving starts a second sooner without it.
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    model = LogisticRegression(C=1.0).fit(logits[:, None], present, sample_weight=trust)
    slope = float(model.coef_[0, 0])
    return (slope, float(model.intercept_[0])) if slope > 0 else default


def _isotonic(scores: Floats, present: NDArray[np.int8], trust: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - as above

    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, present, sample_weight=trust)
    return np.asarray(model.X_thresholds_), np.asarray(model.y_thresholds_)
