"""Point scores of suggestions against labels; every unknown label is masked, none counts as absent."""

from typing import Final

import numpy as np

from coding_service.metrics.counts import (
    PRESENT,
    UNKNOWN,
    BoolArray,
    Counts,
    FloatArray,
    LabelArray,
    check_labels,
    count_codes,
    count_pairs,
    divide,
    mean_known,
)

MIN_POSITIVES: Final = 3
"""Known positives that a code needs in the scored set to enter the macro mean."""


def micro_f1(labels: LabelArray, suggested: BoolArray) -> float:
    """F1 over all known pairs pooled.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    float
        In [0, 1], NaN where nothing is present and nothing was suggested.
    """
    return float(count_codes(labels, suggested).pooled().f1())


def micro_precision_recall(labels: LabelArray, suggested: BoolArray) -> tuple[float, float]:
    """Precision and recall over all known pairs pooled.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    tuple of float
        Precision, NaN where nothing was suggested, and recall, NaN where nothing is present.
    """
    pooled = count_codes(labels, suggested).pooled()
    return float(pooled.precision()), float(pooled.recall())


def macro_f1(labels: LabelArray, suggested: BoolArray) -> tuple[float, int]:
    """Plain mean of F1 over the codes with at least three known positives.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    tuple of float and int
        The mean, NaN where no code has enough positives, and the number of codes in it.
    """
    counts = count_codes(labels, suggested)
    scored = scored_codes(counts)
    return float(macro_of(counts, scored)), int(scored.sum())


def scored_codes(counts: Counts) -> BoolArray:
    """Mark the codes with enough known positives to be scored.

    Parameters
    ----------
    counts : Counts
        Of shape (n_codes,), over the whole scored set.

    Returns
    -------
    ndarray of shape (n_codes,)
        True where the code enters the macro mean.
    """
    marks: BoolArray = counts.support >= MIN_POSITIVES
    return marks


def macro_of(counts: Counts, scored: BoolArray) -> FloatArray:
    """Mean F1 over the scored codes, of one set of counts or of many draws at once.

    Parameters
    ----------
    counts : Counts
        Of shape (..., n_codes).
    scored : ndarray of shape (n_codes,)
        The codes to average.

    Returns
    -------
    ndarray of shape (...)
        A code that drew no positive is left out of the mean of that draw.
    """
    return mean_known(defined_f1(counts)[..., scored])


def defined_f1(counts: Counts) -> FloatArray:
    """F1 per code, NaN where no positive is known.

    Parameters
    ----------
    counts : Counts
        Of shape (..., n_codes).

    Returns
    -------
    ndarray of shape (..., n_codes)
        In [0, 1] or NaN.
    """
    return np.where(counts.support > 0, counts.f1(), np.nan)


def average_precision(labels: LabelArray, probabilities: FloatArray) -> FloatArray:
    """Average precision of the ranking of narratives, per code.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n_codes,)
        In [0, 1], NaN where no positive is known.
    """
    # Measuring alone needs scikit-learn; the server starts a second sooner without it.
    from sklearn.metrics import average_precision_score  # noqa: PLC0415

    check_labels(labels, probabilities)
    scores = np.full(labels.shape[1], np.nan)
    for code in np.flatnonzero((labels == PRESENT).any(axis=0)):
        known = labels[:, code] != UNKNOWN
        scores[code] = average_precision_score(labels[known, code], probabilities[known, code])
    return scores


def exact_match(labels: LabelArray, suggested: BoolArray) -> float:
    """Share of narratives on which every known pair is right.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    float
        In [0, 1], over the narratives with a known pair; NaN where there is none.
    """
    pairs = count_pairs(labels, suggested)
    judged = pairs.known.any(axis=1)
    wrong = (pairs.fp | pairs.fn).any(axis=1)
    return float(1 - divide(wrong.sum(), judged.sum()))


def ranking_precision(labels: LabelArray, probabilities: FloatArray) -> float:
    """Label ranking average precision: how pure the top of each narrative's list is.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown; unknown codes are dropped from the list of that narrative.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].

    Returns
    -------
    float
        In (0, 1], over the narratives with a known positive; NaN where there is none.
    """
    # Measuring alone needs scikit-learn; the server starts a second sooner without it.
    from sklearn.metrics import label_ranking_average_precision_score  # noqa: PLC0415

    check_labels(labels, probabilities)
    present = labels == PRESENT
    rows = present.any(axis=1)
    if not rows.any():
        return float("nan")
    if labels.shape[1] == 1:
        return 1.0
    # Below every probability, an unknown code can never stand above a present one, which is the same as dropping it.
    ranked = np.where(labels == UNKNOWN, -1.0, probabilities)
    return float(label_ranking_average_precision_score(present[rows], ranked[rows]))
