"""Spans are compared character by character, however they are cut or ordered."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.errors import InputError
from coding_service.metrics.evidence import character_f1, coverage_share, merge_spans, overlap_share

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda cut: (cut[0], cut[0] + cut[1])), max_size=8
)


def characters(spans):
    return {position for start, end in spans for position in range(start, end)}


@pytest.mark.parametrize(
    ("predicted", "gold", "expected"),
    [
        ([(0, 10)], [(0, 10)], 1.0),
        ([(0, 10)], [(10, 20)], 0.0),
        ([(0, 10)], [(5, 15)], 0.5),
        ([(0, 5), (5, 10)], [[0, 10]], 1.0),
        ([(0, 10), (2, 8)], [(0, 10)], 1.0),
        ([], [(0, 10)], 0.0),
    ],
)
def test_character_f1_of_hand_worked_spans(predicted, gold, expected):
    assert character_f1(predicted, gold) == pytest.approx(expected)


def test_nothing_to_compare_is_undefined():
    assert math.isnan(character_f1([], []))
    assert math.isnan(overlap_share([], [(0, 1)]))
    assert math.isnan(coverage_share([], 0))


def test_overlap_share_counts_spans_that_share_a_character():
    predicted, gold = [(0, 5), (5, 9), (20, 30)], [(4, 6), (30, 40)]
    assert overlap_share(predicted, gold) == pytest.approx(2 / 3)
    assert overlap_share(gold, predicted) == pytest.approx(1 / 2)


def test_coverage_counts_each_character_once():
    assert coverage_share([(0, 4), (2, 6)], 12) == 0.5


@given(SPANS, SPANS)
def test_character_f1_equals_counting_characters(predicted, gold):
    one, two = characters(predicted), characters(gold)
    expected = 2 * len(one & two) / (len(one) + len(two)) if one or two else math.nan
    assert character_f1(predicted, gold) == pytest.approx(expected, nan_ok=True)


@given(SPANS)
def test_merged_spans_cover_the_same_characters_without_touching(spans):
    merged = merge_spans(spans)
    assert characters(merged) == characters(spans)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(merged))


@pytest.mark.parametrize("span", [(3, 3), (5, 2), (-1, 4)])
def test_what_is_no_span_is_refused(span):
    for call in (lambda: character_f1([span], []), lambda: overlap_share([(0, 1)], [span])):
        with pytest.raises(InputError, match="Not a span"):
            call()


def test_span_past_the_end_is_refused():
    with pytest.raises(InputError, match="ends at 9"):
        coverage_share([(0, 9)], 8)
