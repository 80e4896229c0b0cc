"""What changes on our side and is seen in a real Label Studio: the order of the queue, the taxonomy, a dispute."""

import json

import pytest

from coding_service.label_studio.config import read_config
from coding_service.services.keys import KeyRequest, create_key
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.schema import upgrade
from tests.e2e.label_studio.world import ADMIN, ROOT

pytestmark = pytest.mark.e2e

TEXT = "They were evicted 🏠 from the apartment.\r\nThe baby slept on the couch with mother. Cafe\u0301 talk."
SLEEP = ["family", "family.safe_sleep"]
HOUSING = ["family", "family.economic_support", "family.economic_support.housing"]
STRESS = ["professional", "professional.stress"]


def scope_of(work, jurisdiction):
    return Scope(work.jurisdictions.named(Scope.everything(), jurisdiction).id)


def test_tasks_are_handed_out_and_sorted_in_the_order_of_the_queue(world, jurisdiction, store):
    """Guarantee: tasks come in the order of the queue; after it was ranked anew, a push makes the scores follow it."""
    texts = [f"{TEXT} Day {day}." for day in range(4)]
    world.import_reviews(jurisdiction, texts)

    def rank(order):
        with UnitOfWork(store) as work:
            scope = scope_of(work, jurisdiction)
            ids = {item.text: item.id for item in work.narratives.facts(scope)}
            urgency = {ids[texts[day]]: (1 - place / 10, "uncertain") for place, day in enumerate(order)}
            work.queue.rank(scope, urgency)
            work.commit()
        return world.cli("label-studio", "push", "--jurisdiction", jurisdiction).stderr

    project = world.init_project(jurisdiction)
    assert "4 added" in rank([2, 0, 3, 1])
    handed_out = world.api("POST", "/api/dm/actions", {}, id="next_task", project=project)
    assert handed_out["data"]["text"] == texts[2]
    assert "4 with new suggestions" in rank([1, 3, 0, 2])
    by_score = json.dumps({"ordering": ["tasks:predictions_score"]})
    listed = world.api("GET", "/api/tasks", project=project, fields="task_only", include="id,data", query=by_score)
    assert [task["data"]["text"] for task in listed["tasks"]] == [texts[day] for day in (1, 3, 0, 2)]
    world.annotate(next(task["id"] for task in listed["tasks"]), SLEEP)
    assert "0 with new suggestions" in rank([1, 3, 0, 2])


def test_taxonomy_that_moved_on_gets_a_project_of_its_own(world, jurisdiction, tmp_path):
    """Guarantee: annotations of the old project are read by the version they were made in; a second init is quiet."""
    elsewhere = {"CODING_SERVICE_DATABASE": f"sqlite:///{tmp_path / 'store.sqlite'}"}
    released = (ROOT / "taxonomy" / "io-themes" / "1.0.0.yaml").read_text(encoding="utf-8")
    newer = tmp_path / "newer.yaml"
    newer.write_text(
        released.replace("version: 1.0.0", "version: 1.1.0").replace("professional.stress", "professional.strain"),
        encoding="utf-8",
    )
    crosswalk = tmp_path / "crosswalk.yaml"
    renamed = "  - {kind: rename, old: professional.stress, new: professional.strain}\n"
    crosswalk.write_text(f"taxonomy: io-themes\nold: 1.0.0\nnew: 1.1.0\nchanges:\n{renamed}", encoding="utf-8")
    upgrade(elsewhere["CODING_SERVICE_DATABASE"])
    world.import_reviews(jurisdiction, [TEXT], **elsewhere)
    store = open_engine(elsewhere["CODING_SERVICE_DATABASE"])
    create_key(store, KeyRequest(ADMIN, "reviewer", jurisdiction))
    old = world.init_project(jurisdiction, connected=False, **elsewhere)
    world.cli("label-studio", "push", "--jurisdiction", jurisdiction, **elsewhere)
    moving = "--from", "1.0.0", "--to", str(newer), "--crosswalk", str(crosswalk)
    world.cli("taxonomy", "migrate", *moving, **elsewhere)
    new = world.init_project(jurisdiction, connected=False, **elsewhere)
    assert new != old
    quiet = world.init(jurisdiction=jurisdiction, connected=False, **elsewhere)
    assert quiet == f"Project {new} is as it should be.\n"
    shown = {number: world.api("GET", f"/api/projects/{number}") for number in (old, new)}
    assert [read_config(shown[number]["label_config"]).version for number in (old, new)] == ["1.0.0", "1.1.0"]
    assert shown[old]["title"].startswith("Closed - ")
    world.annotate(world.tasks(old)[TEXT]["id"], STRESS)
    world.cli("label-studio", "pull", "--jurisdiction", jurisdiction, **elsewhere)
    with UnitOfWork(store, reading=True) as work:
        (coding,) = work.codings.facts(Scope.everything())
        said = {row.code: row.verdict for row in work.decisions.of_coding(Scope.everything(), coding.id)}
    store.dispose()
    assert (coding.taxonomy_version, said["professional.stress"]) == ("1.0.0", "add")


def test_dispute_is_adjudicated_in_the_browser(world, jurisdiction, store, labelling, artefacts):
    """Guarantee: two independent codings, then an adjudicator who sees both unnamed and starts from a blank page."""
    twice = {"CODING_SERVICE_SECOND_CODING_SHARE": "1"}
    ben = f"ben@{jurisdiction}.example"
    create_key(store, KeyRequest(ben, "reviewer", jurisdiction))
    create_key(store, KeyRequest(ADMIN, "adjudicator", jurisdiction))
    users = {"first": world.user(f"coder@{jurisdiction}.example"), "second": world.user(ben)}
    world.import_reviews(jurisdiction, [TEXT])
    for purpose, codes in (("first", (SLEEP, HOUSING)), ("second", (SLEEP, STRESS))):
        project = world.init_project(jurisdiction, purpose, connected=False)
        world.cli("label-studio", "push", "--jurisdiction", jurisdiction, "--purpose", purpose)
        task = world.tasks(project)[TEXT]
        assert bool(task["predictions"]) == (purpose == "first")
        assert task["annotations"] == []
        world.annotate(task["id"], *codes, completed_by=users[purpose])
        world.cli("label-studio", "pull", "--jurisdiction", jurisdiction, **twice)
    project = world.init_project(jurisdiction, "adjudication", connected=False)
    world.cli("label-studio", "push", "--jurisdiction", jurisdiction, "--purpose", "adjudication")
    task = world.tasks(project)[TEXT]
    assert "@" not in json.dumps([task["data"], task["meta"], task["predictions"]])
    labelling.open(project, task["id"])
    labelling.picture(artefacts / "label-studio-6-dispute.png")
    assert labelling.chosen() == []
    labelling.open_next(project)
    assert labelling.chosen() == []
    assert all(words in labelling.words() for words in ("In dispute", "Coder 1", "Coder 2"))
    labelling.add("Economic Support: Housing")
    labelling.picture(artefacts / "label-studio-7-adjudicated.png")
    labelling.submit()
    world.cli("label-studio", "pull", "--jurisdiction", jurisdiction, **twice)
    with UnitOfWork(store, reading=True) as work:
        scope = scope_of(work, jurisdiction)
        (narrative,) = (item.id for item in work.narratives.facts(scope))
        labels = {row.code: row.label for row in work.adjudications.of_narrative(scope, narrative)}
        codings = work.codings.of_narrative(scope, narrative)
        stage = work.queue.get(scope, narrative).state
    assert labels == {
        "family.economic_support.housing": "present",
        "family.economic_support": "present",
        "professional.stress": "absent",
    }
    assert [coding.independent for coding in codings] == [True, True]
    assert stage == "done"
