"""What a person is shown for a narrative of the store: withheld while blind, and kept as a snapshot with the coding."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from coding_service.errors import TaxonomyMismatchError
from coding_service.services.authentication import Caller
from coding_service.services.blindness import WITHHELD, withheld
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.idempotency import Answer
from coding_service.services.narratives import record
from coding_service.services.roles import allow
from coding_service.services.shelf import Shelf
from coding_service.services.suggesting import Sizes, Text, suggest
from coding_service.store import Engine, UnitOfWork, text_hash
from coding_service.store.rows import NarrativeRow, SuggestionSnapshotRow
from coding_service.suggestions import Limits

STORED = Sizes(max_text_bytes=sys.maxsize)
"""A text of the store was let in once, and is read whole, however long."""


def show_suggestions(store: Engine, caller: Caller, shelf: Shelf, narrative_id: str) -> Answer:
    """Give the suggestions of the bundle that serves a narrative's jurisdiction, or say that they are withheld.

    A person who asks twice of the same bundle is shown the same snapshot. No lock is held while a text is read.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Who asks.
    shelf : Shelf
        Where bundles are found.
    narrative_id : str
        The narrative.

    Returns
    -------
    dict
        With ``withheld``; where it is false, suggestions as `suggest` gives them and when they were first shown.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    BundleError
        If the bundle does not load.
    TaxonomyMismatchError
        If the bundle suggests codes of another taxonomy than the store codes by; another version of it may serve.
    """
    allow(caller, "read suggestions")
    shelf.get(jurisdiction=caller.jurisdiction)  # load it, if need be, before writers are kept waiting
    with UnitOfWork(store) as work:
        narrative = work.narratives.get(caller.scope, narrative_id)
        owner = narrative.jurisdiction_id
        if withheld(work, caller, [narrative.text_hash]):
            record(work, caller, "withhold", narrative)
            work.commit()
            return {"id": narrative_id, **WITHHELD}
        serving, ours = shelf.get(jurisdiction=owner), current_taxonomy(work)
        if serving.envelope.taxonomy.id != ours.id:
            raise TaxonomyMismatchError(
                f"The bundle {serving.id!r} suggests codes of {serving.envelope.taxonomy.id!r}, "
                f"the store codes by {ours.id!r}.",
                hint="Promote a bundle that was trained on the store's taxonomy.",
            )
        for snapshot in work.snapshots.shown_to(caller.scope, narrative_id, caller.person_id):
            if snapshot.bundle_sha256 == serving.sha256:
                return _show(work, caller, narrative, snapshot)
    text = Text(narrative_id, narrative.text)
    answer = suggest(shelf, [text], sizes=STORED, limits=Limits(), jurisdiction=owner)[0]
    with UnitOfWork(store) as work:
        snapshot = work.snapshots.add(caller.scope, _snapshot(work, caller, narrative, answer))
        return _show(work, caller, narrative, snapshot)


def withhold(
    store: Engine | None,
    caller: Caller,
    texts: Sequence[Text],
    suggest_rest: Callable[[Sequence[Text]], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Suggest codes for texts of a request, but for those that the caller is to code blind.

    Parameters
    ----------
    store : Engine or None
        Where blind narratives are known; None where there is no store.
    caller : Caller
        Who asks.
    texts : sequence of Text
        The texts.
    suggest_rest : callable
        Gives one object for each of the texts that are not withheld.

    Returns
    -------
    list of dict
        One for each text, in order; a withheld one has ``id``, ``withheld``, ``reason`` and ``hint``.
    """
    hashes = [text_hash(text.text) for text in texts]
    hidden: set[str] = set()
    if store is not None:
        with UnitOfWork(store, reading=True) as work:
            hidden = withheld(work, caller, set(hashes))
    open_texts = [text for text, digest in zip(texts, hashes, strict=True) if digest not in hidden]
    answers = iter(suggest_rest(open_texts) if open_texts else [])
    return [
        {"id": text.id, **WITHHELD} if digest in hidden else next(answers)
        for text, digest in zip(texts, hashes, strict=True)
    ]


def first_shown(work: UnitOfWork, caller: Caller, narrative_id: str) -> SuggestionSnapshotRow | None:
    """Give what a person was shown first for a narrative, or None."""
    shown = work.snapshots.shown_to(caller.scope, narrative_id, caller.person_id)
    return shown[-1] if shown else None


def _show(work: UnitOfWork, caller: Caller, narrative: NarrativeRow, snapshot: SuggestionSnapshotRow) -> Answer:
    """Note what is shown in the audit chain and with the person's open codings, and commit."""
    for coding in work.codings.of_person(caller.scope, narrative.id, caller.person_id):
        if coding.closed_at is None and not coding.blind:
            work.codings.show(caller.scope, coding.id, snapshot.id)
    record(work, caller, "suggest", narrative, bundle=snapshot.bundle_id, snapshot=snapshot.id)
    work.commit()
    return {
        "id": narrative.id,
        "withheld": False,
        "shown_at": snapshot.shown_at.isoformat(),
        "suggestions": snapshot.suggestions,
        "taxonomy": {"id": snapshot.taxonomy_id, "version": snapshot.taxonomy_version},
        "bundle": {"id": snapshot.bundle_id, "sha256": snapshot.bundle_sha256},
    }


def _snapshot(
    work: UnitOfWork, caller: Caller, narrative: NarrativeRow, answer: dict[str, Any]
) -> SuggestionSnapshotRow:
    return SuggestionSnapshotRow(
        jurisdiction_id=narrative.jurisdiction_id,
        narrative_id=narrative.id,
        person_id=caller.person_id,
        bundle_id=answer["bundle"]["id"],
        bundle_sha256=answer["bundle"]["sha256"],
        taxonomy_id=answer["taxonomy"]["id"],
        taxonomy_version=answer["taxonomy"]["version"],
        suggestions=answer["suggestions"],
        shown_at=work.now(),
    )
