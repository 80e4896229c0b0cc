"""The first schema: everything of the loop, and the triggers that keep what people decided."""

import sqlalchemy as sa
from alembic import op

from coding_service.store.migrations.append_only import FUNCTION, append_only, fixed_columns, undeletable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(32)
WORD = sa.String(64)
TIME = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY: dict[str, list[tuple[str, ...]]] = {
    "decision": [("sequence",), ("id",)],
    "adjudication": [("sequence",), ("id",)],
    "audit_event": [("sequence",)],
    "promotion": [("sequence",), ("id",)],
    "suggestion_snapshot": [("id",)],
    "evaluation_snapshot": [("id",), ("fingerprint",)],
    "narrative": [("id",), ("review_id", "external_id")],
}
UNDELETABLE: dict[str, list[tuple[str, ...]]] = {
    "review": [("id",), ("jurisdiction_id", "external_id")],
    "coding": [("id",), ("narrative_id", "person_id", "taxonomy_id", "taxonomy_version")],
    "taxonomy_version": [("taxonomy_id", "version")],
}
FIXED = {
    "review": ("id", "jurisdiction_id", "external_id", "blind", "blind_role"),
    "coding": ("id", "jurisdiction_id", "narrative_id", "person_id", "blind", "taxonomy_id", "taxonomy_version", "opened_at"),
    "taxonomy_version": ("taxonomy_id", "version", "sha256", "content"),
}


def upgrade() -> None:
    """Make every table, then the triggers."""
    _make_people()
    _make_traces()
    _make_reviews()
    _make_queue()
    _make_codings()
    _make_adjudications()
    _make_taxonomies()
    _make_bundles()
    _make_label_studio_work()
    _make_label_studio_answers()
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(FUNCTION)
    statements = [fixed_columns(dialect, table, columns) for table, columns in FIXED.items()]
    for table, keys in APPEND_ONLY.items():
        statements.extend(append_only(dialect, table, keys))
    for table, keys in UNDELETABLE.items():
        statements.extend(undeletable(dialect, table, keys))
    for statement in statements:
        op.execute(sa.text(statement))


def _make_people() -> None:
    op.create_table(
        "jurisdiction",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("opted_in", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("id", ID, primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("id", ID, primary_key=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("prefix", sa.Text, nullable=False, unique=True),
        sa.Column("secret_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("role", WORD, nullable=False),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.CheckConstraint("role in ('reviewer', 'adjudicator', 'analyst', 'ml', 'admin')", name="role"),
    )


def _make_traces() -> None:
    op.create_table(
        "audit_event",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("happened_at", TIME, nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), index=True),
        sa.Column("action", WORD, nullable=False),
        sa.Column("object_kind", WORD, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False, index=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.JSON),
        sa.Column("created_at", TIME, nullable=False, index=True),
    )


def _make_reviews() -> None:
    op.create_table(
        "review",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("incident_type", sa.Text),
        sa.Column("value_lists", sa.JSON, nullable=False),
        sa.Column("incident_date", sa.Date),
        sa.Column("review_date", sa.Date),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("blind_role", WORD),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("blind = (blind_role is not null)", name="blind_has_role"),
        sa.CheckConstraint("blind_role in ('evaluation', 'training')", name="blind_role"),
        sa.UniqueConstraint("jurisdiction_id", "external_id"),
    )
    op.create_table(
        "narrative",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False),
        sa.Column("review_id", ID, sa.ForeignKey("review.id"), nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_hash", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("review_id", "external_id"),
        sa.Index(None, "jurisdiction_id", "text_hash"),
    )


def _make_queue() -> None:
    op.create_table(
        "suggestion_snapshot",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), nullable=False, index=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("bundle_id", sa.Text, nullable=False),
        sa.Column("bundle_sha256", sa.Text, nullable=False),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("taxonomy_version", sa.Text, nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        sa.Column("shown_at", TIME, nullable=False),
    )
    op.create_table(
        "queue",
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("priority", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("last_coder_id", ID, sa.ForeignKey("person.id")),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint("state in ('first', 'second', 'adjudication', 'done')", name="state"),
        sa.Index("ix_queue_of_jurisdiction", "jurisdiction_id", "state", "priority", "narrative_id", "last_coder_id"),
        sa.Index("ix_queue_of_all", "state", "priority", "narrative_id", "last_coder_id"),
    )
    op.create_table(
        "lease",
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _make_codings() -> None:
    op.create_table(
        "coding",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("taxonomy_version", sa.Text, nullable=False),
        sa.Column("snapshot_id", ID, sa.ForeignKey("suggestion_snapshot.id")),
        sa.Column("origin", WORD, nullable=False),
        sa.Column("independent", sa.Boolean, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("skipped_reason", sa.Text),
        sa.Column("missing_theme", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("lead_time_seconds", sa.Double),
        sa.CheckConstraint("complete = false or closed_at is not null", name="complete_is_closed"),
        sa.CheckConstraint("origin in ('api', 'label_studio')", name="origin"),
        sa.UniqueConstraint("narrative_id", "person_id", "taxonomy_id", "taxonomy_version"),
    )
    op.create_table(
        "decision",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", ID, nullable=False, unique=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("coding_id", ID, sa.ForeignKey("coding.id"), nullable=False),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), nullable=False, index=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_at", TIME, nullable=False),
        sa.CheckConstraint("rating between 1 and 3", name="rating"),
        sa.CheckConstraint("verdict in ('accept', 'reject', 'add', 'unsure', 'withdraw')", name="verdict"),
        sa.Index(None, "coding_id", "code", "sequence"),
    )


def _make_adjudications() -> None:
    op.create_table(
        "adjudication",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", ID, nullable=False, unique=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), nullable=False, index=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("taxonomy_version", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("label", WORD, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_at", TIME, nullable=False),
        sa.CheckConstraint("label in ('present', 'absent', 'unknown')", name="label"),
    )


def _make_taxonomies() -> None:
    op.create_table(
        "taxonomy_version",
        sa.Column("taxonomy_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Index(
            "uq_taxonomy_version_current",
            "current",
            unique=True,
            sqlite_where=sa.text("current = 1"),
            postgresql_where=sa.text("current"),
        ),
    )
    op.create_table(
        "crosswalk",
        sa.Column("id", ID, primary_key=True),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("from_version", sa.Text, nullable=False),
        sa.Column("to_version", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("person.id")),
        sa.Column("applied_at", TIME, nullable=False),
        sa.UniqueConstraint("taxonomy_id", "from_version", "to_version"),
    )


def _make_bundles() -> None:
    op.create_table(
        "run",
        sa.Column("id", ID, primary_key=True),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("snapshot_fingerprint", sa.Text),
        sa.Column("bundle_id", sa.Text),
        sa.Column("status", WORD, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("heartbeat_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("report", sa.JSON, nullable=False),
        sa.CheckConstraint("status in ('running', 'finished', 'failed', 'crashed')", name="status"),
    )
    op.create_table(
        "evaluation_snapshot",
        sa.Column("id", ID, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False, unique=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("taxonomy_version", sa.Text, nullable=False),
        sa.Column("narrative_ids", sa.JSON, nullable=False),
        sa.Column("gold", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "promotion",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", ID, nullable=False, unique=True),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("bundle_id", sa.Text),
        sa.Column("bundle_sha256", sa.Text),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id")),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("promoted_at", TIME, nullable=False),
        sa.CheckConstraint("kind in ('promote', 'rollback')", name="kind"),
    )


def _make_label_studio_work() -> None:
    op.create_table(
        "label_studio_project",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("project", sa.Integer, nullable=False),
        sa.Column("purpose", WORD, nullable=False),
        sa.Column("taxonomy_id", sa.Text, nullable=False),
        sa.Column("taxonomy_version", sa.Text, nullable=False),
        sa.Column("taxonomy_sha256", sa.Text, nullable=False),
        sa.Column("config_sha256", sa.Text, nullable=False),
        sa.Column("webhook", sa.Integer),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("purpose in ('first', 'second', 'adjudication')", name="purpose"),
        sa.UniqueConstraint("base_url", "project"),
    )
    op.create_table(
        "label_studio_task",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("project_id", ID, sa.ForeignKey("label_studio_project.id"), nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), nullable=False, index=True),
        sa.Column("bundle_id", sa.Text),
        sa.Column("bundle_sha256", sa.Text),
        sa.Column("snapshot_id", ID, sa.ForeignKey("suggestion_snapshot.id")),
        sa.Column("pushed_at", TIME, nullable=False),
        sa.UniqueConstraint("project_id", "narrative_id"),
        sa.UniqueConstraint("project_id", "task"),
    )


def _make_label_studio_answers() -> None:
    op.create_table(
        "label_studio_annotation",
        sa.Column("id", ID, primary_key=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), nullable=False, index=True),
        sa.Column("project_id", ID, sa.ForeignKey("label_studio_project.id"), nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("annotation", sa.Integer, nullable=False),
        sa.Column("narrative_id", ID, sa.ForeignKey("narrative.id"), index=True),
        sa.Column("coding_id", ID, sa.ForeignKey("coding.id"), index=True),
        sa.Column("person_id", ID, sa.ForeignKey("person.id")),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("payload_sha256", sa.Text, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("read_at", TIME, nullable=False),
        sa.UniqueConstraint("project_id", "annotation"),
    )
    op.create_table(
        "label_studio_inbox",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", ID, nullable=False, unique=True),
        sa.Column("jurisdiction_id", ID, sa.ForeignKey("jurisdiction.id"), index=True),
        sa.Column("action", WORD, nullable=False),
        sa.Column("project", sa.Integer, nullable=False),
        sa.Column("task", sa.Integer),
        sa.Column("annotation", sa.Integer),
        sa.Column("updated_at", TIME),
        sa.Column("payload_sha256", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("handled_at", TIME, index=True),
        sa.Column("problem", sa.Text),
        sa.UniqueConstraint("action", "payload_sha256"),
    )
