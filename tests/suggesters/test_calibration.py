"""Calibration: probabilities mean what they say, keep the order of scores, and respect the tree."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.metrics.calibration import expected_calibration_error
from coding_service.suggesters.calibration import ISOTONIC_SUPPORT, Calibration, fit_calibration
from coding_service.taxonomy import Code, Taxonomy

FLAT = Taxonomy("flat", "1.0.0", "Flat", (Code("a", "A"), Code("b", "B"), Code("c", "C")))
TREE = Taxonomy("tree", "1.0.0", "Tree", (Code("a", "A"), Code("b", "B", parent="a"), Code("c", "C", parent="b")))


def overconfident(seed=0, n=2000):
    """Scores whose log odds are twice as large as the truth deserves."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 1.5, (n, 3))
    labels = (rng.random((n, 3)) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    return 1 / (1 + np.exp(-2 * logits)), labels


@pytest.mark.parametrize("n", [150, 2000], ids=["sigmoid", "isotonic"])
def test_it_mends_overconfidence(n):
    """Guarantee: on scores that it was not fitted on, the calibration error falls by more than half."""
    scores, labels = overconfident(n=n)
    fresh, fresh_labels = overconfident(seed=1)
    fitted = fit_calibration(scores, labels)
    before = expected_calibration_error(fresh_labels, fresh)
    assert expected_calibration_error(fresh_labels, fitted.apply(fresh, FLAT)) < before / 2


def test_only_frequent_codes_get_a_curve_of_their_own():
    scores, labels = overconfident()
    labels[:, 2] = 0
    labels[: ISOTONIC_SUPPORT - 1, 2] = 1
    assert set(fit_calibration(scores, labels).knots) == {0, 1}


def scores_of(seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.random((80, 3)), rng.integers(-1, 2, (80, 3)).astype(np.int8)
    return fit_calibration(scores, labels), np.sort(rng.random((50, 3)), axis=0)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_it_keeps_order_and_range(seed):
    """Guarantee: a higher score never gets a lower probability, and all are in [0, 1]."""
    fitted, scores = scores_of(seed)
    probabilities = fitted.apply(scores, FLAT)
    assert (np.diff(probabilities, axis=0) >= -1e-12).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_no_theme_is_less_probable_than_its_sub_themes(seed):
    fitted, scores = scores_of(seed)
    probabilities = fitted.apply(scores, TREE)
    assert (np.diff(probabilities, axis=1) <= 0).all()


def test_unknown_pairs_do_not_count():
    scores, labels = overconfident(n=300)
    masked = labels.copy()
    masked[:100] = -1
    alone = fit_calibration(scores[100:], labels[100:])
    np.testing.assert_allclose(fit_calibration(scores, masked).slopes, alone.slopes)


@pytest.mark.parametrize("value", [0, 1, -1])
def test_a_code_with_one_kind_of_label_takes_the_common_curve(value):
    scores, labels = overconfident(n=300)
    labels[:, 1] = value
    fitted = fit_calibration(scores, labels)
    assert np.isfinite(fitted.apply(scores, FLAT)).all()
    assert fitted.slopes[1] > 0


def test_nothing_to_fit_on_keeps_the_scores():
    scores = np.full((4, 3), 0.3)
    fitted = fit_calibration(scores, np.full((4, 3), -1, dtype=np.int8))
    np.testing.assert_allclose(fitted.apply(scores, FLAT), scores)


def test_it_survives_json():
    scores, labels = overconfident()
    fitted = fit_calibration(scores, labels)
    read = Calibration.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(read.apply(scores, TREE), fitted.apply(scores, TREE))
