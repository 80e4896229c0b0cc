"""Promotes a bundle that passes the gate, and takes a promotion back; who did it, why and on what is kept for ever."""

from dataclasses import dataclass
from typing import Any

from coding_service.errors import ConflictError, GateRefusedError
from coding_service.services.authentication import Caller
from coding_service.services.examination import PASSED, UNCHANGED, Examination, Petition, Step, examine
from coding_service.services.following import read_pointers
from coding_service.services.roles import allow
from coding_service.services.shelf import Jurisdiction, Promoted, Shelf, require_promoted
from coding_service.store import Engine, Event, UnitOfWork
from coding_service.store.rows import PromotionRow
from coding_service.suggesters.bundle import MANIFEST, verify_bundle
from coding_service.suggesters.encoder import hash_file


@dataclass(frozen=True)
class Wish:
    """What a caller wants of a promotion.

    Parameters
    ----------
    jurisdiction : str or None
        Name of the one that is to be served the bundle; None takes that of the caller's key, which may be all.
    force : bool
        As in `Petition`.
    reason : str
        As in `Petition`.
    """

    jurisdiction: str | None = None
    force: bool = False
    reason: str = ""


def promote(store: Engine, shelf: Shelf, petition: Petition, *, step: Step = lambda _: None) -> dict[str, Any]:
    """Promote a bundle if it passes the gate, or by force.

    Returns
    -------
    dict
        JSON-ready: ``bundle``, ``sha256``, ``sequence``, None where the pointer named it already, ``forced`` and
        ``report``.

    Raises
    ------
    NotFoundError, BundleError
        If the bundle does not exist or does not load.
    GateRefusedError
        If the gate refuses or cannot tell; its report says why.
    ForbiddenError
        If the jurisdiction may not be served what others' narratives taught.
    ConflictError
        If another bundle was promoted meanwhile.
    InputError
        If force comes without a reason.
    """
    return settle(store, petition, examine(store, shelf, petition, step=step))


def promote_as(store: Engine, caller: Caller, shelf: Shelf, bundle: str, wish: Wish) -> dict[str, Any]:
    """Promote a bundle in the name of a caller; see `promote`.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    NotFoundError
        If there is no such jurisdiction or bundle that the caller can see.
    """
    allow(caller, "promote bundles")
    pointer = caller.jurisdiction
    if wish.jurisdiction is not None:
        with UnitOfWork(store, reading=True) as work:
            pointer = work.jurisdictions.named(caller.scope, wish.jurisdiction).id
    petition = Petition(bundle, pointer, wish.force, wish.reason, caller.person_id, caller.scope)
    return promote(store, shelf, petition)


def settle(store: Engine, petition: Petition, examination: Examination, *, run_id: str = "") -> dict[str, Any]:
    """Set the pointer if the gate lets the bundle pass, or by force; see `promote`.

    Parameters
    ----------
    store : Engine
        The store.
    petition : Petition
        What was examined.
    examination : Examination
        By `examine`.
    run_id : str
        The run that must still be at work for this to count; empty for none.
    """
    candidate, report = examination.candidate, examination.report
    answer = {"bundle": candidate.id, "sha256": candidate.sha256, "sequence": None, "forced": False, "report": report}
    if examination.pointers.get(petition.jurisdiction_id) == Promoted(candidate.id, candidate.sha256):
        return answer
    forced = examination.verdict not in (PASSED, UNCHANGED)
    if forced and not petition.force:
        raise _refusal(candidate.id, report)
    with UnitOfWork(store) as work:
        if run_id:
            work.runs.beat(run_id)
        if read_pointers(work)[0] != examination.pointers:
            raise ConflictError(
                "Another bundle was promoted while this one was examined.", hint="Look at it, and try again."
            )
        row = PromotionRow(
            kind="promote",
            bundle_id=candidate.id,
            bundle_sha256=candidate.sha256,
            jurisdiction_id=petition.jurisdiction_id,
            person_id=petition.person_id,
            forced=forced,
            reason=petition.reason or None,
            report=report,
            promoted_at=work.now(),
        )
        _record(work, work.promotions.add(petition.scope, row))
        work.commit()
    return answer | {"sequence": row.sequence, "forced": forced}


def rollback(store: Engine, shelf: Shelf, petition: Petition) -> dict[str, Any]:
    """Take the last promotion of a pointer back: what it named before is served again.

    Parameters
    ----------
    store : Engine
        The store.
    shelf : Shelf
        Where bundles are found.
    petition : Petition
        Whose pointer, by whom and why; its ``bundle`` does not count.

    Returns
    -------
    dict
        JSON-ready: ``bundle``, ``before`` and ``sequence``; ``bundle`` is None where nothing was promoted before.

    Raises
    ------
    ConflictError
        If there is nothing to take back.
    BundleError, NotFoundError
        If the bundle from before is gone, or is not what it was.
    """
    petition.scope.require(petition.jurisdiction_id, "jurisdiction")
    with UnitOfWork(store, reading=True) as work:
        standing = _standing(work, petition.jurisdiction_id)
    if not standing:
        raise ConflictError("Nothing is promoted that could be taken back.", hint="See `io-coding bundles list`.")
    taken, earlier = standing[-1], standing[-2] if len(standing) > 1 else None
    if earlier is not None:
        _require_unchanged(shelf, earlier)
    back = PromotionRow(
        kind="rollback",
        bundle_id=None if earlier is None else earlier.bundle_id,
        bundle_sha256=None if earlier is None else earlier.bundle_sha256,
        jurisdiction_id=petition.jurisdiction_id,
        person_id=petition.person_id,
        reason=petition.reason or None,
    )
    with UnitOfWork(store) as work:
        if [row.sequence for row in _standing(work, petition.jurisdiction_id)] != [row.sequence for row in standing]:
            raise ConflictError("The pointer was changed meanwhile.", hint="Look at it, and try again.")
        _record(work, work.promotions.add(petition.scope, back))
        work.commit()
    return {"bundle": back.bundle_id, "before": taken.bundle_id, "sequence": back.sequence}


def was_taken_back(store: Engine, jurisdiction: Jurisdiction, sha256: str) -> bool:
    """Tell whether a bundle was promoted for a pointer and rolled back, and not promoted again since."""
    with UnitOfWork(store, reading=True) as work:
        return sha256 in _replay(work, jurisdiction)[1]


def _standing(work: UnitOfWork, pointer: Jurisdiction) -> list[PromotionRow]:
    """List the promotions of a pointer that were not taken back, oldest first; the last one counts."""
    return _replay(work, pointer)[0]


def _replay(work: UnitOfWork, pointer: Jurisdiction) -> tuple[list[PromotionRow], set[str | None]]:
    """Give the promotions of a pointer that stand, oldest first, and the hashes of the bundles last taken back."""
    standing: list[PromotionRow] = []
    taken: set[str | None] = set()
    for row in reversed(work.promotions.of_pointer(pointer)):
        if row.kind == "promote":
            standing.append(row)
            taken.discard(row.bundle_sha256)
        elif standing:
            taken.add(standing.pop().bundle_sha256)
    return standing, taken


def _refusal(name: str, report: dict[str, Any]) -> GateRefusedError:
    failed = [f"{row['check']} {row['subject']}".strip() for row in report["rows"] if not row["passed"]]
    shown = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")  # noqa: PLR2004 - a line's worth
    return GateRefusedError(
        f"Bundle {name!r} is not promoted ({report['verdict']}): {shown}.",
        hint="The rows of the report say why; --force with a --reason promotes it all the same.",
        report=report,
    )


def _require_unchanged(shelf: Shelf, row: PromotionRow) -> None:
    folder = shelf.path(str(row.bundle_id))
    verify_bundle(folder)
    require_promoted(Promoted(str(row.bundle_id), row.bundle_sha256), hash_file(folder / MANIFEST))


def _record(work: UnitOfWork, row: PromotionRow) -> None:
    detail = {"sequence": row.sequence, "forced": row.forced, "sha256": row.bundle_sha256}
    work.audit.record(
        Event(row.kind, "bundle", str(row.bundle_id), row.person_id, jurisdiction_id=row.jurisdiction_id, detail=detail)
    )
