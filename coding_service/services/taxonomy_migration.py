"""A taxonomy changes in mid-life: what becomes of decisions, gold, thresholds and bundles, told first and then done."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coding_service.errors import CodingError, ConflictError, NotFoundError
from coding_service.services.bundles import list_bundles
from coding_service.services.current_taxonomy import begin_taxonomy, stored_taxonomy
from coding_service.services.gold_corpus import NarrativeGold, store_gold
from coding_service.services.shelf import Shelf
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import CrosswalkRow
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.crosswalk import Crosswalk, Entry, crosswalk_to_dict
from coding_service.taxonomy.files import find_taxonomy, open_taxonomy, taxonomy_to_dict
from coding_service.taxonomy.translation import Source, Translation

Step = Callable[[str], None]

KEPT = "keep"
FATES: Mapping[str, str] = {
    KEPT: "carries over",
    "rename": "carries over under the new id",
    "move": "carries over",
    "merge": "part of the new code: present if one part is, absent if all are, else unknown",
    "split": "unknown in old codings, never absent",
    "retire": "drops out; old codings keep it",
    "add": "unknown in old codings, never absent",
}
WITHIN = "absent where {} is absent, else unknown"

_EVERYTHING = Scope.everything()


@dataclass(frozen=True)
class Migration:
    """A change of the version that a store codes by.

    Parameters
    ----------
    old, new : Taxonomy
        The versions.
    crosswalk : Crosswalk
        Checked against both.
    """

    old: Taxonomy
    new: Taxonomy
    crosswalk: Crosswalk


def find_version(store: Engine, taxonomy_id: str, reference: str) -> Taxonomy:
    """Give the version of a taxonomy that a person names: as the store holds it, else as released, else a file.

    Raises
    ------
    NotFoundError
        If there is no such file or version.
    TaxonomyError
        If the file is broken.
    """
    if reference.endswith((".yaml", ".yml")):
        return open_taxonomy(reference)
    with UnitOfWork(store, reading=True) as work:
        try:
            return stored_taxonomy(work, taxonomy_id, reference)
        except NotFoundError:
            return find_taxonomy(taxonomy_id, reference)


def migrate(
    store: Engine, shelf: Shelf, migration: Migration, *, dry_run: bool, step: Step = lambda _: None
) -> dict[str, Any]:
    """Tell what a migration does, and do it unless it is a dry run; doing it twice is doing it once.

    No row that people wrote changes: old codings stay in their version, and are translated when gold is resolved.

    Parameters
    ----------
    store : Engine
        The store.
    shelf : Shelf
        The bundles.
    migration : Migration
        What is asked for.
    dry_run : bool
        Whether nothing is to be written.
    step : callable
        Told what is being done.

    Returns
    -------
    dict
        JSON-ready: ``state``, ``taxonomy``, ``from``, ``to``, ``crosswalk`` (its hash), ``codings``, ``gold``,
        ``old_codes``, ``new_codes``, ``bundles`` and ``warnings``, sentences. If it was done before, the report of that
        time.

    Raises
    ------
    ConflictError
        If the store codes by another version than the old one, or holds one of the two with another content.
    """
    with UnitOfWork(store, reading=True) as work:
        before = _done_before(work, migration)
        if before is not None:
            return {**before.report, "state": "done before"}
        _require_current(work, migration)
        step("resolving gold in both versions")
        report = _report(work, shelf, migration)
    if dry_run:
        return {"state": "dry run", **report}
    step("writing")
    with UnitOfWork(store) as work:
        _require_current(work, migration)
        old, new, crosswalk = migration.old, migration.new, migration.crosswalk
        work.taxonomies.add(old.id, old.version, sha256=old.sha256, content=taxonomy_to_dict(old))
        begin_taxonomy(work, new)
        row = CrosswalkRow(
            taxonomy_id=new.id,
            from_version=old.version,
            to_version=new.version,
            sha256=crosswalk.sha256,
            content=crosswalk_to_dict(crosswalk),
            report=report,
            applied_at=work.now(),
        )
        work.taxonomies.add_crosswalk(row)
        detail = {"from": old.version, "to": new.version, "crosswalk": crosswalk.sha256}
        work.audit.record(Event("migrate", "taxonomy", new.id, detail=detail))
        work.commit()
    return {"state": "done", **report}


def _done_before(work: UnitOfWork, migration: Migration) -> CrosswalkRow | None:
    current = work.taxonomies.current()
    if current is None or (current.taxonomy_id, current.sha256) != (migration.new.id, migration.new.sha256):
        return None
    wanted = migration.old.version, migration.new.version, migration.crosswalk.sha256
    applied = work.taxonomies.crosswalks(migration.new.id)
    return next((row for row in applied if (row.from_version, row.to_version, row.sha256) == wanted), None)


def _require_current(work: UnitOfWork, migration: Migration) -> None:
    current, old, new = work.taxonomies.current(), migration.old, migration.new
    if current is not None and (current.taxonomy_id, current.version) != (old.id, old.version):
        raise ConflictError(
            f"The store codes by {current.taxonomy_id} {current.version}, not by {old.id} {old.version}.",
            hint=f"Migrate from {current.version}.",
        )
    for row in work.taxonomies.all():
        for taxonomy in (old, new):
            if (row.taxonomy_id, row.version) == (taxonomy.id, taxonomy.version) and row.sha256 != taxonomy.sha256:
                raise ConflictError(
                    f"The store holds {row.taxonomy_id} {row.version} with hash {row.sha256[:12]}, got "
                    f"{taxonomy.sha256[:12]}.",
                    hint="A released version is never edited: give the changed one a new version.",
                )


@dataclass
class _Count:
    """Gold of all narratives, counted."""

    labels: Counter[tuple[str, str]]
    narratives: int = 0
    judged: int = 0
    known: int = 0

    @classmethod
    def of(cls, gold: Iterable[NarrativeGold]) -> "_Count":
        count = cls(Counter())
        for own in gold:
            found = [(code, label.label) for code, label in own.labels.items()]
            known = sum(label != "unknown" for _, label in found)
            count.labels.update(found)
            count.narratives += 1
            count.judged += known > 0
            count.known += known
        return count

    def row(self, code: str) -> dict[str, int]:
        return {label: self.labels[code, label] for label in ("present", "absent", "unknown")}


@dataclass(frozen=True)
class _Written:
    """What people wrote in one version, which stays as it is."""

    codings: Mapping[str, bool]
    decisions: Counter[str]
    adjudications: Counter[str]

    @classmethod
    def of(cls, work: UnitOfWork, taxonomy: Taxonomy) -> "_Written":
        version = (taxonomy.id, taxonomy.version)
        codings = {
            coding.id: coding.closed_at is not None
            for coding in work.codings.facts(_EVERYTHING)
            if (coding.taxonomy_id, coding.taxonomy_version) == version
        }
        latest = work.decisions.latest(_EVERYTHING)
        words = work.adjudications.latest(_EVERYTHING)
        return cls(
            codings,
            Counter(row.code for row in latest if row.coding_id in codings and row.verdict != "withdraw"),
            Counter(row.code for row in words if (row.taxonomy_id, row.taxonomy_version) == version),
        )

    def totals(self) -> dict[str, int]:
        closed = sum(self.codings.values())
        return {
            "closed": closed,
            "open": len(self.codings) - closed,
            "decisions": self.decisions.total(),
            "adjudications": self.adjudications.total(),
        }


def _report(work: UnitOfWork, shelf: Shelf, migration: Migration) -> dict[str, Any]:
    old, new, crosswalk = migration.old, migration.new, migration.crosswalk
    way = Translation.by(crosswalk, old, new)
    before = _Count.of(store_gold(work, _EVERYTHING, old))
    after = _Count.of(store_gold(work, _EVERYTHING, new, proposed=way))
    written = _Written.of(work, old)
    thresholds = _thresholds(shelf, old)
    gone = {code: entry for entry in crosswalk.changes for code in entry.old}
    come = {code: entry for entry in crosswalk.changes for code in entry.new}
    return {
        "taxonomy": new.id,
        "from": {"version": old.version, "sha256": old.sha256},
        "to": {"version": new.version, "sha256": new.sha256},
        "crosswalk": crosswalk.sha256,
        "codings": written.totals(),
        "gold": {
            "narratives": after.narratives,
            "judged": {"before": before.judged, "after": after.judged},
            "known_labels": {"before": before.known, "after": after.known},
        },
        "old_codes": [
            {
                "code": code,
                "change": gone[code].kind if code in gone else KEPT,
                "becomes": list(gone[code].new) if code in gone else [code],
                "decisions": written.decisions[code],
                "adjudications": written.adjudications[code],
                **before.row(code),
                "threshold": thresholds.get(code),
            }
            for code in old.code_ids
        ],
        "new_codes": [
            {"code": code, **_origin(source, come.get(code)), **after.row(code)} for code, source in way.sources.items()
        ],
        "bundles": _bundles(shelf, new),
        "warnings": list(_losses(way, before, after)),
    }


def _losses(way: Translation, before: _Count, after: _Count) -> Iterator[str]:
    """Tell where a code that only carries over loses absent labels, so that nothing tells a model what it is not."""
    for own, code in way.same.items():
        lost = before.labels[own, "absent"] - after.labels[code, "absent"]
        open_below = [sub for sub in way.new.sub_themes(code) if way.sources[sub].open or not way.sources[sub].exact]
        if lost > 0 and open_below:
            share = f"{lost} of {before.labels[own, 'absent']} absent labels"
            below = ", ".join(open_below)
            yield f"{code} loses {share}: {below} below it may hold. If {own} covered that, say `within: {own}`."


def _origin(source: Source, entry: Entry | None) -> dict[str, Any]:
    kind = KEPT if entry is None else entry.kind
    fate = WITHIN.format(", ".join(sorted(source.within))) if source.within and not source.exact else FATES[kind]
    return {"change": kind, "comes_from": sorted(source.exact), "old_codings": fate}


def _thresholds(shelf: Shelf, old: Taxonomy) -> dict[str, float]:
    """Give the thresholds of the bundle being served, where it is of the old version."""
    try:
        bundle = shelf.get()
    except CodingError:
        return {}
    if (bundle.taxonomy.id, bundle.taxonomy.version) != (old.id, old.version):
        return {}
    return dict(zip(bundle.taxonomy.code_ids, map(float, bundle.thresholds), strict=True))


def _bundles(shelf: Shelf, new: Taxonomy) -> list[dict[str, Any]]:
    rows = []
    for bundle in list_bundles(shelf):
        own = bundle["taxonomy"]
        if own is None or own["id"] != new.id:
            continue
        if own["version"] == new.version:
            fate = "can be promoted"
        elif bundle["current"]:
            fate = "serves on, with its own thresholds, until a bundle of the new version is promoted"
        else:
            fate = "stays, and is not promoted without force"
        rows.append({"bundle": bundle["id"], "version": own["version"], "served": bundle["current"], "happens": fate})
    return rows
