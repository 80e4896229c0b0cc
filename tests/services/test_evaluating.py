"""Evaluating: figures by slice, an honest refusal of what was trained on, and evidence."""

from dataclasses import replace

import numpy as np
import pytest

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import write_corpus
from coding_service.corpus.labels import label_matrix
from coding_service.errors import ConflictError, CorpusError, InputError, TaxonomyMismatchError
from coding_service.services.contrast_quality import contrast_quality
from coding_service.services.evaluating import Options, evaluate_bundle, judge, read_narratives
from coding_service.services.evidence_quality import evidence_quality
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.suggestions import Scores
from tests.suggesters.narratives import make_corpus, make_taxonomy

FEW = 20
TAXONOMY = make_taxonomy()


def fresh(groups=8):
    """Narratives of groups that trained nothing."""
    return [replace(narrative, group=f"fresh {narrative.group}") for narrative in make_corpus(groups)]


@pytest.fixture(scope="module")
def bundle():
    recipe = Recipe(name="tiny", suggester="lexical", folds=3)
    return train(recipe, [NamedCorpus("tiny", tuple(make_corpus()))], TAXONOMY).bundle


def test_the_first_row_counts_all_and_the_others_a_value_each(bundle):
    narratives = [*fresh(), replace(fresh()[0], id="x", group="x", meta={})]
    measured = evaluate_bundle(bundle, narratives, Options(by="family", draws=FEW))
    sizes = {row["set"]: row["n_narratives"] for row in measured["figures"]}
    assert sizes == {"all": 17, "(none)": 1, "even": 8, "odd": 8}
    assert set(measured["by"]["values"]) == {"(none)", "even", "odd"}


def test_each_group_can_have_its_row(bundle):
    measured = evaluate_bundle(bundle, fresh(3), Options(by="group", draws=FEW))
    assert [row["set"] for row in measured["figures"]] == ["all", "fresh g0", "fresh g1", "fresh g2"]
    assert measured["figures"][1]["micro_low"] is None


def test_a_key_that_nobody_has_lists_the_known_ones(bundle):
    with pytest.raises(InputError) as caught:
        evaluate_bundle(bundle, fresh(), Options(by="colour"))
    assert "group, family" in caught.value.hint


def test_codes_come_with_name_and_threshold(bundle):
    measured = evaluate_bundle(bundle, fresh(), Options(draws=FEW))
    assert [row["code"] for row in measured["codes"]] == list(TAXONOMY.code_ids)
    assert [row["threshold"] for row in measured["codes"]] == bundle.thresholds.tolist()
    assert measured["codes"][0]["name"] == "Support"


def test_groups_that_trained_it_are_refused_and_counted(bundle):
    """Guarantee: figures on what a bundle has seen need a word from the caller, and say how much of it there is."""
    mixed = [*fresh(2), *make_corpus(3)]
    with pytest.raises(ConflictError, match="3 of the 5 groups of the corpus, with 6 narratives"):
        evaluate_bundle(bundle, mixed, Options())
    allowed = evaluate_bundle(bundle, mixed, Options(allow_overlap=True, draws=FEW))
    assert allowed["overlap"] == {"groups": 3, "narratives": 6, "of_groups": 5}
    assert evaluate_bundle(bundle, fresh(2), Options(draws=FEW))["overlap"]["groups"] == 0


def test_codes_of_another_taxonomy_are_refused(bundle):
    with pytest.raises(TaxonomyMismatchError, match=r"2 ids, such as 'blue', 'red', .*'small' 1\.0\.0"):
        evaluate_bundle(bundle, [replace(fresh()[0], codes=("red",), unknown=("blue",))], Options())


def test_as_listed_takes_the_most_specific_codes(bundle):
    """Guarantee: a theme counts by itself only where none of its sub-themes is suggested."""
    narratives = [CodedNarrative("a", "x", codes=("support.food",)), CodedNarrative("b", "x", codes=("support",))]
    probabilities = np.zeros((2, len(TAXONOMY.code_ids)))
    theme, food = TAXONOMY.index["support"], TAXONOMY.index["support.food"]
    probabilities[:, theme], probabilities[0, food] = 0.95, 0.9
    listed = judge(bundle, probabilities, narratives, as_listed=True)
    assert listed.suggested[:, [theme, food]].tolist() == [[False, True], [True, False]]
    assert listed.labels[:, [theme, food]].tolist() == [[0, 1], [1, 0]]
    np.testing.assert_allclose(listed.probabilities[:, theme], [0.05, 0.95])
    closed = judge(bundle, probabilities, narratives)
    assert closed.suggested[:, [theme, food]].tolist() == [[True, True], [True, False]]
    assert closed.labels[0, theme] == 1


def test_one_split_can_be_read(tmp_path):
    narratives = [replace(narrative, split="test" if row < 3 else "train") for row, narrative in enumerate(fresh())]
    write_corpus(tmp_path / "c.jsonl", narratives)
    assert len(read_narratives([str(tmp_path / "c.jsonl")], "test")) == 3
    assert len(read_narratives([str(tmp_path / "c.jsonl")] * 2)) == 32
    with pytest.raises(CorpusError) as caught:
        read_narratives([str(tmp_path / "c.jsonl")], "dev")
    assert "test, train" in caught.value.hint


SPANS = np.array([[0, 10], [11, 20], [21, 30], [31, 40]])


def quality(gold, told, n_spans=4, codes=("sleep",)):
    """Measure one narrative whose spans score for safe sleep as told."""
    narrative = CodedNarrative("n", "x" * 40, codes=codes, evidence=gold)
    span_scores = np.zeros((n_spans, len(TAXONOMY.code_ids)))
    column = TAXONOMY.index[codes[0]]
    span_scores[:, column] = told[:n_spans]
    right = np.zeros((1, len(TAXONOMY.code_ids)), dtype=bool)
    right[0, column] = True
    return evidence_quality(
        [narrative], Scores(right.astype(float), (SPANS[:n_spans],), (span_scores,)), right, TAXONOMY
    )


def test_the_right_sentence_is_full_marks():
    found = quality({"sleep": ((11, 20),)}, [0, 0.9, 0, 0])
    assert (found["n_pairs"], found["character_f1"]["point"]) == (1, 1.0)
    assert (found["spans_on_gold"], found["gold_touched"], found["coverage"]) == (1.0, 1.0, 9 / 40)


def test_the_wrong_sentence_is_none():
    found = quality({"sleep": ((11, 20), (31, 40))}, [0.9, 0, 0, 0])
    assert (found["character_f1"]["point"], found["spans_on_gold"], found["gold_touched"]) == (0.0, 0.0, 0.0)


def test_one_of_two_marked_places_is_half_of_the_reverse():
    found = quality({"sleep": ((11, 20), (31, 40))}, [0, 0.9, 0, 0])
    assert (found["spans_on_gold"], found["gold_touched"]) == (1.0, 0.5)


def test_evidence_of_a_sub_theme_counts_for_its_theme():
    assert quality({"support.food": ((0, 10),)}, [0.9, 0, 0, 0], codes=("support",))["character_f1"]["point"] == 1.0


def test_short_texts_have_no_coverage():
    assert quality({"sleep": ((0, 10),)}, [0.9, 0, 0], n_spans=3)["coverage"] is None


def test_without_marked_evidence_there_is_nothing_to_measure():
    found = quality({}, [0.9, 0, 0, 0])
    assert found["n_pairs"] == 0
    assert found["character_f1"]["point"] is None
    assert found["spans_on_gold"] is None


def pair_of(*codes, **facts):
    """Two members of a pair, with and without codes."""
    meta = {"pair": "p1"}
    return [CodedNarrative("with", "x", codes=codes, meta=meta, **facts), CodedNarrative("without", "y", meta=meta)]


@pytest.mark.parametrize(
    ("found", "over", "expected"),
    [
        (0.9, 0.1, {"both_right": 1, "in_order": 1, "missed": 0, "over_suggested": 0}),
        (0.9, 0.8, {"both_right": 0, "in_order": 1, "missed": 0, "over_suggested": 1}),
        (0.2, 0.1, {"both_right": 0, "in_order": 1, "missed": 1, "over_suggested": 0}),
        (0.1, 0.9, {"both_right": 0, "in_order": 0, "missed": 1, "over_suggested": 1}),
    ],
)
def test_of_a_contrast_pair_both_members_must_be_right(found, over, expected):
    """Guarantee: the code that tells them apart counts once, a sub-theme and not its theme besides."""
    narratives = pair_of("support.food")
    labels = label_matrix(narratives, TAXONOMY)
    probabilities = np.zeros(labels.shape)
    columns = [TAXONOMY.index[code] for code in ("support", "support.food")]
    probabilities[0, columns], probabilities[1, columns] = found, over
    told = contrast_quality(narratives, labels, probabilities, probabilities >= 0.5, TAXONOMY)
    assert told == {"n_pairs": 1, **expected}


def test_what_is_no_pair_or_differs_in_nothing_known_is_not_counted():
    narratives = [*pair_of("sleep", unknown=("support",)), CodedNarrative("alone", "z", meta={"pair": "p2"})]
    labels = label_matrix(narratives, TAXONOMY)
    labels[1, TAXONOMY.index["sleep"]] = -1
    blank = np.zeros(labels.shape)
    assert contrast_quality(narratives, labels, blank, blank > 0, TAXONOMY)["n_pairs"] == 0
