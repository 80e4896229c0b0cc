"""A store like that of an agency after years: 100,000 narratives, half of them begun by one busy reviewer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import insert

from coding_service.services.authentication import Caller
from coding_service.services.codings import open_coding
from coding_service.services.current_taxonomy import settled_taxonomy
from coding_service.services.keys import KeyRequest, authenticate, create_key
from coding_service.store import Engine, UnitOfWork, open_engine
from coding_service.store.engine import WRITING
from coding_service.store.rows import CodingRow, NarrativeRow, QueueRow, ReviewRow, new_id
from coding_service.store.schema import upgrade
from coding_service.taxonomy import Taxonomy

N_NARRATIVES = 100_000
NARRATIVES_OF_A_REVIEW = 5
TEXT = "They were evicted from the apartment. The baby slept on the couch with mother. " * 6
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class LongStore:
    """What the measurements work with; the first of the reviewers is the busy one."""

    engine: Engine
    taxonomy: Taxonomy
    secrets: tuple[str, ...]
    callers: tuple[Caller, ...]
    codings: tuple[str, ...]


def stock(url: str, n_reviewers: int) -> LongStore:
    """Fill an empty database: of all narratives a quarter wait for a second opinion on the busy reviewer's coding.

    Another quarter were begun by the busy reviewer and wait for a first coding. Each reviewer has an open coding.
    """
    upgrade(url)
    engine = open_engine(url)
    secrets = [
        create_key(engine, KeyRequest(f"reviewer{row}@north.example", "reviewer", "north", new_jurisdiction=True))[0]
        for row in range(n_reviewers)
    ]
    callers = [authenticate(engine, secret) for secret in secrets]
    with UnitOfWork(engine) as work:
        taxonomy = settled_taxonomy(work)
        work.commit()
    reviews = list(_reviews(callers[0]))
    narratives = list(_narratives(callers[0], reviews))
    queued = list(_queued(callers[0], narratives))
    codings = list(_codings(callers[0], queued, taxonomy))
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        for kind, rows in ((ReviewRow, reviews), (NarrativeRow, narratives), (QueueRow, queued), (CodingRow, codings)):
            connection.execute(insert(kind), rows)
    fresh = (row["narrative_id"] for row in queued if row["last_coder_id"] is None)
    opened = [
        open_coding(engine, caller, narrative_id)["id"]
        for caller, narrative_id in zip(callers, islice(fresh, n_reviewers), strict=True)
    ]
    return LongStore(engine, taxonomy, tuple(secrets), tuple(callers), tuple(opened))


def _reviews(caller: Caller) -> Rows:
    for row in range(N_NARRATIVES // NARRATIVES_OF_A_REVIEW):
        facts = {"value_lists": {}, "completed": True, "blind": False, "created_at": datetime.now(UTC)}
        yield {"id": new_id(), "jurisdiction_id": caller.jurisdiction, "external_id": f"r-{row}", **facts}


def _narratives(caller: Caller, reviews: list[dict[str, Any]]) -> Rows:
    for review in reviews:
        for row in range(NARRATIVES_OF_A_REVIEW):
            names = {"id": new_id(), "jurisdiction_id": caller.jurisdiction, "review_id": review["id"]}
            facts = {"text": TEXT, "text_hash": new_id(), "created_at": review["created_at"]}
            yield {**names, "external_id": str(row), **facts}


def _queued(caller: Caller, narratives: list[dict[str, Any]]) -> Rows:
    for place, row in enumerate(narratives):
        yield {
            "narrative_id": row["id"],
            "jurisdiction_id": caller.jurisdiction,
            "state": "second" if place % 4 == 0 else "first",
            "priority": place % 1000 / 1000,
            "reason": "",
            "last_coder_id": caller.person_id if place % 2 == 0 else None,
            "changed_at": row["created_at"],
        }


def _codings(caller: Caller, queued: list[dict[str, Any]], taxonomy: Taxonomy) -> Rows:
    for row in queued:
        if row["last_coder_id"]:
            yield {
                "id": new_id(),
                "jurisdiction_id": caller.jurisdiction,
                "narrative_id": row["narrative_id"],
                "person_id": caller.person_id,
                "blind": False,
                "taxonomy_id": taxonomy.id,
                "taxonomy_version": taxonomy.version,
                "origin": "api",
                "independent": True,
                "opened_at": row["changed_at"],
                "closed_at": row["changed_at"],
                "complete": True,
            }
