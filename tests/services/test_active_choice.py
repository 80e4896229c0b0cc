"""The mix of strategies keeps its shares in every beginning of the order, and each strategy takes what it is for."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.services.active_choice import EVALUATION, STRATEGIES, Mix, Pool, choose, farthest_first

MIX = Mix({"random": 0.2, "rare": 0.2, "uncertain": 0.4, "diverse": 0.2}, 100, "key")


def pool(n_narratives=400, n_codes=5, seed=0, evaluation_share=0.0):
    rng = np.random.default_rng(seed)
    return Pool(
        ids=[f"n{row}" for row in range(n_narratives)],
        probabilities=rng.random((n_narratives, n_codes)),
        evaluation=rng.random(n_narratives) < evaluation_share,
        thresholds=np.linspace(0.3, 0.7, n_codes),
        support=np.array([500, 100, 50, 5, 0][:n_codes]),
    )


def only(strategy, depth=20):
    return Mix({name: float(name == strategy) for name in STRATEGIES}, depth, "key")


def counts(chosen):
    reasons = [reason for _, reason in chosen]
    return {name: reasons.count(name) for name in (*STRATEGIES, EVALUATION)}


def test_every_beginning_of_the_order_has_the_shares():
    chosen = choose(pool(), MIX)
    assert len({narrative for narrative, _ in chosen}) == len(chosen) == 100
    for length in range(1, 101):
        found = counts(chosen[:length])
        for name, share in MIX.targets().items():
            assert abs(found[name] - share * length) <= 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.integers(1, 60),
    st.integers(1, 80),
    st.integers(0, 1000),
)
def test_quotas_are_met_exactly_whatever_the_shares(shares, n_narratives, depth, seed):
    mix = Mix(dict(zip(STRATEGIES, shares, strict=True)), depth, "key")
    some = pool(n_narratives, seed=seed, evaluation_share=0.2)
    found = counts(choose(some, mix))
    kept = found.pop(EVALUATION)
    assert sum(found.values()) + kept == min(depth, n_narratives)
    assert found == mix.quotas(sum(found.values()))
    assert all(abs(found[name] - share * sum(found.values())) < 1 for name, share in mix.targets().items())


def test_same_choice_whatever_the_order_of_the_rows():
    whole = pool(evaluation_share=0.1)
    order = np.random.default_rng(1).permutation(400)
    turned = Pool(
        [whole.ids[row] for row in order],
        whole.probabilities[order],
        whole.evaluation[order],
        whole.thresholds,
        whole.support,
    )
    assert choose(turned, MIX) == choose(whole, MIX)


def test_no_strategy_but_chance_takes_evaluation_narratives_and_they_keep_their_pace():
    """Guarantee: what bundles are measured on is not chosen by a bundle, and is coded as fast as the rest."""
    whole = pool(evaluation_share=0.25)
    ids = {narrative for narrative, kept in zip(whole.ids, whole.evaluation, strict=True) if kept}
    chosen = choose(whole, MIX)
    assert {narrative for narrative, reason in chosen if reason == EVALUATION} == ids & {name for name, _ in chosen}
    assert counts(chosen)[EVALUATION] == round(100 * len(ids) / 400)
    other = Pool(whole.ids, 1 - whole.probabilities, whole.evaluation, whole.thresholds, whole.support)
    for reason in (EVALUATION, "random"):
        first, second = ([name for name, why in choose(some, MIX) if why == reason] for some in (whole, other))
        assert first == second, "a fair sample does not depend on probabilities"


def test_uncertain_goes_round_the_codes():
    """Guarantee: each code gets its share of doubtful narratives, by its own threshold."""
    whole = pool()
    chosen = choose(whole, only("uncertain", depth=5))
    for column, (narrative, _) in enumerate(chosen):
        gap = np.abs(whole.probabilities[:, column] - whole.thresholds[column])
        assert gap[whole.ids.index(narrative)] <= np.sort(gap)[4]


def test_rare_takes_what_may_hold_codes_with_few_examples():
    probabilities = np.full((50, 5), 0.1)
    probabilities[7, 3], probabilities[9, 0] = 0.9, 0.9
    whole = Pool(
        [str(row) for row in range(50)], probabilities, np.zeros(50, dtype=bool), np.full(5, 0.5), pool().support
    )
    assert choose(whole, only("rare", depth=1)) == [("7", "rare")]


def test_diverse_takes_one_of_each_kind_before_a_second():
    corners = np.eye(4)[np.arange(40) % 4] * 0.9
    chosen = farthest_first(corners, np.arange(40), 4, taken=np.array([], dtype=np.intp))
    assert {row % 4 for row in chosen} == {0, 1, 2, 3}
    beside = farthest_first(corners, np.arange(40), 3, taken=np.array([0]))
    assert {row % 4 for row in beside} == {1, 2, 3}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_to_choose_from_is_no_trouble(strategy):
    nothing = Pool([], np.zeros((0, 5)), np.zeros(0, dtype=bool), np.full(5, 0.5), np.ones(5))
    assert choose(nothing, only(strategy)) == []
    assert len(choose(pool(3), only(strategy))) == 3


def test_shares_of_nothing_are_all_at_random():
    assert counts(choose(pool(), Mix(dict.fromkeys(STRATEGIES, 0.0), 10, "key")))["random"] == 10


@pytest.mark.slow
def test_choosing_among_very_many_takes_seconds():
    """Guarantee: beside the reading of 100,000 texts, choosing among them is nothing; measured in time of computing."""
    start = time.process_time()
    assert len(choose(pool(100_000), Mix(MIX.shares, 2000, "key"))) == 2000
    assert time.process_time() - start < 30
