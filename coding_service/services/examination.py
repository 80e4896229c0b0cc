"""Puts a bundle before the gate: against what is served now, on the frozen gold of blind reviews."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coding_service.corpus.labels import label_matrix
from coding_service.errors import BundleError, CodingError, ForbiddenError, InputError
from coding_service.services.evaluating import count_overlap, group_names
from coding_service.services.following import read_pointers
from coding_service.services.frozen_gold import FrozenGold, freeze_gold
from coding_service.services.gate import Contest, Side, gate
from coding_service.services.shared_names import call_bundles
from coding_service.services.shelf import Jurisdiction, Promoted, Shelf, may_serve, require_promoted
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.suggesters.bundle import Bundle
from coding_service.taxonomy import Taxonomy

PASSED = "passed"
UNCHANGED = "unchanged"
"""Verdict on the bundle that is being served."""
NOT_COMPARED = "not compared"
"""Verdict where the bundle being served cannot be loaded, so that only force can promote another."""

Step = Callable[[str], None]


@dataclass(frozen=True)
class Petition:
    """A bundle that somebody wants served.

    Parameters
    ----------
    bundle : str
        Its name.
    jurisdiction_id : str or None
        The one whose pointer is to name it; None is the pointer for all.
    force : bool
        Whether to promote it though the gate refuses; needs a reason.
    reason : str
        Why, for the record.
    person_id : str or None
        Who asks; None where it is whoever runs the command line.
    scope : Scope
        What that person may see and change.
    """

    bundle: str
    jurisdiction_id: Jurisdiction = None
    force: bool = False
    reason: str = ""
    person_id: str | None = None
    scope: Scope = field(default_factory=Scope.everything)


@dataclass(frozen=True)
class Examination:
    """What the gate found of a petition.

    Parameters
    ----------
    candidate : Bundle
        The bundle.
    pointers : mapping
        What was promoted while it was examined.
    report : dict
        JSON-ready: ``verdict``, ``n_reviews``, ``rows``, ``snapshot``, ``candidate``, ``baseline`` and ``left_out``,
        the codes that only one of the bundles and the gold know.
    """

    candidate: Bundle
    pointers: dict[Jurisdiction, Promoted]
    report: dict[str, Any]

    @property
    def verdict(self) -> str:
        """What the gate says."""
        return str(self.report["verdict"])


def examine(store: Engine, shelf: Shelf, petition: Petition, *, step: Step = lambda _: None) -> Examination:
    """Put a bundle before the gate: against what is served now, on the frozen blind gold; changes no pointer.

    Parameters
    ----------
    store : Engine
        The store.
    shelf : Shelf
        Where bundles are found.
    petition : Petition
        What is asked for.
    step : callable
        Told what is being done.
    """
    if petition.force and not petition.reason.strip():
        raise InputError("A promotion by force needs a reason.", hint="Give one; it is kept with the promotion.")
    petition.scope.require(petition.jurisdiction_id, "jurisdiction")
    with UnitOfWork(store, reading=True) as work:
        pointers, sharing = read_pointers(work)
    step(f"loading {petition.bundle}")
    shelf.path(petition.bundle, petition.scope.jurisdiction_id)
    candidate = shelf.get(petition.bundle)
    if not may_serve(candidate.manifest, petition.jurisdiction_id, sharing):
        raise ForbiddenError(
            f"Bundle {candidate.id!r} learned from narratives of jurisdictions that do not all share them.",
            hint="Promote it for one of those, or let them opt in by `io-coding bundles opt-in`.",
        )
    try:
        baseline = _load(shelf, served(shelf, pointers, sharing, petition.jurisdiction_id))
    except CodingError as error:
        if not petition.force:
            raise BundleError(
                f"The bundle being served cannot be compared with: {error.message}",
                hint="Restore it, or promote with --force and a --reason.",
            ) from error
        report = {"verdict": NOT_COMPARED, "n_reviews": 0, "rows": [], "problem": error.message}
        return Examination(candidate, pointers, report)
    if baseline.sha256 == candidate.sha256:
        return Examination(candidate, pointers, {"verdict": UNCHANGED, "n_reviews": 0, "rows": []})
    frozen = freeze_gold(store, Scope(petition.jurisdiction_id), person_id=petition.person_id)
    versions = _version(candidate.taxonomy), _version(baseline.taxonomy)
    bundles = call_bundles(store, (candidate, baseline), frozen.taxonomy)
    return Examination(candidate, pointers, _compare(bundles, versions, frozen, step))


def _load(shelf: Shelf, wanted: Promoted) -> Bundle:
    bundle = shelf.get(wanted.name)
    require_promoted(wanted, bundle.sha256)
    return bundle


def served(
    shelf: Shelf, pointers: dict[Jurisdiction, Promoted], sharing: frozenset[str], jurisdiction: Jurisdiction
) -> Promoted:
    """Tell which bundle answers a jurisdiction by what is promoted, loaded or not."""
    for pointer in dict.fromkeys((jurisdiction, None)):
        promoted = pointers.get(pointer)
        if promoted is not None and may_serve(shelf.manifest(promoted.name), jurisdiction, sharing):
            return promoted
    return Promoted(shelf.own)


def _compare(bundles: Sequence[Bundle], versions: Sequence[str], frozen: FrozenGold, step: Step) -> dict[str, Any]:
    """Let the gate judge what both bundles say of the codes that both and the gold know, by the names of the gold."""
    candidate, baseline = bundles
    known = [set(taxonomy.code_ids) for taxonomy in (frozen.taxonomy, candidate.taxonomy, baseline.taxonomy)]
    code_ids = tuple(code_id for code_id in frozen.taxonomy.code_ids if all(code_id in codes for codes in known))
    labels = label_matrix(frozen.narratives, frozen.taxonomy)
    sides = []
    for bundle, version in zip(bundles, versions, strict=True):
        step(f"scoring {len(frozen.narratives)} blind narratives by {bundle.id}")
        sides.append(_side(bundle, frozen, code_ids, version))
    step("comparing")
    report = gate(
        Contest(
            labels=labels[:, [frozen.taxonomy.index[code_id] for code_id in code_ids]],
            candidate=sides[0],
            baseline=sides[1],
            code_ids=code_ids,
            groups=tuple(group_names(frozen.narratives)),
            jurisdictions=tuple(str(narrative.meta.get("jurisdiction", "")) for narrative in frozen.narratives),
            taxonomy=_version(frozen.taxonomy),
            n_seen=count_overlap([candidate], frozen.narratives, allowed=True)["groups"],
        )
    )
    return {
        **report.to_dict(),
        "snapshot": frozen.fingerprint,
        "candidate": {"id": candidate.id, "sha256": candidate.sha256},
        "baseline": {"id": baseline.id, "sha256": baseline.sha256},
        "left_out": sorted(set.union(*known) - set(code_ids)),
    }


def _side(bundle: Bundle, frozen: FrozenGold, code_ids: tuple[str, ...], version: str) -> Side:
    probabilities = bundle.suggest([narrative.text for narrative in frozen.narratives]).values
    columns = np.array([bundle.taxonomy.index[code_id] for code_id in code_ids], dtype=np.intp)
    suggested = bundle.suggested(probabilities)
    return Side(probabilities[:, columns], suggested[:, columns], version)


def _version(taxonomy: Taxonomy) -> str:
    return f"{taxonomy.id} {taxonomy.version} ({taxonomy.sha256[:12]})"
