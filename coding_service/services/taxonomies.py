"""The taxonomies that a server knows: the released ones, those of its store, and that of the bundle it serves."""

from coding_service.errors import NotFoundError
from coding_service.services.current_taxonomy import current_taxonomy, stored_taxonomy
from coding_service.services.shelf import Shelf
from coding_service.store import Engine, UnitOfWork
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import find_taxonomy, list_taxonomies


def known_taxonomies(shelf: Shelf, store: Engine | None = None) -> dict[str, list[str]]:
    """List the versions of each known taxonomy, from old to new; those that only the store or a bundle has last."""
    versions: dict[str, list[str]] = {}
    for release in list_taxonomies():
        versions.setdefault(release.id, []).append(release.version)
    served = shelf.get().taxonomy
    for taxonomy_id, version in ((served.id, served.version), *_stored(store)):
        if version not in versions.get(taxonomy_id, ()):
            versions.setdefault(taxonomy_id, []).append(version)
    return versions


def get_taxonomy(
    shelf: Shelf, taxonomy_id: str, version: str | None = None, *, store: Engine | None = None
) -> Taxonomy:
    """Give a known taxonomy.

    Parameters
    ----------
    shelf : Shelf
        Its current bundle brings its own taxonomy.
    taxonomy_id : str
        Its id.
    version : str or None
        Its version; None takes the one that the store codes by, else the newest.
    store : Engine or None
        What holds further versions.

    Raises
    ------
    NotFoundError
        If there is no such id or version; the hint lists those that exist.
    """
    own = None if store is None else _held(store, taxonomy_id, version)
    if own is not None:
        return own
    try:
        return find_taxonomy(taxonomy_id, version)
    except NotFoundError:
        served = shelf.get().taxonomy
        if served.id == taxonomy_id and version in {None, served.version}:
            return served
        raise


def _stored(store: Engine | None) -> list[tuple[str, str]]:
    if store is None:
        return []
    with UnitOfWork(store, reading=True) as work:
        return [(row.taxonomy_id, row.version) for row in work.taxonomies.all()]


def _held(store: Engine, taxonomy_id: str, version: str | None) -> Taxonomy | None:
    """Give a version as the store holds it."""
    with UnitOfWork(store, reading=True) as work:
        if version is None:
            current = current_taxonomy(work)
            return current if current.id == taxonomy_id else None
        try:
            return stored_taxonomy(work, taxonomy_id, version)
        except NotFoundError:
            return None
