"""The whole evaluation of one set of suggestions, as one record that reports and bundles store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from coding_service.errors import InputError
from coding_service.metrics import calibration, scores
from coding_service.metrics.bootstrap import Interval, Resampling, f1_intervals
from coding_service.metrics.counts import BoolArray, Counts, FloatArray, LabelArray, count_codes, mean_known
from coding_service.metrics.records import as_json


@dataclass(frozen=True)
class CodeScores:
    """How well one code is suggested; NaN where a score is undefined.

    Parameters
    ----------
    code : str
        Its id.
    support : int
        Known positives.
    n_known : int
        Narratives in which the code is present or absent for sure.
    n_suggested : int
        Known narratives for which it was suggested.
    precision, recall : float
        In [0, 1].
    f1 : float
        In [0, 1].
    f1_low, f1_high : float
        Bounds of F1; NaN below three positives.
    kappa : float
        Cohen's kappa between suggestions and labels, at most 1.
    average_precision : float
        In [0, 1].
    ece : float
        Calibration error; NaN below 20 positives.
    """

    code: str
    support: int
    n_known: int
    n_suggested: int
    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float
    kappa: float
    average_precision: float
    ece: float


@dataclass(frozen=True)
class Evaluation:
    """How well suggestions match labels; NaN where a score is undefined.

    Parameters
    ----------
    n_narratives, n_groups : int
        Size of the scored set.
    n_codes, n_codes_scored : int
        All codes, and those with at least three known positives, which make the macro mean.
    micro, macro : Interval
        F1 over all known pairs pooled, and mean F1 of the scored codes.
    micro_precision, micro_recall : float
        Over all known pairs pooled.
    mean_average_precision : float
        Mean over the scored codes.
    exact_match : float
        Share of narratives with every known pair right.
    lrap : float
        Label ranking average precision over the narratives with a known positive.
    ece : float
        Calibration error over all codes.
    codes : tuple of CodeScores
        One for each code, in the order given.
    """

    n_narratives: int
    n_groups: int
    n_codes: int
    n_codes_scored: int
    micro: Interval
    macro: Interval
    micro_precision: float
    micro_recall: float
    mean_average_precision: float
    exact_match: float
    lrap: float
    ece: float
    codes: tuple[CodeScores, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, NaN as None."""
        return dict(as_json(self))


def evaluate(
    labels: LabelArray,
    probabilities: FloatArray,
    suggested: BoolArray,
    *,
    code_ids: Sequence[str],
    groups: Sequence[str],
    **resampling: Unpack[Resampling],
) -> Evaluation:
    """Score suggestions against labels.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested, closed under the hierarchy.
    code_ids : sequence of str
        The code of each column.
    groups : sequence of str
        The group of each narrative, the unit of the bootstrap.
    **resampling : Resampling
        `draws` (1000), `seed` (0) and `level` (.95) of the intervals.

    Returns
    -------
    Evaluation
        All scores of the set.

    Raises
    ------
    InputError
        If shapes, codes and groups do not fit each other or a label is none of the three.
    """
    counts = count_codes(labels, suggested)
    if len(code_ids) != labels.shape[1]:
        raise InputError(
            f"Codes do not fit the labels: {len(code_ids)} ids, {labels.shape[1]} columns.",
            hint="Name one code for each column.",
        )
    intervals = f1_intervals(labels, suggested, groups=groups, **resampling)
    ranked = scores.average_precision(labels, probabilities)
    errors = calibration.calibration_error_per_code(labels, probabilities)
    scored = scores.scored_codes(counts)
    micro_precision, micro_recall = scores.micro_precision_recall(labels, suggested)
    return Evaluation(
        n_narratives=len(labels),
        n_groups=len(set(groups)),
        n_codes=len(code_ids),
        n_codes_scored=int(scored.sum()),
        micro=intervals.micro,
        macro=intervals.macro,
        micro_precision=micro_precision,
        micro_recall=micro_recall,
        mean_average_precision=float(mean_known(ranked[scored])),
        exact_match=scores.exact_match(labels, suggested),
        lrap=scores.ranking_precision(labels, probabilities),
        ece=calibration.expected_calibration_error(labels, probabilities),
        codes=_code_table(code_ids, counts, intervals.per_code, ranked, errors),
    )


def evaluate_slices(
    labels: LabelArray,
    probabilities: FloatArray,
    suggested: BoolArray,
    *,
    slices: Mapping[str, BoolArray],
    code_ids: Sequence[str],
    groups: Sequence[str],
    **resampling: Unpack[Resampling],
) -> dict[str, Evaluation]:
    """Score parts of the set by themselves, each with intervals from its own groups.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].
    suggested : ndarray of shape (n_narratives, n_codes)
        True where the code was suggested.
    slices : mapping of str to ndarray of shape (n_narratives,)
        The narratives of each part; parts may overlap or be empty.
    code_ids : sequence of str
        The code of each column.
    groups : sequence of str
        The group of each narrative.
    **resampling : Resampling
        As in `evaluate`.

    Returns
    -------
    dict of str to Evaluation
        In the order of the slices.
    """
    names = np.asarray(groups, dtype=str)
    return {
        name: evaluate(
            labels[rows],
            probabilities[rows],
            suggested[rows],
            code_ids=code_ids,
            groups=names[rows].tolist(),
            **resampling,
        )
        for name, rows in slices.items()
    }


def _code_table(
    code_ids: Sequence[str], counts: Counts, intervals: Sequence[Interval], ranked: FloatArray, errors: FloatArray
) -> tuple[CodeScores, ...]:
    precision, recall, f1, kappa = counts.precision(), counts.recall(), counts.f1(), counts.kappa()
    return tuple(
        CodeScores(
            code=code,
            support=int(counts.support[column]),
            n_known=int(counts.known[column]),
            n_suggested=int(counts.tp[column] + counts.fp[column]),
            precision=float(precision[column]),
            recall=float(recall[column]),
            f1=float(f1[column]),
            f1_low=intervals[column].low,
            f1_high=intervals[column].high,
            kappa=float(kappa[column]),
            average_precision=float(ranked[column]),
            ece=float(errors[column]),
        )
        for column, code in enumerate(code_ids)
    )
