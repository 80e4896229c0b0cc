"""Fixtures of the HTTP service.

One small bundle per run, named ``starter`` like the released one, loaded once. Each test gets an app of its own, with
its own settings, limits and figures, behind a client that comes from this machine.
"""

import hashlib
from contextlib import contextmanager
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from small_bundle import write_small_bundle

from coding_service.api.app import create_app
from coding_service.bootstrap import build
from coding_service.settings import Settings

KEY = "a secret that only tests know"
LOCAL = "http://127.0.0.1:8000"
NO_STORE = {"database": "sqlite:////nowhere/store.sqlite"}


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """The folder of bundles, with ``starter`` in it."""
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    return folder


@pytest.fixture(scope="session")
def shelf(bundles):
    """A shelf that has the bundle loaded."""
    shelf = build(Settings(bundles=bundles, threads=1, **NO_STORE)).shelf
    shelf.get()
    return shelf


@pytest.fixture
def parts(bundles, shelf):
    """Make the parts of an app, by the settings that are given."""

    def make(**settings):
        return replace(build(Settings(bundles=bundles, **{**NO_STORE, **settings})), shelf=shelf)

    return make


@pytest.fixture
def serve():
    """Start an app with these parts; gives a client, by default from this machine."""

    @contextmanager
    def start(parts, *, peer="127.0.0.1", app=None):
        with TestClient(app or create_app(parts), base_url=LOCAL, client=(peer, 50000)) as client:
            yield client

    return start


@pytest.fixture
def client(serve, parts):
    """A client of a server without keys."""
    with serve(parts()) as client:
        yield client


@pytest.fixture
def digest():
    """The digest of `KEY`."""
    return hashlib.sha256(KEY.encode()).hexdigest()
