"""``POST /v1/bundles/{id}/promote``: let a bundle be served from now on, if the gate lets it pass."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from coding_service.api.bundles import BundleName
from coding_service.api.desk import DeskOfRequest
from coding_service.api.documentation import problems
from coding_service.api.schemas import BundleId, Sha256, Unicode
from coding_service.services.promotion import Wish, promote_as

router = APIRouter(prefix="/v1/bundles", tags=["bundles"])


class PromotionToMake(BaseModel):
    """For whom a bundle is to be promoted, and whether against the gate."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "Retrained on the first quarter."}]}
    )

    jurisdiction: Unicode | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Name of the one that is to be served it; by default what the key reaches.",
        examples=["north"],
    )
    force: bool = Field(
        default=False,
        strict=True,
        description="Promote it though the gate refuses or cannot tell; needs a reason.",
        examples=[False],
    )
    reason: Unicode = Field(
        default="", max_length=2000, description="Why, for the record.", examples=["Retrained on the first quarter."]
    )

    def to_wish(self) -> Wish:
        """Give it to the service."""
        return Wish(self.jurisdiction, self.force, self.reason)


class PromotionMade(BaseModel):
    """A bundle that is served from now on; running servers take it up within seconds."""

    bundle: BundleId
    sha256: Sha256
    sequence: int | None = Field(
        description="Number of the promotion; null where the bundle was promoted already.", examples=[7]
    )
    forced: bool = Field(description="Whether the gate would have refused it.", examples=[False])
    report: dict[str, Any] = Field(
        description="What the gate looked at: verdict, number of blind reviews, fingerprint of the snapshot, and rows.",
        examples=[{"verdict": "passed", "n_reviews": 140, "rows": []}],
    )


@router.post(
    "/{bundle_id}/promote",
    response_model=PromotionMade,
    responses=problems(401, 403, 404, 409, 413, 422, 429, 503),
)
def promote_bundle(bundle_id: BundleName, body: PromotionToMake, desk: DeskOfRequest) -> dict[str, Any]:
    """Promote a bundle, if it passes the gate on the blind reviews that never train.

    It is compared with the bundle being served. A refusal is 409, with what was not met under `errors`.
    """
    return promote_as(desk.store, desk.caller, desk.parts.shelf, bundle_id, body.to_wish())
