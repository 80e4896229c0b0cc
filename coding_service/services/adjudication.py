"""Adjudication: where codings differ, shown without names, and settled by the word of a third person."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import cast, get_args

from coding_service.errors import ConflictError, InputError
from coding_service.services.authentication import Caller
from coding_service.services.codings import Version, refuse_mismatch
from coding_service.services.current_taxonomy import settled_taxonomy
from coding_service.services.disputes import ClosedCoding, Standing, standing
from coding_service.services.gold import resolve
from coding_service.services.idempotency import Answer, Retry, write_once
from coding_service.services.narratives import record
from coding_service.services.roles import allow
from coding_service.store import Engine, UnitOfWork
from coding_service.store.rows import AdjudicationRow, Label, NarrativeRow
from coding_service.taxonomy import Taxonomy

LABELS: tuple[str, ...] = get_args(Label)
MOST_LABELS = 200
"""In one request."""

MOST_DISPUTES = 100
"""In one answer."""

_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class NewLabel:
    """An adjudicator's word on one code.

    Parameters
    ----------
    code : str
        A selectable code.
    label : str
        ``present``, ``absent`` or ``unknown`` where the text leaves it open.
    reason : str
        Why, for those who coded otherwise.
    """

    code: str
    label: str
    reason: str


@dataclass(frozen=True)
class Ruling:
    """Labels of one narrative that are kept together or not at all.

    Parameters
    ----------
    version : Version
        The taxonomy that the adjudicator had before them.
    labels : tuple of NewLabel
        One for each code that is decided.
    """

    version: Version
    labels: tuple[NewLabel, ...]


def list_disputes(store: Engine, caller: Caller, *, limit: int = 20) -> Answer:
    """List narratives that wait for an adjudicator, each with its codings unnamed.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Who asks; narratives that they coded themselves are left out.
    limit : int
        Most narratives to list, 1 to `MOST_DISPUTES`.

    Returns
    -------
    dict
        ``narratives``, the most urgent first, as `show_dispute` gives them.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    """
    allow(caller, "adjudicate")
    with UnitOfWork(store) as work:
        items = work.queue.next(caller.scope, caller.person_id, ["adjudication"], limit=limit)
        answer = {"narratives": [_dispute(work, caller, item.narrative_id) for item in items]}
        work.commit()
    return answer


def show_dispute(store: Engine, caller: Caller, narrative_id: str) -> Answer:
    """Show where the codings of a narrative differ, and what was adjudicated.

    Whoever looks has seen others' codings: an open coding of their own no longer counts as independent.

    Returns
    -------
    dict
        ``disputed`` lists the codes that are open; ``codings`` holds the closed codings under letters, in an order that
        tells nothing; ``adjudications`` is what adjudicators said, oldest first. There is no text in it.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    """
    allow(caller, "adjudicate")
    with UnitOfWork(store) as work:
        answer = _dispute(work, caller, narrative_id)
        work.commit()
    return answer


def adjudicate(
    store: Engine, caller: Caller, narrative_id: str, ruling: Ruling, *, retry: Retry | None = None
) -> Answer:
    """Add an adjudicator's word; the narrative leaves the queue once no code is disputed any more.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        The adjudicator.
    narrative_id : str
        The narrative.
    ruling : Ruling
        The labels.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        As `show_dispute` gives it.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such narrative that the caller can see.
    TaxonomyMismatchError
        If the labels are of another taxonomy version than the store codes by now.
    ConflictError
        If the caller coded the narrative.
    InputError
        If a label is malformed; the message says which and why.
    """
    allow(caller, "adjudicate")

    def do(work: UnitOfWork) -> Answer:
        narrative = work.narratives.get(caller.scope, narrative_id)
        taxonomy = settled_taxonomy(work)
        refuse_mismatch(ruling.version, (taxonomy.id, taxonomy.version))
        check_labels(ruling.labels, taxonomy)
        if work.codings.of_person(caller.scope, narrative_id, caller.person_id):
            raise ConflictError(
                "You coded this narrative, so you do not adjudicate it.", hint="Leave it to another adjudicator."
            )
        queued = work.queue.hold(caller.scope, narrative_id)
        work.adjudications.add(caller.scope, [_row(work, caller, narrative, taxonomy, new) for new in ruling.labels])
        record(work, caller, "adjudicate", narrative, codes=[new.code for new in ruling.labels])
        said = standing(work, caller.scope, narrative_id, ruling.version)
        work.queue.move(caller.scope, narrative_id, "adjudication" if said.disputed() else "done", reason=queued.reason)
        work.queue.release(caller.scope, narrative_id, caller.person_id)
        return _describe(work, caller, narrative, said)

    return write_once(store, caller, retry, do)


def check_labels(labels: Sequence[NewLabel], taxonomy: Taxonomy) -> None:
    """Refuse labels that make no sense.

    Raises
    ------
    InputError
        If there is none or too many, or one is malformed.
    """
    if not labels:
        raise InputError("There is no label.", hint="Say of one code at least whether it holds.")
    if len(labels) > MOST_LABELS:
        raise InputError(
            f"{len(labels)} labels were sent; expected {MOST_LABELS} at most.", hint="Send them in several requests."
        )
    seen: set[str] = set()
    for position, new in enumerate(labels):
        problem = _problem(new, taxonomy, seen)
        if problem:
            raise InputError(f"Label {position}: {problem[0]}.", hint=problem[1])
        seen.add(new.code)


def _problem(new: NewLabel, taxonomy: Taxonomy, seen: set[str]) -> tuple[str, str] | None:
    shown = new.code[:_LONGEST_SHOWN]
    if new.code not in taxonomy.index:
        close = difflib.get_close_matches(shown, taxonomy.code_ids, n=1)
        return (
            f"{shown!r} is no selectable code of taxonomy {taxonomy.id!r} {taxonomy.version}",
            f"Did you mean {close[0]!r}?" if close else f"See GET /v1/taxonomies/{taxonomy.id}/{taxonomy.version}.",
        )
    if new.code in seen:
        return f"{shown!r} is labelled twice", "Say one thing of each code."
    if new.label not in LABELS:
        return f"{new.label[:_LONGEST_SHOWN]!r} is no label", f"Known are: {', '.join(LABELS)}."
    if not new.reason.strip():
        return f"{shown!r} has no reason", "Say why, for those who coded otherwise."
    return None


def _row(
    work: UnitOfWork, caller: Caller, narrative: NarrativeRow, taxonomy: Taxonomy, new: NewLabel
) -> AdjudicationRow:
    return AdjudicationRow(
        jurisdiction_id=narrative.jurisdiction_id,
        narrative_id=narrative.id,
        person_id=caller.person_id,
        taxonomy_id=taxonomy.id,
        taxonomy_version=taxonomy.version,
        code=new.code,
        label=cast("Label", new.label),
        reason=new.reason,
        decided_at=work.now(),
    )


def _dispute(work: UnitOfWork, caller: Caller, narrative_id: str) -> Answer:
    """Describe a dispute, and note that the caller has seen others' codings."""
    narrative = work.narratives.get(caller.scope, narrative_id)
    taxonomy = settled_taxonomy(work)
    said = standing(work, caller.scope, narrative_id, (taxonomy.id, taxonomy.version))
    own = work.codings.of_person(caller.scope, narrative_id, caller.person_id)
    work.codings.mark_dependent(caller.scope, [row.id for row in own if row.closed_at is None])
    record(work, caller, "show dispute", narrative, codings=[coding.row.id for coding in said.codings])
    return _describe(work, caller, narrative, said)


def _describe(work: UnitOfWork, caller: Caller, narrative: NarrativeRow, said: Standing) -> Answer:
    gold = said.gold()
    disputed = said.disputed()
    return {
        "narrative_id": narrative.id,
        "review_id": narrative.review_id,
        "task": work.queue.get(caller.scope, narrative.id).state,
        "taxonomy": {"id": said.taxonomy.id, "version": said.taxonomy.version},
        "disputed": [
            {
                "code": code,
                "name": said.taxonomy.nodes[code].name,
                "present": gold[code].present,
                "absent": gold[code].absent,
            }
            for code in disputed
        ],
        "codings": list(_unnamed(said, disputed)),
        "adjudications": [
            {
                "code": row.code,
                "label": row.label,
                "reason": row.reason,
                "taxonomy": {"id": row.taxonomy_id, "version": row.taxonomy_version},
                "decided_at": row.decided_at.isoformat(),
            }
            for row in work.adjudications.of_narrative(caller.scope, narrative.id)
        ],
    }


def _unnamed(said: Standing, disputed: Sequence[str]) -> Iterator[Answer]:
    """Give the closed codings by letter; their random ids, which are not told, give the order."""
    for place, coding in enumerate(sorted(said.codings, key=lambda coding: coding.row.id)):
        letters = ascii_uppercase[place % len(ascii_uppercase)] * (1 + place // len(ascii_uppercase))
        yield {
            "coding": letters,
            "complete": coding.row.complete,
            "skipped_reason": coding.row.skipped_reason,
            "comment": coding.row.comment,
            "opinions": _opinions(said.taxonomy, coding, disputed),
            "decisions": [
                {
                    "code": decision.code,
                    "verdict": decision.verdict,
                    "rating": decision.rating,
                    "evidence": [{"start": start, "end": end} for start, end in decision.evidence],
                    "reason": decision.reason,
                }
                for decision in coding.decisions
            ],
        }


def _opinions(taxonomy: Taxonomy, coding: ClosedCoding, disputed: Sequence[str]) -> dict[str, Label]:
    if not coding.says_something:
        return dict.fromkeys(disputed, "unknown")
    own = resolve(taxonomy, [coding.view])
    return {code: own[code].label for code in disputed}
