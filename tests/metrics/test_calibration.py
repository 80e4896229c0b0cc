"""The calibration error follows its published recipe, and the curves are those that scikit-learn draws."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import precision_recall_curve

from coding_service.metrics import calibration

from .strategies import scored, scored_sets


def test_calibration_error_of_a_hand_worked_case():
    """Bins .1-.2: two pairs, said .15, half true; .9-1: one pair, said 1, true; the easy absent pair is left out."""
    labels = np.array([[1, 0, 1, 0, -1]], dtype=np.int8)
    probabilities = np.array([[0.15, 0.15, 1.0, 0.09, 0.5]])
    assert calibration.expected_calibration_error(labels, probabilities) == pytest.approx(2 / 3 * 0.35)


def test_a_present_pair_counts_below_the_floor():
    labels, probabilities = np.array([[1]], dtype=np.int8), np.array([[0.01]])
    assert calibration.expected_calibration_error(labels, probabilities) == pytest.approx(0.99)


def test_probabilities_that_say_the_truth_have_no_error():
    labels = np.array([[1]] * 7 + [[0]] * 3, dtype=np.int8)
    assert calibration.expected_calibration_error(labels, np.full((10, 1), 0.7)) == pytest.approx(0)


def test_error_per_code_needs_twenty_positives():
    labels = np.ones((20, 2), dtype=np.int8)
    labels[0, 1] = 0
    errors = calibration.calibration_error_per_code(labels, np.full((20, 2), 0.9))
    assert errors[0] == pytest.approx(0.1)
    assert np.isnan(errors[1])


def test_reliability_bins_hold_exactly_the_pairs_of_the_error():
    part = scored(seed=1)
    curve = calibration.reliability_curve(part.labels, part.probabilities)
    n_pairs = sum(bar.n_pairs for bar in curve)
    gap = sum(bar.n_pairs * abs(bar.mean_probability - bar.share_present) for bar in curve) / n_pairs
    assert gap == pytest.approx(calibration.expected_calibration_error(part.labels, part.probabilities))
    known = part.labels != -1
    assert n_pairs == (known & ((part.probabilities >= 0.1) | (part.labels == 1))).sum()
    assert all(bar.low <= bar.mean_probability <= bar.high for bar in curve)


@pytest.mark.parametrize("max_points", [2, 50, 10_000])
def test_thinned_curve_is_part_of_the_whole_curve(max_points):
    part = scored(seed=2)
    known = part.labels != -1
    precision, recall, thresholds = precision_recall_curve(part.labels[known], part.probabilities[known])
    curve = calibration.precision_recall_points(part.labels, part.probabilities, max_points=max_points)
    points = set(zip(thresholds.tolist(), precision.tolist(), recall.tolist(), strict=False))
    drawn = list(zip(curve.thresholds, curve.precision, curve.recall, strict=True))
    assert set(drawn) <= points
    assert len(drawn) == min(max_points, len(thresholds))
    assert drawn[0][0] == thresholds[0]
    assert drawn[-1][0] == thresholds[-1]
    assert set(curve.to_dict()) == {"thresholds", "precision", "recall"}


def test_nothing_known_gives_no_error_and_empty_curves():
    labels, probabilities = np.full((3, 2), -1, dtype=np.int8), np.full((3, 2), 0.5)
    assert np.isnan(calibration.expected_calibration_error(labels, probabilities))
    assert calibration.reliability_curve(labels, probabilities) == ()
    assert calibration.precision_recall_points(labels, probabilities).thresholds == ()


@given(scored_sets())
def test_error_lies_between_zero_and_one_whatever_the_order(part):
    error = calibration.expected_calibration_error(part.labels, part.probabilities)
    turned = part.rows(range(len(part.labels))[::-1])
    assert np.isnan(error) or 0 <= error <= 1
    assert calibration.expected_calibration_error(turned.labels, turned.probabilities) == pytest.approx(
        error, nan_ok=True
    )
