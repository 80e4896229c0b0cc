"""Deals a coded corpus out: what trains the first bundle, the reviews that come in later, and the gold held out."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coding_service.corpus import CodedNarrative
from coding_service.corpus.split import split_corpus
from coding_service.errors import CorpusError

HELD_OUT_SHARE = 0.2
"""Of a corpus without a test split of its own."""


@dataclass(frozen=True)
class Material:
    """The three parts of a corpus; no review, and no pair of narratives written to be alike, lies in two of them.

    Parameters
    ----------
    first : tuple of CodedNarrative
        What the first bundle learns from.
    reviews : tuple of tuple of CodedNarrative
        The narratives of each review that comes in later, in the order in which they come.
    held_out : tuple of CodedNarrative
        What measures every bundle; nobody codes it, and nothing learns from it.
    """

    first: tuple[CodedNarrative, ...]
    reviews: tuple[tuple[CodedNarrative, ...], ...]
    held_out: tuple[CodedNarrative, ...]


def deal(narratives: Sequence[CodedNarrative], *, first_share: float, n_reviews: int, seed: int) -> Material:
    """Deal a corpus out; its test split is held out, or else a fifth of its reviews.

    Raises
    ------
    CorpusError
        If it holds fewer reviews than are to come in.
    """
    if not any(narrative.split == "test" for narrative in narratives):
        shares = {"train": 1 - HELD_OUT_SHARE, "test": HELD_OUT_SHARE}
        narratives = split_corpus(narratives, shares, seed=seed)
    held_out = tuple(narrative for narrative in narratives if narrative.split == "test")
    pool = [narrative for narrative in narratives if narrative.split in ("", "train")]
    dealt = split_corpus(pool, {"dev": first_share, "train": 1 - first_share}, seed=seed)
    first = tuple(replace(narrative, split="train") for narrative in dealt if narrative.split == "dev")
    reviews: dict[str, list[CodedNarrative]] = defaultdict(list)
    for narrative in dealt:
        if narrative.split == "train":
            reviews[narrative.unit].append(narrative)
    if len(reviews) < n_reviews:
        raise CorpusError(
            f"{n_reviews} reviews are to come in, and the corpus leaves {len(reviews)}.",
            hint="Ask for fewer months or reviews, or name a larger corpus.",
        )
    order = sorted(reviews)
    random.Random(f"reviews {seed}").shuffle(order)
    return Material(first, tuple(tuple(reviews[name]) for name in order[:n_reviews]), held_out)
