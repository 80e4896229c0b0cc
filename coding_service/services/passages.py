"""The ways between taxonomy versions that a store knows, by the crosswalks that were applied to it."""

from coding_service.services.current_taxonomy import stored_taxonomy
from coding_service.store import UnitOfWork
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.crosswalk import crosswalk_from_dict
from coding_service.taxonomy.translation import Translation

Version = tuple[str, str]
"""Id and version of a taxonomy."""


def passages_to(
    work: UnitOfWork, taxonomy: Taxonomy, *, proposed: Translation | None = None
) -> dict[Version, Translation]:
    """Give the ways from older versions to one.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    taxonomy : Taxonomy
        Where the ways end.
    proposed : Translation or None
        A step that is not in the store yet.

    Returns
    -------
    dict of (str, str) to Translation
        By the version in which they begin, the shortest way from each; the nearest versions first.
    """
    steps = {(row.from_version, row.to_version): row for row in work.taxonomies.crosswalks(taxonomy.id)}
    ends = [*([(proposed.old.version, proposed.new.version)] if proposed else []), *steps]
    found = {taxonomy.version: Translation.identity(taxonomy)}
    waiting = [taxonomy.version]
    while waiting:
        end = waiting.pop(0)
        for start, target in ends:
            if target != end or start in found:
                continue
            row = steps.get((start, target))
            if row is None:
                step = proposed
            else:
                old, new = (stored_taxonomy(work, taxonomy.id, version) for version in (start, target))
                step = Translation.by(crosswalk_from_dict(row.content, old, new), old, new)
            if step is not None:
                found[start] = step.then(found[end])
                waiting.append(start)
    return {(taxonomy.id, version): way for version, way in found.items() if version != taxonomy.version}
