"""Jurisdictions as whoever runs the command line names them."""

from coding_service.errors import NotFoundError
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import JurisdictionRow


def jurisdiction_named(work: UnitOfWork, name: str, *, new: bool) -> JurisdictionRow:
    """Give the jurisdiction of a name, or make it.

    Parameters
    ----------
    work : UnitOfWork
        The transaction.
    name : str
        Its name.
    new : bool
        Whether to make it if it is unknown.

    Raises
    ------
    NotFoundError
        If it is unknown and not to be made; the message lists those that are there.
    InputError
        If it is to be made and the name is none.
    """
    known = {row.name: row for row in work.jurisdictions.all(Scope.everything())}
    if name in known:
        return known[name]
    if new:
        return work.jurisdictions.add(name)
    raise NotFoundError(
        f"There is no jurisdiction {name!r}; known are: {', '.join(known) or 'none yet'}.",
        hint="Correct the name, or add --new-jurisdiction to make it.",
    )
