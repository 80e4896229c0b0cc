"""Where released versions lie: ``<folder>/<id>/<version>.yaml`` in the shipped folder and in further ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coding_service.errors import NotFoundError, TaxonomyError
from coding_service.paths import data_root
from coding_service.taxonomy.document import Document
from coding_service.taxonomy.schema import SEMANTIC_VERSION

_NOUNS = {"codes": "taxonomy", "values": "value list"}


@dataclass(frozen=True)
class Release:
    """One released version of a taxonomy or a value list.

    Parameters
    ----------
    id, version : str
        Name and semantic version, as folder and file are named.
    path : Path
        The file.
    """

    id: str
    version: str
    path: Path

    def check(self, content_id: str, content_version: str) -> None:
        """Refuse a file whose content says otherwise than its path.

        Raises
        ------
        TaxonomyError
            If id or version differ.
        """
        if (content_id, content_version) != (self.id, self.version):
            raise TaxonomyError(
                f"{self.path} holds {content_id} {content_version}, expected {self.id} {self.version}.",
                hint="Name folder and file after the id and version inside.",
            )

    @property
    def order(self) -> tuple[object, ...]:
        """Sort key: older before newer, and every draft before every release."""
        match = re.fullmatch(SEMANTIC_VERSION, self.version)
        if match is None:
            return (-1,)
        numbers = tuple(int(match[part]) for part in ("major", "minor", "patch"))
        parts = (match["pre"] or "").split(".")
        draft = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
        return (0 if match["pre"] else 1, numbers, draft)


def list_releases(key: str, folders: Sequence[Path] = ()) -> tuple[Release, ...]:
    """List the released files of one kind.

    Parameters
    ----------
    key : str
        Top-level field that tells the kind: ``codes`` or ``values``.
    folders : sequence of Path
        Further folders, looked at before the shipped one; the first of two equal releases counts.

    Returns
    -------
    tuple of Release
        By id, then from old to new.

    Raises
    ------
    TaxonomyError
        If a file in one of the folders is not YAML.
    """
    found = {(release.id, release.version): release for release in reversed(_files(folders)) if _holds(release, key)}
    return tuple(sorted(found.values(), key=lambda release: (release.id, release.order)))


def find_release(key: str, release_id: str, version: str | None, folders: Sequence[Path] = ()) -> Release:
    """Find one released file.

    Parameters
    ----------
    key : str
        Top-level field that tells the kind: ``codes`` or ``values``.
    release_id : str
        Its id.
    version : str or None
        Its version; None takes the newest that is not a draft, or the newest draft where there are only drafts.
    folders : sequence of Path
        Further folders, looked at before the shipped one.

    Raises
    ------
    NotFoundError
        If there is no such id or version; the hint lists those that exist.
    """
    versions = [release for release in _files(folders) if release.id == release_id]
    if not versions:
        known = ", ".join(dict.fromkeys(release.id for release in list_releases(key, folders)))
        raise NotFoundError(f"There is no {_NOUNS[key]} {release_id!r}.", hint=f"Available: {known}.")
    if version is None:
        return max(versions, key=lambda release: release.order)
    for release in versions:
        if release.version == version:
            return release
    known = ", ".join(dict.fromkeys(release.version for release in sorted(versions, key=lambda release: release.order)))
    raise NotFoundError(f"The {_NOUNS[key]} {release_id!r} has no version {version!r}.", hint=f"Available: {known}.")


def _files(folders: Sequence[Path]) -> list[Release]:
    return [
        Release(path.parent.name, path.stem, path)
        for folder in (*folders, data_root() / "taxonomy")
        for path in sorted(folder.glob("*/*.yaml"))
    ]


def _holds(release: Release, key: str) -> bool:
    data = Document.read(release.path).data
    return isinstance(data, dict) and key in data
