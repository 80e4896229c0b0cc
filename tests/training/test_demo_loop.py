"""A simulated year, small: it is told in full, comes out the same twice, and ends with a better bundle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = "--suggester", "lexical", "--first-share", "0.05", "--months", "2", "--reviews", "20"
SMALL = *TINY, "--months", "3", "--reviews", "100", "--blind-share", "0.8"
"""With most reviews blind, the gate has enough of them within three months."""
PATIENCE_SECONDS = 120

pytestmark = pytest.mark.slow


def start(output, *arguments):
    command = [sys.executable, ROOT / "training" / "demo_loop.py", "--output", output, *arguments]
    environment = {**os.environ, "CODING_SERVICE_BLIND_SHARE": "0"}  # a simulation is not led by the machine's settings
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = {"env": environment, "start_new_session": True}
    # A job in the background of a shell ignores Ctrl-C, and so would all that it starts.
    started["preexec_fn"] = heed_interrupts
    return subprocess.Popen(command, **started, **pipes)


def heed_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def simulate(output, *arguments):
    process = start(output, *arguments)
    printed, told = process.communicate()
    assert process.returncode == 0, told
    return printed, json.loads((output / "loop.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def simulated(folder):
    return simulate(folder, *SMALL)


def test_last_bundle_beats_the_first(simulated):
    """Guarantee: on gold that nobody coded and nothing learned from, people's decisions helped by more than chance."""
    _, year = simulated
    assert year["last"] != "first"
    for kind in ("micro_f1", "macro_f1"):
        assert year["gain"][kind]["low"] > 0
        assert year["gain"][kind]["point"] > 0.03
        assert year["months"][-1]["served"][kind] > year["first"][kind]


def test_every_month_is_told_in_full(simulated):
    """Guarantee: accuracy, agreement, acceptance and what the gate said, for each month, in JSON and in the table."""
    printed, year = simulated
    assert [month["month"] for month in year["months"]] == [1, 2, 3]
    for month in year["months"]:
        assert month["codings"] > month["blind"] > 0
        assert 0 < month["accepted"] <= month["suggestions"]
        assert month["accepted_share"] == month["accepted"] / month["suggestions"]
        assert month["disputes"] > 0
        assert set(month["agreement"]) == {"blind", "shown"}
        assert f"{month['served']['micro_f1']:.3f}" in printed
        assert month["outcome"] in {"promoted", "forced", "too few", "refused"}
        assert ("reviews" in month["failed"]) == (month["blind_reviews"] < 100)
        assert (month["outcome"] == "forced") == (month["failed"] == ["reviews"])
        assert (month["outcome"] in {"promoted", "forced"}) == (month["served"] == month["candidate"])
    counts = [(month["verified"], month["blind_reviews"]) for month in year["months"]]
    assert counts == sorted(set(counts))
    assert year["months"][-1]["agreement"]["blind"]["low"] < year["months"][-1]["agreement"]["blind"]["high"]
    assert year["store"] == {"problems": []}


def test_picture_is_an_svg_that_names_what_it_shows(simulated, folder):
    texts = " ".join(ET.parse(folder / "loop.svg").getroot().itertext())  # noqa: S314 - written by ourselves
    for told in ("micro F1", "macro F1", "Agreement", "coded blind", "Suggestions accepted", "month"):
        assert told in texts


def test_same_seed_gives_the_same_year(tmp_path):
    """Guarantee: everything comes out the same, to the byte, and neither folder nor clock shows in it."""
    for folder in (tmp_path / "one", tmp_path / "two"):
        simulate(folder, *TINY)
    for name in ("loop.json", "loop.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_nothing_is_promoted_by_force_where_that_is_not_wanted(tmp_path):
    _, year = simulate(tmp_path, *TINY, "--no-force", "--months", "1")
    assert year["months"][0]["outcome"] == "too few"
    assert year["last"] == "first"
    assert year["gain"]["micro_f1"]["point"] == 0


def test_interrupted_run_leaves_no_result(tmp_path):
    """Guarantee: Ctrl-C in the middle of a month leaves no file that looks like a result."""
    process = start(tmp_path, *TINY)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (tmp_path / "year" / "store.sqlite").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["year"]


def test_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "year").mkdir()
    (tmp_path / "year" / "mine.txt").write_text("mine")
    process = start(tmp_path, *TINY)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "holds other things" in told
    assert (tmp_path / "year" / "mine.txt").read_text() == "mine"


def test_corpus_that_is_too_small_is_told(tmp_path):
    process = start(tmp_path, *TINY, "--reviews", "10000")
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "20000 reviews are to come in" in told


@pytest.mark.parametrize(
    ("heads", "told"), [(None, "make encoder"), ({"sleep": {"weights": [1.0], "intercept": 0.0}}, "was tuned")]
)
def test_an_encoder_that_may_know_the_year_is_refused(tmp_path, heads, told):
    """Guarantee: the default year needs a general encoder, and says how to get one."""
    if heads is not None:
        (tmp_path / "encoder.json").write_text("{}")
        (tmp_path / "tuning.json").write_text(json.dumps({"blend": None, "heads": heads, "seen": {}}))
    process = start(tmp_path / "out", "--encoder", tmp_path, "--months", "1")
    _, said = process.communicate()
    assert process.returncode == 1
    assert told in said
