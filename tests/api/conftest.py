"""Fixtures of the HTTP service.

One small bundle per run, trained in a second on a corpus made here and named ``starter`` like the released one. Each
test gets an app of its own, with its own settings, limits and figures, behind a client that comes from this machine.
"""

import hashlib
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from coding_service.api.app import create_app
from coding_service.bootstrap import build
from coding_service.corpus import CodedNarrative
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.settings import Settings
from coding_service.suggesters.bundle import write_bundle
from coding_service.taxonomy.files import find_taxonomy

KEY = "a secret that only tests know"
LOCAL = "http://127.0.0.1:8000"
PHRASES = {
    "family.safe_sleep": "the baby slept on the couch with mother",
    "family.economic_support.housing": "they were evicted from the apartment",
    "professional.documentation": "the contacts were not entered in the system",
    "team.coordination.law_enforcement": "police reports were never sent over",
}


def write_small_bundle(folder, suggester="lexical"):
    """Train and write a bundle that knows four codes by their words."""
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    narratives = tuple(
        CodedNarrative(
            id=f"n{row}-{position}",
            text=f"In month {row} {phrase}. Worker noted it on day {row + position}.",
            codes=(code,),
            group=f"r{row}",
            split="test" if row >= 12 else "train",
        )
        for row in range(15)
        for position, (code, phrase) in enumerate(PHRASES.items())
    )
    trained = train(Recipe(name="small", suggester=suggester, folds=3), [NamedCorpus("small", narratives)], taxonomy)
    return write_bundle(trained.bundle, folder, trained.metrics, lambda _: None)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """The folder of bundles, with ``starter`` in it."""
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    return folder


@pytest.fixture(scope="session")
def shelf(bundles):
    """A shelf that has the bundle loaded; apps that need no shelf of their own share it."""
    return build(Settings(bundles=bundles)).shelf


@pytest.fixture
def settings(bundles):
    """Make settings that find the small bundle."""

    def make(**changes):
        return Settings(**{"bundles": bundles, "threads": 1, **changes})

    return make


@pytest.fixture
def serve(settings):
    """Start an app; gives a client from this machine."""

    @contextmanager
    def start(parts=None, *, peer="127.0.0.1", **changes):
        app = create_app(parts or build(settings(**changes)))
        with TestClient(app, base_url=LOCAL, client=(peer, 50000), raise_server_exceptions=True) as client:
            yield client

    return start


@pytest.fixture
def client(serve):
    """A client of a server without keys."""
    with serve() as client:
        yield client


@pytest.fixture
def digest():
    """The digest of `KEY`."""
    return hashlib.sha256(KEY.encode()).hexdigest()
