"""Where the codings of a narrative differ: what the queue, the adjudicators and nobody else looks at."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coding_service.services.current_taxonomy import stored_taxonomy
from coding_service.services.gold import CodingView, Gold, resolve
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import CodingRow, DecisionRow, Label, Verdict
from coding_service.taxonomy import Taxonomy


@dataclass(frozen=True)
class ClosedCoding:
    """A coding that its coder closed, with the last decision on each code.

    Parameters
    ----------
    row : CodingRow
        The coding.
    decisions : tuple of DecisionRow
        In the order in which they were made; withdrawn ones are left out.
    """

    row: CodingRow
    decisions: tuple[DecisionRow, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether it holds an opinion, so that the narrative has been coded by it."""
        return self.row.skipped_reason is None and (self.row.complete or bool(self.decisions))

    @property
    def view(self) -> CodingView:
        """The coding as gold reads it."""
        verdicts: dict[str, Verdict] = {decision.code: decision.verdict for decision in self.decisions}
        return CodingView(self.row.person_id, verdicts, complete=self.row.complete)


@dataclass(frozen=True)
class Standing:
    """What the closed codings and the adjudicators say of a narrative, in one taxonomy version.

    Parameters
    ----------
    taxonomy : Taxonomy
        The version.
    codings : tuple of ClosedCoding
        Oldest first, those that were skipped too.
    word : dict of str to str
        The latest adjudicated label of each code that has one.
    """

    taxonomy: Taxonomy
    codings: tuple[ClosedCoding, ...] = ()
    word: dict[str, Label] = field(default_factory=dict)

    @property
    def opinions(self) -> list[ClosedCoding]:
        """The codings that say something."""
        return [coding for coding in self.codings if coding.says_something]

    def gold(self) -> dict[str, Gold]:
        """Resolve the label of each selectable code."""
        return resolve(self.taxonomy, [coding.view for coding in self.opinions], self.word)

    def disputed(self) -> list[str]:
        """List the codes on which codings differ and no adjudicator has spoken."""
        return [code for code, gold in self.gold().items() if gold.source == "disagreed"]


def standing(work: UnitOfWork, scope: Scope, narrative_id: str, version: tuple[str, str]) -> Standing:
    """Read where the codings of a narrative stand.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    scope : Scope
        Whose narrative.
    narrative_id : str
        The narrative.
    version : tuple of (str, str)
        Id and version of a taxonomy that the store holds; what was said in another is left out.
    """
    decisions = work.decisions.of_narrative(scope, narrative_id)
    codings = tuple(
        ClosedCoding(row, _last([decision for decision in decisions if decision.coding_id == row.id]))
        for row in work.codings.of_narrative(scope, narrative_id)
        if row.closed_at is not None and (row.taxonomy_id, row.taxonomy_version) == version
    )
    word = {
        row.code: row.label
        for row in work.adjudications.of_narrative(scope, narrative_id)
        if (row.taxonomy_id, row.taxonomy_version) == version
    }
    return Standing(stored_taxonomy(work, *version), codings, word)


def _last(decisions: Sequence[DecisionRow]) -> tuple[DecisionRow, ...]:
    last = {decision.code: decision for decision in decisions}
    return tuple(decision for decision in last.values() if decision.verdict != "withdraw")
