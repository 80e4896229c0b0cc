"""How far people who coded the same narratives agree, beyond what chance would give.

A figure is never made from too little: below ten narratives coded twice, or where nobody ever differed in what could be
said, the answer is the words `too few`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar, Unpack

import numpy as np
from scipy.sparse import csr_array

from coding_service.errors import InputError
from coding_service.metrics.bootstrap import Interval, Resample, Resampling, resample
from coding_service.metrics.counts import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    BoolArray,
    Counts,
    FloatArray,
    LabelArray,
    NumberArray,
    count_pairs,
    divide,
)
from coding_service.metrics.records import as_json

TooFew: TypeAlias = Literal["too few"]
Figure: TypeAlias = Interval | TooFew
Parts: TypeAlias = tuple[NumberArray, ...]
T = TypeVar("T", float, Interval)

TOO_FEW: Final = "too few"
MIN_DOUBLY_CODED: Final = 10
"""Narratives with two opinions that a figure needs at least."""


@dataclass(frozen=True)
class CodeAgreement:
    """Agreement on one code.

    Parameters
    ----------
    code : str
        Its id.
    n_doubly_coded : int
        Narratives on which at least two people have an opinion on the code.
    prevalence : float
        Share of "present" among the opinions on those narratives; NaN where there are none.
    alpha : Interval or "too few"
        Krippendorff's alpha, nominal.
    kappa : Interval or "too few" or None
        Cohen's kappa; None where there are not exactly two raters.
    """

    code: str
    n_doubly_coded: int
    prevalence: float
    alpha: Figure
    kappa: Figure | None


@dataclass(frozen=True)
class Agreement:
    """Agreement on a set of narratives.

    Parameters
    ----------
    n_narratives, n_groups, n_raters : int
        Size of the set.
    n_doubly_coded : int
        Narratives on which at least two people judged every code.
    alpha : Interval or "too few"
        Krippendorff's alpha over whole sets of codes, with the MASI distance, on those narratives.
    codes : tuple of CodeAgreement
        One for each code, in the order given.
    """

    n_narratives: int
    n_groups: int
    n_raters: int
    n_doubly_coded: int
    alpha: Figure
    codes: tuple[CodeAgreement, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, NaN as None."""
        return dict(as_json(self))


def agreement(
    ratings: LabelArray, *, code_ids: Sequence[str], groups: Sequence[str], **resampling: Unpack[Resampling]
) -> Agreement:
    """Measure agreement per code and over whole sets of codes, with intervals over groups.

    Parameters
    ----------
    ratings : ndarray of shape (n_raters, n_narratives, n_codes)
        1 present, 0 absent, -1 no opinion or not coded by that rater.
    code_ids : sequence of str
        The code of each column.
    groups : sequence of str
        The group of each narrative, the unit of the bootstrap.
    **resampling : Resampling
        `draws` (1000), `seed` (0) and `level` (.95) of the intervals.

    Returns
    -------
    Agreement
        All figures of the set.

    Raises
    ------
    InputError
        If ratings, codes and groups do not fit each other.
    """
    if ratings.ndim != 3 or ratings.shape[1:] != (len(groups), len(code_ids)):  # noqa: PLR2004 - rater, narrative, code
        raise InputError(
            f"Ratings of shape {ratings.shape} do not fit {len(groups)} groups and {len(code_ids)} codes.",
            hint="Give ratings by rater, narrative and code.",
        )
    sample = resample(groups, **resampling)
    n_doubly_coded = ((ratings != UNKNOWN).sum(axis=0) >= 2).sum(axis=0)  # noqa: PLR2004 - twice is the point
    opinions = _opinions(ratings)
    alphas = _figures(sample, opinions, _alpha, n_doubly_coded)
    kappas: Sequence[Figure | None] = [None] * len(code_ids)
    if len(ratings) == 2:  # noqa: PLR2004 - Cohen's kappa is for two raters
        kappas = _figures(sample, _confusions(*ratings), _kappa, n_doubly_coded)
    whole_sets, n_sets = _masi(ratings, sample)
    present, absent, _ = (opinion.sum(axis=0) for opinion in opinions)
    prevalence = divide(present, present + absent).tolist()
    columns = zip(code_ids, n_doubly_coded.tolist(), prevalence, alphas, kappas, strict=True)
    return Agreement(
        n_narratives=ratings.shape[1],
        n_groups=sample.n_groups,
        n_raters=len(ratings),
        n_doubly_coded=n_sets,
        alpha=whole_sets,
        codes=tuple(CodeAgreement(*column) for column in columns),
    )


def cohen_kappa(first: LabelArray, second: LabelArray) -> float | TooFew:
    """Cohen's kappa of two raters on one code.

    Parameters
    ----------
    first : ndarray of shape (n_narratives,)
        1 present, 0 absent, -1 no opinion.
    second : ndarray of shape (n_narratives,)
        The other rater's opinions on the same narratives.

    Returns
    -------
    float or "too few"
        At most 1; 0 is what chance would give.
    """
    parts = _confusions(first[:, None], second[:, None])
    n_doubly_coded = int(((first != UNKNOWN) & (second != UNKNOWN)).sum())
    return _enough(float(_kappa(*(part.sum(axis=0) for part in parts))[0]), n_doubly_coded)


def krippendorff_alpha(ratings: LabelArray) -> float | TooFew:
    """Krippendorff's alpha for nominal opinions of any number of raters on one code.

    Parameters
    ----------
    ratings : ndarray of shape (n_raters, n_narratives)
        1 present, 0 absent, -1 no opinion.

    Returns
    -------
    float or "too few"
        At most 1; 0 is what chance would give.
    """
    n_doubly_coded = int(((ratings != UNKNOWN).sum(axis=0) >= 2).sum())  # noqa: PLR2004 - twice is the point
    parts = _opinions(ratings[:, :, None])
    return _enough(float(_alpha(*(part.sum(axis=0) for part in parts))[0]), n_doubly_coded)


def masi_alpha(ratings: LabelArray) -> float | TooFew:
    """Krippendorff's alpha over whole sets of codes, where sets that share codes disagree less.

    Parameters
    ----------
    ratings : ndarray of shape (n_raters, n_narratives, n_codes)
        1 present, 0 absent, -1 no opinion; only a rater who judged every code of a narrative is counted on it.

    Returns
    -------
    float or "too few"
        At most 1; 0 is what chance would give.
    """
    figure, _ = _masi(ratings, resample([str(row) for row in range(ratings.shape[1])], draws=1))
    return figure if isinstance(figure, str) else figure.point


def masi_distances(sets: BoolArray) -> FloatArray:
    """MASI distance between all pairs of sets: one minus Jaccard, weighted down where neither set holds the other.

    Parameters
    ----------
    sets : ndarray of shape (n_sets, n_codes)
        True where the set holds the code.

    Returns
    -------
    ndarray of shape (n_sets, n_sets)
        0 for equal sets, two empty ones among them, to 1 for disjoint sets.
    """
    members = sets.astype(float)
    shared, sizes = members @ members.T, members.sum(axis=1)
    union = sizes[:, None] + sizes - shared
    nested = shared == np.minimum(sizes[:, None], sizes)
    likeness = np.where(nested, 2 / 3, 1 / 3) * shared / np.maximum(union, 1)
    return np.where(shared == union, 0.0, 1 - likeness)


def _opinions(ratings: LabelArray) -> Parts:
    """Per narrative and code with two opinions or more: how many say present, how many absent, and their discord."""
    present, absent = (ratings == PRESENT).sum(axis=0), (ratings == ABSENT).sum(axis=0)
    several = present + absent >= 2  # noqa: PLR2004 - one opinion cannot be compared
    present, absent = present * several, absent * several
    return present, absent, present * absent / np.maximum(present + absent - 1, 1)


def _alpha(present: NumberArray, absent: NumberArray, discord: NumberArray) -> FloatArray:
    return 1 - divide((present + absent - 1) * discord, present * absent)


def _confusions(first: LabelArray, second: LabelArray) -> Parts:
    pairs = count_pairs(np.where(second == UNKNOWN, np.int8(UNKNOWN), first), second == PRESENT)
    return pairs.tp, pairs.fp, pairs.fn, pairs.tn


def _kappa(*parts: NumberArray) -> FloatArray:
    return Counts(*parts).kappa()


def _figures(
    sample: Resample, parts: Parts, statistic: Callable[..., FloatArray], n_doubly_coded: NumberArray
) -> list[Figure]:
    points = statistic(*(part.sum(axis=0) for part in parts))
    drawn = statistic(*(sample.totals(part) for part in parts))
    return [
        _enough(sample.interval(point, column), n)
        for point, column, n in zip(points, drawn.T, n_doubly_coded, strict=True)
    ]


def _masi(ratings: LabelArray, sample: Resample) -> tuple[Figure, int]:
    """Alpha over sets and the number of narratives that it rests on."""
    complete = (ratings != UNKNOWN).all(axis=2)
    complete &= complete.sum(axis=0) >= 2  # noqa: PLR2004 - one set cannot be compared
    sets, which = np.unique(ratings[complete], axis=0, return_inverse=True)
    distances = masi_distances(sets == PRESENT)
    narrative = np.nonzero(complete)[1]
    uses = csr_array((np.ones(narrative.size), (narrative, which.ravel())), shape=(ratings.shape[1], len(sets)))
    n_raters = complete.sum(axis=0)
    discord = uses.multiply(uses @ distances).sum(axis=1) / np.maximum(n_raters - 1, 1)
    by_group = csr_array(
        (np.ones(narrative.size), (sample.group_of_row[narrative], which.ravel())), shape=(sample.n_groups, len(sets))
    )
    between = by_group @ (by_group @ distances).T
    within = sample.by_group(np.column_stack([discord, n_raters]))

    def alpha(weights: FloatArray) -> FloatArray:
        discords, n_sets = (weights @ within).T
        return 1 - divide((n_sets - 1) * discords, ((weights @ between) * weights).sum(axis=1))

    point = float(alpha(np.ones((1, sample.n_groups)))[0])
    n_doubly_coded = int(complete.any(axis=0).sum())
    return _enough(sample.interval(point, alpha(sample.weights)), n_doubly_coded), n_doubly_coded


def _enough(figure: T, n_doubly_coded: int) -> T | TooFew:
    point = figure.point if isinstance(figure, Interval) else figure
    return TOO_FEW if n_doubly_coded < MIN_DOUBLY_CODED or np.isnan(point) else figure
