"""Frozen gold: the blind half that never trains, kept as it was under a fingerprint, so that bundles meet the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coding_service.corpus import CodedNarrative
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.errors import StoreError
from coding_service.services.current_taxonomy import current_taxonomy, stored_taxonomy
from coding_service.services.gold_corpus import take_corpus
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import EvaluationSnapshotRow
from coding_service.taxonomy import Taxonomy


@dataclass(frozen=True)
class FrozenGold:
    """A set of blind narratives with their gold.

    Parameters
    ----------
    fingerprint : str
        Of the narratives, as `corpus_fingerprint` gives it.
    taxonomy : Taxonomy
        The version that the labels are in.
    narratives : tuple of CodedNarrative
        By review and id; ``meta`` holds the name of the jurisdiction.
    """

    fingerprint: str
    taxonomy: Taxonomy
    narratives: tuple[CodedNarrative, ...]


def freeze_gold(store: Engine, scope: Scope, *, person_id: str | None = None) -> FrozenGold:
    """Freeze the evaluation gold as it is now; the same decisions give the same snapshot, kept once.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose narratives.
    person_id : str or None
        Who asks for it; None where it is whoever runs the command line.

    Returns
    -------
    FrozenGold
        Empty, and not kept, where nobody has coded a blind review of the evaluation half yet.
    """
    narratives = tuple(take_corpus(store, scope, evaluation=True, person_id=person_id))
    with UnitOfWork(store, reading=True) as work:
        taxonomy = current_taxonomy(work)
    frozen = FrozenGold(corpus_fingerprint(narratives), taxonomy, narratives)
    if narratives:
        with UnitOfWork(store) as work:
            work.evaluations.add(scope, _to_row(frozen, scope))
            work.commit()
    return frozen


def thaw_gold(store: Engine, scope: Scope, fingerprint: str, *, person_id: str | None = None) -> FrozenGold:
    """Give the gold that was frozen under a fingerprint, whatever was decided since.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose snapshot.
    fingerprint : str
        Its whole fingerprint.
    person_id : str or None
        As in `freeze_gold`.

    Raises
    ------
    NotFoundError
        If the scope has no such snapshot.
    StoreError
        If what the store holds does not have this fingerprint any more.
    """
    with UnitOfWork(store) as work:
        row = work.evaluations.get(scope, fingerprint)
        taxonomy = stored_taxonomy(work, row.taxonomy_id, row.taxonomy_version)
        facts = list(work.narratives.facts(scope, row.narrative_ids))
        for fact in facts:
            detail = {"corpus": fingerprint}
            work.audit.record(Event("export", "narrative", fact.id, person_id, fact.jurisdiction_id, detail))
        work.commit()
    texts = {fact.id: fact.text or "" for fact in facts}
    narratives = tuple(_from_content(own, row.gold[own], texts.get(own, "")) for own in row.narrative_ids)
    found = corpus_fingerprint(narratives)
    if found != fingerprint:
        raise StoreError(
            f"The evaluation snapshot {fingerprint[:12]} has fingerprint {found[:12]} now: it is not what was frozen.",
            hint="Run `io-coding db check`, and restore the store from a backup.",
        )
    return FrozenGold(fingerprint, taxonomy, narratives)


def _to_row(frozen: FrozenGold, scope: Scope) -> EvaluationSnapshotRow:
    return EvaluationSnapshotRow(
        fingerprint=frozen.fingerprint,
        jurisdiction_id=scope.jurisdiction_id,
        taxonomy_id=frozen.taxonomy.id,
        taxonomy_version=frozen.taxonomy.version,
        narrative_ids=[narrative.id for narrative in frozen.narratives],
        gold={narrative.id: _to_content(narrative) for narrative in frozen.narratives},
    )


def _to_content(narrative: CodedNarrative) -> dict[str, Any]:
    """Give all that a narrative says but for its text, which the store keeps elsewhere and never changes."""
    return {
        "codes": list(narrative.codes),
        "unknown": list(narrative.unknown),
        "evidence": {code: [list(span) for span in spans] for code, spans in narrative.evidence.items()},
        "group": narrative.group,
        "meta": dict(narrative.meta),
        "weight": narrative.weight,
    }


def _from_content(narrative_id: str, content: Mapping[str, Any], text: str) -> CodedNarrative:
    evidence: Mapping[str, Sequence[Sequence[int]]] = content["evidence"]
    return CodedNarrative(
        id=narrative_id,
        text=text,
        codes=tuple(content["codes"]),
        unknown=tuple(content["unknown"]),
        evidence={code: tuple((start, end) for start, end in spans) for code, spans in evidence.items()},
        group=content["group"],
        meta=content["meta"],
        weight=content["weight"],
    )
