"""Examines a whole store: schema, the database's own integrity, the rules between rows, and the audit chain."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from coding_service.store.audit import Audit
from coding_service.store.engine import speaking_plainly
from coding_service.store.rows import utc_now
from coding_service.store.schema import current_revision, require_schema

GUARDED = (
    "adjudication",
    "audit_event",
    "decision",
    "evaluation_snapshot",
    "narrative",
    "promotion",
    "suggestion_snapshot",
)
"""Tables that the database itself must let nobody change."""

RULES = {
    "lies in another jurisdiction than its review": """
        SELECT 'narrative ' || n.id FROM narrative n JOIN review r ON r.id = n.review_id
        WHERE n.jurisdiction_id <> r.jurisdiction_id""",
    "lies in another jurisdiction than its narrative": " UNION ALL ".join(
        f"SELECT '{table} ' || t.{key} FROM {table} t JOIN narrative n ON n.id = t.narrative_id "  # noqa: S608 - fixed names
        "WHERE t.jurisdiction_id <> n.jurisdiction_id"
        for table, key in (
            ("coding", "id"),
            ("adjudication", "id"),
            ("suggestion_snapshot", "id"),
            ("queue", "narrative_id"),
            ("lease", "narrative_id"),
            ("label_studio_task", "id"),
            ("label_studio_annotation", "id"),
        )
    ),
    "names another narrative or jurisdiction than its coding": """
        SELECT 'decision ' || d.id FROM decision d JOIN coding c ON c.id = d.coding_id
        WHERE d.narrative_id <> c.narrative_id OR d.jurisdiction_id <> c.jurisdiction_id""",
    "is not in the queue": """
        SELECT 'narrative ' || n.id FROM narrative n LEFT JOIN queue q ON q.narrative_id = n.id
        WHERE q.narrative_id IS NULL""",
    "was not made blind, though its review is": """
        SELECT 'coding ' || c.id FROM coding c JOIN narrative n ON n.id = c.narrative_id
        JOIN review r ON r.id = n.review_id WHERE r.blind AND NOT c.blind""",
    "names what was shown for another narrative or to another person": """
        SELECT 'coding ' || c.id FROM coding c JOIN suggestion_snapshot s ON s.id = c.snapshot_id
        WHERE s.narrative_id <> c.narrative_id OR s.person_id <> c.person_id""",
    "was blind, yet suggestions were shown before it was closed": """
        SELECT 'coding ' || c.id FROM coding c JOIN suggestion_snapshot s ON s.id = c.snapshot_id
        WHERE c.blind AND (c.closed_at IS NULL OR s.shown_at < c.closed_at)""",
    "was made in a taxonomy version that the store does not hold": """
        SELECT 'coding ' || c.id FROM coding c LEFT JOIN taxonomy_version v
        ON v.taxonomy_id = c.taxonomy_id AND v.version = c.taxonomy_version WHERE v.version IS NULL""",
    "lies in another jurisdiction than its Label Studio project": """
        SELECT 'label_studio_task ' || t.id FROM label_studio_task t JOIN label_studio_project p ON p.id = t.project_id
        WHERE t.jurisdiction_id <> p.jurisdiction_id""",
    "reaches further than the person it belongs to": """
        SELECT 'api_key ' || k.prefix FROM api_key k JOIN person p ON p.id = k.person_id
        WHERE p.jurisdiction_id IS NOT NULL
        AND (k.jurisdiction_id IS NULL OR k.jurisdiction_id <> p.jurisdiction_id)""",
}
"""What must not be -> query that names the rows for which it is so."""


@dataclass(frozen=True)
class StoreReport:
    """What an examination found.

    Parameters
    ----------
    revision : str
        The schema revision.
    audit_events : int
        Length of the audit chain.
    audit_head : str
        Hash of its last event; kept elsewhere, it shows whether events were cut off the end.
    problems : tuple of str
        One sentence for each thing that is wrong; empty for a sound store.
    """

    revision: str
    audit_events: int
    audit_head: str
    problems: tuple[str, ...]


def check(engine: Engine) -> StoreReport:
    """Examine a store in one reading transaction.

    Raises
    ------
    StoreError
        If the database cannot be reached, or its schema is not the one that this release needs.
    """
    require_schema(engine)
    with speaking_plainly(), engine.connect() as connection, Session(connection) as session:
        audit = Audit(session, utc_now)
        problems = (*_integrity(connection), *_missing_guards(connection), *_broken_rules(connection), *audit.breaks())
        length, head = audit.head()
    return StoreReport(str(current_revision(engine)), length, head, problems)


def _integrity(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for (told,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if told != "ok":
            yield f"SQLite: {told}."
    for table, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"SQLite: row {rowid} of {table} names a row of {parent} that is not there."


def _missing_guards(connection: Connection) -> Iterator[str]:
    needed: tuple[str, ...]
    if connection.dialect.name == "sqlite":
        query, needed = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'",
            ("no_update", "no_delete", "no_replace"),
        )
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        needed = ("no_change", "no_truncate")
    there = set(connection.execute(text(query)).scalars())
    for table in GUARDED:
        if not there.issuperset(f"{table}_{name}" for name in needed):
            yield f"Table {table} has lost a trigger that keeps its rows from being changed."


def _broken_rules(connection: Connection) -> Iterator[str]:
    for wrong, query in RULES.items():
        for row in connection.execute(text(query)).scalars():
            kind, _, row_id = row.partition(" ")
            yield f"{kind.replace('_', ' ').capitalize()} {row_id} {wrong}."
