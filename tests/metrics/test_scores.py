"""Scores equal scikit-learn's where nothing is unknown, and unknown pairs never matter."""

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sk

from coding_service.errors import InputError
from coding_service.metrics import scores
from coding_service.metrics.counts import count_codes

from .strategies import scored, scored_sets

KNOWN = scored(unknown_share=0.0)


def test_micro_and_macro_equal_sklearn_without_unknowns():
    assert scores.micro_f1(KNOWN.labels, KNOWN.suggested) == pytest.approx(
        sk.f1_score(KNOWN.labels, KNOWN.suggested, average="micro")
    )
    assert scores.macro_f1(KNOWN.labels, KNOWN.suggested) == (
        pytest.approx(sk.f1_score(KNOWN.labels, KNOWN.suggested, average="macro")),
        KNOWN.labels.shape[1],
    )
    assert scores.micro_precision_recall(KNOWN.labels, KNOWN.suggested) == (
        pytest.approx(sk.precision_score(KNOWN.labels, KNOWN.suggested, average="micro")),
        pytest.approx(sk.recall_score(KNOWN.labels, KNOWN.suggested, average="micro")),
    )


def test_per_code_scores_equal_sklearn_without_unknowns():
    counts = count_codes(KNOWN.labels, KNOWN.suggested)
    precision, recall, f1, support = sk.precision_recall_fscore_support(KNOWN.labels, KNOWN.suggested)
    np.testing.assert_allclose(counts.precision(), precision)
    np.testing.assert_allclose(counts.recall(), recall)
    np.testing.assert_allclose(counts.f1(), f1)
    np.testing.assert_array_equal(counts.support, support)
    kappas = [sk.cohen_kappa_score(KNOWN.labels[:, code], KNOWN.suggested[:, code]) for code in range(6)]
    np.testing.assert_allclose(counts.kappa(), kappas)


def test_ranking_scores_equal_sklearn_without_unknowns():
    rows = KNOWN.labels.any(axis=1)
    assert scores.ranking_precision(KNOWN.labels, KNOWN.probabilities) == pytest.approx(
        sk.label_ranking_average_precision_score(KNOWN.labels[rows], KNOWN.probabilities[rows])
    )
    np.testing.assert_allclose(
        scores.average_precision(KNOWN.labels, KNOWN.probabilities),
        sk.average_precision_score(KNOWN.labels, KNOWN.probabilities, average=None),
    )
    assert scores.exact_match(KNOWN.labels, KNOWN.suggested) == pytest.approx(
        sk.accuracy_score(KNOWN.labels, KNOWN.suggested)
    )


def test_macro_leaves_out_codes_with_fewer_than_three_positives():
    labels = np.array([[1, 1], [1, 1], [1, 0], [0, 0]], dtype=np.int8)
    suggested = np.array([[1, 0], [1, 0], [0, 0], [1, 0]], dtype=bool)
    assert scores.macro_f1(labels, suggested) == (pytest.approx(2 / 3), 1)


def test_masking_a_pair_equals_dropping_it():
    """Per code, per row and pooled: with the unknown pairs cut out, sklearn gives the same numbers."""
    part = scored(seed=3, unknown_share=0.3)
    known = part.labels != -1
    assert scores.micro_f1(part.labels, part.suggested) == pytest.approx(
        sk.f1_score(part.labels[known], part.suggested[known])
    )
    precision = scores.average_precision(part.labels, part.probabilities)
    for code in range(part.labels.shape[1]):
        rows = known[:, code]
        assert precision[code] == pytest.approx(
            sk.average_precision_score(part.labels[rows, code], part.probabilities[rows, code])
        )
    by_row = [
        sk.label_ranking_average_precision_score([labels[mask]], [probabilities[mask]]) if mask.sum() > 1 else 1.0
        for labels, probabilities, mask in zip(part.labels, part.probabilities, known, strict=True)
        if (labels == 1).any()
    ]
    assert scores.ranking_precision(part.labels, part.probabilities) == pytest.approx(np.mean(by_row))


def test_exact_match_asks_only_the_known_pairs():
    labels = np.array([[1, -1], [0, 0], [-1, -1]], dtype=np.int8)
    suggested = np.array([[1, 1], [1, 0], [1, 1]], dtype=bool)
    assert scores.exact_match(labels, suggested) == 0.5


def test_nothing_known_is_undefined_not_zero():
    labels, suggested = np.full((4, 2), -1, dtype=np.int8), np.ones((4, 2), dtype=bool)
    assert np.isnan(scores.micro_f1(labels, suggested))
    assert np.isnan(scores.exact_match(labels, suggested))
    assert np.isnan(scores.ranking_precision(labels, suggested.astype(float)))
    mean, n_codes = scores.macro_f1(labels, suggested)
    assert np.isnan(mean)
    assert n_codes == 0


@given(scored_sets())
def test_what_was_suggested_on_unknown_pairs_never_matters(part):
    unknown = part.labels == -1
    flipped = part.suggested ^ unknown
    moved = np.where(unknown, 1 - part.probabilities, part.probabilities)
    for score in (scores.micro_f1, scores.macro_f1, scores.exact_match):
        np.testing.assert_equal(score(part.labels, part.suggested), score(part.labels, flipped))
    for score in (scores.average_precision, scores.ranking_precision):
        np.testing.assert_equal(score(part.labels, part.probabilities), score(part.labels, moved))


@given(scored_sets())
def test_scores_lie_in_their_range(part):
    for score in (scores.micro_f1(part.labels, part.suggested), scores.exact_match(part.labels, part.suggested)):
        assert np.isnan(score) or 0 <= score <= 1


@pytest.mark.parametrize(
    ("labels", "suggested"),
    [(np.zeros((2, 3)), np.zeros((2, 1))), (np.zeros(3), np.zeros(3)), (np.full((1, 1), 2), np.zeros((1, 1)))],
)
def test_arrays_that_do_not_fit_are_refused(labels, suggested):
    with pytest.raises(InputError):
        scores.micro_f1(labels, suggested)
