"""Pulling: each annotation at most once, changes and deletions as later rows, and what is odd told one by one."""

from datetime import UTC, datetime

import pytest

from coding_service.errors import LabelStudioError
from coding_service.label_studio.mapping import CHANGED, PREDICTED
from coding_service.services.keys import KeyRequest, create_key
from coding_service.store import UnitOfWork
from tests.label_studio.conftest import ALWAYS, TEXT, chosen

SLEEP, HOUSING, POLICE = (
    "family.safe_sleep",
    "family.economic_support.housing",
    "team.coordination.law_enforcement",
)


def marked(code, words, origin="manual"):
    start = TEXT.index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [code]}
    return {"id": words, "from_name": "evidence", "to_name": "text", "type": "labels", "value": value, "origin": origin}


def said(name, kind, **value):
    return {"id": name, "from_name": name, "to_name": "text", "type": kind, "value": value, "origin": "manual"}


@pytest.fixture
def pushed(agency):
    """The agency with one pushed narrative: its id and the number of its task."""
    (narrative,) = agency.add()
    agency.init()
    agency.push()
    return narrative, agency.studio.task_of(narrative)


def test_annotation_becomes_a_coding_with_all_that_was_said(agency, pushed):
    narrative, task = pushed
    ann = agency.person("ann")
    results = [
        *chosen(SLEEP, POLICE, origin=CHANGED),
        marked(SLEEP, "slept on the couch", PREDICTED),
        said(f"rating.{SLEEP}", "rating", rating=3),
        said("missing_theme", "textarea", text=["Pets"]),
        said("comment", "textarea", text=["Sure of it."]),
    ]
    agency.studio.annotate(task, ann, results)
    report = agency.pull()
    assert (report.read, report.changed, report.problems) == (1, 1, [])
    (coding,) = agency.codings(narrative)
    assert coding.person_id == agency.people[ann]
    assert (coding.origin, coding.blind, coding.complete, coding.independent) == ("label_studio", False, True, True)
    assert (coding.missing_theme, coding.comment, coding.lead_time_seconds) == ("Pets", "Sure of it.", 4.5)
    assert coding.closed_at == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    start = TEXT.index("slept on the couch")
    assert sorted(agency.decisions(coding.id)) == [
        (HOUSING, "reject", None, []),
        (SLEEP, "accept", 3, [[start, start + 18]]),
        (POLICE, "add", None, []),
    ]
    with UnitOfWork(agency.store, reading=True) as work:
        snapshot = work.snapshots.get(agency.scope, coding.snapshot_id)
    assert snapshot.bundle_id == "starter"
    assert {item["code"] for item in snapshot.suggestions} == {SLEEP, HOUSING}
    assert agency.stage(narrative) == "done"


def test_second_pull_changes_nothing(agency, pushed):
    narrative, task = pushed
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.pull()
    (coding,) = agency.codings(narrative)
    before = agency.decisions(coding.id)
    report = agency.pull()
    assert (report.read, report.changed, report.withdrawn) == (1, 0, 0)
    assert agency.decisions(coding.id) == before


def test_revision_and_deletion_become_later_rows(agency, pushed):
    narrative, task = pushed
    number = agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP, POLICE))
    agency.pull()
    agency.studio.revise(task, number, result=chosen(SLEEP, HOUSING))
    agency.pull()
    (coding,) = agency.codings(narrative)
    assert [row[:2] for row in agency.decisions(coding.id)][-2:] == [(POLICE, "withdraw"), (HOUSING, "add")]
    agency.studio.delete(task, number)
    assert agency.pull().withdrawn == 1
    (coding,) = agency.codings(narrative)
    assert {row[:2] for row in agency.decisions(coding.id)[-2:]} == {(SLEEP, "withdraw"), (HOUSING, "withdraw")}
    assert (coding.complete, coding.skipped_reason) == (False, "deleted in Label Studio")
    assert agency.stage(narrative) == "first"
    assert agency.pull().withdrawn == 0


def test_annotation_made_anew_after_a_deletion_goes_on_in_the_same_coding(agency, pushed):
    narrative, task = pushed
    ann = agency.person("ann")
    number = agency.studio.annotate(task, ann, chosen(SLEEP))
    agency.pull()
    agency.studio.delete(task, number)
    agency.studio.annotate(task, ann, chosen(POLICE))
    assert agency.pull().problems == []
    (coding,) = agency.codings(narrative)
    last = {code: verdict for code, verdict, *_ in agency.decisions(coding.id)}
    assert last == {SLEEP: "reject", HOUSING: "reject", POLICE: "add"}
    assert (coding.complete, coding.skipped_reason) == (True, None)


def test_skipped_task_is_a_coding_that_says_why(agency, pushed):
    narrative, task = pushed
    ann = agency.person("ann")
    comment = said("comment", "textarea", text=["Not about this family."])
    agency.studio.annotate(task, ann, [comment], was_cancelled=True)
    agency.pull()
    (coding,) = agency.codings(narrative)
    assert (coding.complete, coding.skipped_reason) == (False, "Not about this family.")
    assert agency.decisions(coding.id) == []
    assert agency.stage(narrative) == "first"


def test_none_applies_rejects_all_that_was_suggested(agency, pushed):
    narrative, task = pushed
    agency.studio.annotate(task, agency.person("ann"), [said("none_apply", "choices", choices=["none apply"])])
    assert agency.pull().problems == []
    (coding,) = agency.codings(narrative)
    assert {row[:2] for row in agency.decisions(coding.id)} == {(SLEEP, "reject"), (HOUSING, "reject")}
    assert coding.complete


def test_blind_task_gives_a_blind_coding(agency):
    (narrative,) = agency.add(blind=True)
    agency.init()
    agency.push()
    agency.studio.annotate(agency.studio.task_of(narrative), agency.person("ann"), chosen(SLEEP))
    agency.pull()
    (coding,) = agency.codings(narrative)
    assert (coding.blind, coding.snapshot_id) == (True, None)
    assert agency.decisions(coding.id) == [(SLEEP, "add", None, [])]


def test_empty_prediction_of_the_ml_backend_leaves_a_coding_blind(agency):
    """Guarantee: Label Studio's own call of our ML backend, which answers blind tasks with nothing, spoils no gold."""
    (narrative,) = agency.add(blind=True)
    agency.init()
    agency.push()
    empty = {"model_version": "starter", "result": [], "score": 0.0}
    agency.studio.annotate(agency.studio.task_of(narrative), agency.person("ann"), chosen(SLEEP), prediction=empty)
    agency.pull()
    (coding,) = agency.codings(narrative)
    assert (coding.blind, coding.snapshot_id) == (True, None)


def test_unknown_annotator_is_told_and_not_made_until_someone_adds_them(agency, pushed):
    narrative, task = pushed
    agency.studio.users[7] = "eve@north.example"
    agency.studio.annotate(task, 7, chosen(SLEEP))
    (problem,) = agency.pull().problems
    assert "eve@north.example is no person" in problem.problem
    assert agency.codings(narrative) == []
    create_key(agency.store, KeyRequest("eve@north.example", "reviewer", "north"))
    assert agency.pull().problems == []
    assert len(agency.codings(narrative)) == 1


def test_annotator_of_another_jurisdiction_is_told(agency, pushed):
    narrative, task = pushed
    agency.studio.users[7] = "sue@south.example"
    create_key(agency.store, KeyRequest("sue@south.example", "reviewer", "south", new_jurisdiction=True))
    agency.studio.annotate(task, 7, chosen(SLEEP))
    assert "another jurisdiction" in agency.pull().problems[0].problem
    assert agency.codings(narrative) == []


def test_two_people_on_one_task_are_kept_and_flagged_as_not_independent(agency, pushed):
    narrative, task = pushed
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.pull()
    assert [coding.independent for coding in agency.codings(narrative)] == [True]
    agency.studio.annotate(task, agency.person("ben"), chosen(SLEEP, HOUSING))
    assert agency.pull().problems == []
    assert [coding.independent for coding in agency.codings(narrative)] == [False, False]


def test_second_project_gives_independent_codings_and_a_dispute_goes_to_adjudication(agency):
    """Guarantee: the whole way of a doubly coded narrative, adjudicated in Label Studio too."""
    agency.doubling = ALWAYS
    (narrative,) = agency.add()
    numbers = {purpose: agency.init(purpose).project for purpose in ("first", "second", "adjudication")}
    ann, ben, eva = agency.person("ann"), agency.person("ben"), agency.person("eva", "adjudicator")
    agency.push()
    agency.studio.annotate(agency.studio.task_of(narrative), ann, chosen(SLEEP, HOUSING))
    agency.pull()
    assert agency.stage(narrative) == "second"
    agency.push("second")
    agency.studio.annotate(agency.studio.task_of(narrative, numbers["second"]), ben, chosen(SLEEP))
    agency.pull()
    assert [coding.independent for coding in agency.codings(narrative)] == [True, True]
    assert agency.stage(narrative) == "adjudication"
    assert agency.push("adjudication").added == 1
    task = agency.studio.task_of(narrative, numbers["adjudication"])
    held = agency.studio.held[task]
    assert "Housing" in held["data"]["disputed"]
    assert [item["model_version"] for item in held["predictions"]] == ["coder 1", "coder 2", "blank"]
    assert held["predictions"][-1]["result"] == []
    assert held["data"]["codings"].count("Safe Sleep") == 2
    assert held["data"]["codings"].count("Housing") == 1
    assert not any(email in str(held) for email in agency.studio.users.values())
    agency.studio.annotate(task, ben, chosen(HOUSING))
    assert "no key that lets them" in agency.pull().problems[0].problem
    number = agency.studio.annotate(task, eva, chosen(SLEEP))
    agency.pull()
    with UnitOfWork(agency.store, reading=True) as work:
        rows = work.adjudications.of_narrative(agency.scope, narrative)
    labels = {row.code: row.label for row in rows}
    assert labels == {HOUSING: "absent", "family.economic_support": "absent", SLEEP: "present"}
    assert {row.person_id for row in rows} == {agency.people[eva]}
    assert agency.stage(narrative) == "done"
    assert agency.pull().changed == 0
    agency.studio.delete(task, number)
    agency.pull()
    with UnitOfWork(agency.store, reading=True) as work:
        latest = {row.code: row.label for row in work.adjudications.of_narrative(agency.scope, narrative)}
    assert set(latest.values()) == {"unknown"}
    assert agency.stage(narrative) == "adjudication"


@pytest.fixture
def disputed(agency):
    """A narrative on whose housing two coders differ, pushed to be adjudicated: its id and its task."""
    agency.doubling = ALWAYS
    (narrative,) = agency.add()
    numbers = {purpose: agency.init(purpose).project for purpose in ("first", "second", "adjudication")}
    for purpose, name, codes in (("first", "ann", (SLEEP, HOUSING)), ("second", "ben", (SLEEP,))):
        agency.push(purpose)
        agency.studio.annotate(agency.studio.task_of(narrative, numbers[purpose]), agency.person(name), chosen(*codes))
        agency.pull()
    agency.push("adjudication")
    return narrative, agency.studio.task_of(narrative, numbers["adjudication"])


def adjudicated(agency, narrative):
    with UnitOfWork(agency.store, reading=True) as work:
        return {row.code: row.label for row in work.adjudications.of_narrative(agency.scope, narrative)}


def test_adjudicated_sub_theme_makes_its_disputed_theme_present(agency, disputed):
    narrative, task = disputed
    agency.studio.annotate(task, agency.person("eva", "adjudicator"), chosen(HOUSING))
    agency.pull()
    assert adjudicated(agency, narrative) == {HOUSING: "present", "family.economic_support": "present"}


def test_adjudication_that_is_skipped_afterwards_is_taken_back(agency, disputed):
    narrative, task = disputed
    number = agency.studio.annotate(task, agency.person("eva", "adjudicator"), chosen(HOUSING))
    agency.pull()
    agency.studio.revise(task, number, was_cancelled=True, result=[])
    agency.pull()
    assert set(adjudicated(agency, narrative).values()) == {"unknown"}
    assert agency.stage(narrative) == "adjudication"
    assert agency.pull().changed == 0


def test_adjudicator_who_coded_the_narrative_is_told(agency, pushed):
    narrative, task = pushed
    eva = agency.person("eva", "adjudicator")
    agency.studio.annotate(task, eva, chosen(SLEEP))
    agency.pull()
    number = agency.init("adjudication").project
    with UnitOfWork(agency.store) as work:
        work.queue.move(agency.scope, narrative, "adjudication")
        work.commit()
    agency.push("adjudication")
    agency.studio.annotate(agency.studio.task_of(narrative, number), eva, chosen(SLEEP))
    assert "coded the narrative" in agency.pull().problems[0].problem


def test_second_annotation_of_one_person_does_not_count_until_the_first_is_deleted(agency, pushed):
    narrative, task = pushed
    ann = agency.person("ann")
    number = agency.studio.annotate(task, ann, chosen(SLEEP))
    agency.studio.annotate(task, ann, chosen(POLICE))
    (problem,) = agency.pull().problems
    assert "another annotation" in problem.problem
    (coding,) = agency.codings(narrative)
    assert [row[:2] for row in agency.decisions(coding.id) if row[1] == "add"] == [(SLEEP, "add")]
    agency.studio.delete(task, number)
    assert agency.pull().problems == []
    assert (POLICE, "add") in [row[:2] for row in agency.decisions(coding.id)]


def test_odd_annotations_are_told_one_by_one_and_the_rest_goes_on(agency):
    narratives = agency.add(*[f"{TEXT} {number}" for number in range(4)])
    project = agency.init().project
    agency.push()
    ann = agency.person("ann")
    tasks = [agency.studio.task_of(narrative) for narrative in narratives]
    unknown = chosen(SLEEP)
    unknown[0]["value"]["taxonomy"].append(["family", "family.typo"])
    agency.studio.annotate(tasks[0], ann, unknown)
    agency.studio.annotate(tasks[1], ann, [])
    agency.studio.annotate(tasks[2], ann, chosen(SLEEP))
    foreign = agency.studio.add_foreign_task(project)
    agency.studio.annotate(foreign, ann, chosen(SLEEP))
    agency.studio.edit_config(project, agency.studio.projects[project].plan.config.replace("Fatigue", "Tiredness"))
    report = agency.pull()
    told = {(problem.task, problem.problem) for problem in report.problems}
    assert len(told) == 4
    assert any(task is None and "config was edited" in problem for task, problem in told)
    assert any(task == tasks[0] and "'family.typo' is no code" in problem for task, problem in told)
    assert any(task == tasks[1] and "empty" in problem for task, problem in told)
    assert any(task == foreign and "not pushed from here" in problem for task, problem in told)
    (half,), (whole,) = agency.codings(narratives[0]), agency.codings(narratives[2])
    assert (half.complete, whole.complete) == (False, True)
    assert SLEEP in [row[0] for row in agency.decisions(half.id)]
    assert agency.codings(narratives[1]) == []
    agency.studio.edit_config(project, "<View/>")
    assert any("names no taxonomy" in problem.problem for problem in agency.pull().problems)


def test_what_was_read_before_a_failure_is_kept(agency, pushed):
    _, task = pushed
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.studio.down = True
    with pytest.raises(LabelStudioError):
        agency.pull()
    agency.studio.down = False
    assert agency.pull().changed == 1


def test_deleted_project_is_told_and_what_was_read_from_it_stays(agency, pushed):
    narrative, task = pushed
    agency.studio.annotate(task, agency.person("ann"), chosen(SLEEP))
    agency.pull()
    agency.studio.projects.clear()
    (problem,) = agency.pull().problems
    assert "gone" in problem.problem
    assert agency.codings(narrative)[0].complete
    agency.init()
    assert agency.pull().problems == []


def test_task_deleted_in_label_studio_takes_its_coding_back_and_the_narrative_is_pushed_anew(agency, pushed):
    narrative, task = pushed
    agency.studio.annotate(task, agency.person("ann"), [], was_cancelled=True)
    agency.pull()
    del agency.studio.held[task]
    assert agency.push().added == 1
    assert agency.studio.task_of(narrative) != task
    report = agency.pull()
    assert (report.withdrawn, report.problems) == (1, [])
    assert agency.codings(narrative)[0].skipped_reason == "deleted in Label Studio"
    assert agency.push().added == 0


def test_coding_made_through_the_api_is_not_touched(agency, pushed):
    narrative, task = pushed
    ann = agency.person("ann")
    with UnitOfWork(agency.store) as work:
        from tests.store.records import new_coding

        work.codings.open(agency.scope, new_coding(agency.scope.jurisdiction_id, narrative, agency.people[ann]))
        work.commit()
    agency.studio.annotate(task, ann, chosen(SLEEP))
    assert "through the API" in agency.pull().problems[0].problem
    (coding,) = agency.codings(narrative)
    assert agency.decisions(coding.id) == []
