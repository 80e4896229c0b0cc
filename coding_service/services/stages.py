"""The way of a narrative to gold: first coding, second coding, adjudication, done; taken when a coding is closed."""

from dataclasses import dataclass

from coding_service.services.disputes import Standing, standing
from coding_service.services.draws import fraction
from coding_service.settings import Settings
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import CodingRow, QueueState

MOST_SKIPS = 2
"""People who may pass a narrative over before an adjudicator looks at it."""


@dataclass(frozen=True)
class Doubling:
    """How narratives are drawn that two people code.

    Parameters
    ----------
    key : str
        Secret of the hash; another key draws other narratives.
    share : float
        Share of the narratives, 0 to 1.
    """

    key: str
    share: float

    @classmethod
    def of(cls, settings: Settings) -> "Doubling":
        """Give what the settings say."""
        return cls(settings.blind_key, settings.second_coding_share)

    def draw(self, jurisdiction: str, review: str, narrative: str) -> bool:
        """Draw for a narrative, by the agency's names for it: the same in every store."""
        return fraction(self.key, "second coding", jurisdiction, review, narrative) < self.share


def after_close(work: UnitOfWork, scope: Scope, coding: CodingRow, doubling: Doubling) -> QueueState:
    """Let a narrative go on once a coding of it has been closed, and give its coder's lease back.

    Parameters
    ----------
    work : UnitOfWork
        The transaction that closed the coding.
    scope : Scope
        Whose narrative it is.
    coding : CodingRow
        Closed.
    doubling : Doubling
        How narratives are drawn for a second coding.

    Returns
    -------
    str
        What the narrative waits for now.
    """
    # Held, so that of two codings closed at once the later sees the earlier.
    queued = work.queue.hold(scope, coding.narrative_id)
    work.queue.release(scope, coding.narrative_id, coding.person_id)
    said = standing(work, scope, coding.narrative_id, (coding.taxonomy_id, coding.taxonomy_version))
    (facts,) = work.narratives.facts(scope, [coding.narrative_id], with_text=False)
    double = doubling.draw(facts.jurisdiction, facts.review_external_id, facts.external_id)
    stage = next_stage(said, double=double)
    if stage != queued.state:
        work.queue.move(scope, coding.narrative_id, stage, reason=queued.reason)
    return stage


def next_stage(said: Standing, *, double: bool) -> QueueState:
    """Tell what a narrative waits for, by what was said of it.

    Parameters
    ----------
    said : Standing
        All closed codings, and the adjudicators' word.
    double : bool
        Whether two people are to code it independently.
    """
    if said.disputed():
        return "adjudication"
    if said.word:
        return "done"
    if not said.opinions:
        skipped_by = {coding.row.person_id for coding in said.codings}
        return "adjudication" if len(skipped_by) >= MOST_SKIPS else "first"
    independent = {coding.row.person_id for coding in said.opinions if coding.row.independent}
    return "second" if double and len(independent) < 2 else "done"  # noqa: PLR2004 - twice is the point
