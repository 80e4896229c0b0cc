"""Thresholds: each code's own where there is enough to choose it on, the common one where there is not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.metrics.scores import macro_f1
from coding_service.suggesters.thresholds import choose_thresholds


def separable(cuts, supports, n=600, seed=0):
    """Probabilities that lie over the cut of their code where it is present, and under it where it is absent."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((n, len(cuts)), dtype=np.int8)
    probabilities = np.zeros(labels.shape)
    for column, (cut, support) in enumerate(zip(cuts, supports, strict=True)):
        labels[:support, column] = 1
        over, under = rng.uniform(cut, 1, n), rng.uniform(0, cut, n)
        probabilities[:, column] = np.where(labels[:, column] == 1, over, under)
    return probabilities, labels


def test_frequent_codes_get_thresholds_of_their_own():
    probabilities, labels = separable([0.2, 0.5, 0.8], [200, 200, 200])
    low, middle, high = choose_thresholds(probabilities, labels)
    assert low < middle < high
    assert macro_f1(labels, probabilities >= [low, middle, high])[0] > 0.9


def test_a_rare_code_stays_near_the_common_threshold():
    """Guarantee: four positives cannot pull a threshold to where they happen to lie."""
    probabilities, labels = separable([0.5, 0.5, 0.9], [200, 200, 4])
    common, _, rare = choose_thresholds(probabilities, labels)
    assert abs(rare - common) < 0.15


def test_a_code_without_positives_takes_the_common_threshold():
    probabilities, labels = separable([0.4, 0.4], [200, 0])
    assert 0.2 < choose_thresholds(probabilities, labels)[1] < 0.6


def test_unknown_pairs_do_not_count():
    probabilities, labels = separable([0.3, 0.6], [150, 150])
    noise, unknown = np.ones((50, 2)), np.full((50, 2), -1, dtype=np.int8)
    with_unknown = choose_thresholds(np.vstack([probabilities, noise]), np.vstack([labels, unknown]))
    np.testing.assert_array_equal(with_unknown, choose_thresholds(probabilities, labels))


@given(st.integers(0, 10_000), st.integers(0, 30))
@settings(max_examples=30, deadline=None)
def test_they_stay_in_range(seed, n):
    rng = np.random.default_rng(seed)
    thresholds = choose_thresholds(rng.random((n, 4)), rng.integers(-1, 2, (n, 4)).astype(np.int8))
    assert thresholds.shape == (4,)
    assert ((thresholds >= 0.05) & (thresholds <= 0.95)).all()
