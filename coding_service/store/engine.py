"""Opens the database: SQLite set up for many readers and one durable writer, or PostgreSQL through psycopg."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from coding_service.errors import ConflictError, InputError, MissingExtraError, StoreError
from coding_service.store.turn import Turn

BUSY_SECONDS = 10
"""Longest wait for another writer."""

WRITING = "writing"
"""Execution option of an engine whose transactions will write."""

TURN = "turn"
"""Execution option that holds the lock by which the writers of one process queue before SQLite."""

FIRST_TAXONOMY = "first_taxonomy"
"""Execution option that names the taxonomy with which a store without any begins."""

UNSTORABLE = (UnicodeEncodeError, OverflowError)
"""What drivers raise themselves on values that a database cannot hold."""

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def open_engine(url: str, *, first_taxonomy: str = "io-themes") -> Engine:
    """Open the database that a URL names, without touching its schema.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://user@host/name``.
    first_taxonomy : str
        Id or path of the taxonomy that new codings are made in as long as the store holds none.

    Returns
    -------
    Engine
        Safe to share between threads, not between processes.

    Raises
    ------
    InputError
        If the URL is not one of SQLite or PostgreSQL.
    StoreError
        If the file of an SQLite store cannot be made or written.
    MissingExtraError
        If it names PostgreSQL and psycopg is not installed.
    """
    target = _target(url)
    try:
        engine = create_engine(target, hide_parameters=True, **_options(target))
        engine.update_execution_options(**{FIRST_TAXONOMY: first_taxonomy})
    except ImportError as error:
        raise MissingExtraError(
            "PostgreSQL needs psycopg, which is not installed.", hint="Run `pip install 'io-coding[postgres]'`."
        ) from error
    if target.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_there(url: str) -> bool:
    """Tell whether there may be a database under a URL, without making one: of SQLite, whether the file exists.

    Raises
    ------
    InputError
        If the URL is not one of SQLite or PostgreSQL.
    StoreError
        If it names a folder, or what this account may not look at.
    """
    path = _file_of(_readable(url))
    return path is None or path.is_file()


def open_existing(url: str, *, first_taxonomy: str = "io-themes") -> Engine:
    """Open a database that is there; see `open_engine`.

    Raises
    ------
    StoreError
        If it is an SQLite file that does not exist; none is made.
    """
    if not is_there(url):
        raise StoreError(
            f"There is no store {_file_of(_readable(url))}.",
            hint="Check CODING_SERVICE_DATABASE; to make a new store there, run `io-coding db upgrade`.",
        )
    return open_engine(url, first_taxonomy=first_taxonomy)


def _file_of(target: URL) -> Path | None:
    if target.get_backend_name() != "sqlite":
        return None
    path = Path(str(target.database)).expanduser()
    try:
        folder = path.is_dir()
    except OSError as error:  # a folder that may not be entered, or a name too long
        raise StoreError(
            f"The store {path} cannot be reached ({error.strerror}).", hint="Name a file that you may read and write."
        ) from error
    if folder:
        raise StoreError(f"The store {path} is a folder.", hint="Name a file: sqlite:///PATH.")
    return path


def _readable(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise InputError(
            "The database URL cannot be read.", hint="Write sqlite:///PATH or postgresql://USER@HOST/NAME."
        ) from error
    if target.get_backend_name() not in _DRIVERS:
        raise InputError(
            f"The database URL names {target.drivername!r}; known are sqlite and postgresql.",
            hint="Write sqlite:///PATH or postgresql://USER@HOST/NAME.",
        )
    if target.get_backend_name() == "sqlite" and target.database in {None, "", ":memory:"}:
        raise InputError(
            "The store cannot live in memory, where each thread would see its own.", hint="Write sqlite:///PATH."
        )
    return target


def _target(url: str) -> URL:
    target = _readable(url)
    path = _file_of(target)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # its owner's alone; SQLite gives its other files the same mode
        except OSError as error:
            raise StoreError(
                f"The store {path} cannot be written ({error.strerror}).", hint="Name a file that you may write."
            ) from error
        target = target.set(database=str(path))
    return target.set(drivername=_DRIVERS[target.get_backend_name()])


def _options(target: URL) -> dict[str, Any]:
    if target.get_backend_name() == "sqlite":
        # Readers never wait in WAL mode, so the pool may grow; the one writer is kept by the lock.
        return {
            "connect_args": {"timeout": BUSY_SECONDS},
            "pool_size": 16,
            "max_overflow": 32,
            "execution_options": {TURN: Turn()},
        }
    return {
        "pool_pre_ping": True,
        "pool_size": 16,
        "max_overflow": 16,
        "connect_args": {"options": f"-c lock_timeout={BUSY_SECONDS * 1000}"},
    }


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Turn what the database says into an error for users, without the values that were sent.

    Raises
    ------
    InputError
        If a value cannot be stored: not valid Unicode, a NUL character, or a number out of range.
    ConflictError
        If a row breaks a rule of the schema: one that must be unique, exist, or stay as it is.
    StoreError
        If the database cannot be reached, is locked, or has another schema.
    """
    try:
        yield
    except (*UNSTORABLE, DataError) as error:
        raise InputError(
            "A value cannot be stored: it is not valid Unicode, holds a NUL character, or is a number out of range.",
            hint="Correct the value and send it again.",
        ) from error
    except SQLAlchemyError as error:
        raise _plain(error) from error


_AILMENTS = (
    (
        ("malformed", "not a database"),
        "The file of the store is damaged, or is no SQLite database.",
        "Restore a backup; CODING_SERVICE_DATABASE says where the file is.",
    ),
    (
        ("readonly", "unable to open"),
        "The file of the store, or the folder it lies in, cannot be written.",
        "Give this account the right to write both; CODING_SERVICE_DATABASE says where they are.",
    ),
    (
        ("locked", "lock timeout", "deadlock"),
        "The store is locked by another writer.",
        "Try again; if it stays so, look for a program that holds the file open.",
    ),
)
"""What a database says, in lower case, and what that means for whoever runs it: message and hint."""


def _plain(error: SQLAlchemyError) -> StoreError | ConflictError:
    told = str(error.orig).casefold() if isinstance(error, DBAPIError) else ""
    if "append-only" in told:
        return ConflictError(
            "The store only adds to what people decided.", hint="Write a later row instead of changing one."
        )
    if isinstance(error, IntegrityError):
        return ConflictError(
            "The store refused a row: its like is there already, or what it names is not.",
            hint="Read the present state and try again.",
        )
    for words, message, hint in _AILMENTS:
        if any(word in told for word in words):
            return StoreError(message, hint=hint)
    unknown_in_postgresql = isinstance(error, ProgrammingError) and "does not exist" in told
    if "no such table" in told or "no such column" in told or unknown_in_postgresql:
        return StoreError("The schema of the store is out of date.", hint="Run `io-coding db upgrade`.")
    return StoreError(
        f"The store could not do what was asked ({type(error).__name__}).",
        hint="Check that the database is there and can be written; run `io-coding db check`.",
    )
