"""What people said and what was learned from it, durably: the only place that speaks to a database."""

from sqlalchemy import Engine

from coding_service.store.audit import Event
from coding_service.store.engine import open_engine
from coding_service.store.scope import Scope
from coding_service.store.text_hash import text_hash
from coding_service.store.unit import UnitOfWork

__all__ = ["Engine", "Event", "Scope", "UnitOfWork", "open_engine", "text_hash"]
