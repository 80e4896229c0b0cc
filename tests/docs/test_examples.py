"""The examples that close each ``--help``, and those of ``sh`` blocks: all parse, and what can run here does run."""

import io
import shutil
import sys
from itertools import count
from pathlib import Path

import pytest
from services.team import HOUSING, SLEEP, Team
from small_bundle import TEXT, write_small_bundle

from coding_service.api.desk import EXAMPLE_ID
from coding_service.bootstrap import own_shelf
from coding_service.cli.main import COMMANDS, load_command, run
from coding_service.services.blindness import Blinding
from coding_service.services.examination import Petition
from coding_service.services.keys import KeyRequest, create_key
from coding_service.services.promotion import promote
from coding_service.settings import Settings
from coding_service.store import open_engine
from docs.invocations import arguments, joined, parse, standard_input, words_of
from docs.markdown import DOCUMENTS, ROOT, blocks

PROMPT = "$ "
NOT_RUN = {
    "serve": "runs until it is stopped; tests/cli/test_serve.py runs it",
    "train": "trains for minutes; the blocks of README.md run it",
    "retrain": "trains for minutes; tests/services/test_retraining.py runs it",
    "label-studio": "needs a Label Studio; make e2e runs it",
    "corpus check training/corpus/starter.jsonl": "reads for a minute; make check runs it",
    "bundles promote starter": "needs a hundred blind reviews; tests/services/test_promotion.py has them",
    "taxonomy migrate": "needs a second version and a crosswalk; tests/services/test_taxonomy_migration.py has them",
}
"""How a call begins that is only parsed -> why."""


def epilogs(command):
    yield command.epilog or ""
    for below in getattr(command, "commands", {}).values():
        yield from epilogs(below)


def shown_calls():
    """Each example of the help, as one line, with what it is said to print."""
    for name in COMMANDS:
        for epilog in epilogs(load_command(name)):
            lines = [line.strip() for line in joined(epilog).splitlines()]
            for position, line in enumerate(lines):
                if line.startswith(PROMPT) and words_of(line.removeprefix(PROMPT)):
                    following = lines[position + 1 : position + 2]
                    printed = [text for text in following if text and not text.startswith(PROMPT)]
                    yield line.removeprefix(PROMPT), printed


CALLS = list(shown_calls())
RUN = [call for call in CALLS if not any(f"io-coding {start}" in call[0] for start in NOT_RUN)]
BLOCK_LINES = [
    line
    for path in DOCUMENTS
    for _, content in blocks(path, "sh")
    for line in joined(content).splitlines()
    if words_of(line)
]


@pytest.mark.parametrize("line", [line for line, _ in CALLS] + BLOCK_LINES)
def test_example_parses(line):
    """Guarantee: commands, options and values of an example exist."""
    parse(arguments(words_of(line)))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    shutil.copytree(folder / "starter", folder / "ours")
    return folder


@pytest.fixture
def office(bundles, sqlite_url, tmp_path, monkeypatch):
    """A folder and a store that hold what the examples name; gives the names that this store has given instead."""
    monkeypatch.chdir(tmp_path)
    for name in ("taxonomy", "training"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, content in files().items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name, value in {"BUNDLES": bundles, "DATABASE": sqlite_url, "THREADS": 1, "CACHE": tmp_path / "cache"}.items():
        monkeypatch.setenv(f"CODING_SERVICE_{name}", str(value))
    store = open_engine(sqlite_url)
    team = Team(store)
    (disputed,) = team.review("2026-014", TEXT)
    team.code(disputed, "reviewer1", HOUSING, SLEEP)
    team.code(disputed, "reviewer2", HOUSING)
    (measured,) = team.review(drawn_for_evaluation(team), f"In May. {TEXT}", blind_share=1)
    team.code(measured, "reviewer1", HOUSING, SLEEP)
    team.review("2026-016", f"In June. {TEXT}")
    create_key(store, KeyRequest("kim@agency.example", "adjudicator", "north"))
    _, key = create_key(store, KeyRequest("ben@agency.example", "reviewer", "north"))
    shelf = own_shelf(Settings())
    promote(store, shelf, Petition("ours", force=True, reason="For the examples."))
    return {
        EXAMPLE_ID: disputed,
        "ioc_Zk3vQ9xA": key.prefix,
        "corpus import reviews.csv": "corpus import table.csv",
        "db upgrade": f"db upgrade --database sqlite:///{tmp_path / 'new.sqlite'}",
    }


def drawn_for_evaluation(team):
    draw = Blinding("key", 1).draw
    return next(name for name in map(str, count()) if draw(team.jurisdiction, name) == "evaluation")


def files():
    line = '{{"id": "{}", "group": "{}", "text": "{}", "codes": ["family.safe_sleep"], "meta": {{"cause": "suid"}}}}\n'
    corpus = "".join(
        line.format(f"n{row}", f"own{row}", f"On day {row} the baby slept on the couch.") for row in range(9)
    )
    other = "".join(line.format(f"m{row}", f"other{row}", f"In week {row} they were evicted.") for row in range(9))
    review = '{"id": "2026-020", "cause": "suid", "narratives": [{"id": "1", "text": "Baby slept on the couch."}]}\n'
    return {
        "review.txt": TEXT,
        "lines.txt": "Baby slept on the couch.\nThey were evicted.\n",
        **dict.fromkeys(("narratives.jsonl", "ours.jsonl", "mine.jsonl", "held-out.jsonl", "a.jsonl"), corpus),
        "b.jsonl": other,
        "reviews.jsonl": review,
        "reviews.csv": "review_id,text\n2026-021,Baby slept on the couch.\n",
        "table.csv": "Review,Narrative,Themes\n1,Baby slept on the couch.,Safe Sleep\n",
        "themes.json": '{"home": {"name": "Home", "description": "", "parent": null}}',
        "our-themes.yaml": (ROOT / "taxonomy/io-themes/1.0.0.yaml").read_text(encoding="utf-8"),
    }


@pytest.mark.parametrize(("line", "printed"), RUN, ids=[line for line, _ in RUN])
def test_example_of_help_runs(line, printed, office, monkeypatch, capsys):
    """Guarantee: an example does its work on a store and files as it names them, and prints what it shows."""
    for shown, real in office.items():
        line = line.replace(shown, real)
    words = words_of(line)
    monkeypatch.setattr(sys, "argv", ["io-coding", *arguments(words)])
    if name := standard_input(words):
        content = Path(name).read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    with pytest.raises(SystemExit) as left:
        run()
    output = "".join(capsys.readouterr())
    assert not left.value.code, output
    assert all(text in output for text in printed), output
