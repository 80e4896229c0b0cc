"""Fixtures of the suggesters: a tree of six codes, a corpus that tells five of them, and an encoder that costs nothing."""

import sys
from types import ModuleType

import pytest

from coding_service.suggesters import blend, sentence, tuned
from tests.fakes import FolderEncoder, save_hashing_encoder, tune_encoder
from tests.suggesters.narratives import make_corpus, make_taxonomy


@pytest.fixture
def taxonomy():
    return make_taxonomy()


@pytest.fixture
def corpus():
    return make_corpus()


@pytest.fixture
def hashing_encoder(monkeypatch):
    """Make every suggester that wants an encoder take the fake one, tune it without torch, and try few blends."""
    monkeypatch.setattr(sentence, "open_encoder", FolderEncoder)
    monkeypatch.setattr(sentence, "save_encoder", save_hashing_encoder)
    monkeypatch.setattr(tuned, "open_encoder", FolderEncoder)
    monkeypatch.setattr(tuned, "ExportedEncoder", FolderEncoder)
    with_torch = ModuleType("coding_service.suggesters.encoder_torch")
    with_torch.tune_encoder = tune_encoder
    monkeypatch.setitem(sys.modules, with_torch.__name__, with_torch)
    monkeypatch.setattr(blend, "GRID", ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.5, 0.5)))
