"""A suggester that knows only how frequent each code is: the floor that any other must beat."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.suggesters.arrays import load_arrays, save_arrays
from coding_service.suggesters.parameters import read_parameters
from coding_service.suggestions import Scores
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy


@dataclass(frozen=True)
class DummyParameters:
    """None: there is nothing to set."""


class DummySuggester:
    """Scores every text with the share of training narratives that carry each code."""

    name: ClassVar[str] = "dummy"

    def __init__(self, options: DummyParameters, shares: Floats | None = None) -> None:
        self._options = options
        self._shares = np.zeros(0) if shares is None else shares

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], *, cache: Path | None = None) -> Self:  # noqa: ARG003 - nothing is encoded
        """See `Suggester.from_parameters`."""
        return cls(read_parameters(DummyParameters, parameters, cls.name))

    def parameters(self) -> dict[str, Any]:
        """See `Suggester.parameters`."""
        return asdict(self._options)

    def fit(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:  # noqa: ARG002 - nothing is random here
        """See `Suggester.fit`."""
        labels = label_matrix(narratives, taxonomy)
        trust = np.array([narrative.weight for narrative in narratives])[:, None]
        known = ((labels >= 0) * trust).sum(axis=0)
        self._shares = ((labels == 1) * trust).sum(axis=0) / np.maximum(known, 1)
        return self

    def score(self, texts: Sequence[str]) -> Scores:
        """See `Suggester.score`; the only span is the whole text."""
        values = np.tile(self._shares, (len(texts), 1))
        return Scores(
            values,
            tuple(np.array([[0, len(text)]], dtype=np.int64) for text in texts),
            tuple(self._shares[None, :] for _ in texts),
        )

    def save(self, folder: Path) -> None:
        """See `Suggester.save`."""
        save_arrays(folder / "shares.safetensors", {"shares": self._shares})

    @classmethod
    def load(cls, folder: Path, taxonomy: Taxonomy, parameters: Mapping[str, Any], *, threads: int = 0) -> Self:  # noqa: ARG003 - the arrays tell all
        """See `Suggester.load`."""
        (shares,) = load_arrays(folder / "shares.safetensors", "shares")
        return cls(read_parameters(DummyParameters, parameters, cls.name), shares)
