"""What is shown as evidence: the best part, others that are nearly as good, and never more than a third of a long text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coding_service.suggestions import Scores
from coding_service.suggestions.evidence import MAX_SPANS, SHARE_OF_ODDS, choose_evidence

SPANS = np.array([[start, start + 10] for start in range(0, 90, 10)])


def chosen(told, quotes=()):
    scores = Scores(np.ones((1, 1)), (SPANS[: len(told)],), (np.array(told)[:, None],), quotes)
    return [(part.start, part.end) for part in choose_evidence(scores, 0, 0)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_the_best_part_stands_and_others_are_nearly_as_good(told):
    """Guarantee: in the order of the text, at most three, each with half of the best odds, a third of a long text."""
    shown = chosen(told)
    best = int(np.argmax(told))
    assert tuple(SPANS[best]) in shown
    assert shown == sorted(shown)
    assert len(shown) <= MAX_SPANS
    odds = [value / max(1 - value, 1e-12) for value in told]
    assert all(odds[start // 10] >= SHARE_OF_ODDS * odds[best] for start, _ in shown)
    if len(told) > MAX_SPANS:
        assert len(shown) == 1 or 10 * len(shown) <= 10 * len(told) / 3


def test_a_part_far_less_likely_is_not_shown():
    """Guarantee: near certainty is told apart: .99 and .98 are not alike."""
    assert chosen([0.2, 0.98, 0.99]) == [(20, 30)]
    assert chosen([0.2, 0.985, 0.99]) == [(10, 20), (20, 30)]


def test_of_each_part_the_words_are_shown():
    """Guarantee: short quotes leave room for more of them."""
    told = [0.9, 0.9, 0.9, 0.1]
    assert chosen(told) == [(0, 10)]
    quotes = np.array([[[2, 6]], [[11, 14]], [[20, 23]], [[30, 40]]])
    assert chosen(told, (quotes,)) == [(2, 6), (11, 14), (20, 23)]


def test_a_text_without_parts_has_no_evidence():
    assert choose_evidence(Scores(np.ones((1, 1)), (SPANS[:0],), (np.zeros((0, 1)),)), 0, 0) == ()
