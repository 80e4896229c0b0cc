"""Measures how much of the coding can be guessed without reading: from the length of a text, or from how it begins."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from coding_service.corpus.labels import ABSENT, PRESENT, UNKNOWN, Labels
from coding_service.corpus.split import IntArray, grouped_folds

N_FOLDS: Final = 5
N_FIRST_WORDS: Final = 3
MIN_EXAMPLES: Final = 5
"""Present and absent narratives that a code needs for a figure of its own."""

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Shortcut:
    """What one cheap trick can guess.

    Parameters
    ----------
    name : str
        ``length`` or ``first words``.
    roc_auc : float
        Mean over codes of the area under the ROC curve, out of fold, folds by group; .5 is chance, NaN is not known.
    limit : float
        Figure over which the corpus gives its codes away.
    n_codes : int
        Codes with enough examples to count.
    per_code : tuple of float
        The same of each code, in the order of the columns; NaN where examples are too few.
    """

    name: str
    roc_auc: float
    limit: float
    n_codes: int
    per_code: tuple[float, ...]

    @property
    def flagged(self) -> bool:
        """Whether the figure is over its limit."""
        return self.roc_auc > self.limit


def measure_shortcuts(texts: Sequence[str], labels: Labels, groups: IntArray, *, seed: int = 0) -> tuple[Shortcut, ...]:
    """Try to guess every code from length alone and from the first three words alone.

    Parameters
    ----------
    texts : sequence of str, length n_narratives
        The texts.
    labels : ndarray of shape (n_narratives, n_codes)
        1 present, 0 absent, -1 unknown; unknown pairs neither train nor count.
    groups : ndarray of shape (n_narratives,)
        Group of each narrative; none stands in two folds.
    seed : int
        Deals the folds.

    Returns
    -------
    tuple of Shortcut
        For length, limit .60, and for the first words, limit .65.
    """
    n_folds = min(N_FOLDS, len(np.unique(groups)))
    if n_folds < 2:  # noqa: PLR2004 nothing to hold out
        unknown = (math.nan,) * labels.shape[1]
        return Shortcut("length", math.nan, 0.6, 0, unknown), Shortcut("first words", math.nan, 0.65, 0, unknown)
    folds = grouped_folds(groups, labels, n_folds, seed)
    words = [_WORD.findall(text.lower()) for text in texts]
    sizes = np.log1p([[len(found), len(text)] for found, text in zip(words, texts, strict=True)])
    curves = make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False), StandardScaler(), Ridge(1.0))
    beginnings = HashingVectorizer(analyzer=_beginnings, n_features=2**12, binary=True, alternate_sign=False)
    return (
        _shortcut("length", 0.6, _areas(curves, sizes, labels, folds)),
        _shortcut("first words", 0.65, _areas(Ridge(1.0), beginnings.transform(words), labels, folds)),
    )


def _beginnings(words: Sequence[str]) -> list[str]:
    """Give the first words, alone and run together."""
    first = words[:N_FIRST_WORDS]
    return [*first, *(" ".join(first[:size]) for size in range(2, len(first) + 1))]


def _shortcut(name: str, limit: float, areas: NDArray[np.float64]) -> Shortcut:
    known = areas[~np.isnan(areas)]
    mean = float(known.mean()) if len(known) else math.nan
    return Shortcut(name, mean, limit, len(known), tuple(areas.tolist()))


def _areas(model: Any, features: Any, labels: Labels, folds: IntArray) -> NDArray[np.float64]:
    guesses = np.zeros(labels.shape)
    for fold in np.unique(folds):
        inside = folds != fold
        known = labels[inside] != UNKNOWN
        present = labels[inside] == PRESENT
        # Targets are centred, so that unknown pairs weigh nothing and folds with other base rates compare.
        share = present.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        model.fit(features[inside], np.where(known, present - share, 0.0))
        guesses[~inside] = model.predict(features[~inside]).reshape(-1, labels.shape[1])
    return np.array([_area(labels[:, code], guesses[:, code]) for code in range(labels.shape[1])])


def _area(labels: NDArray[np.int8], guesses: NDArray[np.float64]) -> float:
    if min((labels == PRESENT).sum(), (labels == ABSENT).sum()) < MIN_EXAMPLES:
        return math.nan
    known = labels != UNKNOWN
    return float(roc_auc_score(labels[known], guesses[known]))
