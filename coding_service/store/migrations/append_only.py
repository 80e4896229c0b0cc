"""Triggers by which the database itself keeps rows and columns as they were first written."""

from collections.abc import Iterator, Sequence

FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
"""What PostgreSQL's triggers call; made once."""


def append_only(dialect: str, table: str, keys: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Give the statements that let rows of a table be added, and nothing else.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    table : str
        Its name.
    keys : sequence of tuple of str
        Its unique sets of columns; SQLite's ``INSERT OR REPLACE`` would delete by them without
        calling a delete trigger.
    """
    if dialect == "postgresql":
        yield _postgresql(table, "no_change", "UPDATE OR DELETE", "ROW")
        yield _postgresql(table, "no_truncate", "TRUNCATE", "STATEMENT")
        return
    yield _sqlite(table, "no_update", "UPDATE")
    yield from undeletable(dialect, table, keys)


def undeletable(dialect: str, table: str, keys: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Give the statements that keep rows of a table from being deleted or replaced; parameters as for `append_only`."""
    if dialect == "postgresql":
        yield _postgresql(table, "no_delete", "DELETE", "ROW")
        yield _postgresql(table, "no_truncate", "TRUNCATE", "STATEMENT")
        return
    yield _sqlite(table, "no_delete", "DELETE")
    same = " OR ".join(f"({' AND '.join(f'{column} = NEW.{column}' for column in key)})" for key in keys)
    condition = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - names from our migrations
    yield _sqlite(table, "no_replace", "INSERT", condition, told="has this row already")


def fixed_columns(dialect: str, table: str, columns: Sequence[str]) -> str:
    """Give the statement that refuses to set columns of a row that is there; parameters as for `append_only`."""
    operation = f"UPDATE OF {', '.join(columns)}"
    if dialect == "postgresql":
        return _postgresql(table, "fixed_columns", operation, "ROW")
    return _sqlite(table, "fixed_columns", operation)


def _postgresql(table: str, name: str, operation: str, each: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
    )


def _sqlite(table: str, name: str, operation: str, condition: str = "", *, told: str = "is append-only") -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table} {told}'); END"
    )
