"""Fixtures: an agency with narratives in a store of its own, a fake Label Studio, and a shelf with a small bundle."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from small_bundle import write_small_bundle

from coding_service.services.keys import KeyRequest, create_key
from coding_service.services.label_studio_projects import Callback, set_up_project
from coding_service.services.label_studio_push import PushRequest, push
from coding_service.services.label_studio_sync import Reader
from coding_service.services.shelf import Shelf
from coding_service.services.stages import Doubling
from coding_service.store import Scope, UnitOfWork, open_engine
from coding_service.store.rows import ReviewRow
from tests.label_studio.fake import FakeLabelStudio

TEXT = "They were evicted 🏠 from the apartment.\r\nThe baby slept on the couch with mother. Cafe\u0301."
EVERYTHING = Scope.everything()
NEVER, ALWAYS = Doubling("key", 0.0), Doubling("key", 1.0)


@dataclass
class Agency:
    """An agency, its store and its Label Studio, and what tests do with them."""

    store: Any
    studio: FakeLabelStudio
    shelf: Shelf
    scope: Scope
    doubling: Doubling = NEVER
    people: dict = field(default_factory=dict)

    @property
    def reader(self):
        return Reader(self.store, self.studio, self.doubling)

    def add(self, *texts, blind=False, review="r"):
        """Add a review with narratives of these texts and give their ids."""
        with UnitOfWork(self.store) as work:
            row = ReviewRow(
                jurisdiction_id=self.scope.jurisdiction_id,
                external_id=review,
                blind=blind,
                blind_role="training" if blind else None,
            )
            work.reviews.add(self.scope, row)
            ids = [
                work.narratives.add(self.scope, row, f"n{number}", text).id
                for number, text in enumerate(texts or [TEXT])
            ]
            work.commit()
        return ids

    def person(self, name, role="reviewer"):
        """Add a person with a key, who is a user of Label Studio, too; gives the user's number."""
        email = f"{name}@north.example"
        create_key(self.store, KeyRequest(email, role, "north"))
        number = 100 + len(self.studio.users)
        self.studio.users[number] = email
        with UnitOfWork(self.store, reading=True) as work:
            self.people[number] = work.people.by_email(email).id
        return number

    def init(self, purpose="first", **callback):
        return set_up_project(self.store, self.studio, "north", purpose, Callback(**callback))

    def push(self, purpose="first", **more):
        return push(self.store, self.studio, self.shelf, PushRequest("north", purpose, **more))

    def pull(self):
        return self.reader.pull(EVERYTHING)

    def codings(self, narrative_id):
        with UnitOfWork(self.store, reading=True) as work:
            return work.codings.of_narrative(self.scope, narrative_id)

    def decisions(self, coding_id):
        """Give every decision of a coding, oldest first, as (code, verdict, rating, evidence)."""
        with UnitOfWork(self.store, reading=True) as work:
            rows = work.decisions.of_coding(self.scope, coding_id)
        return [(row.code, row.verdict, row.rating, row.evidence) for row in rows]

    def stage(self, narrative_id):
        with UnitOfWork(self.store, reading=True) as work:
            return work.queue.get(self.scope, narrative_id).state


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "starter")
    return Shelf(folder, "starter", threads=1)


@contextmanager
def agency_north(url, shelf):
    store = open_engine(url)
    with UnitOfWork(store) as work:
        jurisdiction_id = work.jurisdictions.add("north").id
        work.commit()
    yield Agency(store, FakeLabelStudio(), shelf, Scope(jurisdiction_id))
    store.dispose()


@pytest.fixture
def agency(sqlite_url, shelf):
    """The agency north, without narratives, people or projects."""
    with agency_north(sqlite_url, shelf) as agency:
        yield agency


@pytest.fixture
def agency_on_each(store_url, shelf):
    """The agency north on each database in turn."""
    with agency_north(store_url, shelf) as agency:
        yield agency


def chosen(*codes, origin="manual"):
    """Results that choose codes, each given with its path."""
    from coding_service.label_studio.config import alias
    from coding_service.taxonomy.files import find_taxonomy

    taxonomy = find_taxonomy("io-themes", "1.0.0")
    paths = [[alias(above) for above in (*reversed(taxonomy.ancestors(code)), code)] for code in codes]
    return [
        {
            "id": "codes",
            "from_name": "codes",
            "to_name": "text",
            "type": "taxonomy",
            "value": {"taxonomy": paths},
            "origin": origin,
        }
    ]
