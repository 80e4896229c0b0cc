"""The sentence suggester beyond the contract: what it knows before it learns, and where it points."""

import numpy as np
import pytest
from scipy.special import expit

from coding_service.suggesters.priors import definition_rows, prior_heads
from coding_service.suggesters.sentence import SentenceParameters, SentenceSuggester
from coding_service.suggesters.sentences import split_sentences
from tests.fakes import HashingEncoder

BEST_SENTENCE = SentenceParameters(blend=(1.0, 0.0, 0.0))


def fitted(corpus, taxonomy, encoder=None, options=BEST_SENTENCE):
    return SentenceSuggester(options, encoder=encoder or HashingEncoder()).fit(corpus, taxonomy, seed=1)


def unjudged(corpus, code):
    from dataclasses import replace

    return [replace(narrative, unknown=(code,)) for narrative in corpus]


def test_a_code_with_no_examples_scores_by_its_prior(corpus, taxonomy):
    """Guarantee: what nobody judged and the taxonomy gives no example of is read from its wording alone."""
    text = corpus[0].text
    encoder, column = HashingEncoder(), taxonomy.index["rare"]
    found = fitted(unjudged(corpus, "rare"), taxonomy, encoder).score([text])
    sentences = [text[start:end] for start, end in split_sentences(text)]
    prior = prior_heads(encoder, taxonomy).logits(encoder.encode(sentences))[:, column]
    np.testing.assert_allclose(found.values[0, column], expit(prior.max()), rtol=1e-5)


def test_a_tuned_head_stands_for_its_code(taxonomy):
    """Guarantee: heads that came with an encoder are the prior of their codes; the others start from wordings."""
    weights = np.arange(16, dtype=float)
    plain = prior_heads(HashingEncoder(), taxonomy)
    tuned = prior_heads(HashingEncoder({"sleep": (weights, -1.5)}), taxonomy)
    column = taxonomy.index["sleep"]
    np.testing.assert_array_equal(tuned.weights[:, column], weights)
    assert tuned.intercepts[column] == -1.5
    others = [other for other in range(len(taxonomy.code_ids)) if other != column]
    np.testing.assert_array_equal(tuned.weights[:, others], plain.weights[:, others])


def test_examples_of_the_taxonomy_teach(taxonomy):
    """Guarantee: an example is present for its code and theme, a counter-example absent, all else unknown."""
    rows = definition_rows(HashingEncoder(), taxonomy)
    known = [
        {taxonomy.code_ids[column]: int(label) for column, label in enumerate(row) if label >= 0} for row in rows.labels
    ]
    assert known == [{"support.housing": 1, "support": 1}, {"sleep": 1}, {"police": 0}]


def test_evidence_points_at_the_sentence_that_tells(corpus, taxonomy):
    scores = fitted(corpus, taxonomy).score([corpus[2].text])
    column = taxonomy.index[corpus[2].codes[0]]
    best = scores.spans[0][scores.span_scores[0][:, column].argmax()]
    (start, end), *_ = corpus[2].evidence[corpus[2].codes[0]]
    assert best[0] <= start < end <= best[1]


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_narrative_is_read_at_once_only_where_that_counts(corpus, taxonomy, weight):
    encoder, text = HashingEncoder(), f"{corpus[0].text} {corpus[2].text}"
    suggester = fitted(corpus, taxonomy, encoder, SentenceParameters(blend=(1.0, weight, 0.0)))
    readings = suggester.readings([text])
    assert (text in encoder.encoded) == bool(weight)
    assert readings[1].any() == bool(weight)
    assert not readings[2].any()


@pytest.mark.usefixtures("hashing_encoder")
def test_readings_that_do_not_count_survive_the_disk(corpus, taxonomy, tmp_path):
    suggester = SentenceSuggester(BEST_SENTENCE).fit(corpus, taxonomy, seed=1)
    suggester.save(tmp_path)
    again = SentenceSuggester.load(tmp_path, taxonomy, suggester.parameters())
    texts = [narrative.text for narrative in corpus]
    np.testing.assert_allclose(again.score(texts).values, suggester.score(texts).values, atol=1e-6)


@pytest.mark.usefixtures("hashing_encoder")
def test_the_blend_is_chosen_once_and_kept(corpus, taxonomy):
    """Guarantee: parameters of a fitted suggester name the blend, so that its siblings do not choose another."""
    suggester = SentenceSuggester.from_parameters({}).fit(corpus, taxonomy, seed=1)
    chosen = suggester.parameters()["blend"]
    assert max(chosen) == 1.0
    assert SentenceSuggester.from_parameters(suggester.parameters()).parameters()["blend"] == chosen


def test_vectors_are_kept_between_runs(corpus, taxonomy, tmp_path, monkeypatch):
    """Guarantee: with a cache, a second training encodes nothing again."""
    encoder = HashingEncoder()
    monkeypatch.setattr("coding_service.suggesters.sentence.open_encoder", lambda _: encoder)
    texts = [narrative.text for narrative in corpus]
    runs = [SentenceSuggester(BEST_SENTENCE, tmp_path).fit(corpus, taxonomy, seed=1).score(texts) for _ in range(2)]
    assert len(encoder.encoded) == len(set(encoder.encoded))
    np.testing.assert_array_equal(runs[0].values, runs[1].values)
