"""Tells who a request comes from by the secret that it carries; what holds the keys can be swapped."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Protocol

from coding_service.errors import UnauthenticatedError
from coding_service.store import Scope


@dataclass(frozen=True)
class Caller:
    """Who a request comes from.

    Parameters
    ----------
    key : str
        What names the key in limits and logs; never its secret.
    person : str
        Who the key belongs to; empty where nobody is known.
    role : str
        What the key may do.
    jurisdiction : str or None
        Id of the one it is bound to; None reaches all.
    person_id : str
        Id of the person in the store, who is the coder of what the key writes; empty where there is none.
    """

    key: str
    person: str
    role: str
    jurisdiction: str | None = None
    person_id: str = ""

    @property
    def scope(self) -> Scope:
        """Whose rows the caller may see."""
        return Scope(self.jurisdiction)


class Authenticator(Protocol):
    """Whatever knows the keys."""

    @property
    def open(self) -> bool:
        """Whether requests without a key are answered, which is for one's own machine only."""
        ...

    def authenticate(self, secret: str | None) -> Caller:
        """Give the caller of a secret.

        Raises
        ------
        UnauthenticatedError
            If there is no secret, or it is not that of a key.
        """
        ...


class NoKeys:
    """Lets everybody in: for a server that answers its own machine only."""

    open = True

    def authenticate(self, secret: str | None) -> Caller:  # noqa: ARG002 - the protocol's signature
        """See `Authenticator.authenticate`."""
        return Caller(key="local", person="", role="local")


class DigestKeys:
    """Keys known by the SHA-256 digests of their secrets.

    Parameters
    ----------
    digests : tuple of str
        64 hexadecimal digits each, in lower case.
    """

    open = False

    def __init__(self, digests: tuple[str, ...]) -> None:
        self._digests = digests

    def authenticate(self, secret: str | None) -> Caller:
        """See `Authenticator.authenticate`; every digest is compared, each in constant time."""
        if not secret:
            raise UnauthenticatedError("The request carries no API key.", hint="Send `Authorization: Bearer <key>`.")
        found = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        matches = [digest for digest in self._digests if hmac.compare_digest(digest, found)]
        if not matches:
            raise UnauthenticatedError(
                "The API key is not known.", hint="Check it, or ask whoever runs the server for one."
            )
        return Caller(key=matches[0][:12], person=f"key {matches[0][:12]}", role="reviewer")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
