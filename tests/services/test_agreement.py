"""Agreement is measured on independent codings alone, blind and shown apart, and equals what is worked out by hand."""

import pytest

from coding_service.errors import ForbiddenError
from coding_service.services.agreement import measure_agreement, show_agreement
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import SuggestionSnapshotRow
from tests.services.team import HOUSING, SLEEP, TAXONOMY, Team

TOO_FEW = "too few"


@pytest.fixture
def team(store_url):
    engine = open_engine(store_url)
    yield Team(engine)
    engine.dispose()


def show(team, narratives, who):
    """Note that a person was shown suggestions for narratives."""
    person_id = team[who].person_id
    with UnitOfWork(team.engine) as work:
        for narrative in narratives:
            row = SuggestionSnapshotRow(
                jurisdiction_id=team.id,
                narrative_id=narrative,
                person_id=person_id,
                bundle_id="starter",
                bundle_sha256="0" * 64,
                taxonomy_id=TAXONOMY.id,
                taxonomy_version=TAXONOMY.version,
                suggestions=[],
            )
            work.snapshots.add(team.scope, row)
        work.commit()


def code_twice(team, narratives, table, people=("reviewer1", "reviewer2")):
    """Code narratives by a table of (both, first only, second only, neither) on safe sleep."""
    cells = [(a, b) for (a, b), n in zip(((1, 1), (1, 0), (0, 1), (0, 0)), table, strict=True) for _ in range(n)]
    for narrative, cell in zip(narratives, cells, strict=True):
        for who, present in zip(people, cell, strict=True):
            team.code(narrative, who, *[SLEEP] * present)


def reviews(team, n_narratives, prefix="r", **options):
    return [team.review(f"{prefix}-{row}", f"{prefix} {row}.", **options)[0] for row in range(n_narratives)]


def on_sleep(measured):
    return next(code for code in measured["codes"] if code["code"] == SLEEP)


def test_figures_equal_those_worked_out_by_hand(team):
    """Twenty narratives, 6 both, 2 and 2 one, 10 neither.

    Kappa: observed 16/20; expected (8/20)(8/20) + (12/20)(12/20) = .52; (.8 - .52) / .48 = .5833.
    Alpha: 40 values, 16 present; disagreement observed 4/20, expected 2 (16)(24) / (40)(39) = .4923; 1 - .2/.4923 = .5938.
    Sets: on this code alone sets are {} or {family.safe_sleep}, with no overlap, so that alpha is the same.
    """
    code_twice(team, reviews(team, 20), (6, 2, 2, 10))
    measured = measure_agreement(team.engine, team.scope, draws=200)
    everything = measured["all"]
    assert [everything[key] for key in ("narratives", "reviews", "people", "doubly_coded")] == [20, 20, 2, 20]
    sleep = on_sleep(everything)
    assert (sleep["doubly_coded"], sleep["prevalence"]) == (20, pytest.approx(16 / 40))
    assert sleep["kappa"]["point"] == pytest.approx(0.28 / 0.48)
    assert sleep["alpha"]["point"] == pytest.approx(1 - 0.2 / (2 * 16 * 24 / (40 * 39)))
    assert everything["alpha"]["point"] == pytest.approx(sleep["alpha"]["point"])
    for figure in (sleep["kappa"], sleep["alpha"], everything["alpha"]):
        assert figure["low"] < figure["point"] < figure["high"]
    assert measured["taxonomy"] == {"id": TAXONOMY.id, "version": TAXONOMY.version}


def test_code_that_nobody_used_and_sets_that_are_empty_give_no_number(team):
    code_twice(team, reviews(team, 20), (6, 2, 2, 10))
    measured = measure_agreement(team.engine, team.scope, draws=50)
    housing = next(code for code in measured["all"]["codes"] if code["code"] == HOUSING)
    assert (housing["kappa"], housing["alpha"], housing["prevalence"]) == (TOO_FEW, TOO_FEW, 0)
    for name in ("blind", "shown"):
        assert measured[name]["narratives"] == 0
        assert measured[name]["alpha"] == on_sleep(measured[name])["kappa"] == TOO_FEW


def test_too_little_data_gives_no_number_at_all(team):
    code_twice(team, reviews(team, 9), (4, 1, 1, 3))
    sleep = on_sleep(measure_agreement(team.engine, team.scope, draws=50)["all"])
    assert (sleep["doubly_coded"], sleep["kappa"], sleep["alpha"], sleep["prevalence"]) == (9, *[TOO_FEW] * 3)


def test_blind_and_shown_are_measured_apart(team):
    """Guarantee: those who saw suggestions agree fully here, those who did not by chance, and the sets tell them apart."""
    blind = reviews(team, 12, "blind", blind_share=1)
    shown, unseen = reviews(team, 12, "shown"), reviews(team, 3, "unseen")
    for who in ("reviewer1", "reviewer2"):
        show(team, shown, who)
    show(team, unseen, "reviewer1")
    code_twice(team, blind, (3, 3, 3, 3))
    code_twice(team, shown, (6, 0, 0, 6))
    code_twice(team, unseen, (0, 1, 1, 1))
    measured = measure_agreement(team.engine, team.scope, draws=100)
    assert [measured[name]["narratives"] for name in ("all", "blind", "shown")] == [27, 12, 12]
    assert on_sleep(measured["blind"])["kappa"]["point"] == pytest.approx(0)
    assert on_sleep(measured["shown"])["kappa"]["point"] == pytest.approx(1)


def test_dependent_skipped_open_and_single_codings_do_not_count(team):
    narratives = reviews(team, 14)
    code_twice(team, narratives[:10], (5, 0, 0, 5))
    before = measure_agreement(team.engine, team.scope, draws=50)
    team.code(narratives[10], "reviewer1", SLEEP)
    for dependent in (narratives[0], narratives[10]):
        team.code(dependent, "adjudicator1", HOUSING)
    team.code(narratives[11], "reviewer1", SLEEP)
    team.code(narratives[11], "reviewer2", skipped="Cut off.")
    team.code(narratives[12], "reviewer1", SLEEP)
    team.code(narratives[12], "reviewer2", complete=False)
    after = measure_agreement(team.engine, team.scope, draws=50)
    assert after == {**before, "left_out": 2}


def test_not_judged_is_not_disagreement(team):
    narratives = reviews(team, 10)
    code_twice(team, narratives, (5, 0, 0, 5))
    for narrative in reviews(team, 5, "half"):
        team.code(narrative, "reviewer1", SLEEP)
        team.code(narrative, "reviewer2", HOUSING, complete=False)
    everything = measure_agreement(team.engine, team.scope, draws=50)["all"]
    assert (everything["narratives"], on_sleep(everything)["doubly_coded"]) == (15, 10)
    assert on_sleep(everything)["alpha"]["point"] == pytest.approx(1)


def test_three_codings_count_in_alpha_and_the_first_two_in_kappa(team):
    narratives = reviews(team, 12)
    code_twice(team, narratives, (6, 0, 0, 6))
    for place, narrative in enumerate(narratives):
        team.code(narrative, "reviewer3", *[SLEEP] * (place % 2))
    sleep = on_sleep(measure_agreement(team.engine, team.scope, draws=50)["all"])
    assert sleep["kappa"]["point"] == pytest.approx(1)
    assert sleep["alpha"]["point"] < 0.6


def test_scope_and_roles(team):
    code_twice(team, reviews(team, 10), (5, 0, 0, 5))
    south = Team(team.engine, "south")
    assert measure_agreement(team.engine, south.scope, draws=10)["all"]["narratives"] == 0
    assert measure_agreement(team.engine, Scope.everything(), draws=10)["all"]["narratives"] == 10
    assert show_agreement(team.engine, south["analyst"])["all"]["narratives"] == 0
    for role in ("analyst", "ml", "admin", "adjudicator"):
        assert show_agreement(team.engine, team[role])["all"]["narratives"] == 10
    with pytest.raises(ForbiddenError):
        show_agreement(team.engine, team["reviewer"])
