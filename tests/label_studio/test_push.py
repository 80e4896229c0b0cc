"""Pushing: each narrative once, in the queue's order, blind ones bare, broken pushes taken up where they ended."""

import pytest
from small_bundle import CODES

from coding_service.errors import LabelStudioError, NotFoundError, TaxonomyMismatchError
from coding_service.label_studio.reading import read_annotation
from coding_service.services import label_studio_push
from coding_service.services.label_studio_push import PushRequest, push
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import ReviewRow
from coding_service.taxonomy.files import find_taxonomy
from tests.label_studio.conftest import TEXT, chosen


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(label_studio_push, "TASKS_AT_ONCE", 2)


def tasks(agency):
    return agency.studio.held


def test_narratives_become_tasks_with_predictions_and_a_second_push_changes_nothing(agency):
    ids = agency.add(*[f"{TEXT} {number}" for number in range(5)])
    number = agency.init().project
    report = agency.push()
    assert (report.added, report.blind, report.problems) == (5, 0, [])
    assert {task["data"]["narrative_id"] for task in tasks(agency).values()} == set(ids)
    (prediction,) = tasks(agency)[agency.studio.task_of(ids[0])]["predictions"]
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    fields = {"id": 1, "task": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    record = read_annotation({**fields, "result": prediction["result"]}, taxonomy, f"{TEXT} 0", {})
    assert {item.code for item in record.codes} == CODES - {"family.economic_support"}
    assert record.problems == ()
    assert agency.studio.projects[number].model_version == "starter"
    before = len(tasks(agency))
    again = agency.push()
    assert (again.added, again.refreshed, len(tasks(agency))) == (0, 0, before)


def test_blind_narratives_and_their_copies_carry_nothing_of_a_suggester(agency):
    blind = agency.add(TEXT, blind=True)
    copy, other = agency.add(TEXT.upper(), TEXT + " Again.", review="r2")
    agency.init()
    assert agency.push().blind == 2
    for narrative_id in (*blind, copy):
        task = tasks(agency)[agency.studio.task_of(narrative_id)]
        assert task["predictions"] == []
        assert "probabilities" not in task["meta"]
    assert tasks(agency)[agency.studio.task_of(other)]["predictions"]
    assert agency.push().refreshed == 0


def test_tasks_come_in_the_order_of_the_queue_and_scores_keep_it(agency):
    ids = agency.add(*[f"{TEXT} {number}" for number in range(5)])
    urgency = dict(zip(ids, (0.1, 0.9, 0.5, 0.0, 0.7), strict=True))
    with UnitOfWork(agency.store) as work:
        work.queue.rank(agency.scope, {key: (value, "uncertain") for key, value in urgency.items()})
        work.commit()
    agency.init()
    agency.push()
    wanted = sorted(ids, key=lambda key: -urgency[key])
    assert [task["data"]["narrative_id"] for _, task in sorted(tasks(agency).items())] == wanted
    by_score = sorted(tasks(agency).values(), key=lambda task: task["predictions"][0]["score"])
    assert [task["data"]["narrative_id"] for task in by_score] == wanted


def test_scores_follow_a_queue_that_was_ranked_anew(agency):
    """Guarantee: sorting by score gives the order of the queue as it is at the push, not as it was at the first."""
    ids = agency.add(*[f"{TEXT} {number}" for number in range(4)])
    (blind,) = agency.add(TEXT + " Blind.", blind=True, review="b")
    agency.init()
    agency.push()
    agency.studio.annotate(agency.studio.task_of(ids[0]), agency.person("ann"), chosen("family.safe_sleep"))
    urgency = dict(zip([*ids, blind], (0.4, 0.0, 0.7, 0.2, 0.9), strict=True))
    with UnitOfWork(agency.store) as work:
        work.queue.rank(agency.scope, {key: (value, "uncertain") for key, value in urgency.items()})
        work.commit()
    assert agency.push().refreshed == 2
    scores = {key: tasks(agency)[agency.studio.task_of(key)]["predictions"][0]["score"] for key in ids[1:]}
    assert sorted(scores, key=scores.get) == sorted(scores, key=lambda key: -urgency[key])
    assert agency.push().refreshed == 0


def test_push_that_broke_after_the_import_goes_on_without_doubles(agency):
    """Guarantee: where the answer of Label Studio was lost, the tasks are known again by their narratives."""
    ids = agency.add(*[f"{TEXT} {number}" for number in range(6)])
    agency.init()
    agency.studio.fail_after = 1
    with pytest.raises(LabelStudioError):
        agency.push()
    agency.studio.fail_after = None
    report = agency.push()
    assert (report.found, report.added, report.problems) == (2, 2, [])
    assert sorted(task["data"]["narrative_id"] for task in tasks(agency).values()) == sorted(ids)


def test_promotion_replaces_predictions_of_tasks_that_nobody_annotated(agency, monkeypatch):
    first, second = agency.add(TEXT, TEXT + " Again.")
    agency.init()
    agency.push()
    ann = agency.person("ann")
    agency.studio.annotate(agency.studio.task_of(first), ann, chosen("family.safe_sleep"))
    kept = tasks(agency)[agency.studio.task_of(first)]["predictions"]
    with UnitOfWork(agency.store) as work:  # as if an older bundle had made them
        project = work.label_studio.projects(agency.scope)[0]
        for row in work.label_studio.tasks(agency.scope, project.id).values():
            row.bundle_sha256 = "0" * 64
        work.label_studio.save()
        work.commit()
    tasks(agency)[agency.studio.task_of(second)]["predictions"] = []
    report = agency.push()
    assert (report.added, report.refreshed) == (0, 1)
    assert tasks(agency)[agency.studio.task_of(second)]["predictions"]
    assert tasks(agency)[agency.studio.task_of(first)]["predictions"] == kept
    assert len(agency.studio.live()) == 1


def test_foreign_tasks_and_doubles_are_told_and_left_alone(agency):
    (narrative,) = agency.add()
    number = agency.init().project
    agency.push()
    foreign = agency.studio.add_foreign_task(number)
    double = agency.studio.import_tasks(number, [{"data": {"text": TEXT, "narrative_id": narrative}}])[0]
    problems = agency.push().problems
    assert any(f"Task {foreign} was not pushed" in problem for problem in problems)
    assert any(f"Task {double} is a second one" in problem for problem in problems)


def test_narratives_of_another_jurisdiction_are_refused(agency):
    agency.init()
    with UnitOfWork(agency.store) as work:
        south = Scope(work.jurisdictions.add("south").id)
        review = work.reviews.add(south, ReviewRow(jurisdiction_id=south.jurisdiction_id, external_id="s"))
        narrative = work.narratives.add(south, review, "n", TEXT).id
        work.commit()
    with pytest.raises(NotFoundError, match="not of 'north'"):
        agency.push(narrative_ids=(narrative,))
    assert agency.push().added == 0


def test_chosen_narratives_and_a_limit_narrow_a_push(agency):
    ids = agency.add(*[f"{TEXT} {number}" for number in range(4)])
    agency.init()
    assert agency.push(narrative_ids=(ids[2],)).added == 1
    assert agency.push(limit=2).added == 2
    assert agency.push().added == 1


def test_second_project_shows_neither_predictions_nor_the_first_coding(agency):
    (narrative,) = agency.add()
    agency.init()
    number = agency.init("second").project
    with UnitOfWork(agency.store) as work:
        work.queue.move(agency.scope, narrative, "second")
        work.commit()
    assert agency.push("second").added == 1
    task = tasks(agency)[agency.studio.task_of(narrative, number)]
    assert (task["predictions"], "probabilities" in task["meta"]) == ([], False)
    assert agency.push().added == 0


def test_bundle_of_another_taxonomy_is_refused(agency, shelf, monkeypatch):
    from dataclasses import replace

    from coding_service.services.current_taxonomy import begin_taxonomy

    with UnitOfWork(agency.store) as work:
        begin_taxonomy(work, replace(find_taxonomy("io-themes", "1.0.0"), version="2.0.0"))
        work.commit()
    agency.init()
    with pytest.raises(TaxonomyMismatchError, match=r"2\.0\.0"):
        push(agency.store, agency.studio, shelf, PushRequest("north"))
