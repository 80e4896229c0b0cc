"""What people said: codings, the decisions in them, and the adjudicator's word over them."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coding_service.store.rows.base import Id, Row, Sequence, Word, new_id, utc_now

Verdict = Literal["accept", "reject", "add", "unsure", "withdraw"]
Label = Literal["present", "absent", "unknown"]
Origin = Literal["api", "label_studio"]


class CodingRow(Row, kw_only=True):
    """One person's whole pass over one narrative, in one version of a taxonomy.

    `independent` is False where the coder could see another's coding; `snapshot_id` names what was shown first.
    """

    __tablename__ = "coding"
    __table_args__ = (
        UniqueConstraint("narrative_id", "person_id", "taxonomy_id", "taxonomy_version"),
        CheckConstraint("origin in ('api', 'label_studio')", name="origin"),
        CheckConstraint("complete = false or closed_at is not null", name="complete_is_closed"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    blind: Mapped[bool]
    taxonomy_id: Mapped[str]
    taxonomy_version: Mapped[str]
    snapshot_id: Mapped[str | None] = mapped_column(Id, ForeignKey("suggestion_snapshot.id"), default=None)
    origin: Mapped[Origin] = mapped_column(Word, default="api")
    independent: Mapped[bool] = mapped_column(default=True)
    opened_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    complete: Mapped[bool] = mapped_column(default=False)
    skipped_reason: Mapped[str | None] = mapped_column(default=None)
    missing_theme: Mapped[str | None] = mapped_column(default=None)
    comment: Mapped[str | None] = mapped_column(default=None)
    lead_time_seconds: Mapped[float | None] = mapped_column(default=None)


class DecisionRow(Row, kw_only=True):
    """A coder's verdict on one code of one narrative. Append-only: a change of mind is a later row.

    `evidence` lists half-open ranges of Unicode code points, ``[[start, end], ...]``. The
    repository fills in the coding, and repeats its narrative and jurisdiction, so that gold is read without joins.
    """

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("verdict in ('accept', 'reject', 'add', 'unsure', 'withdraw')", name="verdict"),
        CheckConstraint("rating between 1 and 3", name="rating"),
        Index(None, "coding_id", "code", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True, init=False)
    id: Mapped[str] = mapped_column(Id, unique=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, init=False)
    coding_id: Mapped[str] = mapped_column(Id, ForeignKey("coding.id"), init=False)
    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), index=True, init=False)
    code: Mapped[str]
    verdict: Mapped[Verdict] = mapped_column(Word)
    rating: Mapped[int | None] = mapped_column(default=None)
    evidence: Mapped[list[Any]] = mapped_column(default_factory=list)
    reason: Mapped[str | None] = mapped_column(default=None)
    decided_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class AdjudicationRow(Row, kw_only=True):
    """An adjudicator's label of one code of one narrative. Append-only: the latest row counts."""

    __tablename__ = "adjudication"
    __table_args__ = (CheckConstraint("label in ('present', 'absent', 'unknown')", name="label"),)

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True, init=False)
    id: Mapped[str] = mapped_column(Id, unique=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"))
    taxonomy_id: Mapped[str]
    taxonomy_version: Mapped[str]
    code: Mapped[str]
    label: Mapped[Label] = mapped_column(Word)
    reason: Mapped[str | None] = mapped_column(default=None)
    decided_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
