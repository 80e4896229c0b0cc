"""Puts the HTTP service together; ``uvicorn --factory coding_service.api.app:create_app`` serves it, too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from coding_service import __version__
from coding_service.api import (
    access_log,
    adjudications,
    agreement,
    bundles,
    codings,
    health,
    label_studio,
    narratives,
    promotions,
    queue,
    reviews,
    suggestions,
    taxonomies,
)
from coding_service.api.documentation import DESCRIPTION, TITLE, add_documentation
from coding_service.api.guards import BodyLimit, LocalOnly, SafeAnswers
from coding_service.api.metrics import Counted
from coding_service.api.problems import add_handlers
from coding_service.api.running import Running
from coding_service.bootstrap import Parts, build
from coding_service.settings import Settings

STATELESS = (suggestions.router, taxonomies.router, bundles.router, health.router)
"""Routes that keep nothing; they also serve where there are no keys."""

STATEFUL = (
    reviews.router,
    narratives.router,
    codings.router,
    queue.router,
    adjudications.router,
    agreement.router,
    promotions.router,
)
"""Routes that read and write what people decided; they serve where there are a store and keys."""


def create_app(parts: Parts | None = None) -> FastAPI:
    """Make the app.

    Parameters
    ----------
    parts : Parts or None
        What it works with; None picks the parts by the settings of the environment.

    Returns
    -------
    FastAPI
        It loads its bundle when it starts up, and does not start without one; from then on it follows promotions.
    """
    running = Running(parts or build(Settings()))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        access_log.hide_queries()
        await running.infer(running.follower.start)
        yield
        running.close()

    middleware = [Middleware(Counted, metrics=running.metrics), Middleware(SafeAnswers)]
    if running.parts.authenticator.open:
        middleware.append(Middleware(LocalOnly))
    middleware.append(Middleware(BodyLimit, most=running.parts.settings.max_request_bytes))
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=middleware,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.running = running
    with_people = running.parts.store is not None and not running.parts.authenticator.open
    for router in (*STATELESS, *(STATEFUL if with_people else ())):
        app.include_router(router)
    if running.parts.store is not None and running.parts.settings.label_studio_secret:
        app.include_router(label_studio.router)
    add_documentation(app)
    add_handlers(app)
    return app
