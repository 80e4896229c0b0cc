"""Brings the schema of a database to the version that this release needs, and says which one it has."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from coding_service.errors import StoreError
from coding_service.store.engine import WRITING, open_engine, speaking_plainly

_MIGRATION_LOCK = 7_266_433_901
"""Number of the PostgreSQL advisory lock that lets one process at a time migrate."""


def upgrade(url: str, *, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring a database up to a schema revision, in one transaction; one that is there already stays as it is.

    Parameters
    ----------
    url : str
        The database; an SQLite file is made where there is none.
    revision : str
        The revision to reach.

    Returns
    -------
    tuple of (str or None, str or None)
        The revision before and after; None means an empty database.

    Raises
    ------
    StoreError
        If the database cannot be reached, or has a schema that this release does not know.
    """
    engine = open_engine(url)
    try:
        with speaking_plainly(), engine.execution_options(**{WRITING: True}).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})
            before = _revision(connection)
            _refuse_unknown(before)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            return before, _revision(connection)
    finally:
        engine.dispose()


def current_revision(engine: Engine) -> str | None:
    """Give the schema revision of a database, None where it is empty."""
    with speaking_plainly(), engine.connect() as connection:
        return _revision(connection)


def newest_revision() -> str:
    """Give the schema revision that this release needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def require_schema(engine: Engine) -> None:
    """Refuse a database whose schema is not the one that this release needs.

    Raises
    ------
    StoreError
        If it is empty, older or newer.
    """
    found, needed = current_revision(engine), newest_revision()
    _refuse_unknown(found)
    if found != needed:
        raise StoreError(
            f"The schema of the store is {found or 'empty'}; this release needs {needed}.",
            hint="Run `io-coding db upgrade`.",
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_unknown(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"The schema of the store is {revision}, which is unknown to this release; its own is {newest_revision()}.",
            hint="Install the release that wrote this store, or a newer one.",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
