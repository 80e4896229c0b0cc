"""Puts the queue in order by what a bundle makes of the waiting narratives; a command's work, never a request's."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from coding_service.services.active_choice import EVALUATION, STRATEGIES, Floats, Mix, Pool, choose
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.queue import QueueItem
from coding_service.store.repository import chunks
from coding_service.suggesters.bundle import Bundle

NARRATIVES_AT_ONCE = 64
"""Texts that the bundle reads together."""

ROWS_AT_ONCE = 1_000
"""Rows in one transaction, so that coders never wait long."""

Watch = Callable[[Iterable[QueueItem]], Iterable[QueueItem]]


def rank_queue(
    store: Engine, scope: Scope, bundle: Bundle, mix: Mix, *, watch: Watch = iter
) -> list[dict[str, str | int]]:
    """Rank what waits for a first coding, each jurisdiction for itself.

    The narratives that the mix chooses come first, in its order; the others wait behind them in no particular order.

    Parameters
    ----------
    store : Engine
        The store; coders work on while texts are read.
    scope : Scope
        Whose queue.
    bundle : Bundle
        What reads the texts.
    mix : Mix
        What is chosen.
    watch : callable
        Passes the waiting narratives of a jurisdiction on while it shows how far they are.

    Returns
    -------
    list of dict
        For each jurisdiction its name as ``jurisdiction``, how many narratives are ``waiting``, and how many each
        strategy chose.
    """
    with UnitOfWork(store, reading=True) as work:
        jurisdictions = {row.id: row.name for row in work.jurisdictions.all(scope)}
    report: list[dict[str, str | int]] = []
    for jurisdiction_id, name in jurisdictions.items():
        own = Scope(jurisdiction_id)
        with UnitOfWork(store, reading=True) as work:
            waiting = work.queue.waiting(own, ["first"])
        chosen = choose(_read(store, own, bundle, waiting, watch), mix) if waiting else []
        _write(store, own, waiting, chosen, bundle)
        counts = Counter(reason for _, reason in chosen)
        taken = {reason: counts[reason] for reason in (*STRATEGIES, EVALUATION)}
        report.append({"jurisdiction": name, "waiting": len(waiting), **taken})
    return report


def _read(store: Engine, scope: Scope, bundle: Bundle, waiting: Sequence[QueueItem], watch: Watch) -> Pool:
    ids: list[str] = []
    evaluation: list[bool] = []
    probabilities: list[Floats] = []
    for batch in chunks(watch(waiting), NARRATIVES_AT_ONCE):
        with UnitOfWork(store, reading=True) as work:
            facts = list(work.narratives.facts(scope, [item.narrative_id for item in batch]))
        ids += [fact.id for fact in facts]
        evaluation += [fact.blind_role == "evaluation" for fact in facts]
        probabilities.append(bundle.suggest([fact.text or "" for fact in facts]).values.astype(np.float32))
    return Pool(ids, np.concatenate(probabilities), np.array(evaluation), bundle.thresholds, bundle.support)


def _write(
    store: Engine, scope: Scope, waiting: Sequence[QueueItem], chosen: Sequence[tuple[str, str]], bundle: Bundle
) -> None:
    """Give the chosen ones priorities from 1 down, all others 0; only what changes is written."""
    ranking = {narrative_id: (1 - place / len(chosen), reason) for place, (narrative_id, reason) in enumerate(chosen)}
    before = {item.narrative_id: (item.priority, item.reason) for item in waiting}
    after = {narrative_id: ranking.get(narrative_id, (0.0, "")) for narrative_id in before}
    changed = [narrative_id for narrative_id, place in after.items() if place != before[narrative_id]]
    for some in chunks(changed, ROWS_AT_ONCE):
        with UnitOfWork(store) as work:
            work.queue.rank(scope, {narrative_id: after[narrative_id] for narrative_id in some})
            work.commit()
    detail = {"bundle": bundle.id, "sha256": bundle.sha256, "narratives": len(waiting)}
    with UnitOfWork(store) as work:
        work.audit.record(
            Event("rank", "queue", str(scope.jurisdiction_id), jurisdiction_id=scope.jurisdiction_id, detail=detail)
        )
        work.commit()
