"""Reads texts as weighted words and word pairs (TF-IDF), as scikit-learn does, without it at serving time."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from coding_service.errors import BundleError
from coding_service.suggesters.arrays import load_arrays, save_arrays
from coding_service.suggestions.scores import Floats

WORD = re.compile(r"(?u)\b\w\w+\b")
"""scikit-learn's own pattern: a reader must see the terms that the vectoriser learned."""
NO_TERM = "nothing"
"""A term for a corpus that has none."""
TERMS = "terms.json"
RARITY = "rarity.safetensors"


@dataclass(frozen=True)
class Terms:
    """A vocabulary with the rarity of each term.

    Parameters
    ----------
    columns : dict of str to int
        Column of each word or word pair.
    rarity : ndarray of shape (n_terms,)
        Smoothed inverse document frequency.
    """

    columns: dict[str, int]
    rarity: Floats

    @classmethod
    def learn(cls, texts: Sequence[str], *, max_terms: int, min_texts: int) -> Self:
        """Learn the terms that stand in enough texts, or all of them where none does.

        Parameters
        ----------
        texts : sequence of str
            What to learn from.
        max_terms : int
            The most frequent so many are kept.
        min_texts : int
            Texts that must hold a term.
        """
        # Learning needs scikit-learn; serving starts a second sooner without it.
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

        learned = TfidfVectorizer(ngram_range=(1, 2), min_df=max(min(min_texts, len(texts)), 1), max_features=max_terms)
        try:
            learned.fit(texts)
        except ValueError:  # scikit-learn refuses an empty vocabulary
            learned.set_params(min_df=1).fit([*texts, NO_TERM])
        return cls({term: int(column) for term, column in learned.vocabulary_.items()}, np.asarray(learned.idf_))

    def read(self, texts: Sequence[str]) -> csr_matrix:
        """Weigh the known terms of texts: log of their count, times rarity, rows of unit length.

        Returns
        -------
        csr_matrix of shape (n_texts, n_terms), float32
        """
        columns: list[int] = []
        weights: list[float] = []
        ends = [0]
        for text in texts:
            counts = Counter(self.columns[term] for term in _terms(text) if term in self.columns)
            own = np.array(sorted(counts), dtype=np.int64)
            weight = (1 + np.log([counts[column] for column in own.tolist()])) * self.rarity[own]
            columns.extend(own.tolist())
            weights.extend(weight / max(float(np.linalg.norm(weight)), 1e-12))
            ends.append(len(columns))
        return csr_matrix((weights, columns, ends), shape=(len(texts), len(self.rarity)), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write into an existing folder."""
        ordered = sorted(self.columns, key=self.columns.__getitem__)
        (folder / TERMS).write_text(json.dumps(ordered, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
        save_arrays(folder / RARITY, {"rarity": self.rarity})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read back what `save` wrote.

        Raises
        ------
        BundleError
            If a file is missing or damaged.
        """
        (rarity,) = load_arrays(folder / RARITY, "rarity")
        try:
            ordered = list(json.loads((folder / TERMS).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise BundleError(
                f"{folder / TERMS} is not a readable list of terms.", hint="Restore the bundle from its source."
            ) from error
        return cls({term: column for column, term in enumerate(ordered)}, rarity)


def _terms(text: str) -> Iterator[str]:
    words = WORD.findall(text.lower())
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"
