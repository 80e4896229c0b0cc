"""Splits keep together what belongs together, spread rare codes, and come out the same for the same seed."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.corpus.split import grouped_folds, merged_groups, split_corpus
from coding_service.errors import InputError


def random_set(seed, n_narratives=120, n_codes=5, n_groups=40):
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((n_narratives, n_codes)) < np.linspace(0.05, 0.4, n_codes), 1, 0)
    labels[rng.random(labels.shape) < 0.1] = -1
    return rng.integers(0, n_groups, n_narratives), labels


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_no_group_stands_in_two_folds_and_no_fold_is_empty(seed, n_folds):
    groups, labels = random_set(seed, n_narratives=30, n_groups=20)
    folds = grouped_folds(groups, labels, n_folds, seed)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == set(range(n_folds))


def test_the_positives_of_a_rare_code_are_spread_over_all_folds():
    rng = np.random.default_rng(3)
    labels = np.zeros((1000, 3), dtype=int)
    labels[rng.choice(1000, 10, replace=False), 0] = 1
    labels[rng.choice(1000, 300, replace=False), 1] = 1
    folds = grouped_folds(np.arange(1000), labels, 5, seed=0)
    counts = np.array([labels[folds == fold].sum(axis=0) for fold in range(5)])
    assert set(counts[:, 0]) == {2}
    assert np.ptp(counts[:, 1]) <= 1
    assert np.ptp(np.bincount(folds)) <= 1


def test_the_same_seed_gives_the_same_folds_whatever_the_groups_are_called():
    groups, labels = random_set(1)
    names = [f"review {group}" for group in groups]
    np.testing.assert_array_equal(grouped_folds(groups, labels, 4, 7), grouped_folds(names, labels, 4, 7))
    assert (grouped_folds(groups, labels, 4, 7) != grouped_folds(groups, labels, 4, 8)).any()


@pytest.mark.parametrize("n_folds", [1, 4])
def test_folds_that_cannot_be_dealt_are_refused(n_folds):
    with pytest.raises(InputError, match="3 groups"):
        grouped_folds(["a", "b", "c"], np.zeros((3, 1)), n_folds, 0)


def test_thirty_thousand_narratives_of_230_codes_take_seconds():
    rng = np.random.default_rng(0)
    labels = np.zeros((30_000, 230), dtype=np.int8)
    labels[np.repeat(np.arange(30_000), 3), np.minimum(rng.zipf(1.3, 90_000), 230) - 1] = 1
    started = time.process_time()
    grouped_folds(rng.integers(0, 12_000, 30_000), labels, 5, 0)
    assert time.process_time() - started < 10


WORDS = "the sitter fell through and the power was off since march"


def corpus(n=100):
    """Reviews of two narratives each; every tenth carries a rare code."""
    return [
        CodedNarrative(
            f"n{i}", f"{i} {i + 1000} {i + 2000} told", ("rare",) if i % 10 == 0 else ("often",), group=f"g{i // 2}"
        )
        for i in range(n)
    ]


def test_near_duplicates_and_pairs_make_one_group_of_theirs():
    narratives = [
        CodedNarrative("a", "first text of all", group="g1"),
        CodedNarrative("b", f"{WORDS} x", group="g1"),
        CodedNarrative("c", f"{WORDS} y", group="g2"),
        CodedNarrative("d", "another text altogether", group="g2", meta={"pair": 3}),
        CodedNarrative("e", "and one more again", meta={"pair": 3}),
        CodedNarrative("f", "alone without a group"),
        CodedNarrative("g", "also without a group"),
    ]
    assert merged_groups(narratives).tolist() == [0, 0, 0, 0, 0, 1, 2]
    assert merged_groups([]).tolist() == []


def test_a_corpus_is_split_by_the_shares_that_were_asked_for():
    shares = {"train": 0.8, "dev": 0.1, "test": 0.1}
    narratives = split_corpus(corpus(), shares, seed=1)
    assert [narrative.id for narrative in narratives] == [narrative.id for narrative in corpus()]
    splits = np.array([narrative.split for narrative in narratives])
    assert {name: int((splits == name).sum()) for name in shares} == {"train": 80, "dev": 10, "test": 10}
    rare = np.array(["rare" in narrative.codes for narrative in narratives])
    assert {name: int((splits[rare] == name).sum()) for name in shares} == {"train": 8, "dev": 1, "test": 1}
    assert split_corpus(corpus(), shares, seed=1) == narratives


def test_near_duplicates_never_stand_on_both_sides():
    narratives = [CodedNarrative(str(i), f"{WORDS} {i // 2}", ("x",)) for i in range(2)] + corpus(60)
    for seed in range(5):
        done = split_corpus(narratives, {"train": 0.5, "test": 0.5}, seed=seed)
        assert done[0].split == done[1].split


@pytest.mark.parametrize("shares", [{"train": 0.9}, {"train": 1.5, "dev": -0.5}, {"valid": 1.0}, {}])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(InputError):
        split_corpus(corpus(4), shares)
