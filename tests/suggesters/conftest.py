"""Fixtures of the suggesters: a tree of six codes, a corpus that tells five of them, and an encoder that costs nothing."""

import pytest

from coding_service.suggesters import sentence
from tests.fakes import HashingEncoder, save_hashing_encoder
from tests.suggesters.narratives import make_corpus, make_taxonomy


@pytest.fixture
def taxonomy():
    return make_taxonomy()


@pytest.fixture
def corpus():
    return make_corpus()


@pytest.fixture
def hashing_encoder(monkeypatch):
    """Make every suggester that wants an encoder take the fake one."""
    monkeypatch.setattr(sentence, "open_encoder", lambda _reference, threads=0: HashingEncoder())
    monkeypatch.setattr(sentence, "save_encoder", save_hashing_encoder)
