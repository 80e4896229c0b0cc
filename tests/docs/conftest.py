"""Fixtures of the documents: a folder that looks like a fresh checkout, with an empty store, the released bundle, and
the command line on its path.
"""

import os
import sys
from pathlib import Path

import pytest

from coding_service.settings import Settings
from docs.markdown import ROOT
from docs.shell import Shell

LINKED = "Makefile", "pyproject.toml", "taxonomy", "training"


@pytest.fixture
def checkout(tmp_path):
    """The folder; what commands write goes there."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "models").mkdir()
    (folder / "models" / "starter").symlink_to(Settings().bundles / "starter")
    return folder


@pytest.fixture
def shell(checkout):
    """A bash in that folder."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
        "CODING_SERVICE_BUNDLES": str(checkout / "models"),
        "CODING_SERVICE_DATABASE": f"sqlite:///{checkout / 'io-coding.sqlite'}",
        "CODING_SERVICE_CACHE": str(checkout / ".cache"),
        "CODING_SERVICE_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with Shell(checkout, environment) as opened:
        yield opened
