"""How the codes of one version of a taxonomy became those of another: a crosswalk, its file and its checks."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from coding_service.errors import TaxonomyError
from coding_service.taxonomy.document import Document, Problem
from coding_service.taxonomy.model import Taxonomy
from coding_service.taxonomy.schema import CrosswalkFields

Kind = Literal["rename", "move", "merge", "split", "retire", "add"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_ARITY: Mapping[Kind, tuple[range, range, str]] = {
    "rename": (range(1, 2), range(1, 2), "one old code and one new code"),
    "move": (range(1, 2), range(1, 2), "one old code, and one new code if its id changes"),
    "merge": (range(2, 1000), range(1, 2), "two old codes or more, and one new code"),
    "split": (range(1, 2), range(2, 1000), "one old code, and two new codes or more"),
    "retire": (range(1, 2), range(1), "one old code and no new code"),
    "add": (range(1), range(1, 1000), "no old code, and a new code"),
}
"""Kind -> (how many old codes, how many new ones, in words)."""


@dataclass(frozen=True)
class Entry:
    """One change.

    Parameters
    ----------
    kind : str
        ``rename``, ``move``, ``merge``, ``split``, ``retire`` or ``add``.
    old, new : tuple of str
        Ids before and after.
    within : str or None
        Of a split or an addition: an old code that covers all that the new ones mean, so that where it is absent they
        are absent, too. Without it nothing is known of them.
    note : str
        For people.
    """

    kind: Kind
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    within: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Crosswalk:
    """All changes from one version of a taxonomy to another; a code that no entry names and both have is unchanged.

    Parameters
    ----------
    taxonomy : str
        Id of the taxonomy.
    old, new : str
        The versions.
    changes : tuple of Entry
        In the order of the file.
    """

    taxonomy: str
    old: str
    new: str
    changes: tuple[Entry, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Hash of the content, independent of the layout of the file it came from."""
        content = json.dumps(crosswalk_to_dict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def kept(self, old: Taxonomy, new: Taxonomy) -> tuple[str, ...]:
        """Give the selectable codes of both versions that no entry takes away, in the order of the new one."""
        taken = {code for entry in self.changes for code in entry.old}
        return tuple(code for code in new.code_ids if code in old.index and code not in taken)


def load_crosswalk(path: Path, old: Taxonomy, new: Taxonomy) -> Crosswalk:
    """Read a crosswalk file.

    Parameters
    ----------
    path : Path
        A YAML file.
    old, new : Taxonomy
        The versions that it stands between.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TaxonomyError
        If it breaks the format, or does not account for every code of both versions; the message names each problem
        with file and line.
    """
    return _build(Document.read(path), old, new)


def crosswalk_from_dict(data: Mapping[str, Any], old: Taxonomy, new: Taxonomy, *, name: str = "crosswalk") -> Crosswalk:
    """Make a crosswalk of plain data.

    Parameters
    ----------
    data : mapping
        What ``crosswalk_to_dict`` gives.
    old, new : Taxonomy
        The versions that it stands between.
    name : str
        Where the data come from, for messages.

    Raises
    ------
    TaxonomyError
        As in ``load_crosswalk``.
    """
    return _build(Document(name, dict(data)), old, new)


def crosswalk_to_dict(crosswalk: Crosswalk) -> dict[str, Any]:
    """Give the content as plain data in the form of a crosswalk file; what is empty is left out."""
    changes = []
    for entry in crosswalk.changes:
        codes = {"old": list(entry.old), "new": list(entry.new), "within": entry.within, "note": entry.note}
        changes.append({"kind": entry.kind} | {key: value for key, value in codes.items() if value})
    return {"taxonomy": crosswalk.taxonomy, "old": crosswalk.old, "new": crosswalk.new, "changes": changes}


def _build(document: Document, old: Taxonomy, new: Taxonomy) -> Crosswalk:
    fields = document.parse(CrosswalkFields)
    entries = []
    for given in fields.changes:
        entry = Entry(**given.model_dump())
        moved = entry.kind == "move" and not entry.new
        entries.append(Entry("move", entry.old, entry.old, entry.within, entry.note) if moved else entry)
    crosswalk = Crosswalk(fields.taxonomy, fields.old, fields.new, tuple(entries))
    document.refuse(list(_heading_problems(crosswalk, old, new)))
    document.refuse(list(_entry_problems(crosswalk, old, new)))
    document.refuse(list(_account_problems(crosswalk, old, new)))
    return crosswalk


def _heading_problems(crosswalk: Crosswalk, old: Taxonomy, new: Taxonomy) -> Iterator[Problem]:
    if old.id != new.id:
        raise TaxonomyError(
            f"{old.id} {old.version} and {new.id} {new.version} are two taxonomies, not two versions of one.",
            hint="Give the newer one the id of the older, and another version.",
        )
    expected = {"taxonomy": old.id, "old": old.version, "new": new.version}
    for field, value in expected.items():
        found = getattr(crosswalk, field)
        if found != value:
            yield Problem(
                (field,), f"{field!r} is {found!r}, expected {value!r}", "Name the versions it stands between."
            )
    if crosswalk.old == crosswalk.new:
        yield Problem(("new",), f"both versions are {crosswalk.old!r}", "Give the newer one a version of its own.")


def _entry_problems(crosswalk: Crosswalk, old: Taxonomy, new: Taxonomy) -> Iterator[Problem]:
    """Find entries that are wrong by themselves."""
    for position, entry in enumerate(crosswalk.changes):
        here = ("changes", position)
        n_old, n_new, words = _ARITY[entry.kind]
        if len(entry.old) not in n_old or len(entry.new) not in n_new:
            found = f"{len(entry.old)} old and {len(entry.new)} new"
            yield Problem(here, f"{entry.kind!r} names {found}, expected {words}", "List each code under old or new.")
        for field, taxonomy in (("old", old), ("new", new)):
            for code in getattr(entry, field):
                if not _known(entry, code, taxonomy):
                    yield Problem(
                        (*here, field),
                        f"{code!r} is no selectable code of {taxonomy.id} {taxonomy.version}",
                        f"See `io-coding taxonomy show` for the codes of the {field} version.",
                    )
        if entry.kind in ("rename", "move") and _changes_role(entry, old, new):
            yield Problem(
                here, f"{entry.kind!r} makes a code of a heading, or the other way round", "Add or retire it."
            )
        if entry.within is not None and (entry.kind not in ("split", "add") or entry.within not in old.index):
            yield Problem(
                (*here, "within"),
                f"'within' of {entry.kind!r} is {entry.within!r}, expected an old code, and a split or an addition",
                "Correct it, or leave it out.",
            )


def _known(entry: Entry, code: str, taxonomy: Taxonomy) -> bool:
    """Tell whether an entry may name a code; headings, which no label stands on, may be renamed and moved."""
    return code in (taxonomy.nodes if entry.kind in ("rename", "move") else taxonomy.index)


def _changes_role(entry: Entry, old: Taxonomy, new: Taxonomy) -> bool:
    roles = {old.nodes[code].selectable for code in entry.old if code in old.nodes}
    return len(roles | {new.nodes[code].selectable for code in entry.new if code in new.nodes}) > 1


def _account_problems(crosswalk: Crosswalk, old: Taxonomy, new: Taxonomy) -> Iterator[Problem]:
    """Find codes that no entry accounts for, or that two account for in ways that do not go together."""
    changes = crosswalk.changes
    taken = Counter(code for entry in changes for code in entry.old)
    given = Counter(code for entry in changes for code in entry.new)
    kept = set(crosswalk.kept(old, new))
    for position, entry in enumerate(changes):
        for code in entry.old:
            if taken[code] > 1:
                problem = f"the old code {code!r} stands in {taken[code]} entries"
                yield Problem(("changes", position, "old"), problem, "Let one entry tell all that becomes of it.")
        for code in entry.new:
            alone = entry.kind in ("rename", "move", "add")
            if alone and (given[code] > 1 or code in kept):
                problem = f"the new code {code!r} of {entry.kind!r} comes from other codes, too"
                yield Problem(("changes", position, "new"), problem, "Say `merge`, and list all of them under old.")
    for code in old.code_ids:
        if code not in kept and not taken[code]:
            problem = f"the old code {code!r} is not in {new.version}, and no entry says what becomes of it"
            yield Problem(("changes",), problem, "Rename, merge, split or retire it.")
    for code in new.code_ids:
        if code not in kept and not given[code]:
            problem = f"the new code {code!r} comes from no entry"
            yield Problem(("changes",), problem, "Add it, or name it where an old code becomes it.")
    yield from _untold_moves(crosswalk, old, new)


def _untold_moves(crosswalk: Crosswalk, old: Taxonomy, new: Taxonomy) -> Iterator[Problem]:
    """Find unchanged codes that stand below another one: what they imply has changed."""
    becomes = {code: set(entry.new) for entry in crosswalk.changes for code in entry.old}
    for code in crosswalk.kept(old, new):
        before, after = old.nodes[code].parent, new.nodes[code].parent
        expected = {before} if before is None else becomes.get(before, {before})
        if after not in expected:
            problem = f"the code {code!r} stood below {before!r} and stands below {after!r} now"
            yield Problem(("changes",), problem, "Add a `move` of it.")
