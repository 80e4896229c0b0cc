"""Labels of sentences: evidence tells, the rest of a positive narrative is unknown, a negative one is absent."""

import numpy as np
import pytest

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.suggesters.sentence_labels import denied_sentences, label_sentences, quoted_parts

SPANS = np.array([[0, 20], [21, 40], [41, 60]])


def label(taxonomy, **facts):
    narrative = CodedNarrative(id="n", text="x" * 60, **facts)
    labels = label_matrix([narrative], taxonomy)
    return label_sentences([narrative], labels, [SPANS], taxonomy)


def column(result, taxonomy, code):
    return result.labels[:, taxonomy.index[code]].tolist()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, [0, 0, 0]),
        ({"unknown": ("sleep",)}, [-1, -1, -1]),
        ({"codes": ("sleep",)}, [-1, -1, -1]),
        ({"codes": ("sleep",), "evidence": {"sleep": ((0, 20),)}}, [1, -1, -1]),
        ({"codes": ("sleep",), "evidence": {"sleep": ((5, 15), (45, 58))}}, [1, -1, 1]),
        ({"codes": ("sleep",), "evidence": {"sleep": ((10, 60),)}}, [1, 1, 1]),
        ({"codes": ("sleep",), "evidence": {"sleep": ((18, 40),)}}, [-1, 1, -1]),
        ({"codes": ("sleep",), "evidence": {"sleep": ((50, 54),)}}, [-1, -1, 1]),
    ],
    ids=["absent", "unknown", "no place", "one place", "two places", "all over", "barely touched", "short quote"],
)
def test_sentences_of_a_code(taxonomy, facts, expected):
    assert column(label(taxonomy, **facts), taxonomy, "sleep") == expected


def test_evidence_of_a_sub_theme_is_evidence_of_its_theme(taxonomy):
    result = label(taxonomy, codes=("support.food",), evidence={"support.food": ((0, 20),)})
    assert column(result, taxonomy, "support") == [1, -1, -1]
    assert result.open_pairs == ()


def test_a_code_without_a_place_is_settled_on_its_best_sentence(taxonomy):
    """Guarantee: the sentence that scores best is taken for the telling one, in a copy."""
    result = label(taxonomy, codes=("sleep",))
    assert result.open_pairs == ((0, taxonomy.index["sleep"]),)
    logits = np.zeros((3, len(taxonomy.code_ids)))
    logits[2, taxonomy.index["sleep"]] = 5
    settled = result.settle(logits, np.array([0, 3]))
    assert settled[:, taxonomy.index["sleep"]].tolist() == [-1, -1, 1]
    assert column(result, taxonomy, "sleep") == [-1, -1, -1]


def test_no_narratives_have_no_sentences(taxonomy):
    result = label_sentences([], np.zeros((0, 7), dtype=np.int8), [], taxonomy)
    assert result.labels.shape == (0, 7)


def test_sentences_that_deny_a_code_are_known_by_its_counter_example(taxonomy):
    """Guarantee: the sentence with the quoted words is marked for that code alone; foreign codes are passed over."""
    text = "Mother slept badly. The baby slept in his crib. Food was short."
    meta = {"counter": {"sleep": "slept in his crib", "elsewhere": "Mother"}}
    spans = [np.array([[0, 19], [20, 47], [48, 63]]), np.array([[0, 4]])]
    narratives = [CodedNarrative(id="a", text=text, meta=meta), CodedNarrative(id="b", text="None")]
    denied = denied_sentences(narratives, spans, taxonomy)
    assert np.argwhere(denied).tolist() == [[1, taxonomy.index["sleep"]]]
    assert denied.shape == (4, len(taxonomy.code_ids))


def test_quotes_are_cut_to_the_sentences_that_they_run_through(taxonomy):
    """Guarantee: offsets count from the start of the sentence, and a quote of a sub-theme is one of its theme."""
    evidence = {"support.food": ((15, 30),), "sleep": ((50, 54), (41, 45))}
    narrative = CodedNarrative(id="n", text="x" * 60, codes=tuple(evidence), evidence=evidence)
    support, food, sleep = (taxonomy.index[code] for code in ("support", "support.food", "sleep"))
    first, second, third = quoted_parts([narrative], [SPANS], taxonomy)
    assert first == {support: [(15, 20)], food: [(15, 20)]}
    assert second == {support: [(0, 9)], food: [(0, 9)]}
    assert third == {sleep: [(9, 13), (0, 4)]}
