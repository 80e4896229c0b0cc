"""What servers serve: what the store says is promoted, each jurisdiction its own, and never a bundle that does not load."""

import shutil
from threading import Event, Thread

import pytest

from coding_service.errors import NotFoundError, StoreError
from coding_service.services.bundles import list_bundles
from coding_service.services.following import LONGEST_PAUSE, Follower
from coding_service.services.sharing import set_opt_in
from coding_service.services.shelf import Promoted, Shelf
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import PromotionRow
from tests.services.verified_store import RECIPE, add_jurisdiction, coded, write_lexical

EVERYTHING = Scope.everything()
DUMMY = RECIPE.model_copy(update={"suggester": "dummy"})


@pytest.fixture
def folder(tmp_path):
    """Bundles ``a`` and ``b``."""
    for name, n_reviews in (("a", 20), ("b", 24)):
        write_lexical(tmp_path / name, coded(n_reviews), recipe=DUMMY)
    return tmp_path


@pytest.fixture
def shelf(folder):
    return Shelf(folder, "a", threads=1)


@pytest.fixture
def store(store_url):
    opened = open_engine(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def follower(store, shelf):
    return Follower(store, shelf, poll_seconds=60)


def promote(store, name, jurisdiction_id=None, *, sha256=None):
    row = PromotionRow(kind="promote", bundle_id=name, bundle_sha256=sha256, jurisdiction_id=jurisdiction_id)
    with UnitOfWork(store) as work:
        work.promotions.add(EVERYTHING, row)
        work.commit()


def break_file(folder):
    (folder / "calibration.json").write_text("{}")


def test_promoted_bundle_is_taken_up(store, shelf, follower):
    follower.look()
    assert shelf.get().id == "a"
    promote(store, "b")
    follower.look()
    assert (shelf.get().id, shelf.default, follower.troubles) == ("b", "b", ())


def test_rollback_to_nothing_serves_the_default_one(store, shelf, follower):
    promote(store, "b")
    follower.look()
    with UnitOfWork(store) as work:
        work.promotions.add(EVERYTHING, PromotionRow(kind="rollback", bundle_id=None, bundle_sha256=None))
        work.commit()
    follower.look()
    assert shelf.get().id == "a"


def test_bundle_that_does_not_load_leaves_the_old_one_and_says_so(store, shelf, follower, folder):
    promote(store, "b")
    follower.look()
    write_lexical(folder / "c", coded(20), recipe=DUMMY)
    break_file(folder / "c")
    promote(store, "c")
    follower.look()
    assert shelf.get().id == "b"
    (trouble,) = follower.troubles
    assert (trouble.bundle, trouble.problem) == ("c", "bundle-invalid")


def test_surprise_while_loading_leaves_the_old_one(store, shelf, follower, folder, monkeypatch):
    """Guarantee: whatever a new bundle raises, the old one goes on."""

    def surprise(*_, **__):
        raise ZeroDivisionError

    shelf.get()
    monkeypatch.setattr("coding_service.services.shelf.read_bundle", surprise)
    promote(store, "b")
    follower.look()
    assert shelf.get().id == "a"
    assert [trouble.problem for trouble in follower.troubles] == ["bundle-invalid"]


def test_missing_bundle_is_served_once_it_has_come(store, shelf, follower, folder):
    """Guarantee: a replica to which a bundle has not been copied yet keeps its own, says so, and takes it up later."""
    shutil.move(folder / "b", folder.parent / "b-elsewhere")
    promote(store, "b")
    follower.look()
    assert shelf.get().id == "a"
    assert [trouble.problem for trouble in follower.troubles] == ["not-found"]
    shutil.move(folder.parent / "b-elsewhere", folder / "b")
    follower.look()
    assert shelf.get().id == "b"
    assert follower.troubles == ()


def test_broken_bundle_is_tried_again_ever_more_rarely(store, shelf, follower, folder, monkeypatch):
    tries = []
    take_up = shelf._take_up
    monkeypatch.setattr(shelf, "_take_up", lambda wanted: tries.append(wanted) or take_up(wanted))
    break_file(folder / "b")
    promote(store, "b")
    for _ in range(4 * LONGEST_PAUSE):
        follower.look()
    assert 5 <= len(tries) <= 10


def test_bundle_that_was_altered_since_its_promotion_is_not_served(store, shelf, follower):
    promote(store, "b", sha256="0" * 64)
    follower.look()
    assert shelf.get().id == "a"
    assert "was promoted" in follower.troubles[0].detail


def test_bundle_of_the_same_name_is_loaded_anew_when_it_was_promoted_anew(store, shelf, follower, folder):
    promote(store, "b", sha256=shelf.get("b").sha256)
    follower.look()
    shutil.rmtree(folder / "b")
    write_lexical(folder / "b", coded(40, seed=9), recipe=DUMMY)
    fresh = Shelf(folder, "b").get().sha256
    promote(store, "b", sha256=fresh)
    follower.look()
    assert shelf.get().sha256 == fresh


def test_store_that_cannot_be_read_changes_nothing(store, shelf, follower, monkeypatch):
    promote(store, "b")
    follower.look()

    def locked(*_, **__):
        raise StoreError("The store is locked.")

    monkeypatch.setattr("coding_service.services.following.UnitOfWork", locked)
    follower.look()
    assert shelf.get().id == "b"
    assert [trouble.problem for trouble in follower.troubles] == ["store-error"]
    monkeypatch.undo()
    follower.look()
    assert follower.troubles == ()


def test_each_jurisdiction_is_served_its_own(store, shelf, follower):
    north, south = add_jurisdiction(store), add_jurisdiction(store, "south")
    promote(store, "b", north)
    follower.look()
    assert [shelf.get(jurisdiction=whose).id for whose in (north, south, None)] == ["b", "a", "a"]


def test_bundle_is_not_served_beyond_those_it_learned_from(store, shelf, follower, folder):
    """Guarantee: not as the promoted one, not by its name, nor is it listed or hinted at, until all have opted in."""
    north, south, west = (add_jurisdiction(store, name) for name in ("north", "south", "west"))
    write_lexical(folder / "pooled", coded(20), jurisdictions=[north, south], recipe=DUMMY)
    promote(store, "pooled")
    follower.look()
    assert [shelf.get(jurisdiction=whose).id for whose in (north, south, west, None)] == ["pooled"] * 2 + [
        "a",
        "pooled",
    ]
    for name in ("pooled", "nowhere"):
        with pytest.raises(NotFoundError) as caught:
            shelf.get(name, jurisdiction=west)
        assert "pooled" not in caught.value.hint
    assert "pooled" not in shelf.names(west)
    assert [row["id"] for row in list_bundles(shelf, west) if row["current"]] == ["a"]
    for name in ("north", "south"):
        set_opt_in(store, name, opted_in=True)
        follower.look()
    assert shelf.get(jurisdiction=west).id == shelf.get("pooled", jurisdiction=west).id == "pooled"
    set_opt_in(store, "north", opted_in=False)
    follower.look()
    assert shelf.get(jurisdiction=west).id == "a"


def test_load_does_not_hold_up_those_who_want_a_loaded_bundle(shelf, monkeypatch):
    """Guarantee: while a bundle loads, requests get the one being served at once."""
    shelf.get()
    loading, finish = Event(), Event()

    def slow(path, **_):
        loading.set()
        assert finish.wait(30)
        raise NotFoundError("gone")

    monkeypatch.setattr("coding_service.services.shelf.read_bundle", slow)
    swap = Thread(target=shelf.serve, args=({None: Promoted("b")},))
    swap.start()
    try:
        assert loading.wait(30)
        assert shelf.get().id == "a"
    finally:
        finish.set()
        swap.join()


def test_without_a_store_there_is_nothing_to_follow(shelf):
    follower = Follower(None, shelf, poll_seconds=60)
    follower.start()
    follower.stop()
    assert shelf.get().id == "a"


def test_start_needs_something_to_serve(store, folder):
    with pytest.raises(NotFoundError):
        Follower(store, Shelf(folder, "nowhere"), poll_seconds=60).start()
