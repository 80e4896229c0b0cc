"""Intervals come from whole groups, the fast way equals the slow way, and paired tests know better from equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.errors import InputError
from coding_service.metrics import bootstrap, scores

from .strategies import scored, scored_sets


def test_fast_micro_interval_equals_recomputing_the_score_on_each_draw():
    part = scored(seed=5)
    slow = bootstrap.bootstrap_interval(
        lambda rows: scores.micro_f1(part.labels[rows], part.suggested[rows]), part.groups, draws=200, seed=7
    )
    fast = bootstrap.f1_intervals(part.labels, part.suggested, groups=part.groups, draws=200, seed=7)
    np.testing.assert_allclose(
        [fast.micro.point, fast.micro.low, fast.micro.high], [slow.point, slow.low, slow.high], rtol=1e-12
    )


def test_fast_code_interval_equals_recomputing_the_score_on_each_draw():
    """A draw without a positive of the code says nothing about it."""
    part = scored(seed=6)

    def f1(rows):
        column = part.labels[rows][:, [0]]
        return scores.micro_f1(column, part.suggested[rows][:, [0]]) if (column == 1).any() else np.nan

    slow = bootstrap.bootstrap_interval(f1, part.groups, draws=100)
    fast = bootstrap.f1_intervals(part.labels, part.suggested, groups=part.groups, draws=100).per_code[0]
    np.testing.assert_allclose([fast.point, fast.low, fast.high], [slow.point, slow.low, slow.high], rtol=1e-12)


@given(scored_sets(), st.randoms(use_true_random=False))
def test_order_of_rows_never_matters(part, random):
    order = list(range(len(part.labels)))
    random.shuffle(order)
    turned = part.rows(order)
    first = bootstrap.f1_intervals(part.labels, part.suggested, groups=part.groups, draws=20)
    second = bootstrap.f1_intervals(turned.labels, turned.suggested, groups=turned.groups, draws=20)
    np.testing.assert_equal(_numbers(first), pytest.approx(_numbers(second), nan_ok=True))


def test_seed_and_nothing_else_decides_the_draws():
    part = scored()
    runs = [bootstrap.f1_intervals(part.labels, part.suggested, groups=part.groups, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0].micro != runs[2].micro
    assert runs[0].micro.low < runs[0].micro.point < runs[0].micro.high


def test_groups_that_repeat_themselves_widen_the_interval():
    """A hundred copies of ten narratives are still ten opinions."""
    part = scored(n_narratives=10, unknown_share=0.0)
    labels, suggested = np.repeat(part.labels, 100, axis=0), np.repeat(part.suggested, 100, axis=0)
    copies = [str(row // 100) for row in range(1000)]
    alone = [str(row) for row in range(1000)]
    wide = bootstrap.f1_intervals(labels, suggested, groups=copies).micro
    narrow = bootstrap.f1_intervals(labels, suggested, groups=alone).micro
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_one_group_gives_a_point_without_bounds():
    part = scored()
    micro = bootstrap.f1_intervals(part.labels, part.suggested, groups=["a"] * 80).micro
    assert micro.point > 0
    assert np.isnan([micro.low, micro.high]).all()


def test_wider_level_gives_a_wider_interval():
    sample = bootstrap.resample([str(row) for row in range(50)], level=0.5)
    narrow = sample.interval(0.5, np.linspace(0, 1, 1001))
    assert (narrow.low, narrow.high) == (pytest.approx(0.25), pytest.approx(0.75))


def test_a_clearly_better_candidate_has_a_small_p_and_the_reverse_a_large_one():
    part = scored(unknown_share=0.0)
    worse = part.suggested & (np.random.default_rng(99).random(part.suggested.shape) < 0.5)
    better = bootstrap.paired_difference(part.labels, part.suggested, worse, groups=part.groups)
    assert better.micro.low > 0
    assert better.micro.p_value == pytest.approx(1 / 1001)
    assert better.macro.point == pytest.approx(
        scores.macro_f1(part.labels, part.suggested)[0] - scores.macro_f1(part.labels, worse)[0]
    )
    assert (better.n_codes_scored, len(better.per_code)) == (6, 6)
    reverse = bootstrap.paired_difference(part.labels, worse, part.suggested, groups=part.groups)
    assert reverse.micro.p_value == 1
    assert reverse.micro.point == pytest.approx(-better.micro.point)


def test_equal_suggestions_are_never_called_better():
    part = scored()
    same = bootstrap.paired_difference(part.labels, part.suggested, part.suggested, groups=part.groups)
    assert (same.micro.point, same.micro.low, same.micro.high, same.micro.p_value) == (0, 0, 0, 1)


def test_codes_with_too_few_positives_have_no_difference():
    labels = np.zeros((12, 2), dtype=np.int8)
    labels[:6, 0] = labels[:2, 1] = 1
    groups = [str(row) for row in range(12)]
    gaps = bootstrap.paired_difference(labels, labels == 1, labels == 0, groups=groups)
    assert gaps.per_code[0].point == 1
    assert gaps.to_dict()["per_code"][1] == {"point": None, "low": None, "high": None, "p_value": None}


def test_holm_on_a_hand_worked_case_skips_tests_not_made():
    corrected = bootstrap.holm([0.01, np.nan, 0.04, 0.03, 0.6])
    np.testing.assert_allclose(corrected, [0.04, np.nan, 0.09, 0.09, 0.6])


@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_never_lowers_a_p_and_keeps_the_order(p_values):
    corrected = bootstrap.holm(p_values)
    assert (corrected >= np.array(p_values)).all()
    assert (corrected <= 1).all()
    assert (np.diff(corrected[np.argsort(p_values, kind="stable")]) >= 0).all()


def test_input_that_cannot_be_resampled_is_refused():
    part = scored()
    with pytest.raises(InputError, match="3 groups, 80 narratives"):
        bootstrap.f1_intervals(part.labels, part.suggested, groups=["a", "b", "c"])
    for wrong in ({"draws": 0}, {"level": 1.0}):
        with pytest.raises(InputError, match="interval"):
            bootstrap.resample(part.groups, **wrong)


def _numbers(intervals):
    return [
        value
        for interval in (intervals.micro, intervals.macro, *intervals.per_code)
        for value in (interval.point, interval.low, interval.high)
    ]
