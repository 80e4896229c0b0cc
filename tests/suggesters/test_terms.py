"""Terms: read without scikit-learn, they weigh what its vectoriser weighs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from coding_service.errors import BundleError
from coding_service.suggesters.terms import Terms
from tests.suggesters.narratives import make_corpus

TEXTS = [narrative.text for narrative in make_corpus()]


@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=60)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_they_weigh_as_scikit_learn_does(texts):
    """Guarantee: for any text, known words or not, the weights are those of the vectoriser that learned them."""
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=200).fit(TEXTS)
    found = Terms.learn(TEXTS, max_terms=200, min_texts=2).read([*texts, "x"])
    np.testing.assert_allclose(found.toarray(), vectoriser.transform([*texts, "x"]).toarray(), atol=1e-6)


@pytest.mark.parametrize("texts", [[], [""], ["...", "- -"], ["one word each", "two others here"]])
def test_a_corpus_without_frequent_terms_has_some(texts):
    terms = Terms.learn(texts, max_terms=100, min_texts=2)
    assert terms.columns
    assert terms.read(["one word each", ""]).shape == (2, len(terms.rarity))


def test_they_survive_the_disk(tmp_path):
    terms = Terms.learn([*TEXTS, "naïve “Übergabe”"], max_terms=500, min_texts=1)
    terms.save(tmp_path)
    read = Terms.load(tmp_path)
    assert read.columns == terms.columns
    np.testing.assert_array_equal(read.rarity, terms.rarity)


def test_a_missing_vocabulary_is_told(tmp_path):
    Terms.learn(TEXTS, max_terms=500, min_texts=1).save(tmp_path)
    (tmp_path / "terms.json").unlink()
    with pytest.raises(BundleError, match=r"terms\.json"):
        Terms.load(tmp_path)
