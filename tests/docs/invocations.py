"""Takes calls of ``io-coding`` out of shell lines, and parses them as the program would, without doing anything."""

import re
import shlex

import typer

from coding_service.cli.main import app


def joined(text):
    """Put continued lines together."""
    return re.sub(r"\\\n\s*", " ", text)


def words_of(line):
    """Words of a shell line; None where it does not call ``io-coding``."""
    words = shlex.split(line, comments=True)
    return words if "io-coding" in words else None


def arguments(words):
    """The arguments of the call among the words of a line, up to a pipe or a redirection."""
    taken = []
    for word in words[words.index("io-coding") + 1 :]:
        if word in {"|", ">", "<", "&&", "||", "&"}:
            break
        taken.append(word)
    return taken


def standard_input(words):
    """Name of the file that is piped or redirected into a call; None for nothing."""
    if "<" in words:
        return words[words.index("<") + 1]
    return words[1] if words[0] == "cat" else None


def parse(given):
    """Parse arguments down to the last command.

    Whatever is wrong with a name, an option or a value raises the error that users would see.
    """
    command = typer.main.get_command(app)
    context = command.make_context("io-coding", list(given))
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
