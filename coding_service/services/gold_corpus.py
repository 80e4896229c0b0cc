"""The corpus of a whole store: gold of every narrative in a few queries, and the same bytes for the same decisions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from coding_service.corpus import CodedNarrative, Span
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.gold import CodingView, Gold, resolve
from coding_service.services.passages import Version, passages_to
from coding_service.services.past_codings import Said, combine, translate_said
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.codings import CodingFacts
from coding_service.store.decisions import DecisionFacts
from coding_service.store.narratives import NarrativeFacts
from coding_service.store.rows import Label, Verdict
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.translation import Translation

Trust = Literal["adjudicated", "double", "single"]

WEIGHTS: Mapping[Trust, float] = {"adjudicated": 2.0, "double": 1.5, "single": 1.0}
"""How much the labels of a narrative count in training: an adjudicator spoke, two people or more coded it
independently, or one did."""


@dataclass(frozen=True)
class NarrativeGold:
    """What is known of the codes of one narrative.

    Parameters
    ----------
    narrative : NarrativeFacts
        The narrative and its review.
    labels : mapping of str to Gold
        By selectable code, in the order of the taxonomy.
    trust : str
        Who stands behind the labels.
    evidence : mapping of str to tuple of Span
        What coders marked for codes that are present.
    """

    narrative: NarrativeFacts
    labels: Mapping[str, Gold]
    trust: Trust
    evidence: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)


def store_gold(
    work: UnitOfWork,
    scope: Scope,
    taxonomy: Taxonomy,
    *,
    narrative_ids: Sequence[str] | None = None,
    with_text: bool = False,
    proposed: Translation | None = None,
) -> Iterator[NarrativeGold]:
    """Resolve the gold of narratives in bulk.

    Parameters
    ----------
    work : UnitOfWork
        The transaction; few queries whatever the number of narratives.
    scope : Scope
        Whose narratives.
    taxonomy : Taxonomy
        The version to give labels in. What was said in older versions is translated by the crosswalks of the store, the
        later word of a person counting; what no crosswalk leads from is left out.
    narrative_ids : sequence of str or None
        Which narratives; None takes all.
    with_text : bool
        Whether to read the texts.
    proposed : Translation or None
        A step between versions that is not in the store yet.

    Yields
    ------
    NarrativeGold
        One for each narrative, those without any decision too, by review and id.
    """
    ways = passages_to(work, taxonomy, proposed=proposed)
    versions = [*reversed(ways), (taxonomy.id, taxonomy.version)]
    codings: dict[str, list[CodingFacts]] = defaultdict(list)
    for coding in work.codings.facts(scope, narrative_ids):
        if not coding.skipped and (coding.taxonomy_id, coding.taxonomy_version) in versions:
            codings[coding.narrative_id].append(coding)
    decisions: dict[str, list[DecisionFacts]] = defaultdict(list)
    for decision in work.decisions.latest(scope, narrative_ids):
        decisions[decision.coding_id].append(decision)
    words: dict[str, dict[Version, dict[str, Label]]] = defaultdict(lambda: defaultdict(dict))
    for word in work.adjudications.latest(scope, narrative_ids):
        words[word.narrative_id][word.taxonomy_id, word.taxonomy_version][word.code] = word.label
    narratives = work.narratives.facts(scope, narrative_ids, with_text=with_text)
    for narrative in sorted(narratives, key=lambda row: (row.review_id, row.id)):
        own = [_Coded(coding, tuple(decisions.get(coding.id, ()))) for coding in codings.get(narrative.id, [])]
        parts = []
        for version in versions:
            views = [coded.view for coded in own if coded.version == version]
            said = Said(views, words[narrative.id][version])
            parts.append(translate_said(ways[version], said) if version in ways else said)
        said = combine(taxonomy, parts) if len(parts) > 1 else parts[0]
        labels = resolve(taxonomy, said.views, said.word)
        yield NarrativeGold(narrative, labels, _trust(own, said.word), _evidence(labels, own, ways))


def export_corpus(
    work: UnitOfWork, scope: Scope, *, taxonomy: Taxonomy | None = None, evaluation: bool = False
) -> list[CodedNarrative]:
    """Give the narratives with a known label as a corpus; only reads, see `take_corpus` for the audit.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    scope : Scope
        Whose narratives.
    taxonomy : Taxonomy or None
        The version to give labels in; None takes the current one of the store.
    evaluation : bool
        Whether to give the half of the blind reviews that is kept for evaluation, and nothing else; without it that
        half is left out, so that it never trains.

    Returns
    -------
    list of CodedNarrative
        By review and id; ids are those of the store, which tell nothing of a case. Each is complete: what is neither in
        ``codes`` nor in ``unknown`` is absent. An absent sub-theme of a theme that is unknown reads as unknown, since
        the corpus format cannot say otherwise.
    """
    narratives = store_gold(work, scope, taxonomy or current_taxonomy(work), with_text=True)
    return [
        _coded(gold)
        for gold in narratives
        if (gold.narrative.blind_role == "evaluation") == evaluation
        and any(label.label != "unknown" for label in gold.labels.values())
    ]


def take_corpus(
    store: Engine, scope: Scope, *, evaluation: bool = False, person_id: str | None = None
) -> list[CodedNarrative]:
    """Export a corpus and leave an audit event for each narrative in it before anything is given away.

    Parameters
    ----------
    store : Engine
        The store; its writers do not wait while gold is resolved.
    scope : Scope
        Whose narratives.
    evaluation : bool
        As in `export_corpus`.
    person_id : str or None
        Who takes it; None where it is whoever runs the command line.

    Returns
    -------
    list of CodedNarrative
        As `export_corpus` gives it.
    """
    with UnitOfWork(store, reading=True) as work:
        narratives = export_corpus(work, scope, evaluation=evaluation)
        jurisdictions = {row.name: row.id for row in work.jurisdictions.all(scope)}
    detail = {"corpus": corpus_fingerprint(narratives)}
    with UnitOfWork(store) as work:
        for narrative in narratives:
            owner = jurisdictions[narrative.meta["jurisdiction"]]
            work.audit.record(Event("export", "narrative", narrative.id, person_id, owner, detail))
        work.commit()
    return narratives


def explain_gold(store: Engine, scope: Scope, *, evaluation: bool = False) -> Iterator[dict[str, object]]:
    """Tell for each narrative and code that anybody judged which label it got and why.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose narratives.
    evaluation : bool
        As in `export_corpus`.

    Yields
    ------
    dict
        Keys ``narrative``, ``review``, ``code``, ``label``, ``source``, ``present``, ``absent``, ``trust``, ``why``; no
        text.
    """
    with UnitOfWork(store, reading=True) as work:
        for gold in store_gold(work, scope, current_taxonomy(work)):
            if (gold.narrative.blind_role == "evaluation") != evaluation:
                continue
            for code, label in gold.labels.items():
                if label.source != "unjudged":
                    yield {
                        "narrative": gold.narrative.id,
                        "review": gold.narrative.review_external_id,
                        "code": code,
                        "label": label.label,
                        "source": label.source,
                        "present": label.present,
                        "absent": label.absent,
                        "trust": gold.trust,
                        "why": label.why,
                    }


@dataclass(frozen=True)
class _Coded:
    """A coding with the latest decision on each code."""

    facts: CodingFacts
    decisions: tuple[DecisionFacts, ...]

    @property
    def version(self) -> Version:
        return self.facts.taxonomy_id, self.facts.taxonomy_version

    @property
    def view(self) -> CodingView:
        verdicts: dict[str, Verdict] = {decision.code: decision.verdict for decision in self.decisions}
        return CodingView(self.facts.person_id, verdicts, complete=self.facts.complete)

    @property
    def counts(self) -> bool:
        """Whether it is an independent opinion."""
        says_something = self.facts.complete or any(decision.verdict != "withdraw" for decision in self.decisions)
        return self.facts.independent and says_something


def _trust(codings: Iterable[_Coded], word: Mapping[str, Label]) -> Trust:
    if word:
        return "adjudicated"
    return "double" if len({coded.facts.person_id for coded in codings if coded.counts}) > 1 else "single"


def _evidence(
    labels: Mapping[str, Gold], codings: Iterable[_Coded], ways: Mapping[Version, Translation]
) -> dict[str, tuple[Span, ...]]:
    spans: dict[str, set[Span]] = defaultdict(set)
    for coded in codings:
        way = ways.get(coded.version)
        for decision in coded.decisions:
            if decision.verdict in ("accept", "add"):
                for code in (decision.code,) if way is None else way.becomes.get(decision.code, ()):
                    spans[code].update((start, end) for start, end in decision.evidence)
    return {code: tuple(sorted(spans[code])) for code in labels if spans.get(code) and labels[code].label == "present"}


def _coded(gold: NarrativeGold) -> CodedNarrative:
    narrative, labels = gold.narrative, gold.labels
    date = narrative.review_date or narrative.incident_date
    meta = {
        "jurisdiction": narrative.jurisdiction,
        "cause": narrative.cause,
        "incident_type": narrative.incident_type,
        "date": date and date.isoformat(),
        "trust": gold.trust,
    }
    return CodedNarrative(
        id=narrative.id,
        text=narrative.text or "",
        codes=tuple(code for code, label in labels.items() if label.label == "present"),
        unknown=tuple(code for code, label in labels.items() if label.label == "unknown"),
        evidence=gold.evidence,
        group=narrative.review_id,
        meta={key: value for key, value in meta.items() if value is not None},
        weight=WEIGHTS[gold.trust],
    )
