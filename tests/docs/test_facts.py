"""What the documents state as facts is what the program does: settings, routes, roles, errors, commands, links."""

import json
import re

import pytest

from coding_service import __version__
from coding_service.api.app import create_app
from coding_service.api.problems import PROBLEMS
from coding_service.bootstrap import build
from coding_service.cli.main import COMMANDS
from coding_service.services.keys import KeyRequest, create_key
from coding_service.services.retraining import STALE_SECONDS
from coding_service.services.roles import ROLE_MATRIX
from coding_service.settings import Settings
from coding_service.store import open_engine
from docs.markdown import DOCUMENTS, IDS, ROOT

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def table(name, heading):
    """Rows of the table under these headings, without code marks."""
    lines = read(name).partition(f"| {heading} |\n")[2].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip().strip("`") for cell in line.strip("|").split(" | ")))
    assert rows, f"{name} has no table with the headings {heading}"
    return rows


def test_every_setting_is_documented():
    """Guarantee: the table names each setting, in order, with its default and its meaning."""
    shown = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        told = str(default).replace(f"{ROOT}/", "") if default not in ("", ()) else "none"
        shown.append((f"CODING_SERVICE_{name.upper()}", told, field.description))
    assert table("docs/configuration.md", "variable | default | meaning") == shown


@pytest.mark.parametrize("path", [*DOCUMENTS, *DECISIONS], ids=lambda path: path.name)
def test_settings_that_are_named_exist(path):
    """Guarantee: no document names a variable that is none, or is not one any more."""
    named = set(re.findall(r"CODING_SERVICE_[A-Z_]*[A-Z](?![A-Z_*])", path.read_text(encoding="utf-8")))
    assert {name.removeprefix("CODING_SERVICE_").lower() for name in named} <= set(Settings.model_fields)


def test_every_route_is_documented(sqlite_url):
    """Guarantee: the table lists each route of a server with store and keys, and no other."""
    create_key(open_engine(sqlite_url), KeyRequest("ann@agency.example", "admin", None))
    paths = create_app(build(Settings(database=sqlite_url))).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    documented = [route for route, _ in table("docs/api.md", "route | what it does")]
    assert len(documented) == len(set(documented))
    assert set(documented) == routes


def test_every_role_is_documented():
    documented = dict(table("docs/api.md", "action | roles"))
    assert documented == {action: ", ".join(sorted(roles)) for action, roles in ROLE_MATRIX.items()}


def test_every_error_is_documented():
    ours = [(kind.code, str(status)) for kind, (status, _) in PROBLEMS.items()]
    others = [("method-not-allowed", "405"), ("stopping", "503"), ("unexpected", "500")]
    assert table("docs/api.md", "code | status") == ours + others


def test_every_command_is_documented():
    """Guarantee: each command of the table stands in a document, as one types it."""
    whole = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert not [name for name in COMMANDS if f"io-coding {name}" not in whole]


def test_figures_are_those_of_the_released_bundle():
    """Guarantee: how good it is said to be is what was measured when it was trained."""
    measured = json.loads(read("models/starter/metrics.json"))
    rows = {"cross-validation": measured["cross_validation"], "test split": measured["test_splits"]["starter"]}
    expected = [(name, str(row["n_narratives"]), f1(row["micro"]), f1(row["macro"])) for name, row in rows.items()]
    assert table("README.md", "measured on | narratives | micro F1 | macro F1") == expected


def f1(interval):
    return "{point:.2f} ({low:.2f}, {high:.2f})".format(**interval)


def test_a_crash_gives_the_way_free_when_it_is_said_to():
    assert STALE_SECONDS == 5 * 60
    assert "within five minutes" in read("docs/loop.md")


def test_changes_tell_of_this_version():
    assert f"\n## {__version__}\n" in read("CHANGELOG.md")


@pytest.mark.parametrize("path", [*DOCUMENTS, *DECISIONS], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    """Guarantee: each link to another file finds it, and none leads to an address that only the writer had."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("http") or (path.parent / target).exists(), f"{path.name} leads to {target}"
    assert not re.findall(r"(?<![\w.])/(?:home|root|tmp)/", text)


def test_decisions_are_numbered_once():
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == sorted(set(numbers))
    for path in DECISIONS:
        assert re.search(r"^Status: \w+", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_document_has_one_title(path):
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1
