"""Taxonomies on disk: reading with errors that name the line, finding released versions, writing, importing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from coding_service.errors import InputError, TaxonomyError
from coding_service.taxonomy.document import Document, Problem
from coding_service.taxonomy.model import Code, Taxonomy
from coding_service.taxonomy.releases import Release, find_release, list_releases
from coding_service.taxonomy.schema import CodeFields, ImportedTaxonomy, TaxonomyFields
from coding_service.text_file import read_text


class _Dumper(yaml.SafeDumper):
    def represent_scalar(self, tag: str, value: Any, style: str | None = None) -> yaml.ScalarNode:
        # Only double quotes escape these line breaks; in other styles they would be read back as blanks.
        if isinstance(value, str) and any(mark in value for mark in "\x85\u2028\u2029"):
            style = '"'
        return super().represent_scalar(tag, value, style)


def load_taxonomy(path: Path, *, strict: bool = False) -> Taxonomy:
    """Read a taxonomy file.

    Parameters
    ----------
    path : Path
        A YAML file.
    strict : bool
        Whether every code must have a definition, and every selectable one an example.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TaxonomyError
        If it breaks the format; the message names each problem with file and line.
    """
    return _build(Document.read(path), strict=strict)


def find_taxonomy(taxonomy_id: str, version: str | None = None, *, folders: Sequence[Path] = ()) -> Taxonomy:
    """Read a released taxonomy by its id.

    Parameters
    ----------
    taxonomy_id : str
        Its id, which is the name of its folder.
    version : str or None
        Its version; None takes the newest that is not a draft.
    folders : sequence of Path
        Folders looked at before the shipped one, each holding ``<id>/<version>.yaml``.

    Raises
    ------
    NotFoundError
        If there is no such id or version; the hint lists those that exist.
    TaxonomyError
        If the file is broken, or holds another id or version than its path says.
    """
    release = find_release("codes", taxonomy_id, version, folders)
    taxonomy = load_taxonomy(release.path)
    release.check(taxonomy.id, taxonomy.version)
    return taxonomy


def list_taxonomies(*, folders: Sequence[Path] = ()) -> tuple[Release, ...]:
    """List the released taxonomies of the shipped folder and of ``folders``, by id, from old to new."""
    return list_releases("codes", folders)


def open_taxonomy(reference: str, *, version: str | None = None, folders: Sequence[Path] = ()) -> Taxonomy:
    """Read a taxonomy that a person names in one word.

    Parameters
    ----------
    reference : str
        An id, an id with its version as in ``io-themes@1.0.0``, or the path of a YAML file.
    version : str or None
        The version, where ``reference`` is an id alone.
    folders : sequence of Path
        As in ``find_taxonomy``.

    Raises
    ------
    NotFoundError
        If there is no such file, id or version.
    TaxonomyError
        If the file is broken.
    InputError
        If a version is asked for that ``reference`` contradicts.
    """
    if reference.endswith((".yaml", ".yml")):
        taxonomy = load_taxonomy(Path(reference))
    else:
        taxonomy_id, _, pinned = reference.partition("@")
        taxonomy = find_taxonomy(taxonomy_id, pinned or version, folders=folders)
    if version not in (None, taxonomy.version):
        raise InputError(
            f"{reference!r} is version {taxonomy.version}, but version {version} was asked for.",
            hint="Leave one of the two out.",
        )
    return taxonomy


def taxonomy_to_dict(taxonomy: Taxonomy) -> dict[str, Any]:
    """Give the content as plain data in the form of a taxonomy file; what is empty or by default is left out."""
    content = _filled(asdict(taxonomy))
    content["codes"] = content.pop("codes")
    return content


def taxonomy_from_dict(data: Mapping[str, Any], *, name: str = "taxonomy") -> Taxonomy:
    """Make a taxonomy of plain data.

    Parameters
    ----------
    data : mapping
        What ``taxonomy_to_dict`` gives.
    name : str
        Where the data come from, for messages.

    Raises
    ------
    TaxonomyError
        If the data break the format.
    """
    return _build(Document(name, dict(data)), strict=False)


def dump_taxonomy(taxonomy: Taxonomy) -> str:
    """Write a taxonomy as YAML that ``load_taxonomy`` reads back equal."""
    content = taxonomy_to_dict(taxonomy)
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


def import_json(path: Path, *, taxonomy_id: str, version: str, title: str, groups: bool = False) -> Taxonomy:
    """Read a JSON object ``{id: {"name", "description", "parent"}}``.

    Parameters
    ----------
    path : Path
        The JSON file; ``description`` and ``parent`` may be absent.
    taxonomy_id, version, title : str
        What the taxonomy is to be called.
    groups : bool
        Whether codes that have others below them only group, and cannot be given to a narrative.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TaxonomyError
        If it is not such an object, or its parents make no tree.
    """
    data = _parse_json(read_text(path, error=TaxonomyError), str(path))
    entries = Document(str(path), {"codes": data}).parse(ImportedTaxonomy).codes
    parents = {entry.parent for entry in entries.values()} if groups else set()
    codes = [
        {
            "id": code_id,
            "name": entry.name,
            "parent": entry.parent,
            "selectable": code_id not in parents,
            "definition": entry.description,
        }
        for code_id, entry in entries.items()
    ]
    content = {"id": taxonomy_id, "version": version, "title": title, "codes": codes}
    return _build(Document(str(path), content), strict=False)


def _parse_json(text: str, name: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise TaxonomyError(f"{name}: the key {key!r} stands twice.", hint="Keep one.")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as failure:
        raise TaxonomyError(
            f"{name}, line {failure.lineno}: not valid JSON: {failure.msg}.",
            hint='Expected is an object {"id": {"name": ..., "description": ..., "parent": ...}}.',
        ) from failure


def _build(document: Document, *, strict: bool) -> Taxonomy:
    content = document.parse(TaxonomyFields)
    document.refuse(list(_tree_problems(content.codes, document)))
    if strict:
        document.refuse(list(_strict_problems(content.codes)))
    codes = tuple(Code(**entry.model_dump()) for entry in content.codes)
    return Taxonomy(**(dict(content) | {"codes": codes}))


def _tree_problems(codes: Sequence[CodeFields], document: Document) -> Iterator[Problem]:
    """Find ids that stand twice and parents that make no tree, each once."""
    first: dict[str, int] = {}
    for position, code in enumerate(codes):
        if code.id in first:
            line = document.line(("codes", first[code.id]))
            where = "" if line is None else f", first in line {line}"
            yield Problem(
                ("codes", position, "id"), f"the code {code.id!r} stands twice{where}", "Give each code its own id."
            )
        first.setdefault(code.id, position)
    settled: set[str] = set()
    for position, code in enumerate(codes):
        if code.parent is not None and code.parent not in first:
            yield Problem(
                ("codes", position, "parent"),
                f"the code {code.id!r} has the parent {code.parent!r}, which is not in the file",
                "Add the parent, or correct its id.",
            )
        above = [code.id]
        while (parent := codes[first[above[-1]]].parent) in first and parent not in above and above[-1] not in settled:
            above.append(parent)
        if parent in above and above[-1] not in settled:
            ring = " -> ".join([*above[above.index(parent) :], parent])
            yield Problem(
                ("codes", first[parent], "parent"),
                f"the parents form a cycle: {ring}",
                "Let one of them have no parent.",
            )
        settled.update(above)


def _strict_problems(codes: Sequence[CodeFields]) -> Iterator[Problem]:
    for position, code in enumerate(codes):
        if not code.definition.strip():
            yield Problem(("codes", position), f"the code {code.id!r} has no definition", "Add a definition.")
        if code.selectable and not code.examples:
            yield Problem(("codes", position), f"the code {code.id!r} has no example", "Add a phrase that earns it.")


def _filled(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty or says no more than the default, and turn tuples into lists."""
    kept = {}
    for key, value in content.items():
        if value in (None, "", (), []) or (key, value) == ("selectable", True):
            continue
        if isinstance(value, list | tuple):
            kept[key] = [_filled(item) if isinstance(item, Mapping) else item for item in value]
        else:
            kept[key] = value
    return kept
