"""Comparing: the better one is told from the worse, the same from the same, and foreign codes are left out."""

from dataclasses import replace

import pytest

from coding_service.errors import ConflictError, TaxonomyMismatchError
from coding_service.services.comparing import compare_bundles
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.taxonomy import Code
from tests.suggesters.narratives import make_corpus, make_taxonomy

TAXONOMY = make_taxonomy()
LARGER = replace(TAXONOMY, version="2.0.0", codes=(*TAXONOMY.codes, Code("new", "New", definition="Only here.")))


def make_bundle(suggester, taxonomy=TAXONOMY):
    recipe = Recipe(name=suggester, suggester=suggester, folds=3)
    bundle = train(recipe, [NamedCorpus("tiny", tuple(make_corpus()))], taxonomy).bundle
    return replace(bundle, id=suggester)


@pytest.fixture(scope="module")
def dummy():
    return make_bundle("dummy")


@pytest.fixture(scope="module")
def lexical():
    return make_bundle("lexical")


@pytest.fixture
def narratives():
    return [replace(narrative, group=f"fresh {narrative.group}") for narrative in make_corpus(12)]


def test_the_better_one_is_told(dummy, lexical, narratives):
    """Guarantee: differences are the second minus the first, with bounds on the right side of zero."""
    result = compare_bundles(dummy, lexical, narratives, draws=200)
    for difference in result["differences"].values():
        assert 0 < difference["low"] <= difference["point"] <= difference["high"]
        assert difference["p_value"] < 0.05
    back = compare_bundles(lexical, dummy, narratives, draws=200)
    assert back["differences"]["micro_f1"]["point"] == pytest.approx(-result["differences"]["micro_f1"]["point"])
    assert back["differences"]["micro_f1"]["p_value"] == result["differences"]["micro_f1"]["p_value"]


def test_figures_and_calibration_of_both_are_given(dummy, lexical, narratives):
    first, second = compare_bundles(dummy, lexical, narratives, draws=20)["figures"]
    assert (first["set"], second["set"]) == ("dummy", "lexical")
    assert first["micro_f1"] < second["micro_f1"]
    assert first["ece"] is not None
    assert second["ece"] is not None


def test_a_bundle_does_not_differ_from_itself(lexical, narratives):
    result = compare_bundles(lexical, lexical, narratives, draws=50)
    assert {difference["point"] for difference in result["differences"].values()} == {0.0}
    assert {row["p_holm"] for row in result["codes"] if row["support"] >= 3} == {1.0}


def test_codes_are_corrected_for_their_number(dummy, lexical, narratives):
    codes = compare_bundles(dummy, lexical, narratives, draws=200)["codes"]
    tested = [row for row in codes if row["p_value"] is not None]
    assert tested
    assert all(row["p_holm"] >= row["p_value"] for row in tested)
    assert next(row for row in codes if row["code"] == "rare")["p_holm"] is None


def test_only_shared_codes_count_where_taxonomies_differ(lexical, narratives):
    larger = replace(make_bundle("lexical", LARGER), id="larger")
    result = compare_bundles(lexical, larger, narratives, draws=20)
    assert (result["only_first"], result["only_second"]) == ([], ["new"])
    assert result["n_codes"] == len(TAXONOMY.code_ids)
    assert "new" not in {row["code"] for row in result["codes"]}
    of_the_larger = [replace(narratives[0], codes=("new",)), *narratives[1:]]
    assert compare_bundles(lexical, larger, of_the_larger, draws=20)["n_codes"] == len(TAXONOMY.code_ids)


def test_ids_that_neither_knows_are_refused(dummy, lexical, narratives):
    with pytest.raises(TaxonomyMismatchError, match="the first lacks 'red'"):
        compare_bundles(dummy, lexical, [replace(narratives[0], codes=("red",))])


def test_bundles_without_a_common_code_are_refused(lexical, narratives):
    other = replace(TAXONOMY, codes=(Code("a", "A"),))
    with pytest.raises(TaxonomyMismatchError, match="share no code"):
        compare_bundles(lexical, replace(lexical, taxonomy=other), narratives)


def test_groups_that_trained_one_of_them_are_refused(dummy, lexical):
    with pytest.raises(ConflictError, match="trained 'dummy' or 'lexical'"):
        compare_bundles(dummy, lexical, make_corpus(3))
    assert compare_bundles(dummy, lexical, make_corpus(3), allow_overlap=True, draws=20)["overlap"]["groups"] == 3
