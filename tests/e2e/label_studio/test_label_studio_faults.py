"""The fault run against the real Label Studio: servers killed, webhooks lost, a sync cut off; then one sync.

``FAULT_ROUNDS`` sets how many seeded runs; the many are made with the fake in tests/label_studio/test_faults.py.
"""

import os
import random
import subprocess
import sys
import time

import pytest

from coding_service.store import Scope, UnitOfWork
from tests.e2e.label_studio.world import wait_until

pytestmark = pytest.mark.e2e

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
STEPS = 20
CODES = {
    code: ["family", code]
    for code in ("family.safe_sleep", "family.parenting", "family.health", "family.substance_use")
}


def result_of(chance):
    codes = chance.sample(sorted(CODES), chance.randint(1, 3))
    value = {"taxonomy": [CODES[code] for code in codes]}
    return [{"id": "c", "from_name": "codes", "to_name": "text", "type": "taxonomy", "value": value}]


def play(chance, world, tasks, live):
    """Annotate, skip, revise or delete in Label Studio; `live` follows what it holds: codes, or None where skipped."""
    deed = chance.choice(["annotate", "annotate", "skip", "revise", "delete"])
    free = [task for task in tasks if task not in {task for task, _ in live.values()}]
    if deed in {"annotate", "skip"} and free:
        task, result = chance.choice(free), [] if deed == "skip" else result_of(chance)
        body = {"result": result, "lead_time": 1.0, "was_cancelled": deed == "skip"}
        number = world.api("POST", f"/api/tasks/{task}/annotations/", body)["id"]
        live[number] = task, result
    elif deed == "revise" and live:
        number = chance.choice(sorted(live))
        result = result_of(chance)
        world.api("PATCH", f"/api/annotations/{number}/", {"result": result, "was_cancelled": False})
        live[number] = live[number][0], result
    elif deed == "delete" and live:
        number = chance.choice(sorted(live))
        world.api("DELETE", f"/api/annotations/{number}/")
        del live[number]


def cut_off_sync(chance, world, jurisdiction):
    """Begin a pull and kill it somewhere on its way."""
    command = [sys.executable, "-m", "coding_service.cli.main", "label-studio", "pull", "--jurisdiction", jurisdiction]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **world.environment}, stdout=quiet, stderr=quiet)
    time.sleep(chance.uniform(0.5, 4.0))
    process.kill()
    process.wait()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_after_a_sync_the_store_holds_what_label_studio_holds(world, jurisdiction, store, seed):
    chance = random.Random(seed)
    world.import_reviews(jurisdiction, [f"The baby slept on the couch with mother. Day {day}." for day in range(8)])
    project = world.init_project(jurisdiction)
    world.cli("label-studio", "push", "--jurisdiction", jurisdiction)
    tasks = sorted(task["id"] for task in world.tasks(project).values())
    live = {}
    up = True
    for step in range(STEPS):
        play(chance, world, tasks, live)
        if chance.random() < 0.15:
            if up:
                world.server.stop(kill=True)
            else:
                world.server.start()
            up = not up
        if step == STEPS // 2:
            world.studio.stop()
            world.studio.start()
        if chance.random() < 0.1:
            cut_off_sync(chance, world, jurisdiction)
    if not up:
        world.server.start()
    world.cli("label-studio", "sync", check=False)
    with UnitOfWork(store, reading=True) as work:
        scope = Scope(work.jurisdictions.named(Scope.everything(), jurisdiction).id)
        (row,) = work.label_studio.projects(scope)
        held = {
            number: state for number, state in work.label_studio.annotations(scope, row.id).items() if not state.gone
        }
        assert set(held) == set(live)
        for number, (_, result) in live.items():
            last = {item.code: item.verdict for item in work.decisions.of_coding(scope, held[number].coding_id)}
            present = {code for code, verdict in last.items() if verdict in {"accept", "add"}}
            assert present == {path[-1] for item in result for path in item["value"]["taxonomy"]}
    wait_until(lambda: world.cli("db", "check").returncode == 0)
