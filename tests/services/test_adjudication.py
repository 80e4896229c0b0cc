"""Adjudicators see where codings differ, without names, and their word settles it and takes it out of the queue."""

import json
from dataclasses import replace

import pytest

from coding_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TaxonomyMismatchError
from coding_service.services.adjudication import NewLabel, Ruling, adjudicate, list_disputes, show_dispute
from coding_service.services.codings import open_coding
from coding_service.services.gold_corpus import store_gold
from coding_service.services.idempotency import Retry
from coding_service.store import UnitOfWork
from tests.services.team import HOUSING, RECORDS, SLEEP, TAXONOMY, VERSION, Team


@pytest.fixture
def team(engine):
    return Team(engine)


@pytest.fixture
def disputed(team):
    """A narrative of which one says safe sleep and records, the other records alone."""
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", SLEEP, RECORDS)
    team.code(narrative, "reviewer2", RECORDS)
    return narrative


def ruling(*labels, version=VERSION):
    return Ruling(version, tuple(NewLabel(code, label, "Because.") for code, label in labels))


def rule(team, narrative, *labels, who="adjudicator1"):
    return adjudicate(team.engine, team[who], narrative, ruling(*labels))


def test_dispute_tells_what_and_how_but_not_who(team, disputed):
    """Guarantee: no name, e-mail, id of a person or of a coding, nor any time that could give a coder away."""
    shown = show_dispute(team.engine, team["adjudicator1"], disputed)
    assert [(code["code"], code["present"], code["absent"]) for code in shown["disputed"]] == [(SLEEP, 1, 1)]
    assert [coding["coding"] for coding in shown["codings"]] == ["A", "B"]
    assert {coding["opinions"][SLEEP] for coding in shown["codings"]} == {"present", "absent"}
    told = json.dumps(shown)
    with UnitOfWork(team.engine, reading=True) as work:
        rows = work.codings.of_narrative(team.scope, disputed)
    for secret in [value for row in rows for value in (row.id, row.person_id, row.closed_at.isoformat()[:16])]:
        assert secret not in told
    assert "reviewer" not in told
    assert "Text." not in told


def test_list_holds_what_waits_for_this_adjudicator(team, disputed):
    own, agreed = team.review("r-2", "One.", "Two.")
    team.code(own, "reviewer1", SLEEP)
    team.code(own, "adjudicator1", HOUSING)
    team.code(agreed, "reviewer1", SLEEP)
    listed = list_disputes(team.engine, team["adjudicator1"])["narratives"]
    assert [dispute["narrative_id"] for dispute in listed] == [disputed]
    listed = list_disputes(team.engine, team["adjudicator2"])["narratives"]
    assert {dispute["narrative_id"] for dispute in listed} == {disputed, own}
    assert len(list_disputes(team.engine, team["adjudicator2"], limit=1)["narratives"]) == 1
    assert list_disputes(team.engine, Team(team.engine, "south")["adjudicator1"])["narratives"] == []


@pytest.mark.parametrize("label", ["present", "absent", "unknown"])
def test_word_is_gold_and_takes_the_narrative_out_of_the_queue(team, disputed, label):
    settled = rule(team, disputed, (SLEEP, label))
    assert (settled["disputed"], settled["task"], team.stage(disputed)) == ([], "done", "done")
    assert [(word["code"], word["label"], word["reason"]) for word in settled["adjudications"]] == [
        (SLEEP, label, "Because.")
    ]
    with UnitOfWork(team.engine, reading=True) as work:
        (gold,) = store_gold(work, team.scope, TAXONOMY)
    assert (gold.labels[SLEEP].label, gold.labels[SLEEP].source) == (label, "adjudicated")
    assert list_disputes(team.engine, team["adjudicator1"])["narratives"] == []


def test_narrative_stays_until_nothing_is_disputed(team):
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", SLEEP)
    team.code(narrative, "reviewer2", RECORDS)
    assert [code["code"] for code in rule(team, narrative, (SLEEP, "absent"))["disputed"]] == [RECORDS]
    assert team.stage(narrative) == "adjudication"
    rule(team, narrative, (RECORDS, "present"))
    assert team.stage(narrative) == "done"


def test_later_word_counts_and_earlier_one_is_kept(team, disputed):
    rule(team, disputed, (SLEEP, "present"))
    settled = rule(team, disputed, (SLEEP, "absent"), who="adjudicator2")
    assert [word["label"] for word in settled["adjudications"]] == ["present", "absent"]
    with UnitOfWork(team.engine, reading=True) as work:
        (gold,) = store_gold(work, team.scope, TAXONOMY)
    assert gold.labels[SLEEP].label == "absent"


def test_further_coding_does_not_bring_an_adjudicated_narrative_back(team, disputed):
    rule(team, disputed, (SLEEP, "present"))
    team.code(disputed, "reviewer3", RECORDS)
    assert team.stage(disputed) == "done"


def test_skipped_narrative_is_settled_too(team):
    (narrative,) = team.review("r", "Text.")
    for who in ("reviewer1", "reviewer2"):
        team.code(narrative, who, skipped="Cut off.")
    shown = show_dispute(team.engine, team["adjudicator1"], narrative)
    assert [coding["skipped_reason"] for coding in shown["codings"]] == ["Cut off."] * 2
    rule(team, narrative, (SLEEP, "unknown"))
    assert team.stage(narrative) == "done"


def test_who_coded_a_narrative_does_not_adjudicate_it(team, disputed):
    team.code(disputed, "adjudicator1", SLEEP)
    with pytest.raises(ConflictError, match="You coded"):
        rule(team, disputed, (SLEEP, "present"))


def test_who_looks_at_a_dispute_no_longer_codes_independently(team):
    (narrative,) = team.review("r", "Text.")
    coding_id = open_coding(team.engine, team["adjudicator1"], narrative)["id"]
    show_dispute(team.engine, team["adjudicator1"], narrative)
    with UnitOfWork(team.engine, reading=True) as work:
        assert not work.codings.get(team.scope, coding_id).independent


BAD = {
    "nothing": (ruling(), InputError, "There is no label"),
    "unknown code": (ruling(("family.safe_slep", "present")), InputError, "Did you mean 'family.safe_sleep'"),
    "group": (ruling(("family", "present")), InputError, "no selectable code"),
    "label": (ruling((SLEEP, "maybe")), InputError, "present, absent, unknown"),
    "twice": (ruling((SLEEP, "present"), (SLEEP, "absent")), InputError, "twice"),
    "no reason": (Ruling(VERSION, (NewLabel(SLEEP, "present", " "),)), InputError, "no reason"),
    "version": (ruling((SLEEP, "present"), version=("io-themes", "0.9.0")), TaxonomyMismatchError, "0.9.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_rulings_are_refused_and_nothing_is_kept(team, disputed, name):
    bad, error, told = BAD[name]
    with pytest.raises(error) as caught:
        adjudicate(team.engine, team["adjudicator1"], disputed, bad)
    assert told in str(caught.value)
    assert show_dispute(team.engine, team["adjudicator1"], disputed)["adjudications"] == []


@pytest.mark.parametrize("role", ["reviewer", "analyst", "ml", "admin"])
def test_other_roles_are_refused(team, disputed, role):
    for call in (
        lambda caller: list_disputes(team.engine, caller),
        lambda caller: show_dispute(team.engine, caller, disputed),
        lambda caller: adjudicate(team.engine, caller, disputed, ruling((SLEEP, "present"))),
    ):
        with pytest.raises(ForbiddenError):
            call(team[role])


def test_foreign_narrative_does_not_exist(team, disputed):
    stranger = Team(team.engine, "south")["adjudicator1"]
    with pytest.raises(NotFoundError):
        show_dispute(team.engine, stranger, disputed)
    with pytest.raises(NotFoundError):
        adjudicate(team.engine, stranger, disputed, ruling((SLEEP, "present")))


def test_retried_ruling_is_kept_once_and_audited(team, disputed):
    retry = Retry("key", "POST", "hash")
    caller = team["adjudicator1"]
    first = adjudicate(team.engine, caller, disputed, ruling((SLEEP, "present")), retry=retry)
    assert adjudicate(team.engine, caller, disputed, ruling((SLEEP, "present")), retry=retry) == first
    with pytest.raises(ConflictError):
        adjudicate(team.engine, caller, disputed, ruling((SLEEP, "absent")), retry=replace(retry, request_hash="other"))
    with UnitOfWork(team.engine, reading=True) as work:
        events = [event for event in work.audit.page(team.scope, object_id=disputed) if event.action == "adjudicate"]
    assert [(event.person_id, event.detail) for event in events] == [(caller.person_id, {"codes": [SLEEP]})]
