"""Scores narratives by siblings of a suggester that did not learn from them: what calibration and figures rest on."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import UNKNOWN, Labels, label_matrix
from coding_service.corpus.split import grouped_folds, merged_groups
from coding_service.services.recipes import Recipe
from coding_service.suggesters.protocol import Remembering, Suggester, Tunes
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

Step = Callable[[str], None]


@dataclass(frozen=True)
class OutOfFold:
    """Raw scores of narratives by suggesters that did not see their groups.

    Parameters
    ----------
    rows : ndarray of shape (n_scored,)
        Places of the scored narratives among those that were given.
    scores : ndarray of shape (n_scored, n_codes)
        In [0, 1].
    labels : ndarray of the same shape, int8
        1, 0, or -1 where unknown, or where no honest score can be had.
    folds : ndarray of shape (n_scored,)
        Folds by group, to choose on some what is measured on the others.
    remembered : int
        Narratives among them whose scores came with the encoder.
    """

    rows: NDArray[np.int64]
    scores: Floats
    labels: Labels
    folds: NDArray[np.int64]
    remembered: int = 0


def score_out_of_fold(
    fitted: Suggester,
    narratives: Sequence[CodedNarrative],
    taxonomy: Taxonomy,
    recipe: Recipe,
    *,
    cache: Path | None = None,
    step: Step = lambda _: None,
) -> OutOfFold:
    """Fit a sibling per fold and let it score the narratives of the fold.

    Where the encoder was tuned on a narrative, every sibling shares that knowledge: such a narrative takes the score
    that came with the encoder, made before it was tuned on it, or does not count.

    Parameters
    ----------
    fitted : Suggester
        Fitted on all narratives; its siblings take its parameters.
    narratives : sequence of CodedNarrative
        What it was fitted on.
    taxonomy : Taxonomy
        Of the columns.
    recipe : Recipe
        Number of folds, how many of them are left out, and the seed.
    cache : Path or None
        Folder for embeddings.
    step : callable
        Told what is being done.

    Returns
    -------
    OutOfFold
        Of the narratives in the folds that were left out, and of those that came with a score.
    """
    groups, labels = merged_groups(narratives), label_matrix(narratives, taxonomy)
    folds = grouped_folds(groups, labels, recipe.folds, recipe.seed)
    left_out = min(recipe.measured_folds or recipe.folds, recipe.folds)
    step(f"fitting {left_out} siblings")
    tasks = [
        delayed(_fit_and_score)(
            type(fitted),
            fitted.parameters(),
            [narratives[row] for row in np.flatnonzero(folds != fold).tolist()],
            [narratives[row].text for row in np.flatnonzero(folds == fold).tolist()],
            _Setting(taxonomy, recipe.seed, cache),
        )
        for fold in range(left_out)
    ]
    scores = np.zeros(labels.shape)
    workers = min(left_out, len(os.sched_getaffinity(0)))
    for fold, scored_fold in enumerate(Parallel(n_jobs=workers, return_as="generator")(tasks)):
        scores[folds == fold] = scored_fold
        step(f"fold {fold + 1} of {left_out} scored")
    out = OutOfFold(np.arange(len(narratives)), scores, labels, folds)
    counted = folds < left_out
    if isinstance(fitted, Tunes):
        fitted.remember([narratives[row] for row in np.flatnonzero(counted).tolist()], scores[counted], taxonomy)
    elif isinstance(fitted, Remembering):
        known = fitted.recall(narratives, taxonomy)
        told = known.seen & known.scored[:, None]
        honest = told | (counted[:, None] & ~known.seen)
        counted |= told.any(axis=1)
        out = replace(
            out,
            scores=np.where(told, known.scores, scores),
            labels=np.where(honest, labels, UNKNOWN).astype(np.int8),
            remembered=int(told.any(axis=1).sum()),
        )
    if counted.all():
        return out
    rows = np.flatnonzero(counted)
    spread = grouped_folds(groups[rows], out.labels[rows], recipe.folds, recipe.seed)
    return OutOfFold(rows, out.scores[rows], out.labels[rows], spread, out.remembered)


@dataclass(frozen=True)
class _Setting:
    """What all siblings share."""

    taxonomy: Taxonomy
    seed: int
    cache: Path | None


def _fit_and_score(
    kind: type[Suggester],
    parameters: Mapping[str, Any],
    learned: Sequence[CodedNarrative],
    texts: Sequence[str],
    setting: _Setting,
) -> Floats:
    """Fit one sibling and score what it did not learn from; runs in a process of its own where there are several."""
    sibling = kind.from_parameters(parameters, cache=setting.cache)
    return sibling.fit(learned, setting.taxonomy, seed=setting.seed).score(texts).values
