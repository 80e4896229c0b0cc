"""A store begins with the taxonomy it was opened with, once, and keeps to its own from then on."""

from dataclasses import replace

import pytest

from coding_service.errors import InputError
from coding_service.services.current_taxonomy import (
    current_taxonomy,
    require_first_taxonomy,
    settled_taxonomy,
)
from coding_service.store import UnitOfWork, open_engine
from coding_service.taxonomy.files import dump_taxonomy, find_taxonomy
from tests.store.test_concurrency import at_once

FOREIGN = replace(find_taxonomy("io-themes", "1.0.0"), id="our-themes", version="0.9.0")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(dump_taxonomy(FOREIGN))
    return str(path)


def settle(url, first):
    engine = open_engine(url, first_taxonomy=first)
    with UnitOfWork(engine) as work:
        taxonomy = settled_taxonomy(work)
        work.commit()
    engine.dispose()
    return taxonomy.id, taxonomy.version


def test_people_who_code_first_at_once_all_begin_with_the_same(store_url):
    """Guarantee: whoever comes first lets the store begin with its taxonomy, and nobody else is refused for that."""
    assert at_once(*[lambda: settle(store_url, "io-themes")] * 8) == [("io-themes", "1.0.0")] * 8
    with UnitOfWork(open_engine(store_url), reading=True) as work:
        assert [(row.version, row.current) for row in work.taxonomies.all()] == [("1.0.0", True)]


@pytest.mark.parametrize("pinned", ["io-themes", "io-themes@1.0.0"])
def test_store_begins_with_a_release(sqlite_url, pinned):
    assert settle(sqlite_url, pinned) == ("io-themes", "1.0.0")


def test_store_begins_with_a_file_and_keeps_to_it(store_url, file):
    """Guarantee: once a store has a taxonomy, its own wins over that of the settings, which need not exist any more."""
    assert settle(store_url, file) == ("our-themes", "0.9.0")
    for other in ("io-themes", "nowhere", "nowhere.yaml"):
        assert settle(store_url, other) == ("our-themes", "0.9.0")
        require_first_taxonomy(open_engine(store_url, first_taxonomy=other))


def test_reading_begins_nothing(sqlite_url, file):
    """Guarantee: until the first coding the settings may still be changed."""
    engine = open_engine(sqlite_url, first_taxonomy=file)
    with UnitOfWork(engine, reading=True) as work:
        assert current_taxonomy(work).id == "our-themes"
        assert work.taxonomies.all() == []
    assert settle(sqlite_url, "io-themes") == ("io-themes", "1.0.0")


@pytest.mark.parametrize("first", ["nowhere", "io-themes@9.0.0", "nowhere.yaml", "broken.yaml"])
def test_taxonomy_that_cannot_be_read_is_told_with_the_setting(sqlite_url, tmp_path, first, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text("id: broken\n")
    with pytest.raises(InputError, match=first) as caught:
        require_first_taxonomy(open_engine(sqlite_url, first_taxonomy=first))
    assert "CODING_SERVICE_TAXONOMY" in caught.value.hint
