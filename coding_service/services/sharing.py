"""Whether a jurisdiction lets bundles that learned from its narratives be served to others."""

from coding_service.store import Engine, Event, Scope, UnitOfWork


def set_opt_in(store: Engine, name: str, *, opted_in: bool) -> None:
    """Let a jurisdiction opt in, or take that back; servers heed it at their next look at the store.

    Parameters
    ----------
    store : Engine
        The store.
    name : str
        Name of the jurisdiction.
    opted_in : bool
        What holds from now on.

    Raises
    ------
    NotFoundError
        If there is no such jurisdiction.
    """
    scope = Scope.everything()
    with UnitOfWork(store) as work:
        row = work.jurisdictions.named(scope, name)
        work.jurisdictions.opt_in(scope, row.id, opted_in=opted_in)
        action = "opt in" if opted_in else "opt out"
        work.audit.record(Event(action, "jurisdiction", row.id, jurisdiction_id=row.id))
        work.commit()
