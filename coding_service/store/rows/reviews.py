"""Reviews and their narratives, what was shown for them, and who is to code them next."""

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coding_service.store.rows.base import Id, Row, Word, new_id, utc_now

BlindRole = Literal["evaluation", "training"]
QueueState = Literal["first", "second", "adjudication", "done"]


class ReviewRow(Row, kw_only=True):
    """A critical-incident review; whether it is coded blind, and for what, is fixed when it is made.

    `value_lists` names the versions of the lists that cause and incident type were taken from.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "external_id"),
        CheckConstraint("blind_role in ('evaluation', 'training')", name="blind_role"),
        CheckConstraint("blind = (blind_role is not null)", name="blind_has_role"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    external_id: Mapped[str]
    cause: Mapped[str | None] = mapped_column(default=None)
    incident_type: Mapped[str | None] = mapped_column(default=None)
    value_lists: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    incident_date: Mapped[date | None] = mapped_column(default=None)
    review_date: Mapped[date | None] = mapped_column(default=None)
    completed: Mapped[bool] = mapped_column(default=False)
    blind: Mapped[bool] = mapped_column(default=False)
    blind_role: Mapped[BlindRole | None] = mapped_column(Word, default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class NarrativeRow(Row, kw_only=True):
    """The text of one Improvement Opportunity; nothing of it ever changes."""

    __tablename__ = "narrative"
    __table_args__ = (UniqueConstraint("review_id", "external_id"), Index(None, "jurisdiction_id", "text_hash"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"))
    review_id: Mapped[str] = mapped_column(Id, ForeignKey("review.id"))
    external_id: Mapped[str]
    text: Mapped[str]
    text_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class SuggestionSnapshotRow(Row, kw_only=True):
    """What one person was shown for one narrative, by which bundle. Append-only."""

    __tablename__ = "suggestion_snapshot"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"))
    bundle_id: Mapped[str]
    bundle_sha256: Mapped[str]
    taxonomy_id: Mapped[str]
    taxonomy_version: Mapped[str]
    suggestions: Mapped[list[Any]]
    shown_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class QueueRow(Row, kw_only=True):
    """Where a narrative stands on its way to gold: what it waits for, how urgently, and why.

    `last_coder_id`, which opening a coding sets, lets the queue pass over a coder's own narratives fast.
    """

    __tablename__ = "queue"
    __table_args__ = (
        CheckConstraint("state in ('first', 'second', 'adjudication', 'done')", name="state"),
        Index("ix_queue_of_jurisdiction", "jurisdiction_id", "state", "priority", "narrative_id", "last_coder_id"),
        Index("ix_queue_of_all", "state", "priority", "narrative_id", "last_coder_id"),
    )

    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), primary_key=True)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"))
    state: Mapped[QueueState] = mapped_column(Word, default="first")
    priority: Mapped[float] = mapped_column(default=0.0)
    reason: Mapped[str] = mapped_column(default="")
    last_coder_id: Mapped[str | None] = mapped_column(Id, ForeignKey("person.id"), default=None)
    changed_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class LeaseRow(Row, kw_only=True):
    """A narrative kept for one person until a set time, so that two do not take it at once."""

    __tablename__ = "lease"

    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), primary_key=True)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    until: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
