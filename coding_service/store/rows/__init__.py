"""The rows of the store, by noun; plain data for services, never changed but through a repository."""

from coding_service.store.rows.base import Row, new_id, utc_now
from coding_service.store.rows.codings import AdjudicationRow, CodingRow, DecisionRow, Label, Origin, Verdict
from coding_service.store.rows.label_studio import (
    LabelStudioAnnotationRow,
    LabelStudioInboxRow,
    LabelStudioProjectRow,
    LabelStudioTaskRow,
    ProjectPurpose,
)
from coding_service.store.rows.learning import (
    CrosswalkRow,
    EvaluationSnapshotRow,
    PromotionKind,
    PromotionRow,
    RunRow,
    RunStatus,
    TaxonomyVersionRow,
)
from coding_service.store.rows.reviews import (
    BlindRole,
    LeaseRow,
    NarrativeRow,
    QueueRow,
    QueueState,
    ReviewRow,
    SuggestionSnapshotRow,
)
from coding_service.store.rows.tenancy import ApiKeyRow, AuditEventRow, IdempotencyRow, JurisdictionRow, PersonRow, Role

__all__ = [
    "AdjudicationRow",
    "ApiKeyRow",
    "AuditEventRow",
    "BlindRole",
    "CodingRow",
    "CrosswalkRow",
    "DecisionRow",
    "EvaluationSnapshotRow",
    "IdempotencyRow",
    "JurisdictionRow",
    "Label",
    "LabelStudioAnnotationRow",
    "LabelStudioInboxRow",
    "LabelStudioProjectRow",
    "LabelStudioTaskRow",
    "LeaseRow",
    "NarrativeRow",
    "Origin",
    "PersonRow",
    "ProjectPurpose",
    "PromotionKind",
    "PromotionRow",
    "QueueRow",
    "QueueState",
    "ReviewRow",
    "Role",
    "Row",
    "RunRow",
    "RunStatus",
    "SuggestionSnapshotRow",
    "TaxonomyVersionRow",
    "Verdict",
    "new_id",
    "utc_now",
]
