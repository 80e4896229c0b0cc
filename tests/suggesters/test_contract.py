"""What every entry of the registry guarantees, tried on each of them with a fake encoder."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from coding_service.corpus import CodedNarrative
from coding_service.errors import InputError
from coding_service.suggesters.registry import SUGGESTERS, suggester_class

TEXTS = [
    "In the end the family was evicted from the apartment. The baby slept on the couch with mother.",
    "Contacts were never entered in the system.",
    "  \n ",
    "no words that anybody knows",
]

pytestmark = [
    pytest.mark.usefixtures("hashing_encoder"),
    pytest.mark.parametrize("name", SUGGESTERS),
]


def fitted(name, corpus, taxonomy, seed=3):
    return suggester_class(name).from_parameters({}).fit(corpus, taxonomy, seed=seed)


def test_name_is_that_of_the_registry(name):
    assert suggester_class(name).name == name


def test_scores_have_their_shape_and_range(name, corpus, taxonomy):
    """Guarantee: one row per text, one column per selectable code, all in [0, 1], spans inside their text."""
    scores = fitted(name, corpus, taxonomy).score(TEXTS)
    assert scores.values.shape == (len(TEXTS), len(taxonomy.code_ids))
    assert len(scores.spans) == len(scores.span_scores) == len(TEXTS)
    for text, spans, told in zip(TEXTS, scores.spans, scores.span_scores, strict=True):
        assert told.shape == (len(spans), len(taxonomy.code_ids))
        assert ((spans >= 0) & (spans <= len(text))).all()
        assert ((told >= 0) & (told <= 1)).all()
    assert np.isfinite(scores.values).all()
    assert ((scores.values >= 0) & (scores.values <= 1)).all()


def test_same_seed_gives_same_scores(name, corpus, taxonomy):
    first, second = (fitted(name, corpus, taxonomy).score(TEXTS).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_input_stays_as_it_was(name, corpus, taxonomy):
    texts, before = list(TEXTS), copy.deepcopy(corpus)
    fitted(name, corpus, taxonomy).score(texts)
    assert texts == TEXTS
    assert corpus == before


def test_saved_and_loaded_it_scores_the_same(name, corpus, taxonomy, tmp_path):
    suggester = fitted(name, corpus, taxonomy)
    suggester.save(tmp_path)
    loaded = type(suggester).load(tmp_path, taxonomy, suggester.parameters())
    expected, found = suggester.score(TEXTS), loaded.score(TEXTS)
    np.testing.assert_array_equal(found.values, expected.values)
    for kind in ("span_scores", "quotes"):
        for own, others in zip(getattr(found, kind), getattr(expected, kind), strict=True):
            np.testing.assert_array_equal(own, others)
    assert loaded.parameters() == suggester.parameters()


def test_no_text_gives_an_empty_batch(name, corpus, taxonomy):
    scores = fitted(name, corpus, taxonomy).score([])
    assert scores.values.shape == (0, len(taxonomy.code_ids))
    assert scores.spans == scores.span_scores == ()


def test_a_code_without_positives_is_scored_low(name, corpus, taxonomy):
    """Guarantee: a code that no narrative carries has finite scores, under those of the codes that are told."""
    scores = fitted(name, corpus, taxonomy).score([narrative.text for narrative in corpus]).values
    rare = scores[:, taxonomy.index["rare"]]
    assert np.isfinite(rare).all()
    assert rare.mean() < scores[:, taxonomy.index["sleep"]].mean()


def test_it_fits_where_some_code_has_no_known_label(name, corpus, taxonomy):
    masked = [replace(narrative, unknown=("police",), codes=_without(narrative, "police")) for narrative in corpus]
    assert np.isfinite(fitted(name, masked, taxonomy).score(TEXTS).values).all()


def _without(narrative, code):
    return tuple(own for own in narrative.codes if own != code)


def test_what_nobody_judged_teaches_nothing(name, corpus, taxonomy):
    """Guarantee: the text of a narrative whose codes are all unknown does not change any score."""
    scores = []
    for text in ("The baby slept on the couch.", "Officers were not told. There was no food at home, none at all."):
        unjudged = [
            CodedNarrative(id=f"u{row}", text=text, complete=False, group=f"unjudged {row}") for row in range(8)
        ]
        scores.append(fitted(name, [*corpus, *unjudged], taxonomy).score(TEXTS).values)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)


def test_absent_is_not_unknown(name, corpus, taxonomy):
    """Guarantee: masking negatives of a code raises its scores."""
    unsure = [
        replace(narrative, unknown=("records",)) if row % 4 and "records" not in narrative.codes else narrative
        for row, narrative in enumerate(corpus)
    ]
    column = taxonomy.index["records"]
    texts = [narrative.text for narrative in corpus if "records" not in narrative.codes]
    known, masked = (fitted(name, own, taxonomy).score(texts).values[:, column].mean() for own in (corpus, unsure))
    assert masked > known


def test_trust_counts(name, corpus, taxonomy):
    """Guarantee: narratives of little weight teach less."""
    told = [narrative for narrative in corpus if "sleep" in narrative.codes]
    light = [replace(narrative, weight=0.05) if narrative in told else narrative for narrative in corpus]
    column, texts = taxonomy.index["sleep"], [narrative.text for narrative in told]
    full, less = (fitted(name, own, taxonomy).score(texts).values[:, column].mean() for own in (corpus, light))
    assert less < full


def test_unknown_parameter_is_refused(name):
    with pytest.raises(InputError, match="no parameter 'colour'"):
        suggester_class(name).from_parameters({"colour": "blue"})
