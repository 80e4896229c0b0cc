"""The command line starts fast, because nothing heavy is imported before it is needed."""

import json
import subprocess
import sys
import time

import pytest

from coding_service.cli.main import COMMANDS

HEAVY = ["numpy", "scipy", "sklearn", "spacy", "onnxruntime", "tokenizers", "torch", "sqlalchemy", "fastapi", "joblib"]
MOST_SECONDS = 0.5

PROBE = f"""
import json, sys
from coding_service.cli.main import run
try:
    run()
finally:
    print(json.dumps([name for name in {HEAVY} if name in sys.modules]), file=sys.stderr)
"""


def test_help_is_there_in_half_a_second():
    """Guarantee: the best of several runs of ``--help``, interpreter included, is under the bar."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "coding_service.cli.main", "--help"], check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    assert best < MOST_SECONDS


@pytest.mark.parametrize(
    "arguments", [[], *([name] for name in COMMANDS)], ids=lambda arguments: " ".join(arguments) or "root"
)
def test_help_imports_nothing_heavy(arguments):
    """Guarantee: showing the help of a command imports no library that computes, stores or serves."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments, "--help"], check=True, capture_output=True, text=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []
