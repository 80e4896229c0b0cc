"""Finds narratives that say nearly the same in the same words, by the word trigrams that they share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from coding_service.corpus.narrative import CodedNarrative

THRESHOLD: Final = 0.6
_WORD: Final = re.compile(r"\w+")
_PAIRS_AT_ONCE: Final = 100_000
_SLACK: Final = 1e-9
"""Keeps a rounding error from shortening a prefix."""

IntArray = NDArray[np.int64]


class NearDuplicate(NamedTuple):
    """Two narratives that are nearly the same.

    Parameters
    ----------
    first, second : int
        Their rows, first < second.
    similarity : float
        Jaccard index of their word trigrams, in (0, 1].
    """

    first: int
    second: int
    similarity: float


def near_duplicates(narratives: Sequence[CodedNarrative], threshold: float = THRESHOLD) -> list[NearDuplicate]:
    """Find near-duplicates exactly, by an inverted index over the rarest trigrams of each text.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The narratives; those with the same ``meta.pair`` are meant to be alike and are never reported together.
    threshold : float
        Jaccard index, in (0, 1), over which two narratives are near-duplicates.

    Returns
    -------
    list of NearDuplicate
        In the order of their rows. Narratives with the very same trigrams are linked in a chain, not each with
        each, so that a thousand copies make a thousand rows.
    """
    grams = _trigrams([narrative.text for narrative in narratives])
    pairs = [narrative.pair for narrative in narratives]
    same: dict[tuple[bytes, str], list[int]] = {}
    for row, (ids, pair) in enumerate(zip(grams, pairs, strict=True)):
        same.setdefault((ids.tobytes(), pair), []).append(row)
    found = [
        NearDuplicate(first, second, 1.0)
        for (_, pair), rows in same.items()
        if not pair
        for first, second in pairwise(rows)
    ]
    heads = np.array([rows[0] for rows in same.values()], dtype=np.int64)
    firsts, seconds, similarity = _similar([grams[row] for row in heads], threshold)
    for first, second, value in zip(heads[firsts], heads[seconds], similarity, strict=True):
        if not pairs[first] or pairs[first] != pairs[second]:
            found.append(NearDuplicate(int(first), int(second), float(value)))
    return sorted(found)


def _trigrams(texts: Sequence[str]) -> list[IntArray]:
    """Give the different word trigrams of each text as numbers; a text with fewer than three words has one."""
    numbers: dict[str, int] = {}
    encoded = []
    for text in texts:
        words = [numbers.setdefault(word, len(numbers) + 1) for word in _WORD.findall(text.lower())]
        encoded.append(np.array(words + [0] * (3 - len(words)), dtype=np.int64))
    base = len(numbers) + 1
    return [np.unique((ids[:-2] * base + ids[1:-1]) * base + ids[2:]) for ids in encoded]


@dataclass(frozen=True)
class _Index:
    """Trigrams of all texts, flat: ``document[i]`` has ``gram[i]``."""

    document: IntArray
    gram: IntArray
    sizes: IntArray
    frequency: IntArray

    def prefixes(self, threshold: float) -> tuple[IntArray, IntArray]:
        """Give what of each text two similar texts must share at least one of: its rarest trigrams."""
        order = np.lexsort((self.gram, self.frequency[self.gram], self.document))
        document, gram = self.document[order], self.gram[order]
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        position = np.arange(len(document)) - starts[document]
        needed = self.sizes - np.ceil(threshold * self.sizes - _SLACK).astype(np.int64) + 1
        kept = (position < needed[document]) & (self.frequency[gram] > 1)
        return document[kept], gram[kept]

    def matrix(self) -> csr_array:
        ones = np.ones(len(self.document), dtype=np.int32)
        return csr_array((ones, (self.document, self.gram)), shape=(len(self.sizes), len(self.frequency)))


def _similar(grams: Sequence[IntArray], threshold: float) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
    if not grams:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0)
    sizes = np.array([len(ids) for ids in grams], dtype=np.int64)
    _, gram, frequency = np.unique(np.concatenate(grams), return_inverse=True, return_counts=True)
    index = _Index(np.repeat(np.arange(len(grams)), sizes), gram.astype(np.int64), sizes, frequency)
    firsts, seconds = _candidates(index, threshold)
    matrix = index.matrix()
    shared = np.zeros(len(firsts), dtype=np.int64)
    for start in range(0, len(firsts), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        shared[part] = matrix[firsts[part]].multiply(matrix[seconds[part]]).sum(axis=1)
    similarity = shared / (sizes[firsts] + sizes[seconds] - shared)
    similar = similarity > threshold
    return firsts[similar], seconds[similar], similarity[similar]


def _candidates(index: _Index, threshold: float) -> tuple[IntArray, IntArray]:
    """Pair the texts that share a trigram of their prefixes and are near enough in size."""
    document, gram = index.prefixes(threshold)
    order = np.lexsort((document, index.sizes[document], gram))
    document, gram = document[order], gram[order]
    size, n_documents = index.sizes[document], len(index.sizes)
    keys = []
    active: IntArray = np.arange(len(document))
    step = 0
    while len(active):
        step += 1
        active = active[active + step < len(document)]
        other = active + step
        # Sizes ascend within a trigram, so that a text too large for another ends its row.
        active = active[(gram[active] == gram[other]) & (size[active] >= threshold * size[other] - _SLACK)]
        pair = np.sort(np.stack([document[active], document[active + step]]), axis=0)
        keys.append(np.unique(pair[0] * n_documents + pair[1]))
    unique = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *keys]))
    return unique // n_documents, unique % n_documents
