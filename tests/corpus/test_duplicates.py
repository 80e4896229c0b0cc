"""Near-duplicates are found exactly, whatever the corpus, and fast."""

import re
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.corpus.duplicates import near_duplicates


def narratives(*texts, pairs=None):
    metas = [{"pair": pair} if pair else {} for pair in pairs or [None] * len(texts)]
    return [
        CodedNarrative(str(row), text, meta=meta) for row, (text, meta) in enumerate(zip(texts, metas, strict=True))
    ]


def trigrams(text):
    words = re.findall(r"\w+", text.lower())
    words += [""] * (3 - len(words))
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def by_comparing_each_with_each(texts, threshold):
    grams = [trigrams(text) for text in texts]
    return {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if len(grams[first] & grams[second]) / len(grams[first] | grams[second]) > threshold
    }


def components(pairs, size):
    part = list(range(size))
    for first, second in sorted(pairs):
        old, new = part[second], part[first]
        part = [new if name == old else name for name in part]
    return part


TEXTS = st.lists(st.lists(st.sampled_from("ab"), max_size=9).map(" ".join), max_size=9)


@settings(deadline=None)
@given(TEXTS, st.sampled_from([0.3, 0.6, 0.9]))
def test_it_finds_what_comparing_each_with_each_finds(texts, threshold):
    expected = by_comparing_each_with_each(texts, threshold)
    found = {(first, second) for first, second, _ in near_duplicates(narratives(*texts), threshold)}
    assert found <= expected
    assert components(found, len(texts)) == components(expected, len(texts))
    heads = [row for row, text in enumerate(texts) if trigrams(text) not in map(trigrams, texts[:row])]
    assert {pair for pair in expected if set(pair) <= set(heads)} <= found


def test_similarity_is_the_jaccard_index_of_word_trigrams_without_case_and_punctuation():
    found = near_duplicates(narratives("a b c d e f", "A, b. C d e (x)"), 0.5)
    assert [tuple(pair) for pair in found] == [(0, 1, 3 / 5)]
    assert near_duplicates(narratives("a b c d e f", "A, b. C d e (x)"), 0.6) == []


def test_members_of_one_pair_are_exempt_but_not_their_likeness_to_others():
    same = "the crib was not there that night"
    assert near_duplicates(narratives(same, same, pairs=["p", "p"])) == []
    found = near_duplicates(narratives(same, same, same, pairs=["p", "p", None]))
    assert {(first, second) for first, second, _ in found} == {(0, 2)}
    assert len(near_duplicates(narratives(same, same, pairs=["p", "q"]))) == 1


def test_a_thousand_copies_make_a_chain_not_half_a_million_pairs():
    assert len(near_duplicates(narratives(*["no comment"] * 1000))) == 999


def test_nothing_is_no_duplicate():
    assert near_duplicates([]) == []


def test_ten_thousand_narratives_take_seconds():
    rng = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(3000)])
    texts = [" ".join(row) for row in words[np.minimum(rng.zipf(1.2, (10_000, 120)), 3000) - 1]]
    texts[77] = texts[5001] + " more"
    started = time.process_time()
    found = near_duplicates(narratives(*texts))
    assert time.process_time() - started < 10
    assert [(first, second) for first, second, _ in found] == [(77, 5001)]
