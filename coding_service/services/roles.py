"""Who may do what: the one table of roles, asked before anything is looked up."""

from collections.abc import Mapping
from typing import Literal

from coding_service.errors import ForbiddenError
from coding_service.services.authentication import Caller

Action = Literal[
    "write reviews",
    "read reviews",
    "read narratives",
    "read suggestions",
    "write codings",
    "read codings",
    "read others' codings",
    "read the queue",
    "adjudicate",
    "read agreement",
    "promote bundles",
]

ROLE_MATRIX: Mapping[Action, frozenset[str]] = {
    "write reviews": frozenset({"reviewer", "adjudicator", "admin"}),
    "read reviews": frozenset({"reviewer", "adjudicator", "analyst", "ml", "admin"}),
    "read narratives": frozenset({"reviewer", "adjudicator", "ml", "admin"}),
    "read suggestions": frozenset({"reviewer", "adjudicator", "ml", "admin"}),
    "write codings": frozenset({"reviewer", "adjudicator", "admin"}),
    "read codings": frozenset({"reviewer", "adjudicator", "ml", "admin"}),
    "read others' codings": frozenset({"adjudicator", "admin"}),
    "read the queue": frozenset({"reviewer", "adjudicator"}),
    "adjudicate": frozenset({"adjudicator"}),
    "read agreement": frozenset({"adjudicator", "analyst", "ml", "admin"}),
    "promote bundles": frozenset({"ml", "admin"}),
}
"""Action -> roles that may do it, each inside the jurisdiction of its key; analysts never read a text."""


def may(caller: Caller, action: Action) -> bool:
    """Tell whether the role of a caller allows an action."""
    return caller.role in ROLE_MATRIX[action]


def allow(caller: Caller, action: Action) -> None:
    """Refuse what the role of a caller does not allow; nothing is looked up, so time tells nothing either.

    Raises
    ------
    ForbiddenError
        If the role does not allow it, or the key belongs to nobody in the store.
    """
    if not caller.person_id:
        raise ForbiddenError(
            "The key belongs to no person in the store.", hint="Use a key made by `io-coding keys create`."
        )
    if not may(caller, action):
        roles = ", ".join(sorted(ROLE_MATRIX[action]))
        raise ForbiddenError(
            f"The role {caller.role!r} may not {action}; these may: {roles}.",
            hint="Ask whoever makes the keys for one with such a role.",
        )
