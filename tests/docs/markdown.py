"""Reads what the documents promise: their fenced blocks, and in ``console`` blocks each command with what it prints.

A line of expected output may hold ``...`` for any text of a line; a line of ``...`` alone stands for any lines. A
command without expected output may print anything. All must exit with 0.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IDS = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<\s*'?(\w+)'?")
PROMPT = "$ "


@dataclass(frozen=True)
class Command:
    """A command of a document, with the lines that it is said to print."""

    text: str
    printed: tuple[str, ...]


def blocks(path, *languages):
    """Give language and content of the fenced blocks of a document; without languages all of them."""
    found = FENCE.findall(path.read_text(encoding="utf-8"))
    return [(language, content) for language, content in found if not languages or language in languages]


def commands(content):
    """Take a ``console`` block apart."""
    waiting = content.splitlines()
    assert waiting[0].startswith(PROMPT), f"a console block starts with a command: {waiting[0]}"
    taken = []
    while waiting:
        text = waiting.pop(0).removeprefix(PROMPT)
        while text.endswith("\\") or text.count("'") % 2:
            text += "\n" + waiting.pop(0)
        if here := HEREDOC.search(text):
            while text.rpartition("\n")[2] != here[1]:
                text += "\n" + waiting.pop(0)
        printed = []
        while waiting and not waiting[0].startswith(PROMPT):
            printed.append(waiting.pop(0))
        taken.append(Command(text, tuple(printed)))
    return taken


def prints(expected, actual):
    """Tell whether lines are what was expected."""
    if not expected:
        return True
    pattern = ""
    for line in expected:
        words = r"[^\n]*".join(re.escape(part) for part in line.rstrip().split("..."))
        pattern += r"(?:[^\n]*\n)*?" if line.strip() == "..." else words + r"\n"
    lines = [line.rstrip() for line in actual.splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None
