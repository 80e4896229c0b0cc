"""Which narratives are worth a coder's time next: a mix of strategies that need nothing but probabilities.

A strategy takes rows of a pool and gives some of them, best first. What is drawn at random is drawn before all else, so
that it is a fair sample; blind reviews kept for evaluation are only ever taken in random order, for a sample that a
bundle chose itself would not measure it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from coding_service.services.draws import fraction
from coding_service.settings import Settings

Rows = NDArray[np.intp]
Floats = NDArray[np.floating]

RANDOM, RARE, UNCERTAIN, DIVERSE = "random", "rare", "uncertain", "diverse"
STRATEGIES = RANDOM, RARE, UNCERTAIN, DIVERSE
"""In the order in which they choose."""

EVALUATION = "evaluation"
"""Why a narrative of a blind review kept for evaluation is where it is: its turn came at random."""

_ANCHORS_AT_ONCE = 64


@dataclass(frozen=True)
class Mix:
    """How much of what is chosen.

    Parameters
    ----------
    shares : mapping of str to float
        By strategy; only their proportions count.
    depth : int
        Most narratives that are put in order.
    key : str
        Secret of the random draws.
    """

    shares: Mapping[str, float]
    depth: int
    key: str

    @classmethod
    def of(cls, settings: Settings) -> "Mix":
        """Give what the settings say."""
        shares = {
            RANDOM: settings.queue_random_share,
            RARE: settings.queue_rare_share,
            UNCERTAIN: settings.queue_uncertain_share,
            DIVERSE: settings.queue_diverse_share,
        }
        return cls(shares, settings.queue_depth, settings.blind_key)

    def targets(self) -> dict[str, float]:
        """Give the shares as parts of one; all zero is everything at random."""
        total = sum(self.shares.values())
        return {name: self.shares[name] / total if total else float(name == RANDOM) for name in STRATEGIES}

    def quotas(self, n_narratives: int) -> dict[str, int]:
        """Share out a number of narratives; the rest of rounding down goes to the largest remainders."""
        exact = {name: share * n_narratives for name, share in self.targets().items()}
        quotas = {name: int(part) for name, part in exact.items()}
        by_remainder = sorted(STRATEGIES, key=lambda name: quotas[name] - exact[name])
        for name in by_remainder[: n_narratives - sum(quotas.values())]:
            quotas[name] += 1
        return quotas


@dataclass(frozen=True, eq=False)
class Pool:
    """Narratives to choose from, and what a bundle makes of them.

    Parameters
    ----------
    ids : sequence of str
        One for each row.
    probabilities : ndarray of shape (n_narratives, n_codes)
        Calibrated, in [0, 1].
    evaluation : ndarray of shape (n_narratives,), bool
        True where the review is blind and kept for evaluation.
    thresholds : ndarray of shape (n_codes,)
        Probability from which the bundle suggests each code.
    support : ndarray of shape (n_codes,)
        Examples that the bundle learned each code from.
    """

    ids: Sequence[str]
    probabilities: Floats
    evaluation: NDArray[np.bool_]
    thresholds: Floats
    support: Floats


def choose(pool: Pool, mix: Mix) -> list[tuple[str, str]]:
    """Put the narratives that are worth most into an order whose every beginning has the shares of the mix.

    Parameters
    ----------
    pool : Pool
        What there is.
    mix : Mix
        How much of what.

    Returns
    -------
    list of tuple of (str, str)
        Id and strategy, the most urgent first; the same pool and mix give the same list whatever the order of the rows.
    """
    fractions = [fraction(mix.key, "queue", narrative_id) for narrative_id in pool.ids]
    order = np.argsort(np.array(fractions), kind="stable")
    kept, rows = order[pool.evaluation[order]], order[~pool.evaluation[order]]
    depth = min(mix.depth, len(order))
    n_kept = round(depth * len(kept) / max(len(order), 1))
    quotas = mix.quotas(depth - n_kept)
    chosen: dict[str, Rows] = {EVALUATION: kept[:n_kept], RANDOM: rows[: quotas[RANDOM]]}
    rows = rows[quotas[RANDOM] :]
    for name, take in ((RARE, _rare(pool, rows)), (UNCERTAIN, _uncertain(pool, rows))):
        chosen[name] = np.array(list(islice(_unless(take, chosen), quotas[name])), dtype=np.intp)
    taken = np.concatenate(list(chosen.values()))
    rows = rows[~np.isin(rows, taken)]
    chosen[DIVERSE] = farthest_first(np.sqrt(pool.probabilities), rows, quotas[DIVERSE], taken=taken)
    return [(pool.ids[row], name) for name, row in _interleave(chosen)]


def farthest_first(points: Floats, rows: Rows, n_rows: int, *, taken: Rows) -> Rows:
    """Choose rows one by one, each the farthest from all that were chosen before it.

    Parameters
    ----------
    points : ndarray of shape (n_narratives, n_dimensions)
        Where the narratives lie.
    rows : ndarray of shape (n_candidates,)
        What may be chosen.
    n_rows : int
        How many are wanted.
    taken : ndarray of shape (n_taken,)
        What was chosen before; none lets the first be the farthest from the mean.

    Returns
    -------
    ndarray of shape (min(n_rows, n_candidates),)
        Rows in the order of choice.
    """
    chosen: list[int] = []
    if not len(rows) or not n_rows:
        return np.array(chosen, dtype=np.intp)
    candidates = points[rows]
    anchors = points[taken] if len(taken) else points.mean(axis=0, keepdims=True)
    distances = np.full(len(rows), np.inf)
    for some in range(0, len(anchors), _ANCHORS_AT_ONCE):
        distances = np.minimum(distances, _squared(candidates, anchors[some : some + _ANCHORS_AT_ONCE]).min(axis=1))
    for _ in range(min(n_rows, len(rows))):
        best = int(np.argmax(distances))
        chosen.append(best)
        distances = np.minimum(distances, _squared(candidates, candidates[[best]])[:, 0])
        distances[chosen] = -np.inf
    return rows[chosen]


def _squared(points: Floats, others: Floats) -> Floats:
    """Give squared distances between all pairs, by products of matrices, which are fast."""
    return _lengths(points)[:, None] + _lengths(others) - 2 * points @ others.T


def _lengths(points: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", points, points))


def _rare(pool: Pool, rows: Rows) -> Iterator[int]:
    """Give rows by how many codes they may hold, each code counting the less the more examples there are of it."""
    worth = pool.probabilities[rows] @ (1 / (1 + pool.support))
    yield from rows[np.argsort(-worth, kind="stable")].tolist()


def _uncertain(pool: Pool, rows: Rows) -> Iterator[int]:
    """Go round the codes, and give for each the row whose probability is next to the code's threshold."""
    widths = np.maximum(pool.thresholds, 1 - pool.thresholds)
    doubt = np.abs(pool.probabilities[rows] - pool.thresholds) / widths
    by_code = [iter(rows[column].tolist()) for column in np.argsort(doubt, axis=0, kind="stable").T]
    given: set[int] = set()
    while len(given) < len(rows):
        for ranked in by_code:
            row = next((row for row in ranked if row not in given), None)
            if row is not None:
                given.add(row)
                yield row


def _unless(rows: Iterable[int], chosen: Mapping[str, Rows]) -> Iterator[int]:
    taken = {row for part in chosen.values() for row in part.tolist()}
    return (row for row in rows if row not in taken)


def _interleave(chosen: Mapping[str, Rows]) -> list[tuple[str, int]]:
    """Lay lists into one, each spread evenly over it."""
    placed = [
        ((place + 0.5) / len(rows), name, row)
        for name, rows in chosen.items()
        for place, row in enumerate(rows.tolist())
    ]
    return [(name, row) for _, name, row in sorted(placed)]
