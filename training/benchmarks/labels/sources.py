"""A new jurisdiction in the small: a kind of source that the starting bundle never saw, cut into a pool and a test side."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.corpus.split import grouped_folds
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import find_taxonomy
from training.benchmarks.accuracy.sets import read_ours, within, without
from training.benchmarks.accuracy.splits import clear_of

SOURCES = {
    "us-pa-summaries": ("us-pa-summaries",),
    "uk-inspections": ("uk-services-inspections", "uk-focused-visits"),
}
"""Those of 150 passages or more; what is alike is left out together."""
SIZES = (10, 25, 50, 100, 200)
FIFTHS, TEST_FIFTHS = 5, 2


@dataclass(frozen=True)
class NewSource:
    """What the starting bundle may learn from, and the passages of the source, by the group they belong to."""

    name: str
    taxonomy: Taxonomy
    before: tuple[CodedNarrative, ...]
    own: tuple[CodedNarrative, ...]
    groups: tuple[int, ...]

    def draw(self, seed: int) -> tuple[list[CodedNarrative], list[CodedNarrative]]:
        """Give a pool to verify from, and the rest to measure on; no group stands in both."""
        labels = label_matrix(self.own, self.taxonomy)
        folds = grouped_folds(list(self.groups), labels, FIFTHS, seed)
        order = np.random.default_rng(seed).permutation(len(self.own))
        sides = (order[folds[order] >= TEST_FIFTHS], order[folds[order] < TEST_FIFTHS])
        pool, test = ([self.own[row] for row in rows.tolist()] for rows in sides)
        return pool, test


def load_source(name: str, data: Path | None) -> NewSource:
    """Read a source and what stands beside it; near-duplicates of the source are left out of the rest."""
    if name not in SOURCES:
        raise SystemExit(f"There is no source {name!r}; there are {', '.join(SOURCES)}.")
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    starter, train, dev = read_ours(data, taxonomy)
    real = [*train, *dev]
    rest, own = [*starter, *without(real, SOURCES[name])], within(real, SOURCES[name])
    kept, groups = clear_of(rest, own)
    return NewSource(name, taxonomy, tuple(rest[row] for row in kept), tuple(own), tuple(groups[len(rest) :].tolist()))
