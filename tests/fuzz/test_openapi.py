"""Schemathesis over the whole description of a real server: nothing that it thinks of is answered by a crash, or by
what the description does not tell. ``FUZZ_CASES`` requests in all, by default a few for each operation.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coding_service.store import open_engine
from tests.faults.live import LiveServer
from tests.fuzz.world import REACH, fill
from tests.services.verified_store import coded, write_lexical

pytest.importorskip("schemathesis", reason="schemathesis is not installed: run make fuzz")
pytestmark = pytest.mark.slow

CASES = int(os.environ.get("FUZZ_CASES", "10"))
SEED = os.environ.get("FUZZ_SEED", "1")
N_OPERATIONS = 24
ROOT = Path(__file__).resolve().parents[2]
SWEEP_FROM = 1000
"""Cases from which on the values at the bounds of every field are tried, too: some 900, the same in every run."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "problems_tell_no_text",
)


@pytest.fixture(scope="module")
def world(sqlite_template, tmp_path_factory):
    """A server on a store with something in it; gives its port, its log, the secrets and what is there."""
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / "store.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{path}")
    secrets, known = fill(engine)
    engine.dispose()
    write_lexical(folder / "bundles" / "starter", coded(60))
    log = folder / "log"
    with LiveServer(log, database=f"sqlite:///{path}", bundles=folder / "bundles") as server:
        server.begin()
        yield server.port(), log, secrets, known


@pytest.mark.parametrize("role", REACH)
def test_no_request_crashes_the_server_or_breaks_the_description(world, role, tmp_path, capfd):
    port, log, secrets, known = world
    share = math.ceil(CASES / len(REACH))
    phases = "examples,fuzzing,stateful" if CASES < SWEEP_FROM else "examples,coverage,fuzzing,stateful"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"),
        *("--header", f"Authorization: Bearer {secrets[role]}", "--checks", ",".join(CHECKS), "--phases", phases),
        *("--max-examples", str(math.ceil(share / N_OPERATIONS)), "--seed", SEED, "--continue-on-failure"),
        *("--suppress-health-check", "all", "--report", "json", "--report-json-path", str(tmp_path / "report.json")),
    ]
    environment = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "FUZZ_KNOWN": json.dumps(known), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "Unexpected" not in log.read_text()
    report = json.loads((tmp_path / "report.json").read_text())
    n_cases = report["test_cases"]["generated"]
    with capfd.disabled():
        sys.stdout.write(f"\n{role}: {n_cases:,} cases over {report['operations']['tested']} operations\n")
    assert n_cases >= share
    assert report["operations"]["tested"] == report["operations"]["total"] == N_OPERATIONS
