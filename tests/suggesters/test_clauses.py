"""Clauses: where a sentence is cut, and that a theme told in one clause is not lost in the mean of the others."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.suggesters.clauses import MIN_PIECES, clause_starts, clauses_of
from coding_service.suggesters.encoder import ReadSentences
from coding_service.suggesters.sentence import SentenceParameters, SentenceSuggester
from tests.fakes import HashingEncoder

WORDS = st.lists(st.sampled_from(["mother", "and", "slept,", "no", "-", "crib;", "who", "was:", "on"]), max_size=30)


def pieces_of(sentence):
    """Every word is one piece."""
    starts = [at for at, letter in enumerate(sentence) if letter != " " and (at == 0 or sentence[at - 1] == " ")]
    return np.array([(at, (sentence + " ").index(" ", at)) for at in starts], dtype=np.int64).reshape(-1, 2)


def cut(sentence):
    pieces = pieces_of(sentence)
    bounds = [*clause_starts(sentence, pieces).tolist(), len(pieces)]
    return [sentence[pieces[a, 0] : pieces[b - 1, 1]] for a, b in itertools.pairwise(bounds)]


@pytest.mark.parametrize(
    ("sentence", "clauses"),
    [
        ("The baby slept on the couch.", ["The baby slept on the couch."]),
        (
            "The crib was never set up, and nobody asked the police for the report.",
            ["The crib was never set up,", "and nobody asked the police for the report."],
        ),
        (
            "Police took three reports here; the reports were never sent over",
            ["Police took three reports here;", "the reports were never sent over"],
        ),
        ("However, the worker did not call back.", ["However, the worker did not call back."]),
        ("The worker did not call back, however.", ["The worker did not call back, however."]),
        ("The aunt who came by - on Monday - saw it", ["The aunt who came by -", "on Monday - saw it"]),
    ],
)
def test_a_sentence_is_cut_where_a_clause_begins(sentence, clauses):
    assert cut(sentence) == clauses


@given(WORDS)
def test_clauses_hold_every_piece_and_none_is_tiny(words):
    """Guarantee: clauses follow one another from the first piece on, and only a whole sentence may be shorter."""
    sentence = " ".join(words)
    pieces = pieces_of(sentence)
    starts = clause_starts(sentence, pieces)
    assert starts[0] == 0
    if len(starts) > 1:
        assert np.diff([*starts.tolist(), len(pieces)]).min() >= MIN_PIECES


def test_a_clause_is_the_mean_direction_of_its_pieces():
    sentence = "the crib was gone, and the police never came"
    states = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    vectors = clauses_of(sentence, pieces_of(sentence), states)
    for vector, own in zip(vectors, (states[:4], states[4:]), strict=True):
        np.testing.assert_allclose(vector, own.mean(axis=0) / np.linalg.norm(own.mean(axis=0)), rtol=1e-5)


@pytest.mark.parametrize("sentence", ["", "one clause alone"])
def test_one_clause_needs_no_vector_of_its_own(sentence):
    pieces = pieces_of(sentence)
    assert clauses_of(sentence, pieces, np.ones((len(pieces), 6), dtype=np.float32)).shape == (0, 6)


def test_a_sentence_of_one_clause_stands_for_it():
    vectors = np.eye(3, dtype=np.float32)
    read = ReadSentences.of([(vectors[0], vectors[1:]), (vectors[1], vectors[:0])], 3)
    assert read.first.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(read.clauses, vectors[[1, 2, 1]])
    assert ReadSentences.of([], 3).first.tolist() == [0]


def test_a_theme_told_in_one_clause_is_heard(corpus, taxonomy):
    """Guarantee: a telling clause raises the score of a sentence that is mostly about something else."""
    options = SentenceParameters(blend=(1.0, 0.0, 0.0))
    suggester = SentenceSuggester(options, encoder=HashingEncoder()).fit(corpus, taxonomy, seed=1)
    column, told = taxonomy.index["sleep"], "the baby slept on the couch with mother"
    others = "school letters for the hearing of last spring were entered late by several different offices"
    apart, joined = f"{others}, {told}", f"{others} {told}"
    scores = suggester.score([apart, joined]).values[:, column]
    assert scores[0] > scores[1]
