"""The simulated people and what they are given: errors come from their rates alone, and nobody's gold is learned from."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from coding_service.corpus import CodedNarrative
from coding_service.errors import CorpusError
from coding_service.taxonomy.files import find_taxonomy

TRAINING = Path(__file__).resolve().parents[2] / "training"
TAXONOMY = find_taxonomy("io-themes", "1.0.0")
SLEEP, HOUSING, ECONOMIC = "family.safe_sleep", "family.economic_support.housing", "family.economic_support"


@pytest.fixture(autouse=True)
def demo(monkeypatch):
    monkeypatch.syspath_prepend(str(TRAINING))


def reviewer(misses=0.0, adds=0.0, follows=0.0, trusts_silence=0.0):
    from demo.people import Reviewer

    rates = [dict.fromkeys(TAXONOMY.code_ids, rate) for rate in (misses, adds)]
    return Reviewer("ann", *rates, follows, trusts_silence)


def verdicts(person, *present, bands=None, unknown=()):
    from demo.people import Luck

    truth = {code: -1 if code in unknown else int(code in present) for code in TAXONOMY.code_ids}
    return person.code(truth, bands, TAXONOMY, Luck(random.Random(1), random.Random(2)))


def test_without_errors_people_say_what_holds():
    assert verdicts(reviewer(), SLEEP) == {SLEEP: "add"}
    assert verdicts(reviewer(), SLEEP, bands={SLEEP: "suggested", HOUSING: "suggested"}) == {
        SLEEP: "accept",
        HOUSING: "reject",
    }


def test_what_is_only_possible_need_not_be_rejected():
    assert verdicts(reviewer(), SLEEP, bands={SLEEP: "possible", HOUSING: "possible"}) == {SLEEP: "accept"}


def test_sub_theme_makes_its_theme_present():
    """Guarantee: nobody rejects a theme while accepting its sub-theme."""
    told = verdicts(reviewer(), HOUSING, bands={ECONOMIC: "suggested"})
    assert told == {HOUSING: "add", ECONOMIC: "accept"}


def test_what_nobody_can_know_is_left_unsure():
    assert verdicts(reviewer(), unknown=(SLEEP,)) == {SLEEP: "unsure"}


def test_suggestions_pull_only_whoever_sees_them():
    """Guarantee: rates of following suggestions change nothing where they are withheld."""
    pulled = reviewer(misses=0.3, adds=0.1, follows=1.0, trusts_silence=1.0)
    assert verdicts(pulled, SLEEP) == verdicts(reviewer(misses=0.3, adds=0.1), SLEEP)
    assert verdicts(pulled, SLEEP, bands={HOUSING: "suggested"}) == {HOUSING: "accept", ECONOMIC: "add"}


def test_adjudicator_is_right_but_for_a_few():
    from demo.people import RULES_WRONGLY, rule

    draws = random.Random(1)
    wrong = [rule(1, draws) != "present" for _ in range(2000)] + [rule(0, draws) != "absent" for _ in range(2000)]
    assert abs(sum(wrong) / len(wrong) - RULES_WRONGLY) < 0.02
    assert rule(-1, draws) == "unknown"


def corpus(n_reviews=60):
    return [
        CodedNarrative(
            f"n{number}", f"Visit {number}: text {random.Random(number).random()}.", (SLEEP,), group=f"r{number // 2}"
        )
        for number in range(2 * n_reviews)
    ]


def groups(narratives):
    return {narrative.group for narrative in narratives}


@pytest.mark.parametrize("split", [False, True])
def test_no_review_lies_in_two_parts(split):
    """Guarantee: the first bundle saw no review that comes in later, and neither saw what is held out."""
    from demo.material import deal

    narratives = corpus()
    if split:
        narratives = [
            replace(narrative, split="test" if narrative.group < "r2" else "train") for narrative in narratives
        ]
    dealt = deal(narratives, first_share=0.2, n_reviews=20, seed=3)
    later = [narrative for review in dealt.reviews for narrative in review]
    parts = [groups(dealt.first), groups(later), groups(dealt.held_out)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert len(dealt.reviews) == len(groups(later)) == 20
    assert not split or parts[2] == {name for name in groups(narratives) if name < "r2"}
    assert dealt == deal(narratives, first_share=0.2, n_reviews=20, seed=3)
    assert dealt.reviews != deal(narratives, first_share=0.2, n_reviews=20, seed=4).reviews


def test_too_few_reviews_are_told():
    from demo.material import deal

    with pytest.raises(CorpusError, match="the corpus leaves"):
        deal(corpus(10), first_share=0.2, n_reviews=20, seed=3)


def test_every_outcome_has_its_mark():
    """Guarantee: whatever the gate says can be drawn, and the legend tells the marks that occur."""
    from demo.picture import MARKS, draw

    figures = {"micro_f1": 0.5, "macro_f1": 0.4}
    alpha = {"point": None, "low": None, "high": None}
    months = [
        {
            "month": number,
            "outcome": outcome,
            "blind_reviews": 60 * number,
            "candidate": figures,
            "served": figures,
            "agreement": {"blind": alpha, "shown": {"point": 0.5, "low": 0.4, "high": 0.6}},
            "accepted_share": None if number == 1 else 0.5,
        }
        for number, outcome in enumerate(MARKS, 1)
    ]
    year = {"first": figures, "months": months}
    picture = draw(year)
    assert picture == draw(year)
    assert all(told in picture for _, _, told in MARKS.values())
