"""Heads: what they learn from rows, what they leave alone, and how far they stay with what was known before."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from coding_service.suggesters.heads import RARE_LOGIT, Heads, Rows, fit_heads


def rows_of(n=200, seed=0, n_codes=3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    truth = features @ rng.normal(size=(5, n_codes)) * 2 - 0.5
    labels = (rng.random(truth.shape) < expit(truth)).astype(np.int8)
    return Rows(features, labels, np.ones(n))


def test_they_learn_what_logistic_regression_learns():
    """Guarantee: from blank heads, probabilities match scikit-learn's, whose intercept alone is freer."""
    rows = rows_of()
    heads = fit_heads(rows, Heads.blank(5, 3), strength=4.0)
    for column in range(3):
        model = LogisticRegression(C=4.0).fit(rows.features, rows.labels[:, column])
        expected = model.predict_proba(rows.features)[:, 1]
        np.testing.assert_allclose(expit(heads.logits(rows.features))[:, column], expected, atol=0.02)


def test_sparse_rows_teach_the_same():
    rows = rows_of()
    dense = fit_heads(rows, Heads.blank(5, 3), strength=4.0)
    sparse = fit_heads(Rows(csr_matrix(rows.features), rows.labels, rows.weights), Heads.blank(5, 3), strength=4.0)
    np.testing.assert_allclose(sparse.logits(rows.features), dense.logits(rows.features), atol=1e-2)


def test_unknown_pairs_do_not_count():
    """Guarantee: a row that is unknown for a code does not move its head, whatever the row says."""
    rows = rows_of()
    rows.labels[50:100, 1] = -1
    other = Rows(rows.features.copy(), rows.labels, rows.weights)
    other.features[50:100] *= -3
    heads, moved = (fit_heads(own, Heads.blank(5, 3), strength=4.0) for own in (rows, other))
    np.testing.assert_allclose(moved.weights[:, 1], heads.weights[:, 1], atol=2e-2)


def test_weightless_rows_do_not_count():
    rows = rows_of()
    rows.weights[100:] = 0
    first = Rows(rows.features[:100], rows.labels[:100], rows.weights[:100])
    expected = fit_heads(first, Heads.blank(5, 3), strength=4.0)
    found = fit_heads(rows, Heads.blank(5, 3), strength=4.0)
    np.testing.assert_allclose(found.weights, expected.weights, atol=2e-2)


def test_a_code_without_examples_keeps_its_prior():
    rows = rows_of()
    rows.labels[:, 2] = -1
    prior = Heads(np.arange(15, dtype=float).reshape(5, 3), np.array([0.0, 1.0, 2.0]))
    heads = fit_heads(rows, prior, strength=4.0)
    np.testing.assert_array_equal(heads.weights[:, 2], prior.weights[:, 2])
    assert heads.intercepts[2] == prior.intercepts[2]


@pytest.mark.parametrize(("n", "least", "most"), [(2, 0.0, 0.5), (400, 0.5, np.inf)])
def test_few_examples_move_a_prior_little(n, least, most):
    rows = rows_of(n)
    prior = Heads(np.full((5, 3), 0.3), np.full(3, RARE_LOGIT))
    moved = np.abs(fit_heads(rows, prior, strength=0.5).weights - prior.weights).max()
    assert least <= moved <= most


def test_the_same_rows_give_the_same_heads():
    first, second = (fit_heads(rows_of(), Heads.blank(5, 3), strength=8.0) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)


def test_blank_heads_know_nothing():
    logits = Heads.blank(5, 3).logits(rows_of().features)
    assert (logits == RARE_LOGIT).all()


def test_held_pairs_keep_what_the_prior_says_of_them():
    """Guarantee: a few new rows move heads where they tell something new, and not what was held."""
    rows, few = rows_of(4000), rows_of(12, seed=3)
    prior = fit_heads(rows, Heads.blank(5, 3), strength=4.0)
    few.labels[:] = 0
    unknown = np.full(rows.labels.shape, -1, dtype=np.int8)
    joined = Rows(
        np.concatenate([rows.features, few.features]),
        np.concatenate([unknown, few.labels]),
        np.ones(len(rows.labels) + len(few.labels)),
    )
    held = np.concatenate([np.ones(rows.labels.shape, dtype=bool), np.zeros(few.labels.shape, dtype=bool)])
    before = expit(prior.logits(rows.features))
    freely = fit_heads(joined, prior, strength=4.0)
    held_back = fit_heads(Rows(joined.features, joined.labels, joined.weights, held), prior, strength=4.0)
    moved, kept = (np.abs(expit(heads.logits(rows.features)) - before).mean() for heads in (freely, held_back))
    assert kept < moved / 4
    assert expit(held_back.logits(few.features)).mean() < expit(prior.logits(few.features)).mean()


def test_held_pairs_alone_change_nothing():
    rows = rows_of(60)
    prior = fit_heads(rows, Heads.blank(5, 3), strength=4.0)
    unknown, held = np.full(rows.labels.shape, -1, dtype=np.int8), np.ones(rows.labels.shape, dtype=bool)
    same = fit_heads(Rows(rows.features, unknown, rows.weights, held), prior, strength=4.0)
    np.testing.assert_allclose(same.weights, prior.weights, atol=1e-4)
