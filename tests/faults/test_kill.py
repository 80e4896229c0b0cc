"""The kill run: whenever a server is killed while people decide, nothing that it acknowledged is lost, and nothing that
clients send again is done twice. ``FAULT_ROUNDS`` kills on one store, by default a few.
"""

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count
from threading import Event

import pytest
from sqlalchemy import text

from coding_service.services.keys import KeyRequest, create_key
from coding_service.store import open_engine
from coding_service.store.check import check
from coding_service.taxonomy.files import find_taxonomy
from tests.faults.conftest import ROUNDS
from tests.faults.live import Client, LiveServer
from tests.services.verified_store import RECIPE, coded, write_lexical

pytestmark = pytest.mark.slow

REVIEWERS = 8
TAXONOMY = find_taxonomy("io-themes", "1.0.0")
VERDICTS = "accept", "reject", "add", "unsure", "withdraw"
STORM_SECONDS = 0.1, 0.8
LATEST, SENT_TWICE = 20, 0.2
"""Of so many acknowledged requests of a person so large a share is sent again, as by a client that lost the answer."""


@dataclass
class Sent:
    """A request of one person; its key is the reason of each of its decisions, so that they are known in the store."""

    key: str
    body: dict
    at: float = 0.0
    answer: bytes = b""


@dataclass
class Reviewer:
    """Somebody who decides in a coding of their own, and never sends a request before the last one is answered."""

    name: str
    secret: str
    chance: random.Random
    coding: str = ""
    acknowledged: list = field(default_factory=list)
    cut_off: Sent | None = None
    numbers: count = field(default_factory=count)

    def open_coding(self, port, narrative_id):
        self.coding = json.loads(Client(port, self.secret).post(f"/v1/narratives/{narrative_id}/codings", {}))["id"]

    def storm(self, port, begun):
        """Decide without a pause until the server is gone."""
        client = Client(port, self.secret)
        self.cut_off = None
        while self.cut_off is None:
            sent = self._next()
            try:
                sent.answer = self._send(client, sent)
                self.acknowledged.append(sent)
            except (OSError, HTTPException):
                self.cut_off = sent
            begun.set()
        client.close()

    def send_again(self, port):
        """Send again what got no answer, and some of what got one: it must get the same."""
        client = Client(port, self.secret)
        for sent in self.acknowledged[-LATEST:]:
            if self.chance.random() < SENT_TWICE:
                assert self._send(client, sent) == sent.answer, sent.key
        self.cut_off.answer = self._send(client, self.cut_off)
        self.acknowledged.append(self.cut_off)
        client.close()

    def _next(self):
        key = f"{self.name}-{next(self.numbers)}"
        decisions = [
            {"code": code, "verdict": self.chance.choice(VERDICTS), "reason": key}
            for code in self.chance.sample(TAXONOMY.code_ids, self.chance.randint(1, 3))
        ]
        return Sent(key, {"taxonomy": {"id": TAXONOMY.id, "version": TAXONOMY.version}, "decisions": decisions})

    def _send(self, client, sent):
        sent.at = time.monotonic()
        return client.post(f"/v1/codings/{self.coding}/decisions", sent.body, **{"Idempotency-Key": sent.key})


@dataclass
class Tally:
    """What became of the requests that were being worked on when the server was killed."""

    kept: int = 0
    undone: int = 0

    def count(self, reviewers, moment, held):
        """Each request without an answer was kept whole, or not at all."""
        for who in reviewers:
            found, whole = held[who.cut_off.key], len(who.cut_off.body["decisions"])
            assert found in (0, whole), f"{found} of {whole} decisions of one request"
            if who.cut_off.at < moment:
                self.kept += found > 0
                self.undone += found == 0


@contextmanager
def opened(url):
    """Open the store and leave no connection behind, so that the next one finds it as the kill left it."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


def check_store(url):
    """Find nothing wrong with the store, and no decision twice; gives how many decisions each request left."""
    with opened(url) as engine:
        assert check(engine).problems == ()
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT reason, code FROM decision")).all()
    assert len(set(rows)) == len(rows), "a decision is there twice"
    return Counter(row.reason for row in rows)


def acknowledged(reviewers):
    """Give how many decisions each acknowledged request must have left."""
    return {sent.key: len(sent.body["decisions"]) for who in reviewers for sent in who.acknowledged}


def all_at_once(reviewers, call):
    with ThreadPoolExecutor(len(reviewers)) as pool:
        for done in [pool.submit(call, who) for who in reviewers]:
            done.result()


@pytest.fixture
def bundles(tmp_path):
    write_lexical(tmp_path / "bundles" / "starter", coded(20), recipe=RECIPE.model_copy(update={"suggester": "dummy"}))
    return tmp_path / "bundles"


@pytest.fixture
def reviewers(store_url):
    people = [
        KeyRequest(f"{who}@north.example", "reviewer", "north", new_jurisdiction=True) for who in range(REVIEWERS)
    ]
    with opened(store_url) as engine:
        return [Reviewer(who.email, create_key(engine, who)[0], random.Random(who.email)) for who in people]


def begin_codings(port, url, reviewers):
    """Send a narrative, and let all reviewers open the first codings of the store at once."""
    with opened(url) as engine:
        admin = create_key(engine, KeyRequest("admin@north.example", "admin", "north"))[0]
    review = {"external_id": "r", "narratives": [{"text": "They were evicted. The baby slept on the couch."}]}
    narrative_id = json.loads(Client(port, admin).post("/v1/reviews", review))["narratives"][0]["id"]
    all_at_once(reviewers, lambda who: who.open_coding(port, narrative_id))


def storm_and_kill(server, port, reviewers, seconds):
    """Let all decide at once and kill the server after so long; gives the moment."""
    begun = Event()
    with ThreadPoolExecutor(len(reviewers)) as pool:
        storms = [pool.submit(who.storm, port, begun) for who in reviewers]
        begun.wait()
        time.sleep(seconds)
        moment = time.monotonic()
        server.kill()
        for storm in storms:
            storm.result()
    return moment


def test_what_was_acknowledged_outlives_a_kill_and_nothing_is_done_twice(store_url, bundles, reviewers, tmp_path, tell):
    """Guarantee: after each kill, and after clients sent again what got no answer, every decision is there once."""
    tally, chance, start = Tally(), random.Random(0), time.monotonic()
    with LiveServer(tmp_path / "log", database=store_url, bundles=bundles, blind_share=0, cache=tmp_path) as server:
        server.begin()
        port = server.port()
        begin_codings(port, store_url, reviewers)
        for _ in range(ROUNDS):
            moment = storm_and_kill(server, port, reviewers, chance.uniform(*STORM_SECONDS))
            held = check_store(store_url)
            assert acknowledged(reviewers).items() <= held.items()
            tally.count(reviewers, moment, held)
            server.begin()
            port = server.port()
            all_at_once(reviewers, lambda who, port=port: who.send_again(port))
            assert check_store(store_url) == acknowledged(reviewers)
    expected = acknowledged(reviewers)
    tell(
        f"{store_url.partition(':')[0]}: {ROUNDS} kills, {len(expected)} requests with {sum(expected.values())} "
        f"decisions, {tally.kept + tally.undone} in flight when killed ({tally.kept} kept, {tally.undone} undone); "
        f"0 lost, 0 twice, db check clean; {(time.monotonic() - start) / ROUNDS:.1f} s a round"
    )
    assert tally.kept + tally.undone >= ROUNDS, "the kills struck too few requests to prove anything"
