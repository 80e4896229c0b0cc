"""``GET /v1/taxonomies``: the codes that narratives are coded by."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from coding_service.api.documentation import problems
from coding_service.api.running import RunningApp, get_caller
from coding_service.api.schemas import LONGEST_NAME, TaxonomyDocument, TaxonomyList
from coding_service.services.taxonomies import get_taxonomy, known_taxonomies

router = APIRouter(prefix="/v1", tags=["taxonomies"], dependencies=[Depends(get_caller)])

TaxonomyId = Annotated[str, Path(max_length=LONGEST_NAME, description="Id of a taxonomy.", examples=["io-themes"])]
Version = Annotated[str, Path(max_length=LONGEST_NAME, description="One of its versions.", examples=["1.0.0"])]


@router.get("/taxonomies", response_model=TaxonomyList, responses=problems(401, 403, 429))
def list_taxonomies(running: RunningApp) -> dict[str, Any]:
    """List the taxonomies with their versions."""
    known = known_taxonomies(running.parts.shelf, running.parts.store)
    return {"taxonomies": [{"id": taxonomy_id, "versions": versions} for taxonomy_id, versions in known.items()]}


@router.get("/taxonomies/{taxonomy_id}", response_model=TaxonomyDocument, responses=problems(401, 403, 404, 422, 429))
def show_newest_taxonomy(taxonomy_id: TaxonomyId, running: RunningApp) -> Any:
    """Show the version of a taxonomy that is coded by, or else its newest."""
    return get_taxonomy(running.parts.shelf, taxonomy_id, store=running.parts.store)


@router.get(
    "/taxonomies/{taxonomy_id}/{version}", response_model=TaxonomyDocument, responses=problems(401, 403, 404, 422, 429)
)
def show_taxonomy(taxonomy_id: TaxonomyId, version: Version, running: RunningApp) -> Any:
    """Show one version of a taxonomy; a version never changes."""
    return get_taxonomy(running.parts.shelf, taxonomy_id, version, store=running.parts.store)
