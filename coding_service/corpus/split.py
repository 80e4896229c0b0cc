"""Splits a corpus by group: what belongs together stays on one side, and the positives of a code are spread evenly."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from coding_service.corpus.duplicates import near_duplicates
from coding_service.corpus.files import SPLITS
from coding_service.corpus.labels import PRESENT
from coding_service.corpus.narrative import CodedNarrative
from coding_service.errors import InputError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def merged_groups(narratives: Sequence[CodedNarrative]) -> IntArray:
    """Find the groups of narratives that must stay on one side.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The corpus. A narrative without ``group`` is a group of its own; groups that share a ``meta.pair`` or
        near-duplicates become one.

    Returns
    -------
    ndarray of shape (n_narratives,), int64
        Group of each narrative, numbered from 0.
    """
    together: dict[tuple[str, str], list[int]] = {}
    for row, narrative in enumerate(narratives):
        for kind, name in (("group", narrative.group), ("pair", narrative.pair)):
            if name:
                together.setdefault((kind, name), []).append(row)
    edges = [edge for rows in together.values() for edge in itertools.pairwise(rows)]
    edges += [(first, second) for first, second, _ in near_duplicates(narratives)]
    firsts, seconds = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (firsts, seconds)), shape=(len(narratives), len(narratives)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def grouped_folds(groups: Sequence[Hashable] | IntArray, labels: ArrayLike, n_folds: int, seed: int) -> IntArray:
    """Deal narratives into folds, whole groups at a time, with the positives of every code spread evenly.

    Parameters
    ----------
    groups : sequence of hashable, length n_narratives
        Group of each narrative, such as `merged_groups` gives.
    labels : array-like of shape (n_narratives, n_codes)
        1 present; every other value counts as not positive.
    n_folds : int
        How many folds, at least 2.
    seed : int
        Breaks ties; the same seed gives the same folds.

    Returns
    -------
    ndarray of shape (n_narratives,), int64
        Fold of each narrative, from 0 to ``n_folds - 1``; no fold is empty.

    Raises
    ------
    InputError
        If there are fewer than two folds, or fewer groups than folds.
    """
    numbers: dict[Hashable, int] = {}
    rows = np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
    if not 2 <= n_folds <= len(numbers):  # noqa: PLR2004 one fold is no split
        raise InputError(
            f"{len(numbers)} groups cannot be dealt into {n_folds} folds.",
            hint="Take at least 2 folds, and no more than there are groups.",
        )
    return _deal(rows, np.asarray(labels) == PRESENT, np.full(n_folds, 1 / n_folds), seed)


def split_corpus(
    narratives: Sequence[CodedNarrative], shares: Mapping[str, float], *, seed: int = 0
) -> list[CodedNarrative]:
    """Put every narrative into a split, anew.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The corpus; splits that it has are replaced.
    shares : mapping of str to float
        Share of narratives wanted for ``train``, ``dev`` and ``test``; they sum to 1.
    seed : int
        Breaks ties.

    Returns
    -------
    list of CodedNarrative
        The same narratives, in order, with their ``split``.

    Raises
    ------
    InputError
        If the shares are not shares, name another split, or do not sum to 1.
    """
    if not set(shares) <= set(SPLITS) or min(shares.values(), default=-1.0) < 0 or abs(sum(shares.values()) - 1) > 1e-6:  # noqa: PLR2004 rounding
        told = ", ".join(f"{name} {share:g}" for name, share in shares.items())
        raise InputError(f"The shares are {told}.", hint="Give shares of train, dev and test that sum to 1.")
    names = [name for name, share in shares.items() if share > 0]
    parts = _deal(merged_groups(narratives), listed_codes(narratives), np.array([shares[name] for name in names]), seed)
    return [replace(narrative, split=names[part]) for narrative, part in zip(narratives, parts, strict=True)]


def listed_codes(narratives: Sequence[CodedNarrative]) -> NDArray[np.bool_]:
    """Give which narrative lists which code, without a taxonomy.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The corpus.

    Returns
    -------
    ndarray of shape (n_narratives, n_codes), bool
        Columns are the ids that occur, sorted.
    """
    columns = {code: column for column, code in enumerate(sorted({c for n in narratives for c in n.codes}))}
    matrix = np.zeros((len(narratives), len(columns)), dtype=np.bool_)
    for row, narrative in enumerate(narratives):
        matrix[row, [columns[code] for code in narrative.codes]] = True
    return matrix


def _deal(groups: IntArray, positives: NDArray[np.bool_], shares: FloatArray, seed: int) -> IntArray:
    """Stratify iteratively by group: the rarest code first, each of its groups to the part that lacks it most."""
    n_groups = int(groups.max(initial=-1)) + 1
    counts = np.zeros((n_groups, positives.shape[1]), dtype=np.int32)
    np.add.at(counts, groups, positives)
    sizes = np.bincount(groups, minlength=n_groups)
    left = counts.sum(axis=0).astype(np.float64)
    need, room = shares[:, None] * left, shares * len(groups)
    shuffled = np.random.default_rng(seed).permutation(n_groups)
    part = np.full(n_groups, -1, dtype=np.int64)
    while (left > 0).any():
        code = int(np.argmin(np.where(left > 0, left, np.inf)))
        open_groups = shuffled[(part[shuffled] < 0) & (counts[shuffled, code] > 0)]
        for group in open_groups[np.lexsort((-sizes[open_groups], -counts[open_groups, code]))]:
            best = np.lexsort((room, need[:, code]))[-1]
            part[group] = best
            need[best] -= counts[group]
            room[best] -= sizes[group]
        left -= counts[open_groups].sum(axis=0)
    rest = shuffled[part[shuffled] < 0]
    for group in rest[np.argsort(-sizes[rest], kind="stable")]:
        best = int(np.argmax(room))
        part[group] = best
        room[best] -= sizes[group]
    return part[groups]
