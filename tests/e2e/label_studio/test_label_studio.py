"""Our service and a real Label Studio: set up, pushed to, coded in by browser and API, read back, retrained."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from coding_service.label_studio.client import connect
from tests.e2e.label_studio.world import SECRET, TOKEN, wait_until

pytestmark = pytest.mark.e2e

TEXT = "They were evicted 🏠 from the apartment.\r\nThe baby slept on the couch with mother. Cafe\u0301 talk was 👩\u200d👧 calm."
OTHER = "The contacts were not entered in the system. Later they were evicted from the apartment."
SLEEP = ["family", "family.safe_sleep"]
HOUSING = ["family", "family.economic_support", "family.economic_support.housing"]
STRESS = ["professional", "professional.stress"]


def set_up(world, jurisdiction, *texts, purpose="first", **environment):
    """Import texts, make a project and push; gives its number and its tasks by text."""
    if texts:
        world.import_reviews(jurisdiction, texts, **environment)
    project = world.init_project(jurisdiction, purpose)
    world.cli("label-studio", "push", "--jurisdiction", jurisdiction, "--purpose", purpose)
    return project, world.tasks(project)


def verdicts(said):
    return {code: verdict for code, (verdict, *_) in said.items()}


def test_project_is_set_up_once_and_knows_the_secret(world, jurisdiction):
    """Guarantee: config and instructions are accepted; a second init changes nothing; nobody else is told anything."""
    first, second = world.init(jurisdiction=jurisdiction), world.init(jurisdiction=jurisdiction)
    project = world.init_project(jurisdiction)
    assert len(first.splitlines()) == 4
    assert second == f"Project {project} is as it should be.\n"
    hooks = [hook for hook in world.api("GET", "/api/webhooks/") if hook["project"] == project]
    assert [hook["url"] for hook in hooks] == [f"{world.server_url}/label-studio/events"]
    (backend,) = world.api("GET", "/api/ml", project=project)
    assert (backend["state"], backend["title"]) == ("CO", "io-coding")
    shown = world.api("GET", f"/api/projects/{project}")
    assert "Rules" in shown["expert_instruction"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{world.server_url}/label-studio/events", data=b"{}")  # noqa: S310 - our own server


def test_pushed_tasks_carry_predictions_unless_blind_and_come_once(world, jurisdiction):
    _, tasks = set_up(world, jurisdiction, TEXT, OTHER)
    (prediction,) = tasks[TEXT]["predictions"]
    assert prediction["model_version"] == "starter"
    assert len(tasks[TEXT]["meta"]["probabilities"]) > 30
    again = world.cli("label-studio", "push", "--jurisdiction", jurisdiction)
    assert "0 added" in again.stderr


def test_blind_tasks_are_bare_in_label_studio_too(world, jurisdiction):
    """Guarantee: neither a push nor Label Studio's own call of our ML backend brings a suggestion to a blind task."""
    project, tasks = set_up(world, jurisdiction, TEXT, CODING_SERVICE_BLIND_SHARE="1")
    assert (tasks[TEXT]["predictions"], "probabilities" in tasks[TEXT]["meta"]) == ([], False)
    world.api("POST", "/api/dm/actions", {}, id="retrieve_tasks_predictions", project=project)
    assert all(not prediction["result"] for prediction in world.tasks(project)[TEXT]["predictions"])


def test_annotator_corrects_a_prediction_in_the_browser(world, jurisdiction, labelling, codings, artefacts):
    """Guarantee: what is removed, added, marked and rated on the page arrives by webhook, to the character."""
    project, tasks = set_up(world, jurisdiction, TEXT, OTHER)
    labelling.open(project, tasks[TEXT]["id"])
    labelling.picture(artefacts / "label-studio-1-opened.png")
    assert set(labelling.chosen()) == {"Safe Sleep", "Economic Support: Housing"}
    assert labelling.coloured() == TEXT.partition(" Cafe")[0].split("\r\n")
    labelling.remove("Economic Support: Housing")
    labelling.add("Stress")
    labelling.mark("Stress", "talk was 👩\u200d👧")
    labelling.rate("Safe Sleep", 3)
    labelling.rate("Stress", 1)
    labelling.comment("Looked twice.")
    labelling.picture(artefacts / "label-studio-2-corrected.png")
    labelling.submit()
    labelling.open(project, tasks[OTHER]["id"])
    labelling.mark("Documentation", "not entered")
    labelling.submit()
    labelling.wait_for("Update")
    labelling.picture(artefacts / "label-studio-3-submitted.png")
    found = wait_until(lambda: len(codings(jurisdiction)) == 2 and codings(jurisdiction), "no webhook arrived", 30)
    ((coding, said),) = found[TEXT]
    assert verdicts(said) == {
        "family.safe_sleep": "accept",
        "family.economic_support.housing": "reject",
        "professional.stress": "add",
    }
    start = TEXT.index("talk was")
    assert said["professional.stress"][1] == [[start, start + len("talk was 👩\u200d👧")]]
    assert {code: rating for code, (_, _, rating) in said.items() if rating} == {
        "family.safe_sleep": 3,
        "professional.stress": 1,
    }
    assert (coding.complete, coding.blind, coding.origin) == (True, False, "label_studio")
    ((_, other),) = found[OTHER]
    assert other["professional.documentation"][0] == "accept"
    assert [OTHER.index("not entered"), OTHER.index("not entered") + 11] in other["professional.documentation"][1]


def test_annotator_skips_in_the_browser_and_says_why(world, jurisdiction, labelling, codings, artefacts):
    """Guarantee: the task that Label Studio hands out is skipped, and its suggested codes are no decisions."""
    project, _ = set_up(world, jurisdiction, TEXT)
    labelling.open_next(project)
    labelling.picture(artefacts / "label-studio-4-handed-out.png")
    labelling.skip("Not about this family.")
    labelling.wait_for("No More Tasks")
    labelling.picture(artefacts / "label-studio-5-skipped.png")
    ((coding, said),) = wait_until(lambda: codings(jurisdiction).get(TEXT), "no webhook arrived", 30)
    assert (coding.skipped_reason, coding.complete, said) == ("Not about this family.", False, {})


def test_skips_revisions_and_deletions_arrive_by_webhook(world, jurisdiction, codings):
    _, tasks = set_up(world, jurisdiction, TEXT, OTHER)
    task = tasks[TEXT]["id"]
    number = world.annotate(task, SLEEP, STRESS)
    wait_until(lambda: TEXT in codings(jurisdiction), seconds=30)
    taxonomy = {
        "id": "c",
        "from_name": "codes",
        "to_name": "text",
        "type": "taxonomy",
        "value": {"taxonomy": [HOUSING]},
    }
    world.api("PATCH", f"/api/annotations/{number}/", {"result": [taxonomy]})
    wait_until(
        lambda: verdicts(codings(jurisdiction)[TEXT][0][1])["professional.stress"] == "withdraw", "not revised", 30
    )
    world.api("DELETE", f"/api/annotations/{number}/")
    wait_until(lambda: codings(jurisdiction)[TEXT][0][0].skipped_reason == "deleted in Label Studio", "not deleted", 30)
    world.annotate(tasks[OTHER]["id"], was_cancelled=True)
    wait_until(lambda: OTHER in codings(jurisdiction), "not skipped", 30)
    assert codings(jurisdiction)[OTHER][0][0].skipped_reason == "skipped in Label Studio"


def test_odd_annotations_are_told_and_the_exit_code_says_so(world, jurisdiction, codings):
    empty = "Nothing was chosen here."
    project, tasks = set_up(world, jurisdiction, TEXT, OTHER, empty)
    world.annotate(tasks[empty]["id"])
    world.annotate(tasks[TEXT]["id"], SLEEP, completed_by=world.user(f"eve@{jurisdiction}.example"))
    world.annotate(tasks[OTHER]["id"], SLEEP, ["family", "family.typo"])
    world.api("POST", f"/api/projects/{project}/import", [{"data": {"text": "Somebody else's."}}])
    foreign = world.tasks(project)["Somebody else's."]["id"]
    world.annotate(foreign, SLEEP)
    config = world.api("GET", f"/api/projects/{project}")["label_config"]
    world.api("PATCH", f"/api/projects/{project}", {"label_config": config.replace('value="Fatigue"', 'value="Tired"')})
    done = world.cli("label-studio", "pull", "--jurisdiction", jurisdiction, "--format", "json", check=False)
    told = [json.loads(line)["problem"] for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert len(told) == 5, told
    for words in (
        "It is empty",
        "is no person",
        "'family.typo' is no code",
        "not pushed from here",
        "config was edited",
    ):
        assert any(words in problem for problem in told)
    assert TEXT not in codings(jurisdiction)
    assert codings(jurisdiction)[OTHER][0][0].complete is False
    assert "Somebody" not in done.stdout + done.stderr


def test_missed_events_are_made_good_by_a_sync(world, jurisdiction, codings):
    """Guarantee: while our server was down and Label Studio was started anew in between, nothing is lost or doubled."""
    _, tasks = set_up(world, jurisdiction, TEXT, OTHER)
    number = world.annotate(tasks[TEXT]["id"], SLEEP)
    wait_until(lambda: TEXT in codings(jurisdiction), seconds=30)
    world.server.stop(kill=True)
    world.api("DELETE", f"/api/annotations/{number}/")
    world.annotate(tasks[OTHER]["id"], SLEEP)
    world.studio.stop()
    down = world.cli("label-studio", "sync", check=False)
    assert (down.returncode, "CODING_SERVICE_LABEL_STUDIO_URL" in down.stderr) == (1, True)
    world.studio.start()
    world.server.start()
    world.cli("label-studio", "pull", "--jurisdiction", jurisdiction)
    assert set(verdicts(codings(jurisdiction)[TEXT][0][1]).values()) == {"withdraw"}
    assert verdicts(codings(jurisdiction)[OTHER][0][1])["family.safe_sleep"] == "add"
    again = world.cli("label-studio", "pull", "--jurisdiction", jurisdiction)
    assert "0 codings changed, 0 withdrawn" in again.stderr


def test_two_annotators_of_one_task_are_not_independent(world, jurisdiction, codings):
    _, tasks = set_up(world, jurisdiction, TEXT)
    world.annotate(tasks[TEXT]["id"], SLEEP)
    world.annotate(tasks[TEXT]["id"], HOUSING, completed_by=world.user(f"coder@{jurisdiction}.example"))
    world.cli("label-studio", "pull", "--jurisdiction", jurisdiction)
    assert [coding.independent for coding, _ in codings(jurisdiction)[TEXT]] == [False, False]


def test_retrained_bundle_is_promoted_and_its_predictions_are_seen(world, jurisdiction, artefacts):
    """Guarantee: from annotations to a new bundle to new predictions, each by one command."""
    # Texts that are nearly the same would make one group, and one group cannot be cut into folds.
    strains = ("cried", "froze", "shook", "hid", "left", "fled", "wept", "trembled")
    places = ("Oak", "Elm", "Birch", "Pine", "Maple", "Cedar", "Ash", "Willow")
    texts = [
        f"The worker {strain} after threats were made at the house on {place} street."
        for strain, place in zip(strains, places, strict=True)
    ]
    project, tasks = set_up(world, jurisdiction, *texts)
    for text in texts[:6]:
        world.annotate(tasks[text]["id"], STRESS)
    world.cli("label-studio", "sync", check=False)
    recipe = world.folder / "recipe.yaml"
    recipe.write_text("name: again\nsuggester: lexical\nfolds: 3\n", encoding="utf-8")
    starter = world.folder / "starter.jsonl"
    phrase = {"codes": ["family.safe_sleep"], "text": "The baby slept on the couch with mother on day {}."}
    starter.write_text(
        "\n".join(
            json.dumps({"id": f"s{n}", "group": f"s{n}", "codes": phrase["codes"], "text": phrase["text"].format(n)})
            for n in range(12)
        ),
        encoding="utf-8",
    )
    name = f"again-{jurisdiction}"
    world.cli("train", "--recipe", str(recipe), "--corpus", str(starter), "--from-store", "--name", name)
    reason = ("--force", "--reason", "The test has no blind gold.")
    world.cli("bundles", "promote", name, "--jurisdiction", jurisdiction, *reason)
    done = world.cli("label-studio", "push", "--jurisdiction", jurisdiction)
    assert "2 with new suggestions" in done.stderr
    after = world.tasks(project)
    (new,) = after[texts[7]]["predictions"]
    assert new["model_version"] == name
    assert STRESS in new["result"][0]["value"]["taxonomy"]
    assert [len(after[text]["annotations"]) for text in texts] == [1] * 6 + [0] * 2


def test_every_user_of_the_community_edition_sees_every_project(world, jurisdiction, labelling):
    """Recorded: this is why a Label Studio belongs to one jurisdiction, and a second coding to its own project."""
    project, tasks = set_up(world, jurisdiction, TEXT)
    world.annotate(tasks[TEXT]["id"], SLEEP)
    newcomer = labelling.browser_of_newcomer(
        world.api("GET", "/api/invite")["invite_url"], f"new@{jurisdiction}.example"
    )
    assert newcomer.get(f"/api/projects/{project}").status == 200
    annotations = newcomer.get(f"/api/tasks/{tasks[TEXT]['id']}/annotations/").json()
    assert [annotation["completed_by"] for annotation in annotations] == [1]


def test_only_the_tasks_asked_for_are_exported(world, jurisdiction):
    """Guarantee: reading a few tasks costs what they cost, however large the project is."""
    project, tasks = set_up(world, jurisdiction, TEXT, OTHER)
    numbers = sorted(tasks[text]["id"] for text in (TEXT, OTHER))
    for number in numbers:
        world.annotate(number, SLEEP)
    client = connect(world.studio_url, TOKEN)
    assert [task["id"] for task in client.annotated(project, numbers[:1])] == numbers[:1]
    assert sorted(task["id"] for task in client.annotated(project, numbers)) == numbers


@pytest.mark.parametrize("purpose", ["second", "adjudication"])
def test_other_projects_show_no_suggestions(world, jurisdiction, purpose):
    project, _ = set_up(world, jurisdiction, TEXT, purpose=purpose)
    assert world.api("GET", "/api/ml", project=project) == []
    assert world.tasks(project) == {}


def test_logs_hold_no_secret_and_no_narrative(world, artefacts):
    """Guarantee: neither the token that Label Studio sends to our ML backend, nor a body, is written down."""
    log = (artefacts / "label-studio-our-server.log").read_text(encoding="utf-8")
    assert "/label-studio/events" in log
    assert "/label-studio/ml/setup" in log
    for secret in (TOKEN, SECRET, "evicted", "family.safe_sleep"):
        assert secret not in log
    store = (world.folder / "store.sqlite").read_bytes() + (world.folder / "store.sqlite-wal").read_bytes()
    assert TOKEN.encode() not in store


def pushed(world, jurisdiction):
    """Push everything in a process of its own; gives its seconds and the peak of its memory in megabytes."""
    command = [sys.executable, "-m", "coding_service.cli.main", "label-studio", "push", "--jurisdiction", jurisdiction]
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **world.environment}, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.monotonic() - began, usage.ru_maxrss / 1024


@pytest.mark.long
def test_pushing_grows_with_the_number_of_narratives_alone(world, jurisdiction, artefacts):
    """Guarantee: 5,000 narratives go in one push without a time-out, and each costs what it costs among 1,000."""
    seconds, again, megabytes = {}, {}, {}
    for count in (1000, 5000):
        name = f"{jurisdiction}-{count}"
        world.import_reviews(name, [f"{OTHER} Day {number}." for number in range(count)])
        world.init(jurisdiction=name)
        seconds[count], megabytes[count] = pushed(world, name)
        again[count], _ = pushed(world, name)
    report = {"seconds": seconds, "seconds_of_a_second_push": again, "peak_megabytes": megabytes}
    (artefacts / "label-studio-push.json").write_text(json.dumps(report, indent=2))
    assert seconds[5000] / 5 < 1.2 * seconds[1000], report
