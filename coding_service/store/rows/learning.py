"""What is learned from gold: taxonomy versions, training runs, frozen evaluation sets, and promotions."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from coding_service.store.rows.base import Id, Row, Sequence, Word, new_id, utc_now

PromotionKind = Literal["promote", "rollback"]
RunStatus = Literal["running", "finished", "failed", "crashed"]


class TaxonomyVersionRow(Row, kw_only=True):
    """A released version of a taxonomy, whose content is read when it is asked for; one in the store is current."""

    __tablename__ = "taxonomy_version"

    taxonomy_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    current: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime] = mapped_column(default_factory=utc_now)

    __table_args__ = (
        Index(
            "uq_taxonomy_version_current",
            "current",
            unique=True,
            sqlite_where=current == true(),
            postgresql_where=current == true(),
        ),
    )


class CrosswalkRow(Row, kw_only=True):
    """How codes moved from one version of a taxonomy to another, and what applying it did."""

    __tablename__ = "crosswalk"
    __table_args__ = (UniqueConstraint("taxonomy_id", "from_version", "to_version"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    taxonomy_id: Mapped[str]
    from_version: Mapped[str]
    to_version: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    person_id: Mapped[str | None] = mapped_column(Id, ForeignKey("person.id"), default=None)
    applied_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class RunRow(Row, kw_only=True):
    """One training; `heartbeat_at` tells a run at work from one that crashed."""

    __tablename__ = "run"
    __table_args__ = (CheckConstraint("status in ('running', 'finished', 'failed', 'crashed')", name="status"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    recipe: Mapped[str]
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    snapshot_fingerprint: Mapped[str | None] = mapped_column(default=None)
    bundle_id: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[RunStatus] = mapped_column(Word, default="running")
    started_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
    heartbeat_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    report: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)


class EvaluationSnapshotRow(Row, kw_only=True):
    """A frozen set of narratives with their gold, named by its fingerprint. Append-only."""

    __tablename__ = "evaluation_snapshot"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    taxonomy_id: Mapped[str]
    taxonomy_version: Mapped[str]
    narrative_ids: Mapped[list[Any]]
    gold: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class PromotionRow(Row, kw_only=True):
    """A pointer to the bundle that is served, to all (`jurisdiction_id` None) or to one jurisdiction.

    Append-only: the latest counts. `bundle_id` None with kind ``rollback`` takes a pointer back to none.
    """

    __tablename__ = "promotion"
    __table_args__ = (CheckConstraint("kind in ('promote', 'rollback')", name="kind"),)

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True, init=False)
    id: Mapped[str] = mapped_column(Id, unique=True, default_factory=new_id)
    kind: Mapped[PromotionKind] = mapped_column(Word)
    bundle_id: Mapped[str | None]
    bundle_sha256: Mapped[str | None]
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    person_id: Mapped[str | None] = mapped_column(Id, ForeignKey("person.id"), default=None)
    forced: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(default=None)
    report: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    promoted_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
