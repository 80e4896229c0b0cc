"""Every error that a user can meet, each with a stable code; none of them knows HTTP or the command line.

::

    CodingError
    ├── InputError            input that cannot be read as asked
    │   ├── TooLargeError     over a stated size
    │   ├── CorpusError       a corpus file breaks its format
    │   └── TaxonomyError     a taxonomy file breaks its format
    ├── NotFoundError         a named thing does not exist
    ├── ConflictError         the request meets a state that forbids it
    │   ├── TaxonomyMismatchError
    │   └── WithheldError     suggestions are withheld while a narrative is blind
    ├── BundleError           a bundle is broken, truncated or of another taxonomy
    ├── GateRefusedError      a candidate may not be promoted
    ├── MissingExtraError     an optional dependency is not installed
    ├── UnauthenticatedError
    ├── ForbiddenError
    ├── RateLimitedError      try again after ``retry_after_seconds``
    ├── StoreError            the database is unreachable, locked or inconsistent
    └── LabelStudioError      Label Studio refused or could not be reached
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class CodingError(Exception):
    """Root of all errors shown to users.

    Parameters
    ----------
    message : str
        What failed, on which thing, got and expected. Never narrative text.
    hint : str
        The next step for the user, a whole sentence; may be empty.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint, as one line."""
        return f"{self.message} {self.hint}".strip()


class InputError(CodingError):
    """Input that cannot be read as asked."""

    code = "invalid-input"


class TooLargeError(InputError):
    """Input over a stated size."""

    code = "too-large"


class CorpusError(InputError):
    """A corpus file breaks its format; the message names file and line."""

    code = "corpus-invalid"


class TaxonomyError(InputError):
    """A taxonomy file breaks its format; the message names file and line."""

    code = "taxonomy-invalid"


class NotFoundError(CodingError):
    """A named thing does not exist, or is not visible to the caller."""

    code = "not-found"


class ConflictError(CodingError):
    """The request meets a state that forbids it."""

    code = "conflict"


class TaxonomyMismatchError(ConflictError):
    """Two things that must share a taxonomy version do not."""

    code = "taxonomy-mismatch"


class WithheldError(ConflictError):
    """Suggestions are withheld because the narrative is coded blind."""

    code = "withheld"


class BundleError(CodingError):
    """A bundle is broken, truncated, altered or of another taxonomy."""

    code = "bundle-invalid"


class GateRefusedError(CodingError):
    """A candidate bundle does not pass the promotion gate.

    Parameters
    ----------
    message : str
        What was refused.
    hint : str
        The next step.
    report : mapping or None
        Everything that the gate looked at, JSON-ready.
    """

    code = "gate-refused"

    def __init__(self, message: str, *, hint: str = "", report: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report or {}


class MissingExtraError(CodingError):
    """An optional dependency is not installed."""

    code = "missing-extra"


class UnauthenticatedError(CodingError):
    """No valid API key came with the request."""

    code = "unauthenticated"


class ForbiddenError(CodingError):
    """The key's role does not allow this."""

    code = "forbidden"


class RateLimitedError(CodingError):
    """Too many requests.

    Parameters
    ----------
    message : str
        What was exceeded.
    hint : str
        The next step.
    retry_after_seconds : int
        Seconds, at least 1, after which the request may succeed.
    """

    code = "rate-limited"

    def __init__(self, message: str, *, hint: str = "", retry_after_seconds: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class StoreError(CodingError):
    """The database is unreachable, locked, out of date or inconsistent."""

    code = "store-error"


class LabelStudioError(CodingError):
    """Label Studio refused a request or could not be reached."""

    code = "label-studio-error"
