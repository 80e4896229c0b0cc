"""``io-coding serve``: the HTTP service."""

import errno
import socket
from typing import Annotated, Any

import typer

from coding_service.cli.groups import example, single_command
from coding_service.cli.output import say
from coding_service.errors import InputError

app = single_command()

APP = "coding_service.api.app:create_app"
SECONDS_TO_FINISH = 10
"""What requests in flight are given when the server is stopped."""


@app.command(
    epilog=example(
        "$ io-coding serve",
        "$ curl http://127.0.0.1:8000/v1/suggestions -H 'Content-Type: application/json'"
        """ -d '{"narratives": [{"text": "Baby slept on the couch."}]}'""",
    )
)
def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; without keys only one of this machine.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each holds a bundle and keeps its own metrics.")] = 1,
) -> None:
    """Serve suggestions over HTTP, with documentation at /docs.

    Keys are made by `io-coding keys create`, and with the first of them reviews, codings and decisions are served, too;
    or they are given as a JSON list of SHA-256 digests in CODING_SERVICE_KEYS. Every request then needs
    `Authorization: Bearer <key>`. Without keys only this machine is answered.
    """
    import uvicorn

    from coding_service.bootstrap import open_store, own_shelf, pick_authenticator
    from coding_service.services.authentication import is_loopback
    from coding_service.settings import Settings
    from coding_service.suggesters.bundle import verify_bundle

    settings = Settings()
    store = open_store(settings)  # what is wrong with it is told here, before anything listens
    if not is_loopback(host) and pick_authenticator(settings, store).open:
        raise InputError(
            f"Without keys the server does not listen on {host!r}, only on this machine.",
            hint="Make one with `io-coding keys create`, set CODING_SERVICE_KEYS, or leave --host out.",
        )
    _refuse_taken(host, port)
    shelf = own_shelf(settings)
    taxonomy = verify_bundle(shelf.path(shelf.default))["taxonomy"]
    say(f"Serving bundle {shelf.default!r} for {taxonomy['id']} {taxonomy['version']}; Ctrl-C stops.")
    uvicorn.run(
        APP,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=_logging(),
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )


def _refuse_taken(host: str, port: int) -> None:
    """Say in our words that an address is no good or taken; uvicorn tells an error number, and not of what."""
    try:
        failures = [_failure(found) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        failures = [error]
    # A name may stand for several addresses, of which the machine lacks one, such as ::1 without IPv6.
    serious = [failure for failure in failures if failure and failure.errno != errno.EADDRNOTAVAIL]
    told = serious[0] if serious else failures[0] if all(failures) else None
    if told:
        raise InputError(
            f"The server cannot listen on {host!r}, port {port}: {told.strerror}.",
            hint="Name another --port or --host, or stop what listens there.",
        )


def _failure(found: tuple[Any, ...]) -> OSError | None:
    """Try an address that `socket.getaddrinfo` gave; gives what is wrong with it."""
    family, kind, _, _, address = found
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


def _logging() -> dict[str, Any]:
    """Give uvicorn's way of logging, with everything on standard error and our own errors in it."""
    from uvicorn.config import LOGGING_CONFIG

    handlers = {name: {**handler, "stream": "ext://sys.stderr"} for name, handler in LOGGING_CONFIG["handlers"].items()}
    ours = {"coding_service": {"handlers": ["default"], "level": "INFO", "propagate": False}}
    return {**LOGGING_CONFIG, "handlers": handlers, "loggers": {**LOGGING_CONFIG["loggers"], **ours}}
