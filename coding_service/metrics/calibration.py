"""Whether a probability of .70 means right seven times in ten, and the curves that show it."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from coding_service.metrics.counts import PRESENT, UNKNOWN, BoolArray, FloatArray, LabelArray, check_labels, divide
from coding_service.metrics.records import as_json

N_BINS: Final = 10
MIN_PROBABILITY: Final = 0.10
"""Absent pairs below this are left out: they are many, easy, and would hide the error of the rest."""
MIN_POSITIVES_PER_CODE: Final = 20


@dataclass(frozen=True)
class ReliabilityBin:
    """One bar of a reliability diagram.

    Parameters
    ----------
    low, high : float
        Bounds of the probabilities, half-open but for the last.
    n_pairs : int
        Pairs in the bin, at least 1.
    mean_probability : float
        What the suggester said, on average.
    share_present : float
        What was true.
    """

    low: float
    high: float
    n_pairs: int
    mean_probability: float
    share_present: float


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall at falling thresholds, pooled over all known pairs.

    Parameters
    ----------
    thresholds, precision, recall : tuple of float
        Of equal length, by rising threshold.
    """

    thresholds: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(as_json(self))


def expected_calibration_error(labels: LabelArray, probabilities: FloatArray) -> float:
    """Mean gap between probability and truth over ten equal-width bins, weighted by their pairs.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].

    Returns
    -------
    float
        In [0, 1], over known pairs with probability of .10 or more or present; NaN where there is none.
    """
    counts, probability_sums, present_sums = _bins(labels, probabilities)
    return float(divide(np.abs(probability_sums - present_sums).sum(), counts.sum()))


def calibration_error_per_code(labels: LabelArray, probabilities: FloatArray) -> FloatArray:
    """Calibration error of each code by itself, where it has 20 known positives or more.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n_codes,)
        In [0, 1], NaN for codes with too few positives.
    """
    check_labels(labels, probabilities)
    errors = np.full(labels.shape[1], np.nan)
    for code in np.flatnonzero((labels == PRESENT).sum(axis=0) >= MIN_POSITIVES_PER_CODE):
        errors[code] = expected_calibration_error(labels[:, [code]], probabilities[:, [code]])
    return errors


def reliability_curve(labels: LabelArray, probabilities: FloatArray) -> tuple[ReliabilityBin, ...]:
    """Points of a reliability diagram, over the pairs that the calibration error counts.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].

    Returns
    -------
    tuple of ReliabilityBin
        By rising probability, empty bins left out.
    """
    counts, probability_sums, present_sums = _bins(labels, probabilities)
    return tuple(
        ReliabilityBin(
            low=bin_ / N_BINS,
            high=(bin_ + 1) / N_BINS,
            n_pairs=int(counts[bin_]),
            mean_probability=float(probability_sums[bin_] / counts[bin_]),
            share_present=float(present_sums[bin_] / counts[bin_]),
        )
        for bin_ in range(N_BINS)
        if counts[bin_]
    )


def precision_recall_points(
    labels: LabelArray, probabilities: FloatArray, *, max_points: int = 200
) -> PrecisionRecallCurve:
    """Points of the precision-recall curve over all known pairs, thinned for a plot.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown; one column gives the curve of one code.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].
    max_points : int
        At most this many points, spread evenly over the distinct thresholds; at least 2.

    Returns
    -------
    PrecisionRecallCurve
        Empty where no positive is known.
    """
    check_labels(labels, probabilities)
    known = labels != UNKNOWN
    if not (labels == PRESENT).any():
        return PrecisionRecallCurve((), (), ())
    # Measuring alone needs scikit-learn; the server starts a second sooner without it.
    from sklearn.metrics import precision_recall_curve  # noqa: PLC0415

    precision, recall, thresholds = precision_recall_curve(labels[known], probabilities[known])
    kept = np.unique(np.linspace(0, len(thresholds) - 1, min(max_points, len(thresholds))).round().astype(int))
    return PrecisionRecallCurve(*(tuple(values[kept].tolist()) for values in (thresholds, precision, recall)))


def _bins(labels: LabelArray, probabilities: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    check_labels(labels, probabilities)
    present: BoolArray = labels == PRESENT
    counted = (labels != UNKNOWN) & (present | (probabilities >= MIN_PROBABILITY))
    said, true = probabilities[counted], present[counted]
    bins = np.minimum((said * N_BINS).astype(int), N_BINS - 1)
    in_bin = (bins == np.arange(N_BINS)[:, None]).astype(float)
    return in_bin.sum(axis=1), in_bin @ said, in_bin @ true
