"""The fenced blocks of the documents do what they say."""

import shutil

import pytest

from docs.markdown import DOCUMENTS, IDS, blocks, commands, prints

LANGUAGES = {"console", "sh", "json", "yaml", "text"}
"""``console`` is carried out here; ``sh`` needs what a test does not have, and only its io-coding lines are parsed."""

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path, "console")], ids=lambda path: path.name)
def test_commands_print_what_is_documented(path, shell):
    """Guarantee: the commands of a document, one after the other on a fresh checkout, print what it shows."""
    for _, content in blocks(path, "console"):
        for command in commands(content):
            code, output = shell.run(command.text)
            told = f"$ {command.text}\n{output}"
            assert code == 0, told
            assert prints(command.printed, output), f"{told}\n--- documented:\n" + "\n".join(command.printed)


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_blocks_have_a_known_language(path):
    """Guarantee: no block escapes the tests for want of a language."""
    assert {language for language, _ in blocks(path)} <= LANGUAGES


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ((), "anything", True),
        (("a ... c",), "a b c\n", True),
        (("a", "...", "d"), "a\nb\nc\nd\n", True),
        (("a", "...", "d"), "a\nd\n", True),
        (("a ... c",), "a b\nc\n", False),
        (("a",), "a\nb\n", False),
        (("...",), "", True),
    ],
)
def test_ellipsis_stands_for_what_it_should(expected, actual, same):
    assert prints(expected, actual) is same
