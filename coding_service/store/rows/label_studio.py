"""How our records and Label Studio's projects, tasks and annotations belong together."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coding_service.store.rows.base import Id, Row, Sequence, Word, new_id, utc_now

ProjectPurpose = Literal["first", "second", "adjudication"]


class LabelStudioProjectRow(Row, kw_only=True):
    """A Label Studio project, which belongs to one jurisdiction and one purpose; `base_url` names its server.

    Taxonomy id, version and hash are those of the labelling config that it has now.
    """

    __tablename__ = "label_studio_project"
    __table_args__ = (
        UniqueConstraint("base_url", "project"),
        CheckConstraint("purpose in ('first', 'second', 'adjudication')", name="purpose"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    base_url: Mapped[str]
    project: Mapped[int]
    purpose: Mapped[ProjectPurpose] = mapped_column(Word)
    taxonomy_id: Mapped[str]
    taxonomy_version: Mapped[str]
    taxonomy_sha256: Mapped[str]
    config_sha256: Mapped[str] = mapped_column(default="")
    webhook: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class LabelStudioTaskRow(Row, kw_only=True):
    """A narrative pushed as a task; `bundle_id` names the bundle of its prediction, None where it has none."""

    __tablename__ = "label_studio_task"
    __table_args__ = (UniqueConstraint("project_id", "task"), UniqueConstraint("project_id", "narrative_id"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("label_studio_project.id"))
    task: Mapped[int]
    narrative_id: Mapped[str] = mapped_column(Id, ForeignKey("narrative.id"), index=True)
    bundle_id: Mapped[str | None] = mapped_column(default=None)
    bundle_sha256: Mapped[str | None] = mapped_column(default=None)
    snapshot_id: Mapped[str | None] = mapped_column(Id, ForeignKey("suggestion_snapshot.id"), default=None)
    pushed_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class LabelStudioAnnotationRow(Row, kw_only=True):
    """The state of one annotation that the store holds: read at `updated_at`, with this hash, as this coding.

    `problem` says why it could not be read; `gone` that Label Studio deleted it.
    """

    __tablename__ = "label_studio_annotation"
    __table_args__ = (UniqueConstraint("project_id", "annotation"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    jurisdiction_id: Mapped[str] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("label_studio_project.id"))
    task: Mapped[int]
    annotation: Mapped[int]
    narrative_id: Mapped[str | None] = mapped_column(Id, ForeignKey("narrative.id"), index=True)
    coding_id: Mapped[str | None] = mapped_column(Id, ForeignKey("coding.id"), index=True, default=None)
    person_id: Mapped[str | None] = mapped_column(Id, ForeignKey("person.id"), default=None)
    updated_at: Mapped[datetime]
    payload_sha256: Mapped[str]
    gone: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str | None] = mapped_column(default=None)
    read_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class LabelStudioInboxRow(Row, kw_only=True):
    """A webhook as it came, to be read later; the same one sent twice is kept once."""

    __tablename__ = "label_studio_inbox"
    __table_args__ = (UniqueConstraint("action", "payload_sha256"),)

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True, init=False)
    id: Mapped[str] = mapped_column(Id, unique=True, default_factory=new_id)
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    action: Mapped[str] = mapped_column(Word)
    project: Mapped[int]
    task: Mapped[int | None] = mapped_column(default=None)
    annotation: Mapped[int | None] = mapped_column(default=None)
    updated_at: Mapped[datetime | None] = mapped_column(default=None)
    payload_sha256: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
    handled_at: Mapped[datetime | None] = mapped_column(index=True, default=None)
    problem: Mapped[str | None] = mapped_column(default=None)
