"""A narrative goes from first coding to gold by what was said of it, and by a draw that anybody with the key can repeat."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from coding_service.services.stages import Doubling
from tests.services.team import ALWAYS, HOUSING, NEVER, RECORDS, SLEEP, Team


@pytest.fixture
def team(engine):
    return Team(engine)


def test_one_coding_is_enough_where_no_second_is_drawn(team):
    (narrative,) = team.review("r", "Text.")
    assert team.stage(narrative) == "first"
    team.code(narrative, "reviewer1", HOUSING)
    assert team.stage(narrative) == "done"


def test_drawn_narrative_waits_for_a_second_person(team):
    team.doubling = ALWAYS
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", HOUSING)
    assert team.stage(narrative) == "second"
    team.code(narrative, "reviewer2", HOUSING)
    assert team.stage(narrative) == "done"


def test_codings_that_differ_go_to_adjudication_drawn_or_not(team):
    agreeing, differing, open_codes = team.review("r", "One.", "Two.", "Three.")
    team.code(agreeing, "reviewer1", HOUSING, complete=False)
    team.code(differing, "reviewer1", HOUSING)
    team.code(open_codes, "reviewer1", HOUSING, unsure=SLEEP)
    assert [team.stage(narrative) for narrative in (agreeing, differing, open_codes)] == ["done"] * 3
    team.code(agreeing, "reviewer2", SLEEP, complete=False)
    team.code(differing, "reviewer2", SLEEP)
    team.code(open_codes, "reviewer2", HOUSING, SLEEP)
    assert team.stage(agreeing) == "done", "who did not judge a code does not contradict"
    assert team.stage(differing) == "adjudication"
    assert team.stage(open_codes) == "done", "an unsure coder does not contradict"


def test_second_opinion_of_one_who_saw_the_first_is_none(team):
    """Guarantee: an adjudicator's coding over others' never counts as the independent second one."""
    team.doubling = ALWAYS
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", HOUSING)
    team.code(narrative, "adjudicator1", HOUSING)
    assert team.stage(narrative) == "second"


def test_skipped_narrative_goes_to_another_and_then_to_an_adjudicator(team):
    once, twice, empty = team.review("r", "One.", "Two.", "Three.")
    team.code(once, "reviewer1", skipped="Not in English.")
    team.code(twice, "reviewer1", skipped="Not in English.")
    team.code(empty, "reviewer1", complete=False)
    assert [team.stage(narrative) for narrative in (once, twice, empty)] == ["first"] * 3
    team.code(once, "reviewer2", RECORDS)
    team.code(twice, "reviewer2", skipped="Cut off.")
    assert (team.stage(once), team.stage(twice)) == ("done", "adjudication")


def test_what_a_skipped_coding_said_counts_nowhere(team):
    """Guarantee: queue, adjudicators and gold read the same opinions, so that no difference goes unseen."""
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", SLEEP, skipped="Not in English.")
    assert team.gold(narrative)[SLEEP].source == "unjudged"
    team.code(narrative, "reviewer2", reject=SLEEP)
    gold = team.gold(narrative)[SLEEP]
    assert (team.stage(narrative), gold.label, gold.absent, gold.present) == ("done", "absent", 1, 0)


def test_blank_reason_skips_nothing(team):
    (narrative,) = team.review("r", "Text.")
    team.code(narrative, "reviewer1", SLEEP, skipped="  ", complete=True)
    assert (team.stage(narrative), team.gold(narrative)[SLEEP].label) == ("done", "present")


def test_codings_closed_at_once_see_each_other(team):
    """Guarantee: two people who close at the same moment leave no narrative waiting for a coding that is there."""
    team.doubling = ALWAYS
    narratives = team.review("r", *(f"Text {row}." for row in range(6)))
    people = ["reviewer1", "reviewer2"]
    for who in people:
        assert team[who]
    barrier = Barrier(2, timeout=30)

    def work(who):
        for narrative in narratives:
            barrier.wait()
            team.code(narrative, who, HOUSING if who == "reviewer1" else SLEEP)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, people))
    assert {team.stage(narrative) for narrative in narratives} == {"adjudication"}


def test_draw_is_repeatable_fair_and_nested():
    """Guarantee: the share is what it says, the draw depends on names and key alone, and a larger share only adds."""
    names = [("north", f"r-{row // 3}", str(row % 3)) for row in range(20_000)]
    drawn = [Doubling("key", 0.2).draw(*name) for name in names]
    assert 0.19 < sum(drawn) / len(drawn) < 0.21
    assert drawn == [Doubling("key", 0.2).draw(*name) for name in names]
    assert drawn != [Doubling("other", 0.2).draw(*name) for name in names]
    wider = [Doubling("key", 0.3).draw(*name) for name in names]
    assert all(more for less, more in zip(drawn, wider, strict=True) if less)
    assert not any(NEVER.draw(*name) for name in names[:100])
    assert all(ALWAYS.draw(*name) for name in names[:100])
