"""Where the codings of a narrative differ: what the queue, the adjudicators and nobody else looks at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from coding_service.services.current_taxonomy import stored_taxonomy
from coding_service.services.gold import CodingView, Gold, resolve
from coding_service.services.passages import Version, passages_to
from coding_service.services.past_codings import Said, combine, translate_decisions, translate_said
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
    translated : CodingView or None
        What it says in the version that is asked for, where it was made in an older one.
    """

    row: CodingRow
    decisions: tuple[DecisionRow, ...] = ()
    translated: CodingView | None = None

    @property
    def says_something(self) -> bool:
        """Whether it holds an opinion, so that the narrative has been coded by it."""
        return not self.row.skipped_reason and (self.row.complete or bool(self.decisions))

    @property
    def view(self) -> CodingView:
        """The coding as gold reads it."""
        if self.translated is not None:
            return self.translated
        verdicts: dict[str, Verdict] = {decision.code: decision.verdict for decision in self.decisions}
        return CodingView(self.row.person_id, verdicts, complete=self.row.complete)


@dataclass(frozen=True)
class Standing:
    """What the closed codings and the adjudicators say of a narrative, all of it in one taxonomy version.

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
        said = Said([coding.view for coding in self.opinions], self.word)
        return resolve(self.taxonomy, combine(self.taxonomy, [said]).views, self.word)

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
        Id and version of a taxonomy that the store holds. What was said in an older one is translated by the crosswalks
        of the store; where none leads from it, it is left out.
    """
    taxonomy = stored_taxonomy(work, *version)
    decisions = work.decisions.of_narrative(scope, narrative_id)
    codings: dict[Version, list[ClosedCoding]] = defaultdict(list)
    for row in work.codings.of_narrative(scope, narrative_id):
        if row.closed_at is not None:
            own = _last([decision for decision in decisions if decision.coding_id == row.id])
            codings[row.taxonomy_id, row.taxonomy_version].append(ClosedCoding(row, own))
    words: dict[Version, dict[str, Label]] = defaultdict(dict)
    for word in work.adjudications.of_narrative(scope, narrative_id):
        words[word.taxonomy_id, word.taxonomy_version][word.code] = word.label
    if not (codings.keys() | words.keys()) - {version}:
        return Standing(taxonomy, tuple(codings[version]), words[version])
    past, parts = [], []
    for older, way in reversed(passages_to(work, taxonomy).items()):
        said = translate_said(way, Said([coding.view for coding in codings[older]], words[older]))
        parts.append(said)
        past += [
            ClosedCoding(coding.row, translate_decisions(way, coding.decisions, view), view)
            for coding, view in zip(codings[older], said.views, strict=True)
        ]
    adjudicated = combine(taxonomy, [*parts, Said(word=words[version])]).word
    return Standing(taxonomy, (*past, *codings[version]), dict(adjudicated))


def _last(decisions: Sequence[DecisionRow]) -> tuple[DecisionRow, ...]:
    last = {decision.code: decision for decision in decisions}
    return tuple(decision for decision in last.values() if decision.verdict != "withdraw")
