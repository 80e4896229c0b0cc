"""The fault run: whatever goes wrong on the way, after a sync the store holds what Label Studio holds.

`ROUNDS` seeded runs, by default a few; the environment's ``FAULT_ROUNDS`` sets how many.
"""

import json
import os
import random

import pytest

from coding_service.errors import LabelStudioError
from coding_service.label_studio.config import code_id
from coding_service.services import label_studio_sync
from coding_service.services.label_studio_events import keep_event, work_off
from coding_service.store import Scope, UnitOfWork
from coding_service.taxonomy.files import find_taxonomy
from tests.label_studio.conftest import TEXT, chosen

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "2"))
CODES = find_taxonomy("io-themes", "1.0.0").code_ids
STEPS = 40


class KilledError(Exception):
    """Our server was killed."""


def pick(chance):
    return chosen(*chance.sample(CODES, chance.randint(1, 4)))


def play_annotators(chance, agency, users):
    """Let an annotator do something to some task: annotate, skip, revise or delete."""
    studio = agency.studio
    task = chance.choice([number for number, held in studio.held.items() if held["data"].get("narrative_id")])
    annotations = studio.held[task]["annotations"]
    deed = chance.choice(["annotate", "annotate", "skip", "revise", "delete"])
    if deed == "annotate":
        studio.annotate(task, chance.choice(users), pick(chance))
    elif deed == "skip":
        studio.annotate(task, chance.choice(users), [], was_cancelled=True)
    elif annotations and deed == "revise":
        studio.revise(task, chance.choice(list(annotations)), result=pick(chance), was_cancelled=False)
    elif annotations:
        studio.delete(task, chance.choice(list(annotations)))


def deliver(chance, agency, late):
    """Send what is in the outbox: dropped, twice, or later and out of order."""
    events = late + agency.studio.outbox
    agency.studio.outbox = []
    chance.shuffle(events)
    late[:] = [event for event in events if chance.random() < 0.2]
    for event in events:
        if event in late or chance.random() < 0.3:
            continue
        for _ in range(chance.choice([1, 1, 2])):
            keep_event(agency.store, event, json.dumps(event).encode())


def interrupted(monkeypatch, chance, work):
    """Do work that may be killed between any two tasks, or find Label Studio down."""
    real = label_studio_sync._Settling.task

    def maybe_killed(self, number, annotations):
        if chance.random() < 0.15:
            raise KilledError
        return real(self, number, annotations)

    with monkeypatch.context() as patch:
        patch.setattr(label_studio_sync._Settling, "task", maybe_killed)
        try:
            work()
        except (KilledError, LabelStudioError):
            return


def held_by_label_studio(agency):
    """What the store is to hold: of each person and task the first annotation, with the codes that it chooses."""
    expected = {}
    for held in agency.studio.held.values():
        for number in sorted(held["annotations"]):
            annotation = held["annotations"][number]
            key = held["data"]["narrative_id"], agency.people[annotation["completed_by"]]
            if key not in expected:
                skipped = annotation["was_cancelled"]
                paths = [] if skipped else annotation["result"][0]["value"]["taxonomy"]
                expected[key] = (skipped, {code_id(path[-1]) for path in paths})
    return expected


def held_by_us(agency):
    """What the store holds, deleted codings left out."""
    found = {}
    with UnitOfWork(agency.store, reading=True) as work:
        for coding in work.codings.facts(Scope.everything()):
            last = {row.code: row.verdict for row in work.decisions.of_coding(agency.scope, coding.id)}
            present = {code for code, verdict in last.items() if verdict in {"accept", "add"}}
            if coding.skipped_reason == "deleted in Label Studio":
                assert set(last.values()) <= {"withdraw"}
            else:
                found[coding.narrative_id, coding.person_id] = (coding.skipped_reason is not None, present)
    return found


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_after_a_sync_the_store_holds_what_label_studio_holds(agency, monkeypatch, seed):
    """Guarantee: lost, doubled, late and reordered events, a server killed in mid-sync, Label Studio gone for a while."""
    chance = random.Random(seed)
    monkeypatch.setattr(label_studio_sync, "TASKS_AT_ONCE", 2)
    agency.add(*[f"{TEXT} {number}" for number in range(6)])
    agency.init()
    agency.push()
    users = [agency.person("ann"), agency.person("ben")]
    late = []
    for _ in range(STEPS):
        play_annotators(chance, agency, users)
        agency.studio.down = chance.random() < 0.2
        if chance.random() < 0.5:
            deliver(chance, agency, late)
        if chance.random() < 0.4:
            interrupted(monkeypatch, chance, lambda: work_off(agency.reader))
        if chance.random() < 0.2:
            interrupted(monkeypatch, chance, agency.pull)
    agency.studio.down = False
    work_off(agency.reader)
    agency.pull()
    assert held_by_us(agency) == held_by_label_studio(agency)
    with UnitOfWork(agency.store, reading=True) as work:
        (project,) = work.label_studio.projects(agency.scope)
        rows = work.label_studio.annotations(agency.scope, project.id)
        assert {number for number, row in rows.items() if not row.gone} == set(agency.studio.live())
        assert work.inbox.waiting() == []
    again = agency.pull()
    assert (again.changed, again.withdrawn) == (0, 0)
