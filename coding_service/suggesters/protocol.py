"""What every suggester can do; the training, serving and evaluating code knows nothing else about one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from coding_service.corpus import CodedNarrative
from coding_service.suggesters.tuning import Remembered
from coding_service.suggestions import Scores
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy


class Suggester(Protocol):
    """An algorithm that scores narratives against the codes of a taxonomy.

    Scores are raw: a calibration fitted on out-of-fold scores turns them into probabilities.
    """

    name: ClassVar[str]

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], *, cache: Path | None = None) -> Self:
        """Make an unfitted suggester from the parameters of a recipe.

        Parameters
        ----------
        parameters : mapping
            Names and values; what is left out takes its default.
        cache : Path or None
            Folder in which a suggester may keep what is dear to compute.

        Raises
        ------
        InputError
            If a parameter is unknown or out of range; the message lists the known ones.
        """
        ...

    def parameters(self) -> dict[str, Any]:
        """Give every parameter with its value, JSON-ready; those that ``fit`` chose come with the chosen value."""
        ...

    def fit(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:
        """Learn from coded narratives; unknown labels are masked, ``weight`` counts.

        Parameters
        ----------
        narratives : sequence of CodedNarrative
            The training narratives; may lack positives, or even known labels, for some codes.
        taxonomy : Taxonomy
            Its selectable codes are the columns of every score.
        seed : int
            The same seed and narratives give the same scores.

        Returns
        -------
        Self
            The suggester itself, fitted.
        """
        ...

    def score(self, texts: Sequence[str]) -> Scores:
        """Score texts; an empty sequence gives an empty batch of the right width."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was learned into an existing, empty folder; no pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, taxonomy: Taxonomy, parameters: Mapping[str, Any], *, threads: int = 0) -> Self:
        """Read back what ``save`` wrote; the same texts get the same scores.

        Parameters
        ----------
        folder : Path
            Where ``save`` wrote.
        taxonomy : Taxonomy
            The taxonomy it was fitted with.
        parameters : mapping
            What ``parameters`` gave.
        threads : int
            Threads to use; 0 takes all cores that the process may use.

        Raises
        ------
        BundleError
            If a file is missing or damaged.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A suggester over an encoder that may have been tuned on the narratives at hand."""

    def recall(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy) -> Remembered:
        """Tell which pairs it was tuned on, with scores by siblings that were not."""
        ...


@runtime_checkable
class Tunes(Remembering, Protocol):
    """A suggester that tunes its encoder while it is fitted."""

    def fit_over(self, encoder: Path, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:
        """Fit as `Suggester.fit` does, but keep the encoder, and its heads, of an earlier fit on the same narratives.

        Parameters
        ----------
        encoder : Path
            Its folder, in the bundle that came of that fit.
        narratives, taxonomy, seed
            As for `Suggester.fit`.

        Raises
        ------
        CorpusError
            If it was tuned on other narratives, or for other codes.
        """
        ...

    def remember(self, narratives: Sequence[CodedNarrative], scores: Floats, taxonomy: Taxonomy) -> None:
        """Keep what siblings said of narratives that they did not see, for later trainings over this encoder."""
        ...
