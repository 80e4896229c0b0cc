"""What to code next and why: narratives handed out on a lease, never one twice to the same coder or to two at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from coding_service.services.active_choice import EVALUATION, STRATEGIES, Mix
from coding_service.services.authentication import Caller
from coding_service.services.idempotency import Answer
from coding_service.services.roles import allow
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import LeaseRow, QueueState, utc_now

TASKS: dict[str, tuple[QueueState, ...]] = {
    "reviewer": ("second", "first"),
    "adjudicator": ("adjudication", "first"),
}
"""Role -> what it is handed, in this order. Adjudicators see others' codings, so theirs are no second opinion."""

FIRST, SECOND, UNSETTLED = "first coding", "second coding", "unsettled"
REASONS = FIRST, *STRATEGIES, SECOND, UNSETTLED
"""Why a narrative is handed out: its turn came, a strategy chose it, a second opinion is wanted, or codings differ (or
people skipped it)."""

MOST_TASKS = 20
"""Narratives that one person may hold at once by asking for them."""


@dataclass(frozen=True)
class Handing:
    """How narratives are handed out.

    Parameters
    ----------
    lease_seconds : float
        For how long a narrative is kept for a coder.
    clock : callable
        Gives the present time in UTC.
    """

    lease_seconds: float
    clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True)
class _Task:
    narrative_id: str
    review_id: str
    blind: bool
    state: QueueState
    reason: str

    @property
    def told(self) -> str:
        """The reason in words that pull no coder: why a bundle chose it stays hidden where the coding is blind."""
        if self.state != "first":
            return SECOND if self.state == "second" else UNSETTLED
        return FIRST if self.blind or self.reason not in STRATEGIES else self.reason


def next_tasks(store: Engine, caller: Caller, handing: Handing, *, limit: int = 1) -> Answer:
    """Hand out what a person is to do next; what they hold already comes first and is kept for them anew.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        Who asks.
    handing : Handing
        How narratives are handed out.
    limit : int
        Most narratives to hold, 1 to `MOST_TASKS`.

    Returns
    -------
    dict
        ``tasks``, most urgent first.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    """
    allow(caller, "read the queue")
    states = TASKS[caller.role]
    with UnitOfWork(store, clock=handing.clock) as work:
        tasks = list(_held(work, caller, states, handing))[:limit]
        for state in states:
            tasks += _take(work, caller, state, handing, [task["narrative_id"] for task in tasks], limit - len(tasks))
        work.commit()
    return {"tasks": tasks}


def list_waiting(store: Engine, scope: Scope, *, limit: int | None = None) -> list[Answer]:
    """List what waits and why, held or not, for whoever runs the queue: tasks by state, the most urgent first."""
    states: tuple[QueueState, ...] = ("adjudication", "second", "first")
    with UnitOfWork(store, reading=True) as work:
        items = [item for state in states for item in work.queue.waiting(scope, [state], limit=limit)]
        names = {row.id: row.name for row in work.jurisdictions.all(scope)}
    return [
        {
            "narrative": item.narrative_id,
            "review": item.review_id,
            "jurisdiction": names[item.jurisdiction_id],
            "task": item.state,
            "reason": item.reason or FIRST,
            "priority": item.priority,
            "blind": item.blind,
        }
        for item in items[:limit]
    ]


def queue_stats(store: Engine, scope: Scope, mix: Mix) -> list[Answer]:
    """Count narratives by what they wait for and by what chose them, beside the share that each strategy should have.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose queue.
    mix : Mix
        The shares that were asked for.

    Returns
    -------
    list of dict
        ``task``, ``chosen_by``, ``narratives``; for strategies also ``share`` of what strategies chose in that state,
        and ``target``.
    """
    with UnitOfWork(store, reading=True) as work:
        counts = work.queue.counts(scope)
    targets = mix.targets()
    rows: list[Answer] = []
    states: tuple[QueueState, ...] = ("first", "second", "adjudication", "done")
    for state in states:
        n_chosen = sum(counts.get((state, name), 0) for name in STRATEGIES)
        for reason in (*STRATEGIES, EVALUATION, ""):
            n_narratives = counts.get((state, reason), 0)
            if n_narratives or (n_chosen and reason in STRATEGIES):
                rows.append(
                    {
                        "task": state,
                        "chosen_by": reason or "nothing",
                        "narratives": n_narratives,
                        "share": n_narratives / n_chosen if reason in STRATEGIES else None,
                        "target": targets.get(reason),
                    }
                )
    return rows


def _held(work: UnitOfWork, caller: Caller, states: Sequence[QueueState], handing: Handing) -> Iterator[Answer]:
    """Keep for a person what they hold and have not begun."""
    for lease in work.queue.leases_of(caller.scope, caller.person_id):
        queued = work.queue.get(caller.scope, lease.narrative_id)
        begun = work.codings.of_person(caller.scope, lease.narrative_id, caller.person_id)
        kept = not begun and queued.state in states and _lease(work, caller, lease.narrative_id, handing, lease.reason)
        if kept:
            _, review = work.narratives.with_review(caller.scope, lease.narrative_id)
            task = _Task(lease.narrative_id, review.id, review.blind, queued.state, queued.reason)
            yield _describe(task, kept)


def _take(
    work: UnitOfWork, caller: Caller, state: QueueState, handing: Handing, held: Sequence[str], n_wanted: int
) -> list[Answer]:
    """Lease what waits in one state; what another takes at the same moment is passed over."""
    tasks: list[Answer] = []
    seen = list(held)
    while len(tasks) < n_wanted:
        found = work.queue.next(caller.scope, caller.person_id, [state], limit=n_wanted - len(tasks), exclude=seen)
        if not found:
            break
        for item in found:
            seen.append(item.narrative_id)
            lease = _lease(work, caller, item.narrative_id, handing, item.reason)
            if lease is None or work.queue.get(caller.scope, item.narrative_id).state != state:
                continue
            task = _Task(item.narrative_id, item.review_id, item.blind, state, item.reason)
            work.audit.record(
                Event(
                    "hand out",
                    "narrative",
                    item.narrative_id,
                    person_id=caller.person_id,
                    jurisdiction_id=item.jurisdiction_id,
                    detail={"task": state, "reason": item.reason},
                )
            )
            tasks.append(_describe(task, lease))
    return tasks


def _lease(work: UnitOfWork, caller: Caller, narrative_id: str, handing: Handing, reason: str) -> LeaseRow | None:
    return work.queue.lease(caller.scope, narrative_id, caller.person_id, seconds=handing.lease_seconds, reason=reason)


def _describe(task: _Task, lease: LeaseRow) -> Answer:
    return {
        "narrative_id": task.narrative_id,
        "review_id": task.review_id,
        "task": task.state,
        "reason": task.told,
        "blind": task.blind,
        "leased_until": lease.until.isoformat(),
    }
