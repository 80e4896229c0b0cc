"""Answers Label Studio's ML backend calls: predictions for tasks that we pushed, nothing for blind or foreign ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from coding_service.errors import NotFoundError
from coding_service.label_studio.mapping import TaskNarrative, to_prediction
from coding_service.services.shelf import Shelf
from coding_service.services.suggesting import Sizes, Text, suggest
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.suggestions import Limits

Json = dict[str, Any]


def predict(store: Engine, shelf: Shelf, base_url: str, project: int, tasks: Sequence[int]) -> list[Json]:
    """Predict for tasks, one answer each, in order.

    Parameters
    ----------
    store : Engine
        Its texts are read, not those that Label Studio sends.
    shelf : Shelf
        Its current bundle answers.
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
    bundle = shelf.get()
    narratives = _shown_narratives(store, base_url, project, tasks, bundle.envelope.taxonomy.sha256)
    texts = [Text(narrative.id, narrative.text) for narrative in narratives.values()]
    limits = Limits(min_probability=0.0)
    answers = suggest(shelf, texts, sizes=Sizes(max_text_bytes=2**40), limits=limits) if texts else []
    by_id: Mapping[str, Json] = {answer["id"]: answer for answer in answers}
    empty = {"result": [], "score": 0.0, "model_version": bundle.envelope.bundle_id}
    return [
        to_prediction(by_id[narratives[task].id], narratives[task], bundle.envelope.taxonomy)
        if task in narratives
        else dict(empty)
        for task in tasks
    ]


def _shown_narratives(
    store: Engine, base_url: str, number: int, tasks: Sequence[int], taxonomy_sha256: str
) -> dict[int, TaskNarrative]:
    with UnitOfWork(store, reading=True) as work:
        try:
            project = work.label_studio.project_numbered(base_url, number)
        except NotFoundError:
            return {}
        if project.purpose != "first" or project.taxonomy_sha256 != taxonomy_sha256:
            return {}
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
