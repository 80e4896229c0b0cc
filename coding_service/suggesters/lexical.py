"""The lexical suggester: TF-IDF over words and word pairs, one logistic head per code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.special import expit

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.suggesters.arrays import load_arrays, save_arrays
from coding_service.suggesters.heads import Heads
from coding_service.suggesters.parameters import read_parameters
from coding_service.suggesters.sentences import split_sentences
from coding_service.suggesters.terms import Terms
from coding_service.suggestions import Scores
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

HEADS = "heads.safetensors"


@dataclass(frozen=True)
class LexicalParameters:
    """Parameters of the lexical suggester."""

    strength: Annotated[float, Field(gt=0)] = 8.0
    """Inverse of the regularisation."""
    max_terms: Annotated[int, Field(ge=1)] = 30_000
    """Most words and word pairs to know."""
    min_narratives: Annotated[int, Field(ge=1)] = 2
    """Narratives that must hold a term before it counts."""


class LexicalSuggester:
    """Scores the words of a whole narrative; each sentence is scored alone to find the evidence."""

    name: ClassVar[str] = "lexical"

    def __init__(self, options: LexicalParameters, terms: Terms | None = None, heads: Heads | None = None) -> None:
        self._options = options
        self._terms = terms or Terms({}, np.zeros(0))
        self._heads = heads or Heads.blank(0, 0)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], *, cache: Path | None = None) -> Self:  # noqa: ARG003 - nothing is encoded
        """See `Suggester.from_parameters`."""
        return cls(read_parameters(LexicalParameters, parameters, cls.name))

    def parameters(self) -> dict[str, Any]:
        """See `Suggester.parameters`."""
        return asdict(self._options)

    def fit(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:  # noqa: ARG002 - nothing is random here
        """See `Suggester.fit`."""
        labels = label_matrix(narratives, taxonomy)
        judged = np.flatnonzero((labels >= 0).any(axis=1))
        texts = [narratives[row].text for row in judged]
        trust = np.array([narratives[row].weight for row in judged])
        self._terms = Terms.learn(texts, max_terms=self._options.max_terms, min_texts=self._options.min_narratives)
        self._heads = _fit_terms(self._terms.read(texts or [""]), labels[judged], trust, self._options.strength)
        return self

    def logits(self, texts: Sequence[str]) -> Floats:
        """Score whole texts on the scale of log odds; shape (n_texts, n_codes)."""
        if not texts:
            return np.zeros((0, len(self._heads.intercepts)))
        return self._heads.logits(self._terms.read(texts))

    def score(self, texts: Sequence[str]) -> Scores:
        """See `Suggester.score`."""
        spans = tuple(split_sentences(text) for text in texts)
        span_scores = tuple(
            expit(self.logits([text[start:end] for start, end in cuts]))
            for text, cuts in zip(texts, spans, strict=True)
        )
        return Scores(expit(self.logits(texts)), spans, span_scores)

    def save(self, folder: Path) -> None:
        """See `Suggester.save`."""
        self._terms.save(folder)
        save_arrays(
            folder / HEADS,
            {"weights": self._heads.weights.astype(np.float32), "intercepts": self._heads.intercepts},
        )

    @classmethod
    def load(cls, folder: Path, taxonomy: Taxonomy, parameters: Mapping[str, Any], *, threads: int = 0) -> Self:  # noqa: ARG003 - the arrays tell all
        """See `Suggester.load`."""
        weights, intercepts = load_arrays(folder / HEADS, "weights", "intercepts")
        options = read_parameters(LexicalParameters, parameters, cls.name)
        return cls(options, Terms.load(folder), Heads(weights, intercepts))


def _fit_terms(features: csr_matrix, labels: NDArray[np.int8], trust: Floats, strength: float) -> Heads:
    """Fit one head per code over sparse terms; a code without a positive or a negative stays blank."""
    # Fitting needs scikit-learn; serving starts a second sooner without it.
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    heads = Heads.blank(features.shape[1], labels.shape[1])
    for column in range(labels.shape[1]):
        known = labels[:, column] >= 0
        present = labels[known, column]
        if present.size and 0 < present.sum() < present.size:
            model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
            model.fit(features[known], present, sample_weight=trust[known])
            heads.weights[:, column] = model.coef_[0]
            heads.intercepts[column] = model.intercept_[0]
    return heads
