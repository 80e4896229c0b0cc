"""Keeps what callers write into a query out of the access log."""

import logging


def hide_queries() -> None:
    """Let the access log of uvicorn show paths without their queries, however the server was started."""
    logging.getLogger("uvicorn.access").addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.partition("?")[0] if isinstance(argument, str) else argument for argument in record.args
        )
    return True
