"""Pushes narratives as tasks: each once, in the order of the queue, with predictions where they are not blind.

What a broken push left in Label Studio is found again by the narrative ids of its tasks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from coding_service.errors import LabelStudioError, NotFoundError, TaxonomyMismatchError
from coding_service.label_studio.annotation import ChosenCode
from coding_service.label_studio.mapping import TaskNarrative, score, to_disputed_task, to_prediction, to_task
from coding_service.label_studio.port import LabelStudio, TaskState
from coding_service.services.disputes import ClosedCoding, standing
from coding_service.services.label_studio_projects import usable_project
from coding_service.services.shelf import Shelf
from coding_service.store import Engine, Event, Scope, UnitOfWork
from coding_service.store.rows import LabelStudioProjectRow, LabelStudioTaskRow, ProjectPurpose
from coding_service.suggesters.bundle import Bundle
from coding_service.suggestions import Limits, render
from coding_service.taxonomy import Taxonomy

TASKS_AT_ONCE = 250
"""Tasks in one request; Label Studio takes a few seconds for them."""

EVERYTHING = Limits(min_probability=0.0)

Watch = Callable[[Sequence[Any], str], Iterable[Any]]
"""Passes pieces of work on while it shows how far they are."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PushRequest:
    """What to push.

    Parameters
    ----------
    jurisdiction : str
        Name of the one whose narratives go.
    purpose : str
        ``first``, ``second`` or ``adjudication``: what the narratives wait for.
    narrative_ids : tuple of str
        Which; empty takes all that wait.
    limit : int or None
        Most narratives to add.
    """

    jurisdiction: str
    purpose: ProjectPurpose = "first"
    narrative_ids: tuple[str, ...] = ()
    limit: int | None = None


@dataclass
class PushReport:
    """What a push did, in tasks.

    Parameters
    ----------
    project : int
        Label Studio's number of the project.
    added : int
        New ones.
    found : int
        Left by a broken push, and known again.
    refreshed : int
        With predictions of the current bundle in the place of older ones.
    blind : int
        Of the added, those without predictions because they are coded blind.
    problems : list of str
        What is odd in the project, one sentence each.
    """

    project: int
    added: int = 0
    found: int = 0
    refreshed: int = 0
    blind: int = 0
    problems: list[str] = field(default_factory=list)


def push(
    store: Engine, client: LabelStudio, shelf: Shelf, request: PushRequest, *, watch: Watch = lambda items, _: items
) -> PushReport:
    """Bring waiting narratives into a project; again, it changes nothing.

    Parameters
    ----------
    store : Engine
        The store.
    client : LabelStudio
        The server.
    shelf : Shelf
        Its current bundle makes the predictions of a first coding.
    request : PushRequest
        What to push.
    watch : callable
        Given the pieces of work and what is done.

    Returns
    -------
    PushReport
        What was done.

    Raises
    ------
    NotFoundError
        If the jurisdiction, or one of the narratives in it, does not exist.
    ConflictError
        If the project is not set up.
    TaxonomyMismatchError
        If the bundle codes by another taxonomy than the store.
    LabelStudioError
        If Label Studio fails; what was pushed until then is kept, and the next push goes on.
    """
    with UnitOfWork(store, reading=True) as work:
        scope = Scope(work.jurisdictions.named(Scope.everything(), request.jurisdiction).id)
    project, taxonomy = usable_project(store, client, scope, request.purpose)
    pushing = _Pushing(store, client, shelf, project, taxonomy)
    report = PushReport(project.project)
    states = {state.task: state for state in client.tasks(project.project)}
    pushing.adopt(states.values(), report)
    for piece in watch(_pieces(pushing.waiting(request, states)), "Pushing"):
        pushing.add(piece, report)
    if request.purpose == "first":
        for piece in watch(_pieces(pushing.outdated(states)), "Refreshing predictions"):
            pushing.refresh(piece, report)
        pushing.choose_version()
    return report


class _Pushing:
    """One push into one project."""

    def __init__(
        self, store: Engine, client: LabelStudio, shelf: Shelf, project: LabelStudioProjectRow, taxonomy: Taxonomy
    ) -> None:
        self._store = store
        self._client = client
        self._project = project
        self._taxonomy = taxonomy
        self._scope = Scope(project.jurisdiction_id)
        self._bundle = self._pick(shelf) if project.purpose == "first" else None

    def adopt(self, states: Iterable[TaskState], report: PushReport) -> None:
        """Know tasks again that were imported and not noted down."""
        problems = report.problems
        with UnitOfWork(self._store) as work:
            noted = work.label_studio.tasks(self._scope, self._project.id)
            there = {state.task: state for state in states}
            taken = {row.narrative_id for task, row in noted.items() if task in there}
            strangers = [state for task, state in there.items() if task not in noted]
            ids = [state.narrative_id for state in strangers]
            ours = {facts.id for facts in work.narratives.facts(self._scope, ids, with_text=False)}
            found = {}
            for state in strangers:
                if state.narrative_id in ours and state.narrative_id not in taken:
                    taken.add(state.narrative_id)
                    found[state.narrative_id] = state.task
                elif state.narrative_id in ours:
                    problems.append(f"Task {state.task} is a second one of a narrative; delete it in Label Studio.")
                else:
                    problems.append(f"Task {state.task} was not pushed from here.")
            self._note(work, found, {})
            work.commit()
        report.found += len(found)

    def waiting(self, request: PushRequest, states: Mapping[int, TaskState]) -> list[str]:
        """List the narratives that have no task and are to get one, most urgent first."""
        with UnitOfWork(self._store, reading=True) as work:
            queued = [item.narrative_id for item in work.queue.waiting(self._scope, [self._project.purpose])]
            if request.narrative_ids:
                found = {
                    facts.id for facts in work.narratives.facts(self._scope, request.narrative_ids, with_text=False)
                }
                missing = [narrative_id for narrative_id in request.narrative_ids if narrative_id not in found]
                if missing:
                    raise NotFoundError(
                        f"{len(missing)} narratives are not of {request.jurisdiction!r}, the first {missing[0]!r}.",
                        hint="A project takes narratives of its own jurisdiction only.",
                    )
                queued = [narrative_id for narrative_id in queued if narrative_id in set(request.narrative_ids)]
            noted = work.label_studio.tasks_of_narratives(self._scope, self._project.id, queued)
        pushed = {narrative_id for narrative_id, row in noted.items() if row.task in states}
        return [narrative_id for narrative_id in queued if narrative_id not in pushed][: request.limit]

    def add(self, narrative_ids: Sequence[str], report: PushReport) -> None:
        """Import one piece and note it down."""
        narratives = self._read(narrative_ids)
        answers = self._suggest([narrative for narrative in narratives if not narrative.blind])
        if self._project.purpose == "adjudication":
            tasks = self._disputed_tasks(narratives)
        else:
            tasks = [to_task(narrative, self._taxonomy, answers.get(narrative.id)) for narrative in narratives]
        numbers = self._client.import_tasks(self._project.project, tasks)
        if len(numbers) != len(tasks):
            raise LabelStudioError(
                f"Label Studio took {len(numbers)} of {len(tasks)} tasks.", hint="Run the push again, it goes on."
            )
        with UnitOfWork(self._store) as work:
            self._note(work, dict(zip(narrative_ids, numbers, strict=True)), answers)
            for narrative in narratives:
                detail = {"project": self._project.project}
                jurisdiction = self._project.jurisdiction_id
                work.audit.record(Event("push", "narrative", narrative.id, jurisdiction_id=jurisdiction, detail=detail))
            work.commit()
        report.added += len(narratives)
        report.blind += sum(narrative.blind for narrative in narratives)

    def outdated(self, states: Mapping[int, TaskState]) -> list[str]:
        """List the narratives whose tasks nobody has annotated, and whose prediction is old.

        It is old where another bundle made it, or none, and where its score does not tell the narrative's place in the
        queue, which may have been ranked anew.
        """
        current = None if self._bundle is None else self._bundle.envelope.bundle_sha256
        with UnitOfWork(self._store, reading=True) as work:
            rows = work.label_studio.tasks(self._scope, self._project.id)
            scores = {item.narrative_id: score(item.priority) for item in work.queue.waiting(self._scope, ["first"])}
        free = {task: row for task, row in rows.items() if task in states and not states[task].annotations}
        shown = self._client.scores(self._project.project) if free else {}
        return [
            row.narrative_id
            for task, row in free.items()
            if row.bundle_sha256 != current
            or (row.narrative_id in scores and not isclose(shown.get(task, -1.0), scores[row.narrative_id]))
        ]

    def refresh(self, narrative_ids: Sequence[str], report: PushReport) -> None:
        """Replace the predictions of one piece; blind narratives get none."""
        narratives = [narrative for narrative in self._read(narrative_ids) if not narrative.blind]
        answers = self._suggest(narratives)
        with UnitOfWork(self._store, reading=True) as work:
            rows = work.label_studio.tasks_of_narratives(self._scope, self._project.id, answers)
        predictions = {
            rows[narrative.id].task: to_prediction(answers[narrative.id], narrative, self._taxonomy)
            for narrative in narratives
        }
        self._client.replace_predictions(self._project.project, predictions)
        with UnitOfWork(self._store) as work:
            kept = work.label_studio.tasks_of_narratives(self._scope, self._project.id, answers)
            for narrative_id, row in kept.items():
                row.bundle_id = answers[narrative_id]["bundle"]["id"]
                row.bundle_sha256 = answers[narrative_id]["bundle"]["sha256"]
            work.label_studio.save()
            work.commit()
        report.refreshed += len(predictions)

    def choose_version(self) -> None:
        """Let annotators start from the current bundle's predictions, where there are any."""
        if self._bundle is None:
            return
        current = self._bundle.envelope
        with UnitOfWork(self._store, reading=True) as work:
            rows = work.label_studio.tasks(self._scope, self._project.id).values()
        if any(row.bundle_sha256 == current.bundle_sha256 for row in rows):
            self._client.use_model_version(self._project.project, current.bundle_id)

    def _pick(self, shelf: Shelf) -> Bundle:
        """Give the bundle that answers the jurisdiction, one for the whole push."""
        bundle = shelf.get(jurisdiction=self._project.jurisdiction_id)
        theirs = bundle.envelope.taxonomy
        if theirs.sha256 != self._taxonomy.sha256:
            raise TaxonomyMismatchError(
                f"The current bundle codes by {theirs.id!r} {theirs.version}, "
                f"the store by {self._taxonomy.id!r} {self._taxonomy.version}.",
                hint="Promote a bundle that was trained on the store's taxonomy.",
            )
        return bundle

    def _read(self, narrative_ids: Sequence[str]) -> list[TaskNarrative]:
        """Read narratives in the order given; a copy of a blind text is blind, too."""
        with UnitOfWork(self._store, reading=True) as work:
            facts = {item.id: item for item in work.narratives.facts(self._scope, narrative_ids)}
            blind = work.narratives.withheld_hashes(self._scope, "", {item.text_hash for item in facts.values()})
            priorities = {
                narrative_id: work.queue.get(self._scope, narrative_id).priority for narrative_id in narrative_ids
            }
        return [
            TaskNarrative(
                narrative_id,
                facts[narrative_id].text or "",
                blind=facts[narrative_id].blind or facts[narrative_id].text_hash in blind,
                priority=priorities[narrative_id],
            )
            for narrative_id in narrative_ids
        ]

    def _suggest(self, narratives: Sequence[TaskNarrative]) -> dict[str, Json]:
        if self._bundle is None or not narratives:
            return {}
        ids, texts = [narrative.id for narrative in narratives], [narrative.text for narrative in narratives]
        scores = self._bundle.suggest(texts)
        return {answer["id"]: answer for answer in render(ids, texts, scores, self._bundle.envelope, EVERYTHING)}

    def _disputed_tasks(self, narratives: Sequence[TaskNarrative]) -> list[dict[str, Any]]:
        """Make tasks of the codings that differ, unnamed and in an order that tells nothing."""
        version = self._taxonomy.id, self._taxonomy.version
        tasks = []
        with UnitOfWork(self._store, reading=True) as work:
            for narrative in narratives:
                said = standing(work, self._scope, narrative.id, version)
                shuffled = sorted(said.opinions, key=lambda coding: coding.row.id)
                codings = [_chosen(coding, self._taxonomy) for coding in shuffled]
                tasks.append(to_disputed_task(narrative, self._taxonomy, said.disputed(), codings))
        return tasks

    def _note(self, work: UnitOfWork, tasks: Mapping[str, int], answers: Mapping[str, Json]) -> None:
        """Set down which tasks narratives have now; one that was deleted in Label Studio has made room for another."""
        known = work.label_studio.tasks_of_narratives(self._scope, self._project.id, tasks)
        new = []
        for narrative_id, task in tasks.items():
            row = known.get(narrative_id)
            if row is None:
                row = LabelStudioTaskRow(
                    jurisdiction_id=self._project.jurisdiction_id,
                    project_id=self._project.id,
                    task=task,
                    narrative_id=narrative_id,
                )
                new.append(row)
            bundle = answers[narrative_id]["bundle"] if narrative_id in answers else {}
            row.task, row.bundle_id, row.bundle_sha256 = task, bundle.get("id"), bundle.get("sha256")
        work.label_studio.add_tasks(self._scope, new)


def _chosen(coding: ClosedCoding, taxonomy: Taxonomy) -> list[ChosenCode]:
    return [
        ChosenCode(row.code, "add", row.rating, tuple((start, end) for start, end in row.evidence))
        for row in sorted(coding.decisions, key=lambda row: taxonomy.index.get(row.code, 0))
        if row.verdict in {"accept", "add"} and row.code in taxonomy.index
    ]


def _pieces(narrative_ids: Sequence[str]) -> list[Sequence[str]]:
    return [narrative_ids[first : first + TASKS_AT_ONCE] for first in range(0, len(narrative_ids), TASKS_AT_ONCE)]
