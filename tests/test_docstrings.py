"""Proves that docstrings keep up with the code: what they describe is there. Their form is checked by ruff."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "coding_service").rglob("*.py"))
SECTION = re.compile(r"^Parameters\n-{10}\n(.*?)(?=^\w[\w ]*\n-{3,}$|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", re.MULTILINE)


def described(node):
    """Names in the section on parameters of a docstring."""
    found = SECTION.search(ast.get_docstring(node) or "")
    return [name.lstrip("*") for line in ENTRY.findall(found[1]) for name in line.split(", ")] if found else []


def accepted(node):
    """Names that a function takes, or a class: by its fields, or by its ``__init__``."""
    if isinstance(node, ast.ClassDef):
        fields = [line.target.id for line in node.body if isinstance(line, ast.AnnAssign)]
        makers = [line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"]
        return fields + [name for maker in makers for name in accepted(maker)]
    given = node.args
    rest = [part for part in (given.vararg, given.kwarg) if part]
    return [part.arg for part in (*given.posonlyargs, *given.args, *given.kwonlyargs, *rest)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_described_parameters_exist(path):
    """Guarantee: no docstring describes a parameter or a field that is not there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            gone = set(described(node)) - set(accepted(node))
            assert not gone, f"{node.name} describes {gone}"


def test_sections_are_found():
    """Guarantee: the check reads sections as they are written here, several names on a line included."""
    source = '''
def scale(first, second, *rest):
    """Scale.

    Parameters
    ----------
    first, second : float
        Two numbers.
    *rest : float
        More.
    third
        Not there.

    Returns
    -------
    float
        One.
    """
'''
    (function,) = ast.parse(source).body
    assert described(function) == ["first", "second", "rest", "third"]
    assert set(described(function)) - set(accepted(function)) == {"third"}
