"""API keys: made for one person, shown once, and checked without telling by time what was wrong."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from coding_service.errors import ConflictError, InputError, UnauthenticatedError
from coding_service.services.authentication import Caller, DigestKeys
from coding_service.services.jurisdictions import jurisdiction_named
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import ApiKeyRow, PersonRow, Role
from coding_service.store.scope import missing

ROLES: tuple[str, ...] = get_args(Role)

_MARK = "ioc_"
_PREFIX_LENGTH = len(_MARK) + 8
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class KeyRequest:
    """A key to be made.

    Parameters
    ----------
    email : str
        The person it belongs to; made if unknown.
    role : str
        One of `ROLES`.
    jurisdiction : str or None
        Name of the one jurisdiction it reaches; None for all.
    name : str
        Name of a person not yet known; by default the e-mail.
    new_jurisdiction : bool
        Whether to make the jurisdiction if it is unknown.
    """

    email: str
    role: str
    jurisdiction: str | None
    name: str = ""
    new_jurisdiction: bool = False


@dataclass(frozen=True)
class KeyFacts:
    """What may be told of a key."""

    prefix: str
    person: str
    role: str
    jurisdiction: str | None
    created_at: datetime
    revoked_at: datetime | None


class StoredKeys:
    """The keys of a store, and beside them those that the settings name by their digests.

    Parameters
    ----------
    engine : Engine
        The store.
    digests : tuple of str
        SHA-256 of further secrets; they belong to nobody in the store.
    """

    open = False

    def __init__(self, engine: Engine, digests: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self._others = DigestKeys(digests)

    def authenticate(self, secret: str | None) -> Caller:
        """See `Authenticator.authenticate`."""
        try:
            return authenticate(self._engine, secret or "")
        except UnauthenticatedError:
            return self._others.authenticate(secret)


def create_key(engine: Engine, request: KeyRequest) -> tuple[str, KeyFacts]:
    """Make a key.

    Returns
    -------
    tuple of (str, KeyFacts)
        The secret, which cannot be had again, and what may be told of it.

    Raises
    ------
    InputError
        If the role is unknown or the e-mail is not one.
    NotFoundError
        If the jurisdiction is unknown; the message lists those that are there.
    ConflictError
        If the person belongs to another jurisdiction.
    """
    _refuse_malformed(request)
    secret = _MARK + secrets.token_urlsafe(32)
    with UnitOfWork(engine) as work:
        jurisdiction_id = None
        if request.jurisdiction is not None:
            jurisdiction_id = jurisdiction_named(work, request.jurisdiction, new=request.new_jurisdiction).id
        person = work.people.by_email(request.email) or work.people.add(
            request.email, request.name or request.email, jurisdiction_id=jurisdiction_id
        )
        if person.jurisdiction_id is not None and person.jurisdiction_id != jurisdiction_id:
            raise ConflictError(
                f"{person.email} belongs to another jurisdiction than the key would reach.",
                hint="Name the person's own jurisdiction, or use another e-mail address.",
            )
        row = work.keys.add(
            ApiKeyRow(
                person_id=person.id,
                prefix=secret[:_PREFIX_LENGTH],
                secret_sha256=_hash(secret),
                role=cast("Role", request.role),
                jurisdiction_id=jurisdiction_id,
                created_at=work.now(),
            )
        )
        detail = {"role": row.role, "person": person.id}
        work.audit.record(Event("create", "api_key", row.prefix, jurisdiction_id=jurisdiction_id, detail=detail))
        work.commit()
    return secret, _facts(row, person, {jurisdiction_id: request.jurisdiction})


def revoke_key(engine: Engine, prefix: str) -> KeyFacts:
    """Revoke a key for good.

    Raises
    ------
    NotFoundError
        If no key has this prefix.
    """
    if len(prefix) > _PREFIX_LENGTH:  # such as a whole secret, which is not given back
        raise missing(f"key {prefix[:_PREFIX_LENGTH]!r}")
    scope = Scope.everything()
    with UnitOfWork(engine) as work:
        row = work.keys.revoke(scope, prefix)
        person = work.people.get(scope, row.person_id)
        names = _jurisdiction_names(work)
        work.audit.record(Event("revoke", "api_key", prefix, jurisdiction_id=row.jurisdiction_id))
        work.commit()
    return _facts(row, person, names)


def has_keys(engine: Engine) -> bool:
    """Tell whether the store has a key that is not revoked."""
    return any(facts.revoked_at is None for facts in list_keys(engine))


def list_keys(engine: Engine) -> list[KeyFacts]:
    """List all keys, oldest first, revoked ones too."""
    with UnitOfWork(engine, reading=True) as work:
        names = _jurisdiction_names(work)
        return [_facts(row, person, names) for row, person in work.keys.all(Scope.everything())]


def authenticate(engine: Engine, secret: str) -> Caller:
    """Give the caller that a secret belongs to.

    Raises
    ------
    UnauthenticatedError
        If the secret is unknown or revoked; the message and the time it takes are the same.
    """
    prefix = secret[:_PREFIX_LENGTH]
    with UnitOfWork(engine, reading=True) as work:
        found = work.keys.by_prefix(prefix if prefix.isascii() and prefix.isprintable() else "")
    known = hmac.compare_digest(_hash(secret), found[0].secret_sha256 if found else _NO_HASH)
    if found is None or not known or found[0].revoked_at is not None:
        raise UnauthenticatedError(
            "No valid API key came with the request.", hint="Send `Authorization: Bearer <key>`."
        )
    key, person = found
    return Caller(
        key=key.prefix, person=person.email, role=key.role, jurisdiction=key.jurisdiction_id, person_id=person.id
    )


def _refuse_malformed(request: KeyRequest) -> None:
    if request.role not in ROLES:
        raise InputError(f"There is no role {request.role!r}.", hint=f"Known are: {', '.join(ROLES)}.")
    name, at, host = request.email.strip().partition("@")
    if not (name and at and host) or any(map(str.isspace, name + host)):
        raise InputError(f"{request.email!r} is not an e-mail address.", hint="Write it as name@agency.example.")


def _jurisdiction_names(work: UnitOfWork) -> dict[str | None, str | None]:
    return {None: None, **{row.id: row.name for row in work.jurisdictions.all(Scope.everything())}}


def _facts(row: ApiKeyRow, person: PersonRow, names: dict[str | None, str | None]) -> KeyFacts:
    return KeyFacts(row.prefix, person.email, row.role, names[row.jurisdiction_id], row.created_at, row.revoked_at)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
