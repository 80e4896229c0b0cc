"""What every row shares: opaque ids, times in UTC, and constraint names that migrations can rely on."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Date, DateTime, Dialect, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""Type of a number that the database counts up; SQLite counts only plain integers."""


def new_id() -> str:
    """Give a random id of 32 hexadecimal characters, which nobody can guess."""
    return uuid4().hex


def utc_now() -> datetime:
    """Give the present time in UTC."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """A point in time, kept in UTC; SQLite, which has no time zones, gets it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC for the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give back an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Row(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False, repr=False):
    """Base of all rows; it prints as its class alone, so that no narrative text reaches a log."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads the plain attribute
        str: Text,
        datetime: UtcTime,
        date: Date,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }

    def __repr__(self) -> str:
        """Name the class, and the id where there is one."""
        return f"<{type(self).__name__} {getattr(self, 'id', '')}>"


Id = String(32)
"""Type of an opaque id."""

Word = String(64)
"""Type of a short fixed word, such as a verdict or a role."""
