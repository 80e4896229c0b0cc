"""Which reviews are coded blind, and from whom suggestions are withheld until when."""

from collections.abc import Iterable
from dataclasses import dataclass

from coding_service.services.authentication import Caller
from coding_service.services.draws import fraction
from coding_service.settings import Settings
from coding_service.store import UnitOfWork
from coding_service.store.rows import BlindRole

WITHHELD = {
    "withheld": True,
    "reason": "This narrative is coded blind: suggestions would pull its coder towards them.",
    "hint": "Code it and close your coding; after that its suggestions are shown to you.",
}
"""What stands in place of suggestions."""


@dataclass(frozen=True)
class Blinding:
    """How blind reviews are drawn.

    Parameters
    ----------
    key : str
        Secret of the hash; another key draws other reviews.
    share : float
        Share of the reviews that are blind, 0 to 1.
    """

    key: str
    share: float

    @classmethod
    def of(cls, settings: Settings) -> "Blinding":
        """Give what the settings say."""
        return cls(settings.blind_key, settings.blind_share)

    def draw(self, jurisdiction: str, external_id: str) -> BlindRole | None:
        """Draw for a review, by its name and that of its jurisdiction: the same in every store.

        Returns
        -------
        str or None
            What its gold is for: ``evaluation``, which never trains, or ``training``; None for a review that is not
            blind.
        """
        if fraction(self.key, "blind", jurisdiction, external_id) >= self.share:
            return None
        return "evaluation" if fraction(self.key, "evaluation", jurisdiction, external_id) < 1 / 2 else "training"


def withheld(work: UnitOfWork, caller: Caller, hashes: Iterable[str]) -> set[str]:
    """Tell for which texts a caller is shown no suggestions.

    A text counts as blind wherever it turns up: under its own id, pasted, or as a copy in a review that is not blind.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    caller : Caller
        Who asks; whoever is nobody in the store has closed nothing.
    hashes : iterable of str
        Hashes of the texts, by `coding_service.store.text_hash`.

    Returns
    -------
    set of str
        Those that are, in the caller's scope, a blind narrative which the caller has not coded and closed.
    """
    return work.narratives.withheld_hashes(caller.scope, caller.person_id, hashes)
