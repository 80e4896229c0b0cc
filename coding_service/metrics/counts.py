"""Counts of right and wrong suggestions against labels, the numbers that every F1 and kappa here is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from coding_service.errors import InputError

BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]
LabelArray: TypeAlias = npt.NDArray[np.int8]
NumberArray: TypeAlias = npt.NDArray[Any]

PRESENT, ABSENT, UNKNOWN = 1, 0, -1


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> FloatArray:
    """Quotient, NaN wherever the denominator is zero.

    Parameters
    ----------
    numerator : array_like
        Any numbers.
    denominator : array_like
        Numbers that broadcast against the numerator.

    Returns
    -------
    ndarray
        Of the broadcast shape.
    """
    over, under = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    quotient = np.full(over.shape, np.nan)
    np.divide(over, under, out=quotient, where=under != 0)
    return quotient


def mean_known(values: FloatArray) -> FloatArray:
    """Mean over the last axis of what is not NaN.

    Parameters
    ----------
    values : ndarray of shape (..., n)
        NaN where undefined.

    Returns
    -------
    ndarray of shape (...)
        NaN where a row holds nothing but NaN.
    """
    return divide(np.nansum(values, axis=-1), np.sum(~np.isnan(values), axis=-1))


@dataclass(frozen=True, eq=False)
class Counts:
    """Confusion counts over known pairs, per code in the last axis.

    Parameters
    ----------
    tp, fp, fn, tn : ndarray of shape (..., n_codes)
        Suggested and present, suggested and absent, missed, rightly not suggested.
    """

    tp: NumberArray
    fp: NumberArray
    fn: NumberArray
    tn: NumberArray

    @property
    def support(self) -> NumberArray:
        """Known positives."""
        return self.tp + self.fn

    @property
    def known(self) -> NumberArray:
        """Known pairs."""
        return self.tp + self.fp + self.fn + self.tn

    def map(self, change: Callable[[NumberArray], NumberArray]) -> "Counts":
        """Change each of the four arrays in the same way.

        Parameters
        ----------
        change : callable
            Sums, selects or resamples one array.

        Returns
        -------
        Counts
            The changed counts.
        """
        return Counts(change(self.tp), change(self.fp), change(self.fn), change(self.tn))

    def pooled(self) -> "Counts":
        """Sum over all codes."""
        return self.map(lambda count: count.sum(axis=-1))

    def precision(self) -> FloatArray:
        """Share of the suggested that is present, NaN where nothing was suggested."""
        return divide(self.tp, self.tp + self.fp)

    def recall(self) -> FloatArray:
        """Share of the present that was suggested, NaN where nothing is present."""
        return divide(self.tp, self.support)

    def f1(self) -> FloatArray:
        """Harmonic mean of precision and recall, NaN where nothing is present and nothing was suggested."""
        return divide(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def kappa(self) -> FloatArray:
        """Cohen's kappa, NaN where both sides always gave the same single answer."""
        chance = (self.tp + self.fp) * (self.tp + self.fn) + (self.fn + self.tn) * (self.fp + self.tn)
        return divide(self.known * (self.tp + self.tn) - chance, self.known**2 - chance)


def count_pairs(labels: LabelArray, suggested: BoolArray) -> Counts:
    """Count each pair of narrative and code by itself.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    Counts
        Of shape (n_narratives, n_codes), zeros and ones, all zero where the label is unknown.

    Raises
    ------
    InputError
        If the shapes differ or a label is none of the three.
    """
    check_labels(labels, suggested)
    chosen = np.asarray(suggested, dtype=bool)
    present, absent = labels == PRESENT, labels == ABSENT
    pairs = Counts(present & chosen, absent & chosen, present & ~chosen, absent & ~chosen)
    return pairs.map(lambda count: count.astype(np.int64))


def count_codes(labels: LabelArray, suggested: BoolArray) -> Counts:
    """Count over all narratives, per code.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.

    Returns
    -------
    Counts
        Of shape (n_codes,).
    """
    return count_pairs(labels, suggested).map(lambda count: count.sum(axis=0))


def check_labels(labels: LabelArray, other: NumberArray) -> None:
    """Refuse labels that do not fit the array they are scored against.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    other : ndarray
        Suggestions or probabilities.

    Raises
    ------
    InputError
        If the shapes differ or a label is none of the three.
    """
    if labels.ndim != 2 or labels.shape != other.shape:  # noqa: PLR2004 - a matrix has two axes
        raise InputError(
            f"Labels and suggestions differ in shape: labels {labels.shape}, suggestions {other.shape}.",
            hint="Give one row for each narrative and one column for each code in both.",
        )
    if not np.isin(labels, (PRESENT, ABSENT, UNKNOWN)).all():
        raise InputError(
            "A label is none of 1 (present), 0 (absent), -1 (unknown).",
            hint="Mark what nobody judged as -1.",
        )
