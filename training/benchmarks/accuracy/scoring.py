"""Turns the scores of any system into suggestions by one routine, and measures them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import Labels, label_matrix, lift
from coding_service.metrics.bootstrap import f1_intervals
from coding_service.metrics.scores import macro_f1, micro_f1, ranking_precision
from coding_service.suggesters.calibration import fit_calibration
from coding_service.suggesters.thresholds import choose_thresholds
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy
from training.benchmarks.accuracy.sets import LearningSet

Sides = Sequence[tuple[Floats, Floats]]
"""For each part, the scores of the fifth laid aside and of the test side."""


@dataclass(frozen=True)
class Figures:
    """What is shown of a cell; `n_codes` is how many codes have three positives and make the macro mean."""

    micro: float
    macro: float
    lrap: float
    n_codes: int
    closed_micro: float
    closed_macro: float


def decide(tune: Floats, labels: Labels, test: Floats, taxonomy: Taxonomy) -> tuple[np.ndarray, np.ndarray]:
    """Choose a threshold per code on the fifth laid aside; gives what is suggested there and on the test side.

    A system's scores need only rise with its belief: a curve per code makes probabilities of them first, as `train`
    does with out-of-fold scores.
    """
    tune, test = np.asarray(tune, dtype=float), np.asarray(test, dtype=float)
    calibration = fit_calibration(tune, labels)
    flat = Taxonomy(taxonomy.id, taxonomy.version, taxonomy.title, ())
    probabilities = calibration.apply(tune, flat)
    thresholds = choose_thresholds(probabilities, labels)
    return probabilities >= thresholds, calibration.apply(test, flat) >= thresholds


def choose_variant(given: LearningSet, variants: Sequence[Sides]) -> int:
    """Choose the variant with the best sum of micro and macro F1 on the fifths laid aside."""
    worth = []
    for sides in variants:
        told, labels = [], []
        for part, (tune, test) in zip(given.parts, sides, strict=True):
            known = label_matrix(part.tune, given.taxonomy, close=given.closed)
            told.append(decide(tune, known, test, given.taxonomy)[0])
            labels.append(known)
        pooled, suggested = np.concatenate(labels), np.concatenate(told)
        worth.append(micro_f1(pooled, suggested) + macro_f1(pooled, suggested)[0])
    return int(np.argmax(worth))


def measure(given: LearningSet, sides: Sides) -> Figures:
    """Pool the predictions of all parts and score them once; unknown labels are masked."""
    tests, suggested = _suggested(given, sides)
    labels = label_matrix(tests, given.taxonomy, close=given.closed)
    macro, n_codes = macro_f1(labels, suggested)
    above, lifted = label_matrix(tests, given.taxonomy), lift(suggested, given.taxonomy)
    return Figures(
        micro_f1(labels, suggested),
        macro,
        ranking_precision(labels, np.concatenate([np.asarray(test, dtype=float) for _, test in sides])),
        n_codes,
        micro_f1(above, lifted),
        macro_f1(above, lifted)[0],
    )


def intervals(given: LearningSet, sides: Sides) -> dict[str, float]:
    """Give the bounds of 95 % intervals of micro and macro F1, by resampling groups of the test side."""
    tests, suggested = _suggested(given, sides)
    labels = label_matrix(tests, given.taxonomy, close=given.closed)
    f1 = f1_intervals(labels, suggested, groups=[narrative.unit for narrative in tests])
    return {
        "micro_low": f1.micro.low,
        "micro_high": f1.micro.high,
        "macro_low": f1.macro.low,
        "macro_high": f1.macro.high,
    }


def _suggested(given: LearningSet, sides: Sides) -> tuple[list[CodedNarrative], np.ndarray]:
    """Give the narratives of the test sides of all parts, and what is suggested for them."""
    told = []
    for part, (tune, test) in zip(given.parts, sides, strict=True):
        known = label_matrix(part.tune, given.taxonomy, close=given.closed)
        suggested = decide(tune, known, test, given.taxonomy)[1]
        told.append(lift(suggested, given.taxonomy) if given.closed else suggested)
    return [narrative for part in given.parts for narrative in part.test], np.concatenate(told)
