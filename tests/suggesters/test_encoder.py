"""The shipped encoder: verified to the byte, reading whole sentences, torch-free."""

import sys

import numpy as np
import pytest

from coding_service.errors import BundleError, MissingExtraError
from coding_service.paths import data_root
from coding_service.suggesters import encoders
from coding_service.suggesters.encoder import (
    DESCRIPTION,
    TOKENIZER,
    WEIGHTS,
    ExportedEncoder,
    describe,
    read_description,
)
from coding_service.suggesters.encoders import STARTER_FOLDER, open_encoder, save_encoder

SHIPPED = data_root().joinpath(*STARTER_FOLDER)
needs_shipped = pytest.mark.skipif(
    not (SHIPPED / WEIGHTS).is_file(), reason="models/starter is not there; make it by `io-coding train`"
)


@pytest.fixture(scope="module")
def shipped():
    return open_encoder("starter", threads=1)


@pytest.fixture
def folder(tmp_path):
    """An encoder folder with files of no meaning, as far as hashes go."""
    for name in (WEIGHTS, TOKENIZER):
        (tmp_path / name).write_text(f"content of {name}")
    describe(tmp_path, name="small", dimension=4)
    return tmp_path


@needs_shipped
def test_vectors_are_unit_vectors_that_know_meaning(shipped):
    vectors = shipped.encode(
        ["The baby slept on a couch.", "An infant was asleep on the sofa.", "The court adjourned."]
    )
    assert vectors.shape == (3, shipped.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


@needs_shipped
def test_no_sentences_give_an_empty_matrix(shipped):
    assert shipped.encode([]).shape == (0, shipped.dimension)


@needs_shipped
def test_the_end_of_a_long_sentence_is_read(shipped):
    """Guarantee: the limit of 128 word pieces in the published tokenizer does not cut."""
    long = "the worker called the school again and again " * 30
    first, second = shipped.encode([long + "about housing", long + "about drowning"])
    assert not np.allclose(first, second, atol=1e-4)


@needs_shipped
def test_rows_stay_in_order_whatever_their_length(shipped):
    sentences = ["short", "a somewhat longer sentence of words", "mid size one"] * 20
    vectors = shipped.encode(sentences)
    for row, sentence in enumerate(sentences[:3]):
        assert vectors[row] @ shipped.encode([sentence])[0] > 0.95


@needs_shipped
def test_the_shipped_encoder_needs_no_torch(shipped):
    shipped.encode(["a sentence"])
    assert "torch" not in sys.modules or shipped.folder == SHIPPED


@needs_shipped
def test_a_copy_is_the_same_encoder(shipped, tmp_path):
    """Guarantee: what a bundle carries is the shipped encoder, byte for byte."""
    save_encoder("starter", tmp_path / "copy")
    assert ExportedEncoder(tmp_path / "copy", threads=1).sha256 == shipped.sha256


def test_the_shipped_encoder_lies_in_the_shipped_bundle(monkeypatch, tmp_path):
    """Guarantee: without it, the message says where it should be."""
    monkeypatch.setattr(encoders, "data_root", lambda: tmp_path)
    with pytest.raises(BundleError) as caught:
        open_encoder("starter")
    assert str(tmp_path / "models" / "starter" / "suggester" / "encoder") in caught.value.message


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_damage_is_found_before_anything_is_loaded(folder, name, damage):
    expected = read_description(folder)["files"][name]
    if damage == "altered":
        (folder / name).write_text("something else")
    else:
        (folder / name).unlink()
    with pytest.raises(BundleError, match=expected):
        ExportedEncoder(folder)


def test_a_damaged_encoder_is_not_copied(folder, tmp_path_factory):
    (folder / WEIGHTS).write_text("something else")
    place = tmp_path_factory.mktemp("bundle") / "encoder"
    with pytest.raises(BundleError):
        save_encoder(str(folder), place)
    assert not place.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 3}'])
def test_a_broken_description_is_refused(folder, content):
    (folder / DESCRIPTION).write_text(content)
    with pytest.raises(BundleError, match="no readable"):
        ExportedEncoder(folder)


def test_a_model_of_sentence_transformers_needs_its_extra():
    """Guarantee: without torch, the message names the extra that brings it."""
    if _has_torch():
        pytest.skip("torch is installed, so nothing is missing")
    with pytest.raises(MissingExtraError, match=r"not installed") as caught:
        open_encoder("some/model")
    assert "io-coding[encoder]" in caught.value.hint


def _has_torch():
    from importlib.util import find_spec

    return find_spec("torch") is not None and find_spec("sentence_transformers") is not None


@needs_shipped
def test_copies_of_an_encoder_in_use_share_it(shipped, tmp_path):
    """Guarantee: a server that takes up a bundle of the same encoder opens no second one; another is opened anew."""
    save_encoder("starter", tmp_path / "copy")
    assert open_encoder(str(tmp_path / "copy"), threads=1) is shipped
    assert open_encoder(str(tmp_path / "copy"), threads=2) is not shipped


def test_encoder_that_is_nowhere_is_named_with_both_ways_to_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "coding_service.suggesters.encoder_torch", raising=False)
    with pytest.raises(MissingExtraError) as caught:
        open_encoder("build/encoder")
    assert str(tmp_path / "build" / "encoder") in caught.value.message
    assert "io-coding[encoder]" in caught.value.hint
