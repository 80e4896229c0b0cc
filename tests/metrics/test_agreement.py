"""Agreement figures equal published and hand-worked cases, and are withheld where they rest on too little."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from coding_service.errors import InputError
from coding_service.metrics.agreement import (
    TOO_FEW,
    agreement,
    cohen_kappa,
    krippendorff_alpha,
    masi_alpha,
    masi_distances,
)
from coding_service.metrics.bootstrap import Interval, bootstrap_interval


def raters(seed=0, n_raters=2, n_narratives=60, n_codes=3, missing_share=0.0, noise=0.15):
    rng = np.random.default_rng(seed)
    truth = rng.random((n_narratives, n_codes)) < 0.4
    ratings = truth ^ (rng.random((n_raters, n_narratives, n_codes)) < noise)
    missing = rng.random((n_raters, n_narratives, 1)) < missing_share
    return np.where(missing, -1, ratings).astype(np.int8)


def alpha_of_pairs(ratings, distance):
    """Alpha from its definition: mean distance within units over mean distance between all pairable values."""
    units = [[value for value in unit if value is not None] for unit in ratings]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(
        distance(one, two) / (len(unit) - 1)
        for unit in units
        for i, one in enumerate(unit)
        for two in [*unit[:i], *unit[i + 1 :]]
    )
    expected = sum(distance(one, two) for i, one in enumerate(values) for two in [*values[:i], *values[i + 1 :]])
    return 1 - (observed / len(values)) / (expected / (len(values) * (len(values) - 1)))


def masi(one, two):
    if one == two:
        return 0.0
    shared = len(one & two)
    weight = 2 / 3 if one <= two or two <= one else 1 / 3 if shared else 0
    return 1 - weight * shared / len(one | two)


def as_sets(ratings):
    """Units of sets of codes, None where a rater did not judge every code."""
    return [
        [None if (row == -1).any() else frozenset(np.flatnonzero(row)) for row in unit]
        for unit in ratings.transpose(1, 0, 2)
    ]


def test_kappa_equals_sklearn_on_what_both_judged():
    first, second = raters(missing_share=0.2)[:, :, 0]
    both = (first != -1) & (second != -1)
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first[both], second[both]))


def test_alpha_of_a_published_case():
    """Ten units, two observers, binary: alpha .095 (Krippendorff, Computing Krippendorff's alpha-reliability, part A)."""
    ratings = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], dtype=np.int8)
    assert krippendorff_alpha(ratings) == pytest.approx(0.095, abs=0.0005)


@given(st.integers(0, 2**20), st.integers(2, 5), st.sampled_from([0.0, 0.3]))
def test_alphas_follow_their_definition_pair_by_pair(seed, n_raters, missing_share):
    ratings = raters(seed, n_raters, n_narratives=30, missing_share=missing_share)
    units = [[None if value == -1 else value for value in unit] for unit in ratings[:, :, 0].T]
    nominal, sets = krippendorff_alpha(ratings[:, :, 0]), masi_alpha(ratings)
    if nominal != TOO_FEW:
        assert nominal == pytest.approx(alpha_of_pairs(units, lambda one, two: float(one != two)))
    if sets != TOO_FEW:
        assert sets == pytest.approx(alpha_of_pairs(as_sets(ratings), masi))


def test_masi_distance_of_hand_worked_sets():
    """Sets: {}, {a}, {a, b}, {b, c}."""
    sets = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool)
    expected = [[0, 1, 1, 1], [1, 0, 2 / 3, 1], [1, 2 / 3, 0, 8 / 9], [1, 1, 8 / 9, 0]]
    np.testing.assert_allclose(masi_distances(sets), expected)


def test_same_answers_agree_fully_and_random_ones_hardly():
    first = raters(n_raters=1, n_narratives=400)
    same, random = np.concatenate([first, first]), raters(noise=0.5, n_narratives=2000)
    assert krippendorff_alpha(same[:, :, 0]) == cohen_kappa(*same[:, :, 0]) == masi_alpha(same) == 1
    assert abs(krippendorff_alpha(random[:, :, 0])) < 0.1
    assert abs(masi_alpha(random)) < 0.1


@pytest.mark.parametrize(
    "ratings",
    [
        raters(n_narratives=9),
        np.zeros((2, 50, 1), dtype=np.int8),
        np.full((2, 50, 1), -1, dtype=np.int8),
        np.concatenate([raters(n_raters=1), np.full((1, 60, 3), -1, dtype=np.int8)]),
        np.zeros((2, 0, 1), dtype=np.int8),
        np.zeros((1, 20, 1), dtype=np.int8),
    ],
    ids=["nine narratives", "no variation", "nobody", "one rater only", "empty", "alone"],
)
def test_too_little_data_never_gives_a_number(ratings):
    assert krippendorff_alpha(ratings[:, :, 0]) == TOO_FEW
    assert masi_alpha(ratings) == TOO_FEW
    groups = [str(row) for row in range(ratings.shape[1])]
    result = agreement(ratings, code_ids=[str(code) for code in range(ratings.shape[2])], groups=groups, draws=20)
    assert result.alpha == TOO_FEW
    assert result.codes[0].alpha == TOO_FEW
    assert result.codes[0].kappa == (TOO_FEW if len(ratings) == 2 else None)
    if len(ratings) == 2:
        assert cohen_kappa(*ratings[:, :, 0]) == TOO_FEW


def test_intervals_equal_recomputing_each_figure_on_each_draw():
    ratings = raters(seed=4, n_narratives=120, missing_share=0.1)
    groups = [f"review-{row % 30}" for row in range(120)]
    result = agreement(ratings, code_ids=["a", "b", "c"], groups=groups, draws=60, seed=2)
    options = {"draws": 60, "seed": 2}
    slow = [
        bootstrap_interval(lambda rows: krippendorff_alpha(ratings[:, rows, 0]), groups, **options),
        bootstrap_interval(lambda rows: cohen_kappa(*ratings[:, rows, 0]), groups, **options),
        bootstrap_interval(lambda rows: masi_alpha(ratings[:, rows]), groups, **options),
    ]
    for interval, other in zip((result.codes[0].alpha, result.codes[0].kappa, result.alpha), slow, strict=True):
        assert isinstance(interval, Interval)
        np.testing.assert_allclose(
            [interval.point, interval.low, interval.high], [other.point, other.low, other.high], rtol=1e-9
        )


def test_counts_and_prevalence_rest_on_what_was_coded_twice():
    ratings = np.full((3, 12, 1), -1, dtype=np.int8)
    ratings[0, :, 0] = [1] * 6 + [0] * 6
    ratings[1, :11, 0] = [1] * 5 + [0] * 6
    result = agreement(ratings, code_ids=["a"], groups=list("aabbccddeeff"), draws=20)
    (code,) = result.codes
    assert (result.n_narratives, result.n_groups, result.n_raters, result.n_doubly_coded) == (12, 6, 3, 11)
    assert code.n_doubly_coded == 11
    assert code.prevalence == pytest.approx(11 / 22)
    assert code.kappa is None


@given(st.permutations(range(40)), st.booleans())
def test_order_of_narratives_and_raters_never_matters(order, swap):
    ratings = raters(n_narratives=40, missing_share=0.1)
    groups = [f"review-{row % 10}" for row in range(40)]
    turned = ratings[:, order][:: -1 if swap else 1]
    options = {"code_ids": ["a", "b", "c"], "draws": 20}
    plain = agreement(ratings, groups=groups, **options).to_dict()
    other = agreement(turned, groups=[groups[row] for row in order], **options).to_dict()
    assert _rounded(other) == _rounded(plain)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_ratings_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="do not fit 2 groups and 3 codes"):
        agreement(raters(), code_ids=["a", "b", "c"], groups=["x", "y"])


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 9) if isinstance(value, float) else value
