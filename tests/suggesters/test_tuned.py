"""The tuned suggester beyond the contract: what it does without evidence, and with an encoder that was tuned before."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from coding_service.errors import CorpusError
from coding_service.suggesters.sentence import ENCODER
from coding_service.suggesters.sentences import split_sentences
from coding_service.suggesters.tuned import WITH_EVIDENCE, WITHOUT_EVIDENCE, TunedSuggester
from coding_service.suggesters.tuning import Tuning

pytestmark = pytest.mark.usefixtures("hashing_encoder")


@pytest.fixture
def before(corpus, taxonomy, tmp_path):
    """A tuned suggester that was saved, with what a sibling said of two narratives."""
    suggester = TunedSuggester.from_parameters({}).fit(corpus, taxonomy, seed=3)
    suggester.remember(corpus[:2], np.full((2, len(taxonomy.code_ids)), 0.5), taxonomy)
    suggester.save(tmp_path)
    return suggester, tmp_path / ENCODER


def test_a_kept_encoder_gives_the_same_scores_without_being_tuned(before, corpus, taxonomy, monkeypatch):
    suggester, encoder = before
    monkeypatch.setitem(sys.modules, "coding_service.suggesters.encoder_torch", None)
    again = TunedSuggester.from_parameters({}).fit_over(encoder, corpus, taxonomy, seed=3)
    texts = [narrative.text for narrative in corpus]
    np.testing.assert_allclose(again.score(texts).values, suggester.score(texts).values, atol=1e-5)
    assert again.parameters() == suggester.parameters()


def test_scores_of_former_siblings_go(before, corpus, taxonomy):
    """Guarantee: what siblings said by another reading is forgotten, and the encoder that was given stays as it was."""
    _, encoder = before
    again = TunedSuggester.from_parameters({}).fit_over(encoder, corpus, taxonomy, seed=3)
    recalled = again.recall(corpus, taxonomy)
    assert recalled.seen.all()
    assert not recalled.scored.any()
    kept = Tuning.read(encoder).recall([narrative.text for narrative in corpus], taxonomy)
    assert kept.scored.tolist() == [True, True, *[False] * (len(corpus) - 2)]


def test_an_encoder_of_other_narratives_is_not_kept(before, corpus, taxonomy):
    _, encoder = before
    others = [*corpus[1:], replace(corpus[0], text="Nobody asked the grandmother.")]
    with pytest.raises(CorpusError, match="1 of these are new to it, and 1 of its own are not among them"):
        TunedSuggester.from_parameters({}).fit_over(encoder, others, taxonomy, seed=3)


def test_an_encoder_that_saw_more_is_not_kept(before, corpus, taxonomy):
    """Guarantee: nothing that an encoder was tuned on is forgotten."""
    _, encoder = before
    with pytest.raises(CorpusError, match="0 of these are new to it, and 3 of its own"):
        TunedSuggester.from_parameters({}).fit_over(encoder, corpus[3:], taxonomy, seed=3)


@pytest.mark.parametrize("change", ["reworded", "fewer"])
def test_an_encoder_of_other_codes_is_not_kept(before, corpus, taxonomy, change):
    _, encoder = before
    codes = [replace(code, definition="Something else.") if code.id == "police" else code for code in taxonomy.codes]
    other = replace(taxonomy, codes=tuple(codes if change == "reworded" else codes[:-1]))
    with pytest.raises(CorpusError, match="tuned for other codes than those of small"):
        TunedSuggester.from_parameters({}).fit_over(encoder, corpus, other, seed=3)


def unmarked(corpus):
    return [replace(narrative, evidence={}) for narrative in corpus]


def test_the_blend_follows_from_the_evidence(corpus, taxonomy):
    """Guarantee: parameters name the blend that was taken, so that siblings take the same, and a named one stays."""
    asked = {"blend": (1.0, 0.0, 0.0)}
    found = [
        TunedSuggester.from_parameters(parameters).fit(narratives, taxonomy, seed=3).parameters()["blend"]
        for narratives, parameters in ((corpus, {}), (unmarked(corpus), {}), (unmarked(corpus), asked))
    ]
    assert found == [WITH_EVIDENCE, WITHOUT_EVIDENCE, asked["blend"]]


def test_without_evidence_a_first_reading_finds_the_sentences(corpus, taxonomy, monkeypatch):
    """Guarantee: an encoder is tuned on the sentence that tells a code, though nobody marked it."""
    given = {}
    fake = sys.modules["coding_service.suggesters.encoder_torch"].tune_encoder

    def tune(options, rows, taxonomy, destination, *, seed):
        given["rows"] = rows
        return fake(options, rows, taxonomy, destination, seed=seed)

    monkeypatch.setattr(sys.modules["coding_service.suggesters.encoder_torch"], "tune_encoder", tune)
    TunedSuggester.from_parameters({}).fit(unmarked(corpus), taxonomy, seed=3)
    rows, row = given["rows"], 0
    for narrative in corpus:
        sentences = [narrative.text[start:end] for start, end in split_sentences(narrative.text)]
        own = slice(row, row + len(sentences))
        assert rows.sentences[own] == sentences
        told = (rows.labels[own] == 1).any(axis=0)
        assert {taxonomy.code_ids[column] for column in np.flatnonzero(told)} >= set(narrative.codes)
        row += len(sentences)


def test_only_codes_that_were_quoted_are_told_by_words(corpus, taxonomy):
    """Guarantee: a code whose words nobody marked is shown by whole sentences."""
    half = [replace(n, evidence={code: own for code, own in n.evidence.items() if code == "sleep"}) for n in corpus]
    suggester = TunedSuggester.from_parameters({}).fit(half, taxonomy, seed=3)
    above = {code.parent for code in taxonomy.codes if code.id == "sleep"} & set(taxonomy.code_ids)
    assert suggester.encoder.tuning.quotes.keys() == {"sleep"} | above
    assert not TunedSuggester.from_parameters({}).fit(unmarked(corpus), taxonomy, seed=3).encoder.tuning.quotes
