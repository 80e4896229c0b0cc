"""Bundles on disk: whole or not there, verified to the byte, and free of code."""

import json
import pickle

import numpy as np
import pytest
import safetensors.numpy

from coding_service.errors import BundleError, NotFoundError
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.suggesters.bundle import MANIFEST, read_bundle, read_manifest, verify_bundle, write_bundle
from coding_service.suggesters.encoder import hash_file
from tests.suggesters.narratives import make_corpus, make_taxonomy

WEIGHTS = "suggester/heads.safetensors"
TEXTS = ["The baby slept on the couch with mother.", "The family was evicted from the apartment."]


@pytest.fixture(scope="module")
def trained():
    recipe = Recipe(name="small", suggester="lexical", folds=3)
    return train(recipe, [NamedCorpus("small", tuple(make_corpus()))], make_taxonomy())


@pytest.fixture
def folder(trained, tmp_path):
    write_bundle(trained.bundle, tmp_path / "small", trained.metrics, write_nothing)
    return tmp_path / "small"


def write_nothing(folder):
    """A card that is not there."""


def change(folder, name, content, *, rehash=False):
    """Put other content into a file, and its hash into the manifest if that is not what is tried."""
    (folder / name).write_bytes(content)
    if rehash:
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"][name] = hash_file(folder / name)
        (folder / MANIFEST).write_text(json.dumps(manifest))


def test_what_is_read_is_what_was_written(trained, folder):
    read = read_bundle(folder)
    np.testing.assert_array_equal(read.suggest(TEXTS).values, trained.bundle.suggest(TEXTS).values)
    np.testing.assert_array_equal(read.thresholds, trained.bundle.thresholds)
    np.testing.assert_array_equal(read.support, trained.bundle.support)
    assert (read.id, read.sha256) == ("small", hash_file(folder / MANIFEST))
    assert read.taxonomy == trained.bundle.taxonomy


def test_themes_are_suggested_with_their_sub_themes(folder):
    bundle = read_bundle(folder)
    probabilities = np.zeros((1, len(bundle.taxonomy.code_ids)))
    probabilities[0, bundle.taxonomy.index["support.food"]] = 1
    told = [bundle.taxonomy.code_ids[column] for column in np.flatnonzero(bundle.suggested(probabilities)[0])]
    assert told == ["support", "support.food"]


def test_hashes_cover_every_file_but_manifest_and_card(folder):
    listed = set(read_manifest(folder)["files"])
    learned = {WEIGHTS, "suggester/rarity.safetensors", "suggester/terms.json"}
    assert listed == {"calibration.json", "metrics.json", "taxonomy.json", *learned}


@pytest.mark.parametrize("name", [WEIGHTS, "calibration.json", "metrics.json", "taxonomy.json"])
@pytest.mark.parametrize("damage", ["truncated", "altered", "missing"])
def test_damage_is_found_and_named(folder, name, damage):
    """Guarantee: a file that is cut, changed by one byte or gone is refused; the message says expected and found."""
    content = (folder / name).read_bytes()
    if damage == "truncated":
        change(folder, name, content[: len(content) // 2])
    elif damage == "altered":
        change(folder, name, bytes([content[0] ^ 1]) + content[1:])
    else:
        (folder / name).unlink()
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    assert name in caught.value.message
    assert read_manifest(folder)["files"][name] in caught.value.message
    found = "no file" if damage == "missing" else hash_file(folder / name)
    assert found in caught.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not a JSON object"),
        ("[]", "format None"),
        ("[1]", "not a JSON object"),
        ('{"format": 99}', "format 99, expected 3"),
        ('{"format": 3}', "does not say files, parameters, suggester, taxonomy"),
    ],
)
def test_a_broken_manifest_is_refused(folder, content, said):
    (folder / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match=said):
        verify_bundle(folder)


def test_a_folder_without_manifest_is_no_bundle(tmp_path):
    with pytest.raises(NotFoundError, match="no bundle in"):
        read_bundle(tmp_path)


def test_another_taxonomy_is_refused(folder):
    """Guarantee: weights never meet the columns of a taxonomy they were not trained for."""
    taxonomy = json.loads((folder / "taxonomy.json").read_text())
    taxonomy["codes"].append({"id": "more", "name": "More"})
    change(folder, "taxonomy.json", json.dumps(taxonomy).encode(), rehash=True)
    with pytest.raises(BundleError, match="taxonomy with sha256"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "content", [b"not an archive", b"", pickle.dumps({"weights": 0})], ids=["text", "empty", "pickle"]
)
def test_weights_that_are_no_arrays_are_refused(folder, content):
    """Guarantee: a file that could run code is never run, even where every hash is right."""
    change(folder, WEIGHTS, content, rehash=True)
    with pytest.raises(BundleError, match="cannot be read as arrays"):
        read_bundle(folder)


def test_arrays_of_another_name_are_refused(folder):
    change(folder, WEIGHTS, safetensors.numpy.save({"other": np.zeros(3)}), rehash=True)
    with pytest.raises(BundleError, match="arrays weights, intercepts"):
        read_bundle(folder)


def test_a_broken_vocabulary_is_refused(folder):
    change(folder, "suggester/terms.json", b"[", rehash=True)
    with pytest.raises(BundleError, match="readable list of terms"):
        read_bundle(folder)


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
@pytest.mark.parametrize("place", ["save", "card"])
def test_a_failing_write_leaves_nothing(trained, tmp_path, monkeypatch, failure, place):
    """Guarantee: whatever stops the writing, no folder of it is left."""

    def fail(*_):
        raise failure

    if place == "save":
        monkeypatch.setattr(trained.bundle.suggester, "save", fail)
    with pytest.raises(type(failure)):
        write_bundle(trained.bundle, tmp_path / "small", {}, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_replacement_leaves_the_old_one(trained, folder):
    before = hash_file(folder / MANIFEST)

    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(trained.bundle, folder, {}, fail, replace=True)
    assert hash_file(folder / MANIFEST) == before
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_a_bundle_is_replaced_only_when_asked(trained, folder):
    with pytest.raises(BundleError, match="exists already"):
        write_bundle(trained.bundle, folder, {}, write_nothing)
    write_bundle(trained.bundle, folder, {"new": True}, write_nothing, replace=True)
    assert json.loads((folder / "metrics.json").read_text()) == {"new": True}
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_what_is_no_bundle_is_never_replaced(trained, tmp_path):
    """Guarantee: a folder of the user's own files survives a slip of the pen."""
    (tmp_path / "thesis.docx").write_text("all my work")
    with pytest.raises(BundleError, match="is no bundle"):
        write_bundle(trained.bundle, tmp_path, {}, write_nothing, replace=True)
    assert (tmp_path / "thesis.docx").is_file()


def test_a_folder_that_holds_only_the_encoder_may_become_its_bundle(trained, tmp_path):
    (tmp_path / "starter" / "suggester" / "encoder").mkdir(parents=True)
    write_bundle(trained.bundle, tmp_path / "starter", {}, write_nothing, replace=True)
    assert read_bundle(tmp_path / "starter").id == "starter"
