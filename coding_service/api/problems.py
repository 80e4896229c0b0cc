"""The one table from errors to HTTP: every failure is answered as a problem document (RFC 9457) without any input."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from coding_service import errors

MEDIA_TYPE = "application/problem+json"
SMALLER = "Send fewer narratives at once."
ELSEWHERE = (
    "See /docs for those that exist. Reviews and codings are served once there is a key (`io-coding keys create`) "
    "and the server was started again."
)

PROBLEMS: Mapping[type[errors.CodingError], tuple[int, str]] = {
    errors.InputError: (422, "The request cannot be read as asked"),
    errors.TooLargeError: (413, "Something is over its stated size"),
    errors.CorpusError: (422, "A corpus breaks its format"),
    errors.TaxonomyError: (422, "A taxonomy breaks its format"),
    errors.NotFoundError: (404, "There is no such thing"),
    errors.ConflictError: (409, "The present state forbids this"),
    errors.TaxonomyMismatchError: (409, "Two taxonomy versions differ"),
    errors.WithheldError: (409, "Suggestions are withheld"),
    errors.BundleError: (503, "A bundle cannot be used"),
    errors.GateRefusedError: (409, "The promotion gate refused"),
    errors.MissingExtraError: (501, "An optional part is not installed"),
    errors.UnauthenticatedError: (401, "No valid API key"),
    errors.ForbiddenError: (403, "This is not allowed"),
    errors.RateLimitedError: (429, "Too many requests"),
    errors.StoreError: (503, "The store cannot be used"),
    errors.LabelStudioError: (502, "Label Studio cannot be used"),
}
"""Error -> (status, title)."""

METHODS = "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"

_ITEMS = re.compile(r"\bitem(?=s?\b)")
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def problem(error: errors.CodingError, *, fields: Sequence[Mapping[str, str]] = ()) -> JSONResponse:
    """Answer an error.

    Parameters
    ----------
    error : CodingError
        Its class must be in the table.
    fields : sequence of mapping
        What is wrong field by field, each with ``field`` and ``message``.
    """
    status, title = PROBLEMS[type(error)]
    body = _body(status, title, error.message, code=error.code, hint=error.hint)
    headers = {}
    if isinstance(error, errors.UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.RateLimitedError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if fields:
        body["errors"] = list(fields)
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def unexpected() -> JSONResponse:
    """Answer an error that nobody foresaw, telling nothing of it."""
    hint = "Try again; whoever runs the server finds the error in its log."
    body = _body(500, "Unexpected error", "The server failed on this request.", code="unexpected", hint=hint)
    return JSONResponse(body, 500, media_type=MEDIA_TYPE)


def stopping() -> JSONResponse:
    """Answer a request that the server could not end before it had to stop."""
    body = _body(
        503,
        "The server is stopping",
        "The server stopped before it could answer.",
        code="stopping",
        hint="It may have been done all the same: send it again with its Idempotency-Key, or look first.",
    )
    return JSONResponse(body, 503, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Let an app answer our errors, those of its framework and malformed requests as problem documents."""
    app.add_exception_handler(errors.CodingError, _on_coding_error)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http_error)


def _body(status: int, title: str, detail: str, *, code: str, hint: str) -> dict[str, Any]:
    return {
        "type": f"urn:io-coding:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
    }


async def _on_coding_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.CodingError)  # noqa: S101 - the class it is registered for
    if not isinstance(error, errors.GateRefusedError):
        return problem(error)
    failed = [row for row in error.report.get("rows", ()) if not row["passed"]]
    fields = [{"field": f"{row['check']} {row['subject']}".strip(), "message": row["bar"]} for row in failed]
    return problem(error, fields=fields)


async def _on_malformed(request: Request, error: Exception) -> JSONResponse:
    """Tell which fields are wrong; values never, and names only where they can be no text."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the class it is registered for
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        detail = f"The body is not JSON: {found[0]['ctx']['error']} at character {found[0]['loc'][-1]}."
        return problem(errors.InputError(detail, hint="Send one JSON object in UTF-8."))
    media_type = request.headers.get("content-type", "none")
    if found and found[0]["loc"] == ("body",) and "json" not in media_type:
        return problem(
            errors.InputError("The body was not sent as JSON.", hint="Send `Content-Type: application/json`.")
        )
    deeper = [tuple(item["loc"]) for item in found]
    fields = [
        {"field": _field(item["loc"]), "message": _told(item)}
        for item in found
        if item["type"] != "too_short" or not any(_inside(loc, tuple(item["loc"])) for loc in deeper)
    ]
    detail = f"{len(fields)} of the values sent cannot be used, the first at {fields[0]['field']}."
    return problem(errors.InputError(detail, hint="See `errors`, and /docs for what is expected."), fields=fields)


def _inside(location: tuple[str | int, ...], outer: tuple[str | int, ...]) -> bool:
    """Tell whether a place lies inside another: items that are wrong themselves make no list too short."""
    return len(location) > len(outer) and location[: len(outer)] == outer


def _told(item: Mapping[str, Any]) -> str:
    """Give the message of a wrong value; a text that was checked for whole characters is counted like a list else."""
    if item["type"] in {"too_short", "too_long"} and item["ctx"]["field_type"] == "Value":
        return _ITEMS.sub("character", str(item["msg"])).replace("Value", "String", 1)
    return str(item["msg"])


def _field(location: Sequence[str | int]) -> str:
    return ".".join(str(part) if _FIELD_NAME.fullmatch(str(part)) else "?" for part in location)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the class it is registered for
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return problem(errors.TooLargeError(error.detail, hint=SMALLER))
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(errors.InputError("The body cannot be read.", hint="Send one JSON object in UTF-8."))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(errors.NotFoundError("There is no such address.", hint=ELSEWHERE))
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "-")
    body = _body(error.status_code, title, f"{title}.", code=code, hint="See /docs for what is expected.")
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(_methods_of(request))
    return JSONResponse(body, error.status_code, headers, MEDIA_TYPE)


def _methods_of(request: Request) -> list[str]:
    """List the methods of an address; the framework names those of the first of its routes alone."""
    scope, routes = request.scope, request.app.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
