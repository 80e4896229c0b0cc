"""The frame of the command line: its table of commands, its help, its errors and exit codes."""

import socket
import sys
from types import ModuleType

import pytest
import typer

from coding_service import __version__
from coding_service.cli.groups import command_group, example, single_command
from coding_service.cli.main import COMMANDS, load_command, run
from coding_service.errors import NotFoundError


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command line in this process; gives exit code, standard output and standard error."""

    def invoke(*arguments):
        monkeypatch.setattr(sys, "argv", ["io-coding", *arguments])
        with pytest.raises(SystemExit) as left:
            run()
        return (left.value.code or 0, *capsys.readouterr())

    return invoke


@pytest.fixture
def add_command(monkeypatch):
    """Put a command into the table for the length of a test."""

    def add(app):
        module = ModuleType("a_command_of_a_test")
        module.app = app
        monkeypatch.setitem(sys.modules, "a_command_of_a_test", module)
        monkeypatch.setitem(COMMANDS, "try-it", ("a_command_of_a_test:app", "Try it."))

    return add


def failing(error):
    app = single_command()

    @app.command()
    def try_it() -> None:
        raise error

    return app


def leaves(command, path):
    below = getattr(command, "commands", None)
    if below is None:
        return [(path, command)]
    return [leaf for name, entry in below.items() for leaf in leaves(entry, f"{path} {name}")]


EVERY_COMMAND = [leaf for name in COMMANDS for leaf in leaves(load_command(name), name)]


@pytest.mark.parametrize("name", COMMANDS)
def test_table_repeats_the_help(name):
    """Guarantee: the one line in the list is the first sentence of the command's own help."""
    assert (load_command(name).help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name][1]


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND, ids=[path for path, _ in EVERY_COMMAND])
def test_help_ends_with_an_example(path, command):
    """Guarantee: every command says what it does and shows how it is called."""
    assert command.help, "the docstring is the help"
    assert f"Example:\n  $ io-coding {path}" in (command.epilog or ""), "pass epilog=example('$ io-coding ...')"


def test_version(call):
    assert call("--version") == (0, f"io-coding {__version__}\n", "")


def test_help_lists_every_command(call):
    code, out, _ = call("-h")
    assert code == 0
    assert all(f"  {name}  " in out for name in COMMANDS)


def test_unknown_command_is_answered_with_the_nearest(call):
    code, out, err = call("taxonomi")
    assert (code, out) == (2, "")
    assert "Did you mean 'taxonomy'?" in err


def test_own_error_is_message_and_hint(call, add_command):
    """Guarantee: an error of ours goes to standard error, without traceback, and exits with 1."""
    add_command(failing(NotFoundError("There is no bundle 'x'.", hint="Run `io-coding bundles list`.")))
    assert call("try-it") == (1, "", "Error: There is no bundle 'x'.\nRun `io-coding bundles list`.\n")


def test_interrupt_exits_with_130(call, add_command):
    add_command(failing(KeyboardInterrupt()))
    assert call("try-it")[0] == 130


def test_unexpected_error_is_not_swallowed(monkeypatch, add_command):
    """Guarantee: what we did not foresee keeps its traceback."""
    add_command(failing(ZeroDivisionError("surprise")))
    monkeypatch.setattr(sys, "argv", ["io-coding", "try-it"])
    with pytest.raises(ZeroDivisionError, match="surprise"):
        run()


def test_group_of_one_command_stays_a_group(call, add_command):
    app = command_group("Try it.")

    @app.command(epilog=example("$ io-coding try-it once"))
    def once() -> None:
        """Do it once."""
        typer.echo("done")

    add_command(app)
    assert call("try-it", "once") == (0, "done\n", "")
    assert call("try-it", "once", "-h")[1].rstrip().endswith("Example:\n    $ io-coding try-it once")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THREADS", "many"),
        ("QUEUE_RANDOM_SHARE", "3"),
        ("KEYS", '["swordfish"]'),
        ("KEYS", "swordfish"),
        ("POLL_SECONDS", "inf"),
    ],
)
def test_setting_that_cannot_be_read_is_named_without_its_value(call, monkeypatch, name, value):
    monkeypatch.setenv(f"CODING_SERVICE_{name}", value)
    code, out, told = call("bundles", "list")
    assert (code, out) == (1, "")
    assert f"CODING_SERVICE_{name}" in told
    assert value not in told
    assert "docs/configuration.md" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:////tmp", "sqlite:////tmp/" + "x" * 300])
def test_store_that_cannot_be_one_is_refused_at_the_start(call, monkeypatch, url):
    """Guarantee: a server never starts without a store, and so without keys, because its address is no good."""
    monkeypatch.setenv("CODING_SERVICE_DATABASE", url)
    code, out, told = call("serve")
    assert (code, out) == (1, "")
    assert told.startswith("Error: ")


def test_address_that_is_taken_is_named(call):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, told = call("serve", "--port", str(port))
    assert (code, f"port {port}" in told, "--port" in told) == (1, True, True)
