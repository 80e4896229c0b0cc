"""Cutting a narrative: nothing is lost, nothing is doubled, nothing is too long for the encoder."""

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coding_service.suggesters.sentences import MAX_CHARS, split_sentences

PIECES = st.sampled_from(
    [
        "Mother slept.",
        "no crib; ",
        "IO #2:",
        "- ",
        "\n",
        "\n\n",
        "\r\n",
        "  ",
        "Dr. Lee",
        "e.g.",
        "a" * 600,
        "…",
        "\u2028",
        "é",
        "👶",
        "!?",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join))


@given(TEXTS)
@example("")
@example(" \n\t")
@example("x" * 1501)
@example("a\x85b \x1c c")
@settings(max_examples=150, deadline=None)
def test_spans_hold_every_character_once(text):
    """Guarantee: spans are in order, apart, of lawful length, and hold each character that is no white space."""
    spans = split_sentences(text)
    assert spans.shape == (len(spans), 2)
    held = np.zeros(len(text), dtype=int)
    end_before = 0
    for start, end in spans.tolist():
        assert end_before <= start < end <= len(text)
        assert end - start <= MAX_CHARS
        held[start:end] += 1
        end_before = end
    assert all(held[place] == 1 for place, character in enumerate(text) if not character.isspace())


@pytest.mark.parametrize(
    "text", ["word " * 20_000, "x" * 100_000, "no end, " * 12_500], ids=["words", "letters", "commas"]
)
def test_a_long_text_without_punctuation_is_read_whole(text):
    """Guarantee: 100 kB without a full stop are cut into windows in a few seconds."""
    start = time.perf_counter()
    spans = split_sentences(text)
    assert time.perf_counter() - start < 10
    assert spans[0, 0] == 0
    assert spans[-1, 1] == len(text.rstrip())
    assert (spans[:, 1] - spans[:, 0]).max() <= MAX_CHARS


def told(text):
    return [text[start:end] for start, end in split_sentences(text)]


def test_a_long_list_is_cut_where_its_items_end():
    items = [f"Finding {row}: the worker had {row} cases and no supervisor to ask" for row in range(9)]
    assert told("; ".join(items)) == [f"{item};" for item in items[:-1]] + items[-1:]


def test_sentences_lines_and_bullets_stand_alone():
    text = "No crib in the home; mom had asked twice.\n- apnea monitor was never used\n- summary never reached CPS"
    assert told(text) == [
        "No crib in the home; mom had asked twice.",
        "- apnea monitor was never used",
        "- summary never reached CPS",
    ]


def test_what_is_too_short_to_tell_anything_joins_its_neighbour():
    assert told("IO #2: The plan was never shared. Yes.") == ["IO #2: The plan was never shared. Yes."]


def test_a_paragraph_of_one_word_stays_apart():
    assert told("Summary\n\nThe plan was never shared.") == ["Summary", "The plan was never shared."]
