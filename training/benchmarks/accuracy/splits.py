"""Splits that are the same for every system: a test side, four fifths to learn from, a fifth to choose thresholds on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import PRESENT, Labels, label_matrix
from coding_service.corpus.split import grouped_folds, merged_groups
from coding_service.taxonomy import Taxonomy

SEED = 7
FIFTHS = 5


@dataclass(frozen=True)
class Part:
    """One split. No group, pair or near-duplicate stands on two of its sides."""

    fit: tuple[CodedNarrative, ...]
    tune: tuple[CodedNarrative, ...]
    test: tuple[CodedNarrative, ...]


def clear_of(
    train: Sequence[CodedNarrative], measured: Sequence[CodedNarrative]
) -> tuple[list[int], NDArray[np.int64]]:
    """Give the rows of one side that stand in no group with the other, and the groups of both sides, one after the other."""
    groups = merged_groups([*train, *measured])
    theirs = set(groups[len(train) :].tolist())
    return [row for row, group in enumerate(groups[: len(train)].tolist()) if group not in theirs], groups


def split_part(
    train: Sequence[CodedNarrative], test: Sequence[CodedNarrative], taxonomy: Taxonomy, *, closed: bool = True
) -> Part:
    """Drop what is near the test side from the other, and lay a fifth of the rest aside, whole groups at a time."""
    kept, groups = clear_of(train, test)
    learned = [train[row] for row in kept]
    folds = grouped_folds(groups[kept], label_matrix(learned, taxonomy, close=closed), FIFTHS, SEED)
    sides = [[learned[row] for row in np.flatnonzero(at)] for at in (folds != 0, folds == 0)]
    return Part(tuple(sides[0]), tuple(sides[1]), tuple(test))


def few_of(narratives: Sequence[CodedNarrative], labels: Labels, per_code: int) -> list[CodedNarrative]:
    """Draw texts until every code has so many, the rarest code first, and as many texts that hold no code.

    Texts come in one random order: those for 8 a code are among those for 16 wherever the order of codes is the same.
    """
    order = np.random.default_rng(SEED).permutation(len(narratives))
    present = labels == PRESENT
    taken = np.zeros(len(narratives), dtype=bool)
    for column in np.argsort(present.sum(axis=0), kind="stable"):
        open_rows = [row for row in order if present[row, column] and not taken[row]]
        lacking = per_code - int(present[taken, column].sum())
        taken[open_rows[: max(lacking, 0)]] = True
    without = [row for row in order if not present[row].any()]
    taken[without[:per_code]] = True
    return [narratives[row] for row in np.flatnonzero(taken)]
