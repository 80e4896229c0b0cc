"""The taxonomy version that a store codes by, and those that its older codings were made in."""

from dataclasses import dataclass, field
from functools import lru_cache

from coding_service.errors import InputError, NotFoundError, TaxonomyError
from coding_service.store import Engine, UnitOfWork
from coding_service.store.rows import TaxonomyVersionRow
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import open_taxonomy, taxonomy_from_dict, taxonomy_to_dict


@dataclass(frozen=True)
class _Held:
    """A version as the store holds it, known by its hash."""

    sha256: str
    name: str
    row: TaxonomyVersionRow = field(compare=False)


def current_taxonomy(work: UnitOfWork) -> Taxonomy:
    """Give the version that new codings are made in; that of the settings for a store that has none yet."""
    row = work.taxonomies.current()
    return _first(work) if row is None else _read(row)


def settled_taxonomy(work: UnitOfWork) -> Taxonomy:
    """Give the version that new codings are made in, and let a store that has none yet begin with it."""
    row = work.taxonomies.current()
    return begin_taxonomy(work, _first(work)) if row is None else _read(row)


def begin_taxonomy(work: UnitOfWork, taxonomy: Taxonomy) -> Taxonomy:
    """Put a version into the store and let new codings be made in it; migrating what is there is not done here."""
    work.taxonomies.add(taxonomy.id, taxonomy.version, sha256=taxonomy.sha256, content=taxonomy_to_dict(taxonomy))
    work.taxonomies.make_current(taxonomy.id, taxonomy.version)
    return taxonomy


def require_first_taxonomy(store: Engine) -> None:
    """Refuse a store that has no taxonomy yet and was opened with one that cannot be read.

    Raises
    ------
    InputError
        If so; a store that holds a taxonomy needs no other.
    """
    with UnitOfWork(store, reading=True) as work:
        current_taxonomy(work)


def stored_taxonomy(work: UnitOfWork, taxonomy_id: str, version: str) -> Taxonomy:
    """Give a version that the store holds.

    Raises
    ------
    NotFoundError
        If it does not hold it.
    """
    return _read(work.taxonomies.get(taxonomy_id, version))


def _first(work: UnitOfWork) -> Taxonomy:
    try:
        return open_taxonomy(work.taxonomies.first)
    except (NotFoundError, TaxonomyError) as error:
        raise InputError(
            f"The taxonomy {work.taxonomies.first!r}, by which the store is to code, cannot be read: {error.message}",
            hint=f"Correct CODING_SERVICE_TAXONOMY. {error.hint}",
        ) from error


def _read(row: TaxonomyVersionRow) -> Taxonomy:
    return _parse(_Held(row.sha256, f"{row.taxonomy_id} {row.version}", row))


@lru_cache(maxsize=8)
def _parse(held: _Held) -> Taxonomy:
    return taxonomy_from_dict(held.row.content, name=held.name)
