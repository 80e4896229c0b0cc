"""A training run from files: named, placed, told, and whole or not there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coding_service.corpus.files import write_corpus
from coding_service.errors import BundleError, CorpusError, InputError, NotFoundError
from coding_service.services import runs
from coding_service.services.runs import Run, carry_out
from coding_service.services.verified import Verified
from coding_service.suggesters import encoders, sentence, tuned
from coding_service.suggesters.bundle import read_bundle, read_manifest, verify_bundle
from coding_service.suggesters.encoder import read_description
from coding_service.suggesters.lexical import LexicalSuggester
from coding_service.taxonomy.files import dump_taxonomy, find_taxonomy
from coding_service.taxonomy.translation import Translation
from tests.fakes import describe_hashing_encoder
from tests.suggesters.conftest import hashing_encoder  # noqa: F401 - a fixture
from tests.suggesters.narratives import make_corpus, make_taxonomy

RECIPE = """\
name: tiny
suggester: lexical
taxonomy: {id: small.yaml}
corpus: [corpora/one.jsonl]
folds: 3
"""


@pytest.fixture
def place(tmp_path):
    """A recipe with its taxonomy and corpus beside it, and an empty folder of bundles."""
    (tmp_path / "corpora").mkdir()
    (tmp_path / "bundles").mkdir()
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    (tmp_path / "small.yaml").write_text(dump_taxonomy(make_taxonomy()))
    write_corpus(tmp_path / "corpora" / "one.jsonl", make_corpus())
    return tmp_path


def run(place, **changes):
    asked = Run(place / "tiny.yaml", **changes)
    return carry_out(asked, bundles=place / "bundles", cache=place / "cache")


def people(groups, prefix="more "):
    """Make narratives of other groups than those of the recipe."""
    return [replace(own, id=prefix + own.id, group=prefix + own.group) for own in make_corpus(groups)]


def more(place, name, groups=6, prefix="more "):
    """Write a further corpus, of other groups."""
    write_corpus(place / name, people(groups, prefix))
    return str(place / name)


def test_paths_of_a_recipe_are_relative_to_it(place, monkeypatch):
    """Guarantee: wherever it is called from, a recipe finds its taxonomy and corpora."""
    monkeypatch.chdir("/")
    done = run(place, name="mine")
    assert done["taxonomy"] == {"id": "small", "version": "1.0.0"}
    assert [corpus["name"] for corpus in done["corpora"]] == ["one"]


def test_the_bundle_lies_under_its_name_with_its_card(place):
    done = run(place, name="mine")
    folder = place / "bundles" / "mine"
    bundle = read_bundle(folder)
    assert (done["id"], done["folder"], done["sha256"]) == ("mine", str(folder), bundle.sha256)
    assert (folder / "README.md").read_text().startswith("# Model card: mine")
    assert json.dumps(done)


def test_a_name_is_made_of_recipe_day_and_corpora(place):
    first = run(place)["id"]
    assert first.startswith("tiny-20")
    other = run(place, corpora=(more(place, "two.jsonl"),))["id"]
    assert first.rsplit("-", 1)[0] == other.rsplit("-", 1)[0]
    assert first != other


def test_further_corpora_train_and_measured_ones_do_not(place):
    done = run(place, name="m", corpora=(more(place, "two.jsonl"),), measured=(more(place, "held.jsonl", prefix="h "),))
    assert {corpus["name"]: corpus["n_narratives"] for corpus in done["corpora"]} == {"one": 48, "two": 12}
    assert {row["set"]: row["n_narratives"] for row in done["figures"]} == {"cross-validation": 60, "held": 12}


def test_corpora_of_one_file_name_stay_apart(place):
    (place / "again").mkdir()
    done = run(place, name="m", corpora=(more(place, "again/one.jsonl"),))
    assert len({corpus["name"] for corpus in done["corpora"]}) == 2


def test_a_corpus_does_not_count_twice(place):
    with pytest.raises(CorpusError, match="stands in corpus 'one' and in 'one-2'"):
        run(place, corpora=(str(place / "corpora" / "one.jsonl"),))


def test_a_place_that_cannot_be_written_is_told_before_training(place, monkeypatch):
    """Guarantee: what took hours to train is not lost for want of a place."""
    monkeypatch.setattr(runs, "train", None)
    (place / "file").touch()
    with pytest.raises(BundleError, match="No bundle can be written"):
        run(place, output=place / "file" / "mine")


def test_a_cache_that_cannot_be_written_is_told(place):
    (place / "cache").touch()
    (place / "tiny.yaml").write_text(RECIPE.replace("lexical", "sentence"))
    with pytest.raises(InputError, match="CODING_SERVICE_CACHE"):
        run(place, name="mine")


def test_corpora_in_a_version_that_only_the_store_holds_are_translated(place):
    """Guarantee: a taxonomy that came from a file need not lie where it was once read."""
    old = make_taxonomy()
    new = replace(old, version="2.0.0")
    (place / "small.yaml").unlink()
    (place / "tiny.yaml").write_text(RECIPE.replace("{id: small.yaml}", "{id: small, version: 1.0.0}"))
    verified = Verified(
        tuple(people(6)), new, (), "f" * 64, {("small", "1.0.0"): replace(Translation.identity(old), new=new)}
    )
    asked = Run(place / "tiny.yaml", name="mine")
    done = carry_out(asked, bundles=place / "bundles", cache=place / "cache", verified=verified)
    assert done["taxonomy"] == {"id": "small", "version": "2.0.0"}
    assert {corpus["name"] for corpus in done["corpora"]} == {"one", "verified"}


def test_a_recipe_of_another_taxonomy_than_the_store_is_told(place):
    (place / "tiny.yaml").write_text(RECIPE.replace("small.yaml", "small"))
    asked = Run(place / "tiny.yaml", name="mine")
    verified = Verified(tuple(people(6)), find_taxonomy("io-themes"), (), "f" * 64)
    with pytest.raises(CorpusError, match="is for 'small', and the store codes by 'io-themes'"):
        carry_out(asked, bundles=place / "bundles", cache=place / "cache", verified=verified)


@pytest.mark.parametrize("named", ["{id: gone.yaml}", "{id: another}"])
def test_corpora_that_fit_the_taxonomy_of_the_store_train_whatever_the_recipe_names(place, named):
    """Guarantee: a fork under an id of its own, or a file that is gone, hinder no retraining."""
    (place / "tiny.yaml").write_text(RECIPE.replace("{id: small.yaml}", named))
    verified = Verified(tuple(people(6)), make_taxonomy(), (), "f" * 64)
    asked = Run(place / "tiny.yaml", name="mine")
    done = carry_out(asked, bundles=place / "bundles", cache=place / "cache", verified=verified)
    assert {corpus["name"] for corpus in done["corpora"]} == {"one", "verified"}


def test_a_whole_and_a_part_of_it_may_both_be_measured(place):
    measured = (more(place, "all.jsonl", prefix="h "), more(place, "part.jsonl", groups=3, prefix="h "))
    done = run(place, name="m", measured=measured)
    assert {"all", "part"} <= {row["set"] for row in done["figures"]}


def test_a_taken_place_is_told_before_training(place, monkeypatch):
    run(place, name="mine")
    monkeypatch.setattr(runs, "train", None)
    with pytest.raises(BundleError, match="exists already"):
        run(place, name="mine")


def test_a_bundle_is_replaced_when_asked(place):
    first = run(place, name="mine")
    again = run(place, name="mine", corpora=(more(place, "two.jsonl"),), replace=True)
    assert again["sha256"] != first["sha256"]
    assert [path.name for path in (place / "bundles").iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "x" * 101, "a b"])
def test_a_name_that_is_none_is_refused(place, name):
    with pytest.raises(InputError, match="cannot name a bundle"):
        run(place, name=name)


def test_name_and_folder_are_not_both_given(place):
    with pytest.raises(InputError, match="--name or --output"):
        run(place, name="mine", output=place / "there")


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("place_of_failure", ["fit", "save"])
def test_what_is_broken_off_leaves_nothing(place, monkeypatch, failure, place_of_failure):
    """Guarantee: Ctrl-C while training or writing leaves no file in the folder of bundles."""

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(LexicalSuggester, place_of_failure, fail)
    with pytest.raises(failure):
        run(place, name="mine")
    assert list((place / "bundles").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "error", "said"),
    [("police", CorpusError, "'polcie' is no selectable code"), ("", NotFoundError, "missing.jsonl")],
)
def test_a_wrong_corpus_is_told_by_file(place, key, error, said):
    path = Path(more(place, "wrong.jsonl" if key else "missing.jsonl"))
    if key:
        path.write_text(path.read_text().replace('"police"', '"polcie"'))
    else:
        path.unlink()
    with pytest.raises(error) as caught:
        run(place, corpora=(str(path),))
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_a_recipe_without_corpus_needs_one(place):
    (place / "tiny.yaml").write_text(RECIPE.replace("[corpora/one.jsonl]", "[]"))
    with pytest.raises(CorpusError, match="names no corpus"):
        run(place)
    assert run(place, name="m", corpora=(str(place / "corpora" / "one.jsonl"),))["id"] == "m"


def test_another_taxonomy_can_be_named(place):
    from dataclasses import replace

    other = replace(make_taxonomy(), version="2.0.0")
    (place / "other.yaml").write_text(dump_taxonomy(other))
    assert run(place, name="m", taxonomy=str(place / "other.yaml"))["taxonomy"]["version"] == "2.0.0"


@pytest.mark.usefixtures("hashing_encoder")
def test_a_bundle_may_be_made_from_the_encoder_in_its_own_place(place, monkeypatch):
    """Guarantee: the starter bundle replaces the folder that its encoder is taken from, the first time and again."""
    monkeypatch.setattr(encoders, "data_root", lambda: place)
    monkeypatch.setattr(sentence, "save_encoder", encoders.save_encoder)
    starter = place / "models" / "starter"
    (starter / "suggester" / "encoder").mkdir(parents=True)
    describe_hashing_encoder(starter / "suggester" / "encoder")
    (place / "tiny.yaml").write_text(RECIPE.replace("lexical", "sentence"))
    for _ in range(2):
        assert run(place, output=starter, replace=True)["id"] == "starter"
        verify_bundle(starter)
        read_description(starter / "suggester" / "encoder")
    assert [path.name for path in starter.parent.iterdir()] == ["starter"]


def tune_nothing_but_siblings(fit):
    """Let no suggester be fitted on all narratives."""

    def fitted(self, narratives, taxonomy, *, seed):
        assert len(narratives) < len(make_corpus())
        return fit(self, narratives, taxonomy, seed=seed)

    return fitted


@pytest.mark.usefixtures("hashing_encoder")
def test_the_encoder_of_a_bundle_can_be_kept(place, monkeypatch):
    """Guarantee: a bundle may be fitted anew over its own encoder; one that is altered is told."""
    (place / "tiny.yaml").write_text(RECIPE.replace("lexical", "tuned"))
    run(place, name="first")
    before = read_description(place / "bundles" / "first" / "suggester" / "encoder")["sha256"]
    monkeypatch.setattr(tuned.TunedSuggester, "fit", tune_nothing_but_siblings(tuned.TunedSuggester.fit))
    run(place, name="again", keep_encoder=place / "bundles" / "first")
    assert read_manifest(place / "bundles" / "again")["kept_encoder"] == before
    (place / "bundles" / "first" / "suggester" / "encoder" / "model.onnx").write_text("something else")
    with pytest.raises(BundleError, match="sha256"):
        run(place, name="third", keep_encoder=place / "bundles" / "first")
