"""The queue hands each narrative to one person at a time, never twice to one, and says why without pulling anybody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from coding_service.errors import ForbiddenError
from coding_service.services.active_choice import Mix
from coding_service.services.codings import open_coding
from coding_service.services.queue import Handing, list_waiting, next_tasks, queue_stats
from coding_service.store import Scope, UnitOfWork, open_engine
from tests.services.team import ALWAYS, HOUSING, SLEEP, Team


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def team(engine):
    return Team(engine)


@pytest.fixture
def ask(team, clock):
    """Let a person ask for work; gives ids."""

    def asking(who, limit=1):
        tasks = next_tasks(team.engine, team[who], Handing(60, clock), limit=limit)["tasks"]
        return [task["narrative_id"] for task in tasks]

    return asking


def rank(team, order, reason=""):
    with UnitOfWork(team.engine) as work:
        work.queue.rank(team.scope, {narrative: (1 - place / 100, reason) for place, narrative in enumerate(order)})
        work.commit()


def test_most_urgent_first_and_each_to_one_person(team, ask):
    narratives = team.review("r", "One.", "Two.", "Three.")
    rank(team, narratives)
    assert ask("reviewer1", 2) == narratives[:2]
    assert ask("reviewer2", 2) == narratives[2:]
    assert ask("reviewer3", 2) == []


def test_asking_again_gives_what_is_held_and_keeps_it(team, ask, clock):
    narratives = team.review("r", "One.", "Two.")
    rank(team, narratives)
    assert ask("reviewer1") == narratives[:1]
    clock.now += timedelta(seconds=50)
    assert ask("reviewer1") == narratives[:1]
    clock.now += timedelta(seconds=50)
    assert ask("reviewer2") == narratives[1:], "the lease was renewed 50 seconds ago"


def test_lease_ends_by_itself(team, ask, clock):
    (narrative,) = team.review("r", "One.")
    assert ask("reviewer1") == [narrative]
    clock.now += timedelta(seconds=59)
    assert ask("reviewer2") == []
    clock.now += timedelta(seconds=2)
    assert ask("reviewer2") == [narrative]
    assert ask("reviewer1") == []


def test_nobody_is_handed_what_they_began_or_coded(team, ask):
    first, second = team.review("r", "One.", "Two.")
    rank(team, [first, second])
    open_coding(team.engine, team["reviewer1"], first)
    assert ask("reviewer1", 5) == [second]
    team.doubling = ALWAYS
    team.code(second, "reviewer1", HOUSING)
    assert team.stage(second) == "second"
    assert ask("reviewer1", 5) == []
    assert ask("reviewer2", 5) == [second, first], "second opinions come before first codings"


def test_closing_gives_the_lease_back(team, ask):
    team.doubling = ALWAYS
    (narrative,) = team.review("r", "One.")
    assert ask("reviewer1") == [narrative]
    team.code(narrative, "reviewer1", HOUSING)
    assert ask("reviewer2") == [narrative]


def test_adjudicators_alone_get_what_is_unsettled_and_no_second_opinions(team, clock):
    unsettled, twice, fresh = team.review("r", "One.", "Two.", "Three.")
    team.code(unsettled, "reviewer1", HOUSING)
    team.code(unsettled, "reviewer2", SLEEP)
    team.doubling = ALWAYS
    team.code(twice, "reviewer1", HOUSING)
    handing = Handing(60, clock)
    tasks = next_tasks(team.engine, team["adjudicator1"], handing, limit=5)["tasks"]
    assert [(task["narrative_id"], task["task"], task["reason"]) for task in tasks] == [
        (unsettled, "adjudication", "unsettled"),
        (fresh, "first", "first coding"),
    ]
    tasks = next_tasks(team.engine, team["reviewer3"], handing, limit=5)["tasks"]
    assert [(task["narrative_id"], task["task"], task["reason"]) for task in tasks] == [
        (twice, "second", "second coding")
    ]


def test_blind_coder_is_not_told_what_a_bundle_thinks(team, clock):
    """Guarantee: why a bundle chose a narrative is shown for narratives that are not blind alone."""
    (seen,) = team.review("r-1", "One.")
    (blind,) = team.review("r-2", "Two.", blind_share=1)
    rank(team, [seen, blind], "rare")
    tasks = next_tasks(team.engine, team["reviewer1"], Handing(60, clock), limit=2)["tasks"]
    assert [(task["blind"], task["reason"]) for task in tasks] == [(False, "rare"), (True, "first coding")]


def test_handing_out_is_in_the_audit_chain_once(team, ask):
    (narrative,) = team.review("r", "One.")
    ask("reviewer1")
    ask("reviewer1")
    with UnitOfWork(team.engine, reading=True) as work:
        events = [event for event in work.audit.page(team.scope, object_id=narrative) if event.action == "hand out"]
    assert [(event.person_id, event.detail) for event in events] == [
        (team["reviewer1"].person_id, {"task": "first", "reason": ""})
    ]


def test_other_jurisdictions_see_nothing(team, engine, clock):
    team.review("r", "One.")
    south = Team(engine, "south")
    assert next_tasks(engine, south["reviewer1"], Handing(60, clock), limit=5)["tasks"] == []
    assert list_waiting(engine, south.scope) == []
    assert queue_stats(engine, south.scope, Mix({"random": 1, "rare": 0, "uncertain": 0, "diverse": 0}, 9, "k")) == []


@pytest.mark.parametrize("role", ["analyst", "ml", "admin"])
def test_other_roles_are_refused(team, role):
    with pytest.raises(ForbiddenError):
        next_tasks(team.engine, team[role], Handing(60))


def test_two_coders_never_collide(store_url):
    """Guarantee: people who ask at the same moment, each through a process of their own, get different narratives."""
    n_people, n_rounds = 4, 5
    engines = [open_engine(store_url) for _ in range(n_people)]
    team = Team(engines[0])
    team.review("r", *(f"Text {row}." for row in range(n_people * n_rounds)))
    callers = [team[f"reviewer{number}"] for number in range(n_people)]
    barrier, handed = Barrier(n_people, timeout=30), []

    def work(engine, caller):
        for _ in range(n_rounds):
            barrier.wait()
            (task,) = next_tasks(engine, caller, Handing(60))["tasks"]
            handed.append(task["narrative_id"])
            open_coding(engine, caller, task["narrative_id"])

    with ThreadPoolExecutor(n_people) as pool:
        list(pool.map(work, engines, callers))
    assert len(set(handed)) == len(handed) == n_people * n_rounds
    assert next_tasks(engines[0], team["reviewer9"], Handing(60), limit=20)["tasks"] == []
    for engine in engines:
        engine.dispose()


def test_stats_count_what_strategies_chose_beside_what_was_asked(team):
    narratives = team.review("r", *(f"Text {row}." for row in range(6)))
    for reason, some in (("rare", narratives[:3]), ("random", narratives[3:4])):
        rank(team, some, reason)
    team.code(narratives[0], "reviewer1", HOUSING)
    mix = Mix({"random": 1, "rare": 3, "uncertain": 0, "diverse": 0}, 9, "k")
    rows = {(row["task"], row["chosen_by"]): row for row in queue_stats(team.engine, Scope.everything(), mix)}
    assert rows["first", "rare"]["narratives"] == 2
    assert rows["first", "rare"]["share"] == pytest.approx(2 / 3)
    assert rows["first", "rare"]["target"] == 0.75
    assert rows["first", "nothing"]["narratives"] == 2
    assert rows["done", "rare"]["narratives"] == 1, "what chose a narrative stays known after it was coded"


def test_list_shows_tasks_by_urgency(team):
    narratives = team.review("r", "One.", "Two.")
    rank(team, narratives, "diverse")
    rows = list_waiting(team.engine, team.scope, limit=1)
    assert [(row["narrative"], row["task"], row["reason"]) for row in rows] == [(narratives[0], "first", "diverse")]
