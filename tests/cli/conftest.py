"""What tests of commands share: the command line, called in this process."""

import json
from dataclasses import dataclass

import pytest

from coding_service.cli.main import run


@dataclass(frozen=True)
class Result:
    """How a call ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self):
        """The lines of its output, read as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(monkeypatch, capsys):
    """Runs the command line in this process, errors and exit codes included."""

    def invoke(*arguments):
        monkeypatch.setattr("sys.argv", ["io-coding", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            run()
        captured = capsys.readouterr()
        return Result(exit_.value.code or 0, captured.out, captured.err)

    return invoke
