"""Bundles of two taxonomy versions under the same names, so that they can be compared on the codes they share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from coding_service.services.passages import passages_to
from coding_service.store import Engine, UnitOfWork
from coding_service.suggesters.bundle import Bundle
from coding_service.taxonomy import Taxonomy


def names_in(work: UnitOfWork, own: Taxonomy, target: Taxonomy) -> Mapping[str, str] | None:
    """Give the codes that two versions share, whatever they are called: own code to code of the target.

    Returns
    -------
    mapping of str to str or None
        None where the store knows no way between the two.
    """
    if own.id != target.id or own.version == target.version:
        return None
    forward = passages_to(work, target).get((own.id, own.version))
    if forward is not None:
        return forward.same
    back = passages_to(work, own).get((target.id, target.version))
    return None if back is None else {code: part for part, code in back.same.items()}


def call_as(bundle: Bundle, names: Mapping[str, str] | None) -> Bundle:
    """Call the codes of a bundle as another version does, so that it can be compared with bundles of that.

    Parameters
    ----------
    bundle : Bundle
        The bundle; it suggests what it suggested.
    names : mapping of str to str or None
        As `names_in` gives it; None leaves the names as they are.

    Returns
    -------
    Bundle
        Codes that are not shared carry the version behind their id, so that no two are taken for one.
    """
    if names is None:
        return bundle
    taxonomy = bundle.taxonomy

    def call(code: str) -> str:
        return names.get(code, f"{code}@{taxonomy.version}")

    codes = [
        replace(code, id=call(code.id), parent=None if code.parent is None else call(code.parent))
        for code in taxonomy.codes
    ]
    return replace(bundle, taxonomy=replace(taxonomy, codes=tuple(codes)))


def call_bundles(store: Engine, bundles: Sequence[Bundle], taxonomy: Taxonomy) -> list[Bundle]:
    """Call the codes of bundles as a version does, where the store knows how theirs became those or the other way."""
    with UnitOfWork(store, reading=True) as work:
        return [call_as(bundle, names_in(work, bundle.taxonomy, taxonomy)) for bundle in bundles]
