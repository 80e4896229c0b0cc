"""``GET /v1/bundles``: the trained suggesters that can answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from coding_service.api.documentation import problems
from coding_service.api.running import CallerOfRequest, RunningApp
from coding_service.api.schemas import LONGEST_NAME, BundleDetail, BundleList
from coding_service.services import bundles

router = APIRouter(prefix="/v1", tags=["bundles"])

BundleName = Annotated[str, Path(max_length=LONGEST_NAME, description="Name of a bundle.", examples=["starter"])]


@router.get("/bundles", response_model=BundleList, responses=problems(401, 403, 429))
def list_bundles(running: RunningApp, caller: CallerOfRequest) -> dict[str, Any]:
    """List the bundles that may answer the caller; one is the current one, which does where none is named."""
    return {"bundles": bundles.list_bundles(running.parts.shelf, caller.jurisdiction)}


@router.get("/bundles/{bundle_id}", response_model=BundleDetail, responses=problems(401, 403, 404, 422, 429, 503))
def show_bundle(bundle_id: BundleName, running: RunningApp, caller: CallerOfRequest) -> dict[str, Any]:
    """Show what a bundle was trained by and on, and how well it does."""
    return bundles.describe_bundle(running.parts.shelf, bundle_id, caller.jurisdiction)
