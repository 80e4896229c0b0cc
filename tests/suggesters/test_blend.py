"""The blend: chosen on groups that were held out, and worth choosing."""

import numpy as np

from coding_service.suggesters.blend import FEWEST_POSITIVES, GRID, UNTOLD, choose_blend, held_out


def test_groups_are_held_out_whole(corpus):
    """Guarantee: about a fifth is held out, never a part of a group, the same for the same seed."""
    inner, outer = held_out(corpus, seed=4)
    assert sorted([*inner.tolist(), *outer.tolist()]) == list(range(len(corpus)))
    assert not {corpus[row].group for row in inner} & {corpus[row].group for row in outer}
    assert 0.05 < len(outer) / len(corpus) < 0.4
    np.testing.assert_array_equal(held_out(corpus, seed=4)[1], outer)


def test_another_seed_holds_out_others(corpus):
    assert any(held_out(corpus, 1)[1].tolist() != held_out(corpus, seed)[1].tolist() for seed in (2, 3))


def test_no_narratives_are_nothing_to_split():
    inner, outer = held_out([], seed=1)
    assert len(inner) == len(outer) == 0


def readings(informative, n=60, seed=0):
    """Three readings, of which one tells the truth."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, 2)) < 0.3).astype(np.int8)
    parts = rng.normal(0, 1.5, (3, n, 2))
    parts[informative] = np.where(labels == 1, 2.0, -3.0) + rng.normal(0, 1, labels.shape)
    return parts, labels


def test_the_reading_that_tells_the_truth_counts_most():
    for informative in (0, 1, 2):
        blend = choose_blend(*readings(informative))
        assert blend in GRID
        assert blend[informative] == 1.0
        assert sum(blend) <= 1.5


def test_few_positives_choose_nothing():
    """Guarantee: a handful of narratives never drops the reading that knows codes by their definitions."""
    parts, labels = readings(2)
    few = np.cumsum(labels.ravel()).reshape(labels.shape) < FEWEST_POSITIVES
    assert choose_blend(parts, np.where(few, labels, 0)) == UNTOLD
    assert choose_blend(parts, np.zeros_like(labels)) == UNTOLD
    assert choose_blend(parts[:, :0], labels[:0]) == UNTOLD


def test_readings_that_tell_the_same_leave_it_to_the_best_sentence():
    parts, labels = readings(0)
    assert choose_blend(np.stack([parts[0]] * 3), labels)[0] == 1.0
    assert all(blend[0] > 0 for blend in GRID)


def test_unknown_pairs_do_not_count():
    parts, labels = readings(1)
    masked = np.vstack([labels, np.full((100, 2), -1, dtype=np.int8)])
    noise = np.random.default_rng(9).normal(0, 9, (3, 100, 2))
    assert choose_blend(np.concatenate([parts, noise], axis=1), masked) == choose_blend(parts, labels)
