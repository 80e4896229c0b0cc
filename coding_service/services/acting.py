"""Lets somebody at the command line work as a person of the store, with what that person's keys allow and no more."""

from coding_service.errors import ForbiddenError
from coding_service.services.authentication import Caller
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.people import same_address


def act_as(store: Engine, email: str, role: str) -> Caller:
    """Give a person as the caller of a service.

    Parameters
    ----------
    store : Engine
        The store.
    email : str
        Whose word it will be.
    role : str
        The role that is needed.

    Raises
    ------
    ForbiddenError
        If the person has no key of that role which is not revoked.
    """
    wanted = same_address(email)
    with UnitOfWork(store, reading=True) as work:
        for key, person in work.keys.all(Scope.everything()):
            if person.email == wanted and key.role == role and key.revoked_at is None:
                return Caller(key.prefix, person.email, key.role, key.jurisdiction_id, person.id)
    raise ForbiddenError(
        f"{email!r} has no key of the role {role!r}.",
        hint=f"Run `io-coding keys create --person {email} --role {role} --jurisdiction NAME`.",
    )
