"""Answers Label Studio's ML backend calls: predictions for tasks that we pushed, nothing for blind or foreign ones."""

from collections.abc import Sequence
from typing import Any

from coding_service.errors import NotFoundError
from coding_service.label_studio.mapping import TaskNarrative, to_prediction
from coding_service.services.shelf import Shelf
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.rows import LabelStudioProjectRow
from coding_service.suggesters.bundle import Bundle
from coding_service.suggestions import Limits, render

Json = dict[str, Any]


def predict(store: Engine, shelf: Shelf, base_url: str, project: int, tasks: Sequence[int]) -> list[Json]:
    """Predict for tasks, one answer each, in order.

    Parameters
    ----------
    store : Engine
        Its texts are read, not those that Label Studio sends.
    shelf : Shelf
        Its bundle for the project's jurisdiction answers.
    base_url : str
        Address of the Label Studio server.
    project : int
        Label Studio's number.
    tasks : sequence of int
        Its numbers.

    Returns
    -------
    list of dict
        Each with ``result``, ``score`` and ``model_version``; an empty result for a blind task, one that is not ours,
        and where the bundle codes by another taxonomy than the project.
    """
    owner = _owner(store, base_url, project)
    bundle = shelf.get(jurisdiction=None if owner is None else owner.jurisdiction_id)
    empty = {"result": [], "score": 0.0, "model_version": bundle.envelope.bundle_id}
    narratives = {} if owner is None else _shown_narratives(store, owner, tasks, bundle)
    predictions = {}
    if narratives:
        ids, texts = [item.id for item in narratives.values()], [item.text for item in narratives.values()]
        answers = render(ids, texts, bundle.suggest(texts), bundle.envelope, Limits(min_probability=0.0))
        for (task, narrative), answer in zip(narratives.items(), answers, strict=True):
            predictions[task] = to_prediction(answer, narrative, bundle.envelope.taxonomy)
    return [predictions.get(task) or dict(empty) for task in tasks]


def _owner(store: Engine, base_url: str, number: int) -> LabelStudioProjectRow | None:
    with UnitOfWork(store, reading=True) as work:
        try:
            return work.label_studio.project_numbered(base_url, number)
        except NotFoundError:
            return None


def _shown_narratives(
    store: Engine, project: LabelStudioProjectRow, tasks: Sequence[int], bundle: Bundle
) -> dict[int, TaskNarrative]:
    """Read the narratives of those tasks that may show suggestions."""
    if project.purpose != "first" or project.taxonomy_sha256 != bundle.envelope.taxonomy.sha256:
        return {}
    with UnitOfWork(store, reading=True) as work:
        scope = Scope(project.jurisdiction_id)
        rows = {row.narrative_id: row.task for row in work.label_studio.tasks(scope, project.id, tasks).values()}
        facts = list(work.narratives.facts(scope, rows))
        blind = work.narratives.withheld_hashes(scope, "", {item.text_hash for item in facts})
        return {
            rows[item.id]: TaskNarrative(
                item.id, item.text or "", blind=False, priority=work.queue.get(scope, item.id).priority
            )
            for item in facts
            if not item.blind and item.text_hash not in blind
        }
