"""The loop in one go: train on what people verified, measure on blind gold, promote if the gate lets it pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from coding_service.errors import CodingError, ConflictError, NotFoundError
from coding_service.services.examination import PASSED, Petition, examine
from coding_service.services.promotion import settle, was_taken_back
from coding_service.services.runs import Run, carry_out
from coding_service.services.shelf import Shelf
from coding_service.services.verified import take_verified
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.rows import RunRow
from coding_service.suggesters.bundle import Bundle

STALE_SECONDS = 300.0
"""Without a heartbeat for so long, a run has crashed."""
BEATS = 10
"""Heartbeats in that time, so that a busy machine or store may miss some."""

Step = Callable[[str], None]


@dataclass(frozen=True)
class Retraining:
    """What is asked for.

    Parameters
    ----------
    recipe : Path
        The recipe file; its corpora are trained on, too.
    scope : Scope
        Whose narratives train, and whose pointer names the bundle then.
    promote : bool
        Whether a bundle that passes is promoted; else it is only examined.
    name : str
        Name of the bundle; empty makes one.
    stale_seconds : float
        When a run without a heartbeat counts as crashed.
    """

    recipe: Path
    scope: Scope = field(default_factory=Scope.everything)
    promote: bool = True
    name: str = ""
    stale_seconds: float = STALE_SECONDS


@dataclass(frozen=True)
class Workshop:
    """What a retraining works with.

    Parameters
    ----------
    store : Engine
        What people decided.
    shelf : Shelf
        Where bundles are found.
    bundles, cache : Path
        Where bundles are written, and embeddings kept.
    rank : callable or None
        Puts the queue in order by a bundle that was promoted; None leaves it as it is.
    """

    store: Engine
    shelf: Shelf
    bundles: Path
    cache: Path
    rank: Callable[[Bundle], object] | None = None


def retrain(workshop: Workshop, asked: Retraining, *, step: Step = lambda _: None) -> dict[str, Any]:
    """Train, examine, and promote if passed; one at a time in a store, by a lock that a crash gives free by itself.

    Parameters
    ----------
    workshop : Workshop
        What it works with.
    asked : Retraining
        What is asked for.
    step : callable
        Told what is being done.

    Returns
    -------
    dict
        JSON-ready: ``outcome``: ``promoted``, ``passed`` where it was not to be promoted, ``refused``, ``too few``,
        ``taken back`` where the same bundle was promoted before and a person rolled it back, ``unchanged`` where it is
        being served already, or ``already running``; but for the last also ``bundle``, ``figures``, and ``report``,
        what the gate found.

    Raises
    ------
    NotFoundError
        If nothing was verified yet.
    ConflictError
        If the run was taken for dead meanwhile, or another bundle was promoted.
    """
    run_id = _begin(workshop.store, asked)
    if run_id is None:
        return {"outcome": "already running"}
    try:
        with _beating(workshop.store, run_id, asked.stale_seconds / BEATS):
            result, candidate = _do(workshop, asked, run_id, step)
    except BaseException as error:
        _end_failed(workshop.store, asked.scope, run_id, error)
        raise
    with UnitOfWork(workshop.store) as work:
        report = {"outcome": result["outcome"], "gate": result["report"]}
        work.runs.end(asked.scope, run_id, "finished", bundle_id=result["bundle"], report=report)
        work.commit()
    if candidate is not None and workshop.rank is not None:
        step("ranking the queue")
        workshop.rank(candidate)
    return result


def _do(workshop: Workshop, asked: Retraining, run_id: str, step: Step) -> tuple[dict[str, Any], Bundle | None]:
    """Give what came of it, and the bundle where it was promoted."""
    step("taking what people verified")
    verified = take_verified(workshop.store, asked.scope)
    with UnitOfWork(workshop.store) as work:
        work.runs.trains_on(asked.scope, run_id, verified.fingerprint)
        work.commit()
    run = Run(asked.recipe, name=asked.name)
    made = carry_out(run, bundles=workshop.bundles, cache=workshop.cache, verified=verified, step=step)
    step("examining")
    petition = Petition(made["id"], asked.scope.jurisdiction_id, scope=asked.scope)
    examination = examine(workshop.store, workshop.shelf, petition, step=step)
    result = {
        "outcome": examination.verdict,
        "bundle": made["id"],
        "figures": made["figures"],
        "report": examination.report,
    }
    if not asked.promote or examination.verdict != PASSED:
        return result, None
    if was_taken_back(workshop.store, asked.scope.jurisdiction_id, examination.candidate.sha256):
        return result | {"outcome": "taken back"}, None
    step("promoting")
    try:
        settle(workshop.store, petition, examination, run_id=run_id)
    except NotFoundError as error:
        raise ConflictError(
            f"The training was taken for dead and another may be at work; bundle {made['id']!r} is not promoted.",
            hint=f"Promote it by `io-coding bundles promote {made['id']}`, if it is still wanted.",
        ) from error
    return result | {"outcome": "promoted"}, examination.candidate


def _begin(store: Engine, asked: Retraining) -> str | None:
    """Take the lock; None where another holds it."""
    with UnitOfWork(store) as work:
        moment = work.now()
        row = RunRow(
            recipe=asked.recipe.stem,
            jurisdiction_id=asked.scope.jurisdiction_id,
            started_at=moment,
            heartbeat_at=moment,
        )
        try:
            work.runs.begin(asked.scope, row, stale_seconds=asked.stale_seconds)
        except ConflictError:
            return None
        work.commit()
    return row.id


@contextmanager
def _beating(store: Engine, run_id: str, seconds: float) -> Iterator[None]:
    """Send heartbeats while the work is done; one that the store misses does not matter."""
    stop = Event()

    def beat() -> None:
        while not stop.wait(seconds):
            try:
                with UnitOfWork(store) as work:
                    work.runs.beat(run_id)
                    work.commit()
            except NotFoundError:
                return
            except CodingError:
                continue

    thread = Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _end_failed(store: Engine, scope: Scope, run_id: str, error: BaseException) -> None:
    code = error.code if isinstance(error, CodingError) else type(error).__name__
    with suppress(CodingError), UnitOfWork(store) as work:
        work.runs.beat(run_id)
        work.runs.end(scope, run_id, "failed", report={"error": code})
        work.commit()
