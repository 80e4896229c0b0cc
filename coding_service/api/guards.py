"""What every request passes before its route: no stranger without keys, no flood of bytes, no details of a surprise."""

import asyncio
import logging
import traceback
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coding_service.api.problems import SMALLER, problem, stopping, unexpected
from coding_service.errors import ForbiddenError, TooLargeError
from coding_service.services.authentication import is_loopback

logger = logging.getLogger("coding_service.api")

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Sent with every answer; the pages need nothing from elsewhere, and the style sheet of /docs holds its own icons."""


class SafeAnswers:
    """Adds security headers, keeps answers about cases out of caches, and hides what went wrong unexpectedly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/v1/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except asyncio.CancelledError:
            # The server was told to stop and has waited as long as it may for this request.
            if started:
                raise
            await stopping()(scope, receive, send_safely)
        except Exception as error:  # noqa: BLE001 - the last resort: a message may hold text, so it is neither logged nor sent
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("Unexpected %s\n%s", type(error).__name__, frames)  # noqa: TRY400 - see above
            if not started:
                await unexpected()(scope, receive, send_safely)


class BodyLimit:
    """Refuses a body over its limit: by its stated length before any of it is read, else as soon as it is exceeded.

    Parameters
    ----------
    app : ASGIApp
        What is guarded.
    most : int
        Bytes of a body.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        message = f"The request has more than {self._most} bytes."
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated) > self._most:
            await problem(TooLargeError(message, hint=SMALLER))(scope, receive, send)
            return
        read = 0

        async def receive_counting() -> Message:
            nonlocal read
            received = await receive()
            read += len(received.get("body", b""))
            if read > self._most:
                # The one kind of error that the framework lets through while it reads a body.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
            return received

        await self._app(scope, receive_counting, send)


class LocalOnly:
    """Refuses whatever does not come straight from this machine; stands where there are no keys."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        reason = _foreign(scope) if scope["type"] == "http" else ""
        if reason:
            hint = "Give the server keys (CODING_SERVICE_KEYS), or call it on its own machine by http://127.0.0.1."
            await problem(ForbiddenError(reason, hint=hint))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _foreign(scope: Scope) -> str:
    """Say what shows that a request comes from elsewhere; empty where nothing does."""
    headers = Headers(scope=scope)
    for name in headers:
        if name == "forwarded" or name.startswith("x-forwarded-"):
            return f"The request carries the header {name}: without keys no proxy may stand before the server."
    if scope.get("client") and not is_loopback(scope["client"][0]):
        return "Without keys the server answers its own machine only."
    # A page of another site whose name was made to point here still sends that name as the host.
    if not is_loopback(_host_of(headers.get("host", ""))):
        return "The request names another host: without keys only localhost and loopback addresses are answered."
    return ""


def _host_of(stated: str) -> str:
    try:
        return urlsplit(f"//{stated}").hostname or ""
    except ValueError:  # such as an IPv6 address without its closing bracket
        return ""
