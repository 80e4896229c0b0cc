"""The corpus of a whole store: gold of every narrative in a few queries, and the same bytes for the same decisions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from coding_service.corpus import CodedNarrative, Span
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.gold import CodingView, Gold, resolve
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.codings import CodingFacts
from coding_service.store.decisions import DecisionFacts
from coding_service.store.narratives import NarrativeFacts
from coding_service.store.rows import Label, Verdict
from coding_service.taxonomy import Taxonomy

Trust = Literal["adjudicated", "double", "single"]

WEIGHTS: Mapping[Trust, float] = {"adjudicated": 2.0, "double": 1.5, "single": 1.0}
"""How much the labels of a narrative count in training: an adjudicator spoke, two people or more coded it
independently, or one did."""

_NO_LABELS: Mapping[str, Label] = {}


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
) -> Iterator[NarrativeGold]:
    """Resolve the gold of narratives in bulk.

    Parameters
    ----------
    work : UnitOfWork
        The transaction; four queries whatever the number of narratives.
    scope : Scope
        Whose narratives.
    taxonomy : Taxonomy
        Codings and adjudications of other versions are left out.
    narrative_ids : sequence of str or None
        Which narratives; None takes all.
    with_text : bool
        Whether to read the texts.

    Yields
    ------
    NarrativeGold
        One for each narrative, those without any decision too, by review and id.
    """
    version = (taxonomy.id, taxonomy.version)
    codings: dict[str, list[CodingFacts]] = defaultdict(list)
    for coding in work.codings.facts(scope, narrative_ids):
        if (coding.taxonomy_id, coding.taxonomy_version) == version:
            codings[coding.narrative_id].append(coding)
    decisions: dict[str, list[DecisionFacts]] = defaultdict(list)
    for decision in work.decisions.latest(scope, narrative_ids):
        decisions[decision.coding_id].append(decision)
    words: dict[str, dict[str, Label]] = defaultdict(dict)
    for word in work.adjudications.latest(scope, narrative_ids):
        if (word.taxonomy_id, word.taxonomy_version) == version:
            words[word.narrative_id][word.code] = word.label
    narratives = work.narratives.facts(scope, narrative_ids, with_text=with_text)
    for narrative in sorted(narratives, key=lambda row: (row.review_id, row.id)):
        own = codings.get(narrative.id, [])
        views = [_view(coding, decisions.get(coding.id, ())) for coding in own]
        word_of = words.get(narrative.id, _NO_LABELS)
        labels = resolve(taxonomy, views, word_of)
        said = [decision for coding in own for decision in decisions.get(coding.id, ())]
        yield NarrativeGold(narrative, labels, _trust(own, views, word_of), _evidence(labels, said))


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


def _view(coding: CodingFacts, decisions: Iterable[DecisionFacts]) -> CodingView:
    verdicts: dict[str, Verdict] = {decision.code: decision.verdict for decision in decisions}
    return CodingView(coding.person_id, verdicts, complete=coding.complete)


def _trust(codings: Sequence[CodingFacts], views: Sequence[CodingView], word: Mapping[str, Label]) -> Trust:
    if word:
        return "adjudicated"
    people = {
        coding.person_id
        for coding, view in zip(codings, views, strict=True)
        if coding.independent and (coding.complete or set(view.verdicts.values()) - {"withdraw"})
    }
    return "double" if len(people) > 1 else "single"


def _evidence(labels: Mapping[str, Gold], said: Iterable[DecisionFacts]) -> dict[str, tuple[Span, ...]]:
    spans: dict[str, set[Span]] = defaultdict(set)
    for decision in said:
        if decision.verdict in ("accept", "add") and labels[decision.code].label == "present":
            spans[decision.code].update((start, end) for start, end in decision.evidence)
    return {code: tuple(sorted(spans[code])) for code in labels if spans.get(code)}


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
