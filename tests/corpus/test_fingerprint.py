"""The fingerprint names the content of a corpus: it changes with what is said, never with how it is laid out."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from coding_service.corpus import CodedNarrative
from coding_service.corpus.fingerprint import corpus_fingerprint

from .strategies import corpora

ONE = CodedNarrative(
    "a",
    "No crib.",
    ("x", "y"),
    ("z", "w"),
    {"x": ((0, 2), (3, 7))},
    "r1",
    meta={"p": 1, "q": 2},
    extra={"k": {"m": 1, "n": 2}},
)
TWO = CodedNarrative("b", "Nothing.")


@settings(max_examples=50, deadline=None)
@given(corpora())
def test_it_does_not_depend_on_the_order_of_lines(corpus):
    assert corpus_fingerprint(corpus) == corpus_fingerprint(reversed(corpus))


def test_it_does_not_depend_on_the_order_of_keys_codes_and_spans():
    other = CodedNarrative(
        "a",
        "No crib.",
        ("y", "x"),
        ("w", "z"),
        {"x": ((3, 7), (0, 2))},
        "r1",
        meta={"q": 2, "p": 1},
        extra={"k": {"n": 2, "m": 1}},
    )
    assert corpus_fingerprint([ONE, TWO]) == corpus_fingerprint([TWO, other])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "c"},
        {"text": "No crib"},
        {"codes": ("x",)},
        {"unknown": ("z",)},
        {"evidence": {}},
        {"group": "r2"},
        {"complete": False},
        {"split": "test"},
        {"meta": {}},
        {"weight": 0.5},
        {"extra": {}},
    ],
)
def test_it_changes_with_everything_that_is_said(change):
    assert corpus_fingerprint([ONE]) != corpus_fingerprint([replace(ONE, **change)])


def test_it_stays_the_same_from_release_to_release():
    assert corpus_fingerprint([ONE, TWO]) == "259637e80957b34514d3642271ecf7da4f96cdbadd5d26f52d7c0406dc3eb745"
