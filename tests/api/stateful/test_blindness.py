"""Blind reviews from every side: no suggestion reaches a coder before their own coding is closed."""

import pytest
from sqlalchemy import text

from coding_service.services.blindness import Blinding
from coding_service.store.check import check
from tests.api.stateful.conftest import HOUSING, TEXT, done

WITHHELD = {"id", "withheld", "reason", "hint"}


def stateless(office, *texts, **caller):
    body = {"narratives": [{"text": text} for text in texts], "min_probability": 0}
    return done(office.post("/v1/suggestions", body, **caller))["results"]


def is_withheld(answer):
    assert (answer.keys() == WITHHELD) == (answer.get("withheld") is True)
    return answer.get("withheld") is True


def test_withheld_until_own_coding_is_closed(blind_office):
    """Guarantee: before, while and after coding, a coder sees suggestions only after it."""
    office = blind_office
    narrative_id = office.narrative()
    assert is_withheld(office.suggestions(narrative_id))
    coding_id = office.open(narrative_id)
    assert is_withheld(office.suggestions(narrative_id))
    done(office.decide(coding_id, (HOUSING, "add")))
    assert is_withheld(office.suggestions(narrative_id))
    done(office.close(coding_id))
    shown = office.suggestions(narrative_id)
    assert not is_withheld(shown)
    assert HOUSING in {suggestion["code"] for suggestion in shown["suggestions"]}


def test_nothing_can_be_added_once_suggestions_are_open(blind_office):
    office = blind_office
    narrative_id = office.narrative()
    coding_id = office.open(narrative_id)
    done(office.close(coding_id, complete=False))
    office.suggestions(narrative_id)
    assert office.decide(coding_id, (HOUSING, "accept")).status_code == 409
    assert office.close(coding_id, complete=True).status_code == 409
    assert office.post(f"/v1/narratives/{narrative_id}/codings", {}).status_code == 409


@pytest.mark.parametrize("who", ["reviewer2", "adjudicator", "ml", "admin"])
def test_anothers_closed_coding_opens_nothing(blind_office, who):
    """Guarantee: blindness is each person's own, whatever their role."""
    office = blind_office
    narrative_id = office.narrative()
    done(office.close(office.open(narrative_id)))
    assert not is_withheld(office.suggestions(narrative_id))
    assert is_withheld(office.suggestions(narrative_id, who=who))


def test_siblings_are_blind_too(blind_office):
    """Guarantee: a whole review is blind; closing one narrative does not open the next, one added later included."""
    office = blind_office
    review = office.review(TEXT, "The baby slept on the couch with mother.")
    first, second = (narrative["id"] for narrative in review["narratives"])
    body = {"text": "Police reports were never sent over."}
    third = done(office.post(f"/v1/reviews/{review['id']}/narratives", body))
    assert review["blind"]
    assert third["blind"]
    done(office.close(office.open(first)))
    assert not is_withheld(office.suggestions(first))
    assert is_withheld(office.suggestions(second))
    assert is_withheld(office.suggestions(third["id"]))


@pytest.mark.parametrize("variant", [TEXT, f"  {TEXT.upper()} ", TEXT.replace(". ", "!\n")])
def test_stateless_route_withholds_the_same_text(blind_office, variant):
    """Guarantee: a blind text gets no suggestions by being pasted, whatever its case, spacing and punctuation."""
    office = blind_office
    narrative_id = office.narrative()
    blind, other = stateless(office, variant, "Another text of nobody.")
    assert is_withheld(blind)
    assert other["suggestions"]
    assert not is_withheld(stateless(office, variant, where="south")[0])
    done(office.close(office.open(narrative_id)))
    assert not is_withheld(stateless(office, variant)[0])
    assert is_withheld(stateless(office, variant, who="reviewer2")[0])


def test_stateless_answer_of_only_withheld_texts_names_the_bundle(blind_office):
    blind_office.narrative()
    answer = done(blind_office.post("/v1/suggestions", {"narratives": [{"id": "a", "text": TEXT}]}))
    assert [result["id"] for result in answer["results"]] == ["a"]
    assert answer["bundle"]["id"] == "starter"


def test_copy_in_an_open_review_is_withheld(open_office):
    """Guarantee: a blind text does not open itself by being sent again in a review that is not blind."""
    draw = Blinding("key", 0.5).draw
    names = [f"r-{number}" for number in range(20)]
    blind = next(name for name in names if draw("north", name))
    seen = next(name for name in names if not draw("north", name))
    with open_office(blind_share=0.5, blind_key="key") as office:
        copy = office.narrative(TEXT, external_id=seen)
        assert not is_withheld(office.suggestions(copy))
        original = office.narrative(TEXT, external_id=blind)
        assert is_withheld(office.suggestions(copy, who="reviewer2"))
        done(office.close(office.open(original, who="reviewer2"), who="reviewer2"))
        assert not is_withheld(office.suggestions(copy, who="reviewer2"))


def test_share_is_drawn_by_key_and_half_of_it_evaluates():
    """Guarantee: the draw depends on key, jurisdiction and review alone, hits its share, and halves it."""
    names = [f"review {number}" for number in range(4000)]
    drawn = [Blinding("key", 0.2).draw("north", name) for name in names]
    assert drawn == [Blinding("key", 0.2).draw("north", name) for name in names]
    assert drawn != [Blinding("other", 0.2).draw("north", name) for name in names]
    assert drawn != [Blinding("key", 0.2).draw("south", name) for name in names]
    assert 700 < sum(role is not None for role in drawn) < 900
    assert 330 < drawn.count("evaluation") < 470
    assert {Blinding("key", 0).draw("north", name) for name in names} == {None}
    assert None not in {Blinding("key", 1).draw("north", name) for name in names}


def test_codings_of_others_are_seen_by_adjudicators_alone(office):
    """Guarantee: reviewers see their own coding; an adjudicator sees all, and no longer codes independently."""
    narrative_id = office.narrative()
    first = office.open(narrative_id)
    office.decide(first, (HOUSING, "add"))
    second = office.open(narrative_id, who="reviewer2")
    own = office.open(narrative_id, who="adjudicator")
    assert [coding["id"] for coding in office.codings(narrative_id)] == [first]
    assert [coding["id"] for coding in office.codings(narrative_id, who="reviewer2")] == [second]
    assert office.codings(narrative_id, who="ml") == []
    seen = {coding["id"]: coding for coding in office.codings(narrative_id, who="adjudicator")}
    assert seen.keys() == {first, second, own}
    assert seen[first]["coder"] == "reviewer@north.example"
    assert [coding["independent"] for coding in (seen[first], seen[second], seen[own])] == [True, True, False]


@pytest.mark.parametrize("what", ["decisions", "close"])
def test_anothers_coding_cannot_be_written_nor_found(office, what):
    """Guarantee: to a reviewer another's coding does not exist; an adjudicator sees it and is refused."""
    coding_id = office.open(office.narrative())
    body = {"complete": True}
    if what == "decisions":
        body = {"taxonomy": {"id": "io-themes", "version": "1.0.0"}, "decisions": [{"code": HOUSING, "verdict": "add"}]}
    missing = office.post(f"/v1/codings/{'0' * 32}/{what}", body, who="reviewer2")
    anothers = office.post(f"/v1/codings/{coding_id}/{what}", body, who="reviewer2")
    assert (anothers.status_code, anothers.content) == (404, missing.content)
    assert office.post(f"/v1/codings/{coding_id}/{what}", body, who="adjudicator").status_code == 403


def test_what_was_shown_is_kept_with_the_coding(office):
    """Guarantee: shown before or after opening, the first snapshot stands with the coding; a second look is the same."""
    narrative_id = office.narrative()
    before = office.suggestions(narrative_id)
    office.open(narrative_id)
    office.open(narrative_id, who="reviewer2")
    assert office.suggestions(narrative_id) == before
    later = office.suggestions(narrative_id, who="reviewer2")
    shown = [coding["shown"] for who in ("reviewer", "reviewer2") for coding in office.codings(narrative_id, who=who)]
    assert shown == [{"bundle": answer["bundle"], "at": answer["shown_at"]} for answer in (before, later)]
    with office.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM suggestion_snapshot")).scalar() == 2


def test_what_is_seen_after_closing_was_not_shown(office):
    narrative_id = office.narrative()
    done(office.close(office.open(narrative_id)))
    office.suggestions(narrative_id)
    assert [coding["shown"] for coding in office.codings(narrative_id)] == [None]


def test_store_stays_sound_through_all_of_it(blind_office):
    """Guarantee: the rules between rows that `db check` knows hold after blind coding from every side."""
    office = blind_office
    narrative_id = office.narrative()
    for who in ("reviewer", "reviewer2", "adjudicator"):
        coding_id = office.open(narrative_id, who=who)
        office.suggestions(narrative_id, who=who)
        office.codings(narrative_id, who=who)
        done(office.decide(coding_id, (HOUSING, "add"), who=who))
        done(office.close(coding_id, who=who))
        office.suggestions(narrative_id, who=who)
    assert check(office.engine).problems == ()
