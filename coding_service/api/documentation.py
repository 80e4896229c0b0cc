"""The OpenAPI description and the page that shows it; the page loads nothing from elsewhere."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from coding_service import __version__
from coding_service.api.problems import MEDIA_TYPE, PROBLEMS
from coding_service.api.schemas import Problem

TITLE = "io-coding"
DESCRIPTION = """Suggests theme codes for the narratives of child-welfare critical-incident reviews, with calibrated \
probabilities and the passages they rest on. It never decides: people do.

Every error is a problem document (`application/problem+json`) with a stable `code` and a `hint` at the next step. \
Offsets count Unicode code points. Every answer with suggestions names the bundle and the taxonomy that gave it."""
TAGS = [
    {"name": "suggestions", "description": "Suggest codes for texts; nothing is stored."},
    {"name": "reviews", "description": "Reviews and their narratives."},
    {"name": "codings", "description": "A person's pass over a narrative, and the decisions in it."},
    {"name": "queue", "description": "What to code or adjudicate next, and why."},
    {"name": "adjudications", "description": "Where codings differ, and the word that settles it."},
    {"name": "agreement", "description": "How far people who coded the same narratives agree."},
    {"name": "taxonomies", "description": "The codes that narratives are coded by."},
    {"name": "bundles", "description": "The trained suggesters that can answer."},
    {"name": "health", "description": "For those who run the server; needs no key."},
]

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>io-coding API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_start() -> RedirectResponse:
    """Lead to the documentation."""
    return RedirectResponse("docs")


@router.get("/docs")
def show_docs() -> HTMLResponse:
    """Give the page; its script stands apart, so that the security policy can forbid inline scripts."""
    return HTMLResponse(PAGE)


@router.get("/docs/start.js")
def show_script() -> Response:
    """Give the script that fills the page."""
    return Response(START, media_type="text/javascript")


def add_documentation(app: FastAPI) -> None:
    """Let an app serve its description and the page."""
    app.mount("/docs/assets", StaticFiles(directory=str(files("fastapi_offline") / "static")), name="assets")
    app.include_router(router)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]  # as FastAPI provides for


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may answer, for its ``responses``."""
    titles: dict[int, list[str]] = {}
    for status, title in PROBLEMS.values():
        titles.setdefault(status, []).append(title)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": titles[status][0] + ".", "content": content} for status in statuses}


def _describe(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = get_openapi(title=TITLE, version=__version__, description=DESCRIPTION, tags=TAGS, routes=app.routes)
        template = "#/components/schemas/{model}"
        schema = Problem.model_json_schema(ref_template=template)
        described["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        app.openapi_schema = described
    return app.openapi_schema
