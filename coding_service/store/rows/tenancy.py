"""Who works here: jurisdictions, people, their API keys, and the record of what they did."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from coding_service.store.rows.base import Id, Row, Sequence, Word, new_id, utc_now

Role = Literal["reviewer", "adjudicator", "analyst", "ml", "admin"]


class JurisdictionRow(Row, kw_only=True):
    """A tenant: an agency whose reviews no other agency sees.

    `opted_in` says that its narratives may train bundles for others, and that it may be served such bundles.
    """

    __tablename__ = "jurisdiction"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    opted_in: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class PersonRow(Row, kw_only=True):
    """A person; `jurisdiction_id` None means all jurisdictions. The e-mail is kept in lower case."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)


class ApiKeyRow(Row, kw_only=True):
    """An API key of one person; only the hash of its secret is kept, and a prefix by which people name it."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("role in ('reviewer', 'adjudicator', 'analyst', 'ml', 'admin')", name="role"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default_factory=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role] = mapped_column(Word)
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True, default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=utc_now)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class AuditEventRow(Row, kw_only=True):
    """One link of the audit chain: who did what to which thing. Append-only; written by the audit repository alone."""

    __tablename__ = "audit_event"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=False)
    happened_at: Mapped[datetime]
    person_id: Mapped[str | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    action: Mapped[str] = mapped_column(Word)
    object_kind: Mapped[str] = mapped_column(Word)
    object_id: Mapped[str] = mapped_column(index=True)
    jurisdiction_id: Mapped[str | None] = mapped_column(Id, ForeignKey("jurisdiction.id"), index=True)
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class IdempotencyRow(Row, kw_only=True):
    """The first answer to a request that a client may send again."""

    __tablename__ = "idempotency"

    key: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None] = mapped_column(default=None)
    answer: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(index=True, default_factory=utc_now)
