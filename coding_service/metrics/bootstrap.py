"""Intervals and paired tests by resampling whole groups, since narratives of one review resemble each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from coding_service.errors import InputError
from coding_service.metrics.counts import BoolArray, FloatArray, LabelArray, NumberArray, count_pairs
from coding_service.metrics.records import as_json
from coding_service.metrics.scores import defined_f1, macro_of, scored_codes

NAN = float("nan")


class Resampling(TypedDict, total=False):
    """Keywords that every function with an interval takes; the defaults stand in `resample`."""

    draws: int
    seed: int
    level: float


@dataclass(frozen=True)
class Interval:
    """A statistic with its percentile bootstrap interval.

    Parameters
    ----------
    point : float
        The statistic on the data as they are; NaN where undefined.
    low, high : float
        Bounds; NaN where the statistic is undefined or fewer than two groups were there to resample.
    """

    point: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Candidate minus baseline, with its interval and one-sided p.

    Parameters
    ----------
    point, low, high : float
        Above zero where the candidate is better.
    p_value : float
        Share of draws in which the candidate is not better, never zero; swap the two for the p of being worse.
    """

    point: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class F1Intervals:
    """F1 with intervals: pooled, averaged and for each code.

    Parameters
    ----------
    micro, macro : Interval
        Over all known pairs, and over the scored codes.
    per_code : tuple of Interval
        In the order of the columns; NaN for codes with too few positives.
    """

    micro: Interval
    macro: Interval
    per_code: tuple[Interval, ...]


@dataclass(frozen=True)
class PairedDifference:
    """How two suggesters differ in F1 on the same narratives.

    Parameters
    ----------
    micro, macro : Difference
        Over all known pairs, and over the scored codes.
    per_code : tuple of Difference
        In the order of the columns; NaN for codes with too few positives.
    n_codes_scored : int
        Codes in the macro mean.
    """

    micro: Difference
    macro: Difference
    per_code: tuple[Difference, ...]
    n_codes_scored: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, NaN as None."""
        return dict(as_json(self))


@dataclass(frozen=True, eq=False)
class Resample:
    """Draws of whole groups with replacement.

    Parameters
    ----------
    group_of_row : ndarray of shape (n_narratives,)
        Index of each narrative's group.
    weights : ndarray of shape (draws, n_groups)
        How often each draw took each group.
    level : float
        Coverage of the intervals, in (0, 1).
    """

    group_of_row: npt.NDArray[np.intp]
    weights: FloatArray
    level: float

    @property
    def n_groups(self) -> int:
        """Groups that there are to draw from."""
        return int(self.weights.shape[1])

    def by_group(self, values: NumberArray) -> FloatArray:
        """Sum the narratives' values in each group.

        Parameters
        ----------
        values : ndarray of shape (n_narratives, ...)
            Anything that adds up.

        Returns
        -------
        ndarray of shape (n_groups, ...)
            One row for each group.
        """
        sums = np.zeros((self.n_groups, *values.shape[1:]))
        np.add.at(sums, self.group_of_row, values)
        return sums

    def totals(self, values: NumberArray) -> FloatArray:
        """Sum over the narratives of each draw.

        Parameters
        ----------
        values : ndarray of shape (n_narratives, n)
            Anything that adds up.

        Returns
        -------
        ndarray of shape (draws, n)
            One row for each draw.
        """
        return self.weights @ self.by_group(values)

    def interval(self, point: float, drawn: FloatArray) -> Interval:
        """Percentile interval around a statistic.

        Parameters
        ----------
        point : float
            The statistic on all narratives.
        drawn : ndarray of shape (draws,)
            The statistic on each draw; draws in which it is undefined are left out.

        Returns
        -------
        Interval
            Without bounds where nothing could vary.
        """
        drawn = drawn[~np.isnan(drawn)]
        if self.n_groups < 2 or np.isnan(point) or not drawn.size:  # noqa: PLR2004 - one group cannot vary
            return Interval(float(point), NAN, NAN)
        tail = (1 - self.level) / 2
        low, high = np.quantile(drawn, (tail, 1 - tail))
        return Interval(float(point), float(low), float(high))

    def difference(self, point: float, drawn: FloatArray) -> Difference:
        """Interval and one-sided p of a difference.

        Parameters
        ----------
        point : float
            The difference on all narratives.
        drawn : ndarray of shape (draws,)
            The difference on each draw.

        Returns
        -------
        Difference
            With p NaN where there are no bounds.
        """
        bounds = self.interval(point, drawn)
        drawn = drawn[~np.isnan(drawn)]
        p_value = NAN if np.isnan(bounds.low) else float((1 + (drawn <= 0).sum()) / (1 + drawn.size))
        return Difference(bounds.point, bounds.low, bounds.high, p_value)


def resample(groups: Sequence[str], *, draws: int = 1000, seed: int = 0, level: float = 0.95) -> Resample:
    """Draw groups with replacement, the same for the same seed whatever the order of the rows.

    Parameters
    ----------
    groups : sequence of str
        The group of each narrative.
    draws : int
        Number of draws, at least 1.
    seed : int
        Seed of the random numbers, not negative.
    level : float
        Coverage of the intervals, in (0, 1).

    Returns
    -------
    Resample
        The draws, as weights of the groups.

    Raises
    ------
    InputError
        If draws or level are out of range.
    """
    if draws < 1 or not 0 < level < 1:
        raise InputError(
            f"Cannot draw an interval: got draws {draws} and level {level}.",
            hint="Give at least 1 draw and a level between 0 and 1.",
        )
    names, group_of_row = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if not names.size:
        return Resample(group_of_row, np.zeros((draws, 0)), level)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(names.size, np.full(names.size, 1 / names.size), size=draws)
    return Resample(group_of_row, weights.astype(float), level)


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.intp]], float], groups: Sequence[str], **resampling: Unpack[Resampling]
) -> Interval:
    """Interval of any statistic, computed anew on the rows of each draw.

    Parameters
    ----------
    statistic : callable
        Takes row numbers, with repeats, and returns a number or NaN.
    groups : sequence of str
        The group of each narrative.
    **resampling : Resampling
        `draws`, `seed` and `level`, as in `resample`.

    Returns
    -------
    Interval
        The statistic on all rows and its bounds.
    """
    sample = resample(groups, **resampling)
    rows = np.arange(len(groups))
    times = sample.weights.astype(np.intp)[:, sample.group_of_row]
    drawn = [statistic(np.repeat(rows, row_times)) for row_times in times]
    return sample.interval(statistic(rows), np.array(drawn, dtype=float))


def f1_intervals(
    labels: LabelArray, suggested: BoolArray, *, groups: Sequence[str], **resampling: Unpack[Resampling]
) -> F1Intervals:
    """Micro, macro and per-code F1 with intervals, all from the same draws.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.
    groups : sequence of str
        The group of each narrative.
    **resampling : Resampling
        `draws`, `seed` and `level`, as in `resample`.

    Returns
    -------
    F1Intervals
        The codes scored are those of the whole set in every draw.
    """
    sample = resample(_checked(groups, labels), **resampling)
    points, drawn, _ = _f1_table(labels, suggested, sample)
    micro, macro, *codes = (sample.interval(point, column) for point, column in zip(points, drawn.T, strict=True))
    return F1Intervals(micro, macro, tuple(codes))


def paired_difference(
    labels: LabelArray,
    candidate: BoolArray,
    baseline: BoolArray,
    *,
    groups: Sequence[str],
    **resampling: Unpack[Resampling],
) -> PairedDifference:
    """Difference in F1 between two suggesters on the same narratives, by the same draws.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    candidate : ndarray of shape (n_narratives, n_codes)
        True where the suggester in question suggested the code.
    baseline : ndarray of shape (n_narratives, n_codes)
        True where the suggester to beat suggested it.
    groups : sequence of str
        The group of each narrative.
    **resampling : Resampling
        `draws`, `seed` and `level`, as in `resample`.

    Returns
    -------
    PairedDifference
        Candidate minus baseline.
    """
    sample = resample(_checked(groups, labels), **resampling)
    points, drawn, n_scored = _f1_table(labels, candidate, sample)
    base_points, base_drawn, _ = _f1_table(labels, baseline, sample)
    gaps = zip(points - base_points, (drawn - base_drawn).T, strict=True)
    micro, macro, *codes = (sample.difference(point, column) for point, column in gaps)
    return PairedDifference(micro, macro, tuple(codes), n_scored)


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """Holm's correction of p-values for the number of tests.

    Parameters
    ----------
    p_values : sequence of float
        In [0, 1]; NaN stands for a test not made and does not count.

    Returns
    -------
    ndarray of shape (n,)
        Corrected values in the same order, NaN where they were NaN.
    """
    values = np.asarray(p_values, dtype=float)
    made = np.flatnonzero(~np.isnan(values))
    order = made[np.argsort(values[made], kind="stable")]
    corrected = np.full(values.shape, np.nan)
    steps = np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * steps), 1.0)
    return corrected


def _f1_table(labels: LabelArray, suggested: BoolArray, sample: Resample) -> tuple[FloatArray, FloatArray, int]:
    """Columns micro, macro, code by code: F1 on the whole set and on each draw; and the number of codes scored."""
    pairs = count_pairs(labels, suggested)
    whole, drawn = pairs.map(lambda count: count.sum(axis=0)), pairs.map(sample.totals)
    scored = scored_codes(whole)
    points, draws = (
        np.column_stack(
            [
                np.atleast_1d(counts.pooled().f1()),
                np.atleast_1d(macro_of(counts, scored)),
                np.atleast_2d(np.where(scored, defined_f1(counts), np.nan)),
            ]
        )
        for counts in (whole, drawn)
    )
    return points[0], draws, int(scored.sum())


def _checked(groups: Sequence[str], labels: LabelArray) -> Sequence[str]:
    if len(groups) != len(labels):
        raise InputError(
            f"Groups do not fit the labels: {len(groups)} groups, {len(labels)} narratives.",
            hint="Name one group for each narrative.",
        )
    return groups
