"""Training: the same seed gives the same bundle, test splits stay out, and figures are honest."""

from dataclasses import replace

import numpy as np
import pytest
from joblib import parallel_config

from coding_service.errors import CorpusError, InputError
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, group_key, train
from tests.suggesters.conftest import hashing_encoder  # noqa: F401 - a fixture
from tests.suggesters.narratives import make_corpus, make_taxonomy

TAXONOMY = make_taxonomy()


def recipe(**changes):
    return Recipe(**{"name": "tiny", "suggester": "lexical", "folds": 3, "seed": 5, **changes})


def named(narratives, name="tiny"):
    return NamedCorpus(name, tuple(narratives))


@pytest.mark.parametrize("suggester", ["dummy", "lexical", "sentence"])
@pytest.mark.usefixtures("hashing_encoder")
def test_the_same_seed_gives_the_same_numbers(suggester):
    """Guarantee: thresholds, probabilities and every figure are equal in two trainings."""
    first, second = (train(recipe(suggester=suggester), [named(make_corpus())], TAXONOMY) for _ in range(2))
    assert first.metrics == second.metrics
    np.testing.assert_array_equal(first.bundle.thresholds, second.bundle.thresholds)
    texts = ["The baby slept on the couch.", "Nothing of the kind."]
    np.testing.assert_array_equal(first.bundle.suggest(texts).values, second.bundle.suggest(texts).values)


@pytest.mark.slow
def test_siblings_in_processes_of_their_own_say_the_same():
    here = train(recipe(), [named(make_corpus())], TAXONOMY).metrics
    with parallel_config(backend="loky"):
        assert train(recipe(), [named(make_corpus())], TAXONOMY).metrics == here


def test_words_beat_frequencies():
    figures = {
        name: train(recipe(suggester=name), [named(make_corpus())], TAXONOMY).metrics["cross_validation"]["micro"][
            "point"
        ]
        for name in ("dummy", "lexical")
    }
    assert figures["lexical"] > figures["dummy"] + 0.2


def test_dev_and_test_never_train():
    """Guarantee: other labels in those splits change nothing but the figures of the test split."""
    narratives = [
        replace(narrative, split=("train", "dev", "test")[min(row // 32, 2)])
        for row, narrative in enumerate(make_corpus(24))
    ]
    emptied = [
        narrative if narrative.split == "train" else replace(narrative, codes=(), evidence={})
        for narrative in narratives
    ]
    honest, changed = (train(recipe(), [named(own)], TAXONOMY) for own in (narratives, emptied))
    assert honest.metrics["cross_validation"] == changed.metrics["cross_validation"]
    np.testing.assert_array_equal(honest.bundle.thresholds, changed.bundle.thresholds)
    assert honest.bundle.manifest["corpora"][0]["n_narratives"] == 32


def test_a_measured_corpus_only_measures():
    measured = [replace(narrative, group=f"other {narrative.group}") for narrative in make_corpus(6)]
    with_it = train(recipe(), [named(make_corpus())], TAXONOMY, measured=[named(measured, "other")])
    without = train(recipe(), [named(make_corpus())], TAXONOMY)
    assert with_it.metrics["measured"]["other"]["n_narratives"] == len(measured)
    assert with_it.metrics["cross_validation"] == without.metrics["cross_validation"]


def test_a_group_does_not_stand_in_the_test_split_too():
    """Guarantee: no figure of a test split is over groups that were trained on, in one file or in two."""
    torn = [replace(narrative, split=("train", "test")[row % 2]) for row, narrative in enumerate(make_corpus(24))]
    with pytest.raises(CorpusError, match="groups of corpus 'torn' that only measure"):
        train(recipe(), [named(torn, "torn")], TAXONOMY)
    tests = [replace(narrative, split="test") for narrative in make_corpus(6)]
    with pytest.raises(CorpusError, match="groups of corpus 'tests' that only measure"):
        train(recipe(), [named(make_corpus()), named(tests, "tests")], TAXONOMY)


def test_a_group_cannot_train_and_be_measured():
    with pytest.raises(CorpusError, match="3 of the 3 groups of corpus 'again'"):
        train(recipe(), [named(make_corpus())], TAXONOMY, measured=[named(make_corpus(3), "again")])


@pytest.mark.parametrize(
    "narratives",
    [[], make_corpus(2), [replace(narrative, codes=(), evidence={}) for narrative in make_corpus()]],
    ids=["nothing", "fewer groups than folds", "no positive"],
)
def test_too_little_to_learn_from_is_refused(narratives):
    with pytest.raises(CorpusError, match="are the least"):
        train(recipe(), [named(narratives)], TAXONOMY)


def test_the_manifest_names_groups_by_hash():
    """Guarantee: a bundle knows which groups it saw, without the name of a review in it."""
    (corpus,) = train(recipe(), [named(make_corpus())], TAXONOMY).bundle.manifest["corpora"]
    assert set(corpus["groups"]) == {group_key(narrative) for narrative in make_corpus()}
    assert not any(narrative.group in corpus["groups"] for narrative in make_corpus())


def test_families_get_figures_of_their_own():
    metrics = train(recipe(), [named(make_corpus())], TAXONOMY).metrics["cross_validation"]
    assert set(metrics["by_family"]) == {"even", "odd"}
    assert sum(part["n_narratives"] for part in metrics["by_family"].values()) == metrics["n_narratives"]


def test_steps_are_told():
    told = []
    train(recipe(), [named(make_corpus())], TAXONOMY, step=told.append)
    assert "fold 3 of 3 scored" in told


def test_only_a_tuned_encoder_can_be_kept(tmp_path):
    with pytest.raises(InputError, match="tunes no encoder"):
        train(recipe(), [named(make_corpus())], TAXONOMY, encoder=tmp_path)
