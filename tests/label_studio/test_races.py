"""Two processes that read the same tasks at once: neither an older answer nor a double stays."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread

import pytest

from coding_service.services import label_studio_sync
from tests.label_studio.conftest import TEXT, chosen

SLEEP, HOUSING, POLICE = "family.safe_sleep", "family.economic_support.housing", "team.coordination.law_enforcement"


def revised(studio, task, number):
    studio.revise(task, number, result=chosen(POLICE))


def deleted(studio, task, number):
    studio.delete(task, number)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("deed", "left"), [(revised, {POLICE}), (deleted, set())])
def test_older_answer_that_is_settled_last_does_not_stay(agency, monkeypatch, known, deed, left):
    """Guarantee: while one process holds an answer, the annotation changes and another process settles the change."""
    (narrative,) = agency.add()
    agency.init()
    agency.push()
    task = agency.studio.task_of(narrative)
    number = agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    if known:
        agency.pull()
        agency.studio.revise(task, number, result=chosen(SLEEP, HOUSING))
    answer, waiting = agency.studio.annotated, [deed]

    def slow(project, tasks):
        old = list(answer(project, tasks))
        if waiting:
            waiting.pop()(agency.studio, task, number)
            agency.pull()
        return old

    monkeypatch.setattr(agency.studio, "annotated", slow)
    agency.pull()
    said = [verdict for coding in agency.codings(narrative) for verdict in agency.decisions(coding.id)]
    last = {code: verdict for code, verdict, *_ in said}
    assert {code for code, verdict in last.items() if verdict in {"accept", "add"}} == left
    assert len([code for code, verdict, *_ in said if (code, verdict) == (POLICE, "add")]) == len(left)
    assert agency.pull().changed == 0


def test_two_processes_that_settle_the_same_answer_write_it_once(agency_on_each, monkeypatch):
    """Guarantee: on SQLite and on PostgreSQL each annotation becomes one coding, and each verdict one row."""
    agency = agency_on_each
    narratives = agency.add(*[f"{TEXT} {number}" for number in range(3)])
    agency.init()
    agency.push()
    ann = agency.person("ann")
    for narrative in narratives:
        agency.studio.annotate(agency.studio.task_of(narrative), ann, chosen(SLEEP, POLICE))
    both, answer = Barrier(2), agency.studio.annotated

    def together(project, tasks):
        found = list(answer(project, tasks))
        with suppress(BrokenBarrierError):  # the other may have nothing more to ask
            both.wait(timeout=2)
        return found

    monkeypatch.setattr(agency.studio, "annotated", together)
    failures = []

    def pull():
        try:
            agency.pull()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for narrative in narratives:
        (coding,) = agency.codings(narrative)
        assert sorted(code for code, verdict, *_ in agency.decisions(coding.id) if verdict == "add") == [SLEEP, POLICE]


def test_reading_that_is_overtaken_all_the_time_gives_up(agency, monkeypatch):
    """Guarantee: there is no endless loop; the events wait for the next synchronisation."""
    (narrative,) = agency.add()
    agency.init()
    agency.push()
    task = agency.studio.task_of(narrative)
    number = agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    answer = agency.studio.annotated

    def restless(project, tasks):
        agency.studio.revise(task, number, lead_time=float(len(agency.studio.calls)))
        return answer(project, tasks)

    monkeypatch.setattr(agency.studio, "annotated", restless)
    with pytest.raises(label_studio_sync.LabelStudioError, match="faster"):
        agency.pull()
