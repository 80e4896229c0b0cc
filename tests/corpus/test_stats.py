"""Counts of a corpus follow the closed labels, and name what is missing."""

from coding_service.corpus import CodedNarrative
from coding_service.corpus.stats import corpus_stats

from .strategies import TREE

CORPUS = [
    CodedNarrative(
        "a",
        "one two three",
        ("housing",),
        evidence={"housing": ((0, 3),)},
        group="g",
        split="train",
        meta={"cause": "suid"},
    ),
    CodedNarrative(
        "b", "one", ("family",), ("police",), group="g", split="train", meta={"cause": "suid", "jurisdiction": "XX"}
    ),
    CodedNarrative("c", "one two", split="test", meta={"counter": {"family": "one"}}),
    CodedNarrative("d", "one two three four", complete=False),
]


def test_counts_of_the_whole():
    stats = corpus_stats(CORPUS, TREE)
    assert (stats.narratives, stats.groups, stats.words, stats.median_words, stats.longest_words) == (4, 3, 10, 2.5, 4)
    assert (stats.codes_per_narrative, stats.without_code, stats.incomplete) == (0.75, 2, 1)
    assert stats.splits == {"train": 2, "test": 1, "": 1}
    assert stats.causes == {"suid": 2, "": 2}
    assert stats.jurisdictions == {"": 3, "XX": 1}


def test_counts_of_a_code_include_those_of_its_sub_themes():
    codes = {row.code: row for row in corpus_stats(CORPUS, TREE).codes}
    family, police = codes["family"], codes["police"]
    assert (family.positives, family.unknown, family.counters, family.groups, family.with_evidence) == (2, 1, 1, 1, 0)
    assert (codes["housing"].positives, codes["housing"].with_evidence) == (1, 1)
    assert (police.positives, police.unknown) == (0, 2)
