"""Fixtures around a real Label Studio, started once for the tests of a file; each test has a jurisdiction of its own."""

from itertools import count

import pytest
from small_bundle import write_small_bundle

from coding_service.services.keys import KeyRequest, create_key
from coding_service.store import Scope, UnitOfWork, open_engine
from tests.e2e.label_studio.labelling_page import LabellingPage
from tests.e2e.label_studio.world import ADMIN, PASSWORD, World

_numbers = count(1)


@pytest.fixture(scope="package")
def world(tmp_path_factory, artefacts):
    """Label Studio and our server, running; its administrator is a coder of all jurisdictions."""
    folder = tmp_path_factory.mktemp("world")
    write_small_bundle(folder / "bundles" / "starter")
    world = World.make(folder, folder / "bundles", artefacts)
    world.cli("db", "upgrade")
    world.cli("keys", "create", "--person", ADMIN, "--role", "reviewer", "--all-jurisdictions")
    try:
        world.studio.start()
        world.server.start()
        yield world
    finally:
        world.close()


@pytest.fixture
def store(world):
    engine = open_engine(world.environment["CODING_SERVICE_DATABASE"])
    yield engine
    engine.dispose()


@pytest.fixture
def jurisdiction(store):
    """Name of a jurisdiction of this test alone, with one coder."""
    name = f"north-{next(_numbers)}"
    create_key(store, KeyRequest(f"coder@{name}.example", "reviewer", name, new_jurisdiction=True))
    return name


@pytest.fixture
def codings(store):
    """Read the codings of a jurisdiction: by text, each with the last verdict, evidence and rating of each code."""

    def read(jurisdiction):
        found = {}
        with UnitOfWork(store, reading=True) as work:
            scope = Scope(work.jurisdictions.named(Scope.everything(), jurisdiction).id)
            texts = {item.id: item.text for item in work.narratives.facts(scope)}
            for coding in work.codings.facts(scope):
                last = {row.code: row for row in work.decisions.of_coding(scope, coding.id)}
                said = {code: (row.verdict, row.evidence, row.rating) for code, row in last.items()}
                found.setdefault(texts[coding.narrative_id], []).append((coding, said))
        return found

    return read


@pytest.fixture(scope="package")
def labelling(world, browser):
    """The labelling page, logged in."""
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    labelling = LabellingPage(page, world.studio_url)
    labelling.log_in(ADMIN, PASSWORD)
    yield labelling
    page.close()
