"""What changed between two versions of a taxonomy, code by code."""

from dataclasses import dataclass
from enum import StrEnum

from coding_service.taxonomy.model import Code, Taxonomy

_WORDING = ("definition", "include", "exclude", "examples", "counter_examples")
_HEADER = ("title", "description", "licence", "source", "rules")


class ChangeKind(StrEnum):
    """What happened to a code."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    REGROUPED = "regrouped"
    REWORDED = "reworded"


@dataclass(frozen=True)
class Change:
    """One change.

    Parameters
    ----------
    kind : ChangeKind
        What happened; ``regrouped`` turned a code into a group, or a group into a code.
    code : str or None
        Id of the code; None where the heading of the taxonomy or its rules were reworded.
    before, after : str
        Names, parents or fields, whatever the kind is about; empty where there is none.
    """

    kind: ChangeKind
    code: str | None
    before: str
    after: str


def diff_taxonomies(old: Taxonomy, new: Taxonomy) -> tuple[Change, ...]:
    """Compare two taxonomies, matching codes by id.

    Parameters
    ----------
    old, new : Taxonomy
        The two; they need not have the same id. A change of order alone is no change.

    Returns
    -------
    tuple of Change
        By kind, then in the order of the taxonomy; a code can have several changes.
    """
    changes = [Change(ChangeKind.ADDED, code.id, "", code.name) for code in new.codes if code.id not in old.nodes]
    changes += [Change(ChangeKind.REMOVED, code.id, code.name, "") for code in old.codes if code.id not in new.nodes]
    for code in new.codes:
        if code.id in old.nodes:
            changes += _changes(old.nodes[code.id], code)
    header = [field for field in _HEADER if getattr(old, field) != getattr(new, field)]
    if header:
        changes.append(Change(ChangeKind.REWORDED, None, "", ", ".join(header)))
    order = list(ChangeKind)
    return tuple(sorted(changes, key=lambda change: order.index(change.kind)))


def _changes(before: Code, after: Code) -> list[Change]:
    changes = []
    if before.name != after.name:
        changes.append(Change(ChangeKind.RENAMED, after.id, before.name, after.name))
    if before.parent != after.parent:
        changes.append(Change(ChangeKind.MOVED, after.id, before.parent or "", after.parent or ""))
    if before.selectable != after.selectable:
        changes.append(Change(ChangeKind.REGROUPED, after.id, _role(before), _role(after)))
    reworded = [field for field in _WORDING if getattr(before, field) != getattr(after, field)]
    if reworded:
        changes.append(Change(ChangeKind.REWORDED, after.id, "", ", ".join(reworded)))
    return changes


def _role(code: Code) -> str:
    return "code" if code.selectable else "group"
