"""The taxonomies that a server knows: the released ones, and that of the bundle it serves."""

from coding_service.errors import NotFoundError
from coding_service.services.shelf import Shelf
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import find_taxonomy, list_taxonomies


def known_taxonomies(shelf: Shelf) -> dict[str, list[str]]:
    """List the versions of each known taxonomy, from old to new."""
    versions: dict[str, list[str]] = {}
    for release in list_taxonomies():
        versions.setdefault(release.id, []).append(release.version)
    served = shelf.get().taxonomy
    if served.version not in versions.get(served.id, ()):
        versions.setdefault(served.id, []).append(served.version)
    return versions


def get_taxonomy(shelf: Shelf, taxonomy_id: str, version: str | None = None) -> Taxonomy:
    """Give a known taxonomy.

    Parameters
    ----------
    shelf : Shelf
        Its current bundle brings its own taxonomy.
    taxonomy_id : str
        Its id.
    version : str or None
        Its version; None takes the newest.

    Raises
    ------
    NotFoundError
        If there is no such id or version; the hint lists those that exist.
    """
    try:
        return find_taxonomy(taxonomy_id, version)
    except NotFoundError:
        served = shelf.get().taxonomy
        if served.id == taxonomy_id and version in {None, served.version}:
            return served
        raise
