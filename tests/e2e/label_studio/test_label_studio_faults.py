"""The fault run against the real Label Studio: events lost, doubled and late, programs stopped or killed; then one sync.

``FAULT_ROUNDS`` sets how many seeded runs; many more are made with the fake in tests/label_studio/test_faults.py.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter

import pytest

from coding_service.store import Scope, UnitOfWork, open_engine
from tests.e2e.label_studio.forwarding import BadPost, Gate
from tests.e2e.label_studio.world import ADMIN, World, free_port

pytestmark = pytest.mark.e2e

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
STEPS = 24
TEXT = "The baby 👶 slept on the couch with mother.\r\nCafe\u0301 talk on day {}."
CODES = ("family.safe_sleep", "family.parenting", "family.health", "family.substance_use")


class Storm:
    """One seeded run: annotators at work in Label Studio while everything around it fails.

    `studio` is the world that holds Label Studio, `world` the one that is tried: it reaches Label Studio by the gate.
    """

    def __init__(self, studio, world, jurisdiction, chance, post, gate):
        self.world = world
        self._studio = studio
        self.jurisdiction = jurisdiction
        self.deeds = Counter()
        self._chance = chance
        self._post = post
        self._gate = gate
        self._down_for = 0
        self.project = 0
        self._tasks = []
        self._users = [1]

    def set_up(self):
        """Push eight narratives; two annotators may work on them."""
        self.world.cli("db", "upgrade")
        self.world.cli("keys", "create", "--person", ADMIN, "--role", "reviewer", "--all-jurisdictions")
        self.world.server.start()
        self.world.import_reviews(self.jurisdiction, [TEXT.format(day) for day in range(8)])
        second = f"coder@{self.jurisdiction}.example"
        self.world.cli("keys", "create", "--person", second, "--role", "reviewer", "--jurisdiction", self.jurisdiction)
        self._users.append(self.world.user(second))
        self.project = self.world.init_project(self.jurisdiction)
        self.world.cli("label-studio", "push", "--jurisdiction", self.jurisdiction)
        self._tasks = sorted(task["id"] for task in self.world.tasks(self.project).values())

    def rage(self):
        restart = self._chance.randrange(4, STEPS - 4)
        for step in range(STEPS):
            self.annotate()
            self.come_back()
            if step == restart:
                self.world.studio.stop()
                self.world.studio.start()
                self.deeds["Label Studio stopped and started"] += 1
            fault = self._chance.random()
            if fault < 0.12 and not self._down_for:
                self.kill_server()
            elif fault < 0.24:
                self.kill_sync()
        self._down_for = min(self._down_for, 1)
        self.come_back()

    def annotate(self):
        """Annotate, skip, revise or delete in Label Studio."""
        task, api = self._chance.choice(self._tasks), self._studio.api
        there = [row["id"] for row in self._studio.annotations(self.project) if row["task"] == task]
        deed = self._chance.choice(["annotate", "annotate", "skip", "revise", "delete"])
        if deed in {"annotate", "skip"}:
            result = [] if deed == "skip" else self._result()
            who = self._chance.choice(self._users)
            body = {"result": result, "lead_time": 1.0, "was_cancelled": deed == "skip", "completed_by": who}
            api("POST", f"/api/tasks/{task}/annotations/", body)
        elif not there:
            return
        elif deed == "revise":
            body = {"result": self._result(), "was_cancelled": False}
            api("PATCH", f"/api/annotations/{self._chance.choice(there)}/", body)
        else:
            api("DELETE", f"/api/annotations/{self._chance.choice(there)}/")
        self.deeds[deed] += 1

    def _result(self):
        codes = self._chance.sample(CODES, self._chance.randint(1, 3))
        paths = [["family", code] for code in codes]
        results = [{"id": "c", "from_name": "codes", "type": "taxonomy", "value": {"taxonomy": paths}}]
        for code in codes:
            if self._chance.random() < 0.5:
                start = self._chance.randrange(len(TEXT) - 6)
                value = {"start": start, "end": start + self._chance.randint(1, 5), "labels": [code]}
                results.append({"id": f"e{code}", "from_name": "evidence", "type": "labels", "value": value})
            if self._chance.random() < 0.3:
                value = {"rating": self._chance.randint(1, 3)}
                results.append({"id": f"r{code}", "from_name": f"rating.{code}", "type": "rating", "value": value})
        return [{**result, "to_name": "text"} for result in results]

    def moment(self):
        """Somewhere in a synchronisation: before the answer, on it, or while it is written down."""
        return self._chance.choice(["asked", "answered", self._chance.uniform(0.0, 0.15)])

    def kill_server(self):
        """Kill our server in the middle of working an event off; it comes back some steps later."""
        self._gate.set_trap(self.world.server.process.kill, self.moment())
        self.annotate()
        if not self._gate.sprung.wait(6):  # the event was lost
            self._gate.take_trap_away()
        self.deeds["server killed in mid-sync" if self._gate.sprung.is_set() else "server killed"] += 1
        self.world.server.stop(kill=True)
        self._down_for = self._chance.randint(1, 4)

    def come_back(self):
        if self._down_for:
            self._down_for -= 1
            if not self._down_for:
                self.world.server.start()

    def kill_sync(self):
        """Begin a synchronisation beside the server and kill it in the middle."""
        command = [sys.executable, "-m", "coding_service.cli.main", "label-studio", "sync"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env={**os.environ, **self.world.environment}, stdout=quiet, stderr=quiet)
        self._gate.set_trap(process.kill, self.moment())
        process.wait(60)
        self._gate.take_trap_away()
        self.deeds["sync killed in the middle" if process.returncode < 0 else "sync ran through"] += 1

    def sync(self):
        """Synchronise; of what is odd, only a person's second annotation of a task is expected."""
        done = self.world.cli("label-studio", "sync", "--format", "json", check=False)
        told = [json.loads(line)["problem"] for line in done.stdout.splitlines()]
        assert all("another annotation of the narrative" in problem for problem in told), done.stdout
        assert done.returncode == bool(told), done.stderr
        return done.stderr

    def wait_for_the_post(self):
        self._post.wait()

    def truth(self):
        """What Label Studio holds: numbers of all annotations, and what each person's first one of a task says."""
        numbers, said = set(), {}
        for row in self._studio.annotations(self.project):
            numbers.add(row["id"])
            said.setdefault((row["text"], row["email"]), None if row["skipped"] else meaning(json.loads(row["result"])))
        return numbers, said


def meaning(results):
    """Code -> rating and passages."""
    said = {path[-1]: [None, []] for path in results[0]["value"]["taxonomy"]}
    for result in results[1:]:
        if result["type"] == "rating":
            said[result["from_name"].removeprefix("rating.")][0] = result["value"]["rating"]
        else:
            said[result["value"]["labels"][0]][1].append([result["value"]["start"], result["value"]["end"]])
    return said


def held(store, jurisdiction):
    """What the store holds, in the same form; of each code no row may say the same as the one before it."""
    said = {}
    with UnitOfWork(store, reading=True) as work:
        scope = Scope(work.jurisdictions.named(Scope.everything(), jurisdiction).id)
        (project,) = work.label_studio.projects(scope)
        annotations = work.label_studio.annotations(scope, project.id)
        texts = {item.id: item.text for item in work.narratives.facts(scope)}
        people = {person.id: person.email for person in work.people.all(scope)}
        for coding in work.codings.facts(scope):
            last = {}
            for row in work.decisions.of_coding(scope, coding.id):
                now = row.verdict, row.rating, row.evidence
                assert last.get(row.code) != now, "a decision was written twice"
                last[row.code] = now
            present = {code: [now[1], now[2]] for code, now in last.items() if now[0] in {"accept", "add"}}
            if coding.skipped_reason == "deleted in Label Studio":
                assert not present
                continue
            skipped = coding.skipped_reason is not None
            said[texts[coding.narrative_id], people[coding.person_id]] = None if skipped else present
        waiting = work.inbox.waiting()
    return {number for number, row in annotations.items() if not row.gone}, said, waiting


@pytest.fixture
def storm(world, jurisdiction, artefacts, seed, tmp_path):
    """Our server on a store of this run alone, a bad post before it, and a gate before the shared Label Studio."""
    port = free_port()
    post, gate = BadPost(f"http://127.0.0.1:{port}", seed), Gate(world.studio_url)
    beside = World(tmp_path, world.bundles, artefacts, gate.url, post.url, world.studio)
    beside.server = beside.our_server(port, "label-studio-faults-our-server.log")
    storm = Storm(world, beside, jurisdiction, random.Random(seed), post, gate)
    try:
        storm.set_up()
        yield storm
    finally:
        beside.server.stop()
        post.close()
        gate.close()
    report = {"seed": seed, "events": post.counts, "did": storm.deeds, "killed": gate.counts}
    with (artefacts / "label-studio-faults.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(report) + "\n")


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_after_a_sync_the_store_holds_what_label_studio_holds(storm, seed):
    """Guarantee: also when events that were under way come after it, which then change nothing."""
    storm.rage()
    store = open_engine(storm.world.environment["CODING_SERVICE_DATABASE"])
    try:
        numbers, said = storm.truth()
        storm.deeds["behind before the sync"] += held(store, storm.jurisdiction)[:2] != (numbers, said)
        storm.sync()
        assert held(store, storm.jurisdiction)[:2] == (numbers, said)
        storm.wait_for_the_post()
        assert "0 codings changed, 0 withdrawn" in storm.sync()
        assert held(store, storm.jurisdiction) == (numbers, said, [])
    finally:
        store.dispose()
    assert storm.world.cli("db", "check").returncode == 0
