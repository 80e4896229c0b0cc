"""Copies a store to one file while it is in use: SQLite by its backup API, PostgreSQL by pg_dump."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import cast

from sqlalchemy import Engine

from coding_service.errors import InputError, MissingExtraError, StoreError
from coding_service.store.schema import current_revision


def backup(engine: Engine, path: Path) -> int:
    """Copy a store, as it is at one moment, to a file that appears only when it is complete.

    Parameters
    ----------
    engine : Engine
        The store; others may write to it meanwhile.
    path : pathlib.Path
        Where to; there must be nothing yet.

    Returns
    -------
    int
        Size of the file in bytes.

    Raises
    ------
    InputError
        If the file is there already, or its folder is not or cannot be written.
    MissingExtraError
        If pg_dump is needed and not found.
    StoreError
        If an SQLite store is empty, or the copy fails or is not sound.
    """
    if path.exists() or not path.parent.is_dir():
        told = "is there already" if path.exists() else "lies in a folder that does not exist"
        raise InputError(f"The backup {path} {told}.", hint="Name a new file in a folder that exists.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"The backup {path} cannot be written.", hint="Name a file in a folder that you may write to.")
    with TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:  # only its owner can enter it
        copy = Path(folder) / path.name
        if engine.dialect.name == "sqlite":
            _copy_sqlite(engine, copy)
        else:
            _dump_postgresql(engine, copy)
        copy.chmod(0o600)
        copy.rename(path)
    return path.stat().st_size


def _copy_sqlite(engine: Engine, copy: Path) -> None:
    if current_revision(engine) is None:
        raise StoreError(
            "The store is empty; there is nothing to back up.", hint="Check CODING_SERVICE_DATABASE, or --database."
        )
    try:
        with closing(engine.raw_connection()) as pooled, closing(sqlite3.connect(copy)) as target:
            source = cast("sqlite3.Connection", pooled.driver_connection)
            # All pages in one step: a reader in WAL mode sees one moment and keeps no writer waiting.
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            told = target.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"The backup failed: {error}.", hint="Check the space on the disk and try again.") from error
    if told != "ok":
        raise StoreError("The backup is not sound.", hint="Run `io-coding db check` on the store itself.")


def _dump_postgresql(engine: Engine, copy: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise MissingExtraError(
            "A backup of PostgreSQL needs pg_dump, which is not on the PATH.",
            hint="Install the PostgreSQL client programs of the server's version.",
        )
    with _address(engine) as address:
        command = [program, "--format=custom", f"--file={copy}", "--no-password", f"--dbname={address}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, our arguments
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StoreError(
            f"pg_dump failed: {told}", hint="Use the pg_dump of the server's version, and a role that may read all."
        )


@contextmanager
def _address(engine: Engine) -> Iterator[str]:
    """Give the address for pg_dump; the password goes into a file that only we can read, not into the process list."""
    url = engine.url.set(drivername="postgresql")
    if not url.password:
        yield url.render_as_string(hide_password=False)
        return
    with NamedTemporaryFile("w", encoding="utf-8") as secret:
        password = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
        secret.write(f"*:*:*:*:{password}\n")
        secret.flush()
        # URL.set cannot clear a password, so the address is put together anew.
        bare = url._replace(password=None).update_query_dict({"passfile": secret.name})
        yield bare.render_as_string(hide_password=False)
