"""``train --from-store``, ``compare --from-store``, ``bundles promote | rollback | opt-in`` and ``retrain``."""

import shutil
from datetime import timedelta

import pytest

from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import RunRow
from tests.services.verified_store import add_jurisdiction, add_verified, coded, write_lexical, write_recipe

EVERYTHING = Scope.everything()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle of one wording and one of all."""
    folder = tmp_path_factory.mktemp("made")
    write_lexical(folder / "old", coded(40, start=1000, wordings=1))
    write_lexical(folder / "better", coded(80, start=1000))
    return folder


@pytest.fixture
def place(made, tmp_path, sqlite_url, monkeypatch):
    """Both bundles, ``old`` being served, and a store with verified narratives of the north."""
    shutil.copytree(made, tmp_path / "bundles")
    for name, value in {
        "BUNDLES": tmp_path / "bundles",
        "BUNDLE": "old",
        "DATABASE": sqlite_url,
        "CACHE": tmp_path / "cache",
        "THREADS": 1,
    }.items():
        monkeypatch.setenv(f"CODING_SERVICE_{name}", str(value))
    store = open_engine(sqlite_url)
    north = add_jurisdiction(store)
    add_verified(store, north, coded(60, start=2000, seed=5))
    write_recipe(tmp_path, coded(30, start=1000, wordings=1))
    yield tmp_path, store, north
    store.dispose()


@pytest.fixture
def recipe(place):
    return place[0] / "small.yaml"


@pytest.fixture
def blind_gold(place):
    """110 blind reviews that are kept to measure."""
    _, store, north = place
    add_verified(store, north, coded(110, start=5000, seed=2), role="evaluation")


def test_train_from_store(cli, place, recipe):
    done = cli(
        "train", "--recipe", recipe, "--from-store", "--jurisdiction", "north", "--name", "ours", "--format", "json"
    )
    assert done.code == 0, done.err
    assert "60 verified narratives" in done.err
    assert [corpus["name"] for corpus in done.rows[0]["corpora"]] == ["starter", "verified"]
    shown = cli("bundles", "show", "ours", "--format", "json").rows[0]["manifest"]
    assert shown["jurisdictions"] == [place[2]]
    assert "groups" not in shown["corpora"][1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--recipe", "r.yaml", "--jurisdiction", "north"),
        ("train", "--recipe", "r.yaml", "--from-store", "--taxonomy", "io-themes"),
        ("compare", "old", "better"),
        ("compare", "old", "better", "--corpus", "c.jsonl", "--snapshot", "0"),
    ],
)
def test_options_that_do_not_fit_are_refused(cli, place, arguments):
    done = cli(*arguments)
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert done.out == ""


def test_compare_from_store(cli, place, blind_gold):
    done = cli("compare", "old", "better", "--from-store", "--format", "json")
    assert done.code == 0, done.err
    result = done.rows[0]
    assert result["differences"]["micro_f1"]["low"] > 0
    (north,) = result["jurisdictions"]
    assert (north["jurisdiction"], north["n_groups"]) == ("north", 110)
    assert north["point"] == pytest.approx(result["differences"]["micro_f1"]["point"])
    fingerprint = done.err.split("snapshot ")[1].strip(".\n")
    assert (
        cli("compare", "old", "better", "--from-store", "--snapshot", fingerprint, "--format", "json").out == done.out
    )
    assert "north" in cli("compare", "old", "better", "--from-store", "--jurisdiction", "north").out


def test_compare_from_a_store_without_blind_gold(cli, place):
    done = cli("compare", "old", "better", "--from-store")
    assert (done.code, done.out) == (1, "")
    assert "blind review" in done.err


def test_promote_and_rollback(cli, place, blind_gold):
    """Guarantee: the table of the gate is data, what was done is talk; what is promoted answers on the command line."""
    done = cli("bundles", "promote", "better", "--reason", "More wordings.")
    assert done.code == 0, done.err
    assert "micro F1" in done.out
    assert "'better' is promoted for all" in done.err
    listed = {row["id"]: row["current"] for row in cli("bundles", "list", "--format", "json").rows}
    assert [name for name, current in listed.items() if current] == ["better"]
    back = cli("bundles", "rollback")
    assert (back.code, back.out) == (0, "")
    assert cli("bundles", "rollback").code == 1
    listed = {row["id"]: row["current"] for row in cli("bundles", "list", "--format", "json").rows}
    assert [name for name, current in listed.items() if current] == ["old"]


def test_promotion_that_is_refused_prints_why(cli, place):
    done = cli("bundles", "promote", "better", "--format", "csv")
    assert done.code == 1
    assert "reviews" in done.out
    assert "too few" in done.err
    assert "--force" in done.err
    forced = cli("bundles", "promote", "better", "--jurisdiction", "north", "--force", "--reason", "First one.")
    assert forced.code == 0
    assert "for north, by force" in forced.err


def test_opt_in(cli, place):
    for arguments, opted_in in ((("north",), True), (("north", "--withdraw"), False)):
        assert cli("bundles", "opt-in", *arguments).code == 0
        with UnitOfWork(place[1], reading=True) as work:
            assert work.jurisdictions.named(EVERYTHING, "north").opted_in is opted_in
    assert cli("bundles", "opt-in", "nowhere").code == 1


def test_retrain_promotes(cli, place, recipe, blind_gold):
    done = cli("retrain", "--recipe", recipe, "--format", "json")
    assert done.code == 0, done.err
    assert done.rows[0]["outcome"] == "promoted"
    assert "is promoted" in done.err
    again = cli("retrain", "--recipe", recipe)
    assert again.code == 0
    assert "served already" in again.err


def test_retrain_that_passes_without_promotion(cli, place, recipe, blind_gold):
    done = cli("retrain", "--recipe", recipe, "--jurisdiction", "north", "--no-promote")
    assert done.code == 0
    assert "macro F1" in done.out
    assert "bundles promote" in done.err


def test_retrain_exit_codes(cli, place, recipe, blind_gold):
    """Guarantee: cron can tell refused (3), too few (4) and already at work (5) from failure (1)."""
    folder, store, _ = place
    assert cli("bundles", "promote", "better").code == 0
    poor = folder / "poor.yaml"
    poor.write_text("name: poor\nsuggester: dummy\nfolds: 2\n")
    assert cli("retrain", "--recipe", poor).code == 3
    assert cli("retrain", "--recipe", folder / "nothing.yaml").code == 1
    with UnitOfWork(store) as work:
        row = RunRow(recipe="r", heartbeat_at=work.now() - timedelta(seconds=1))
        work.runs.begin(EVERYTHING, row, stale_seconds=60)
        work.commit()
    done = cli("retrain", "--recipe", poor, "--format", "json")
    assert (done.code, done.rows) == (5, [{"outcome": "already running"}])


def test_retrain_with_too_few_blind_reviews(cli, place, recipe):
    assert cli("retrain", "--recipe", recipe).code == 4


def test_commands_over_the_store_need_one(cli, place, monkeypatch, tmp_path):
    monkeypatch.setenv("CODING_SERVICE_DATABASE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    for arguments in (("bundles", "promote", "better"), ("bundles", "rollback"), ("retrain",)):
        done = cli(*arguments)
        assert (done.code, done.out) == (1, "")
        assert "io-coding db upgrade" in done.err
