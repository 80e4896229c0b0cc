"""A Label Studio in memory: what our client would meet, annotators included, and webhooks that a test may lose."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from coding_service.errors import LabelStudioError
from coding_service.label_studio.port import ACTIONS, Backend, ProjectPlan, TaskState, Webhook

BASE_URL = "http://127.0.0.1:8080"


@dataclass
class FakeProject:
    plan: ProjectPlan
    model_version: str = ""
    hooks: list = field(default_factory=list)
    backends: list = field(default_factory=list)


class FakeLabelStudio:
    """Implements `coding_service.label_studio.port.LabelStudio`; `outbox` holds the webhooks it would have sent."""

    base_url = BASE_URL

    def __init__(self, users=None):
        self.users = {1: "admin@hq.example"} if users is None else users
        self.projects: dict[int, FakeProject] = {}
        self.held: dict[int, dict[str, Any]] = {}
        self.outbox: list[dict[str, Any]] = []
        self.down = False
        self.fail_after: int | None = None
        self.calls: list[str] = []
        self._numbers = itertools.count(1)
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    # What the port asks for

    def project(self, project):
        self._call("project")
        return self.projects[project].plan if project in self.projects else None

    def create_project(self, plan):
        self._call("create_project")
        number = next(self._numbers)
        self.projects[number] = FakeProject(plan)
        return number

    def update_project(self, project, plan):
        self._call("update_project")
        self.projects[project].plan = plan

    def webhooks(self, project):
        self._call("webhooks")
        return list(self.projects[project].hooks)

    def add_webhook(self, project, url, headers):
        self._call("add_webhook")
        hook = Webhook(next(self._numbers), url, dict(headers), ACTIONS)
        self.projects[project].hooks.append(hook)
        return hook.number

    def remove_webhook(self, number):
        self._call("remove_webhook")
        for project in self.projects.values():
            project.hooks = [hook for hook in project.hooks if hook.number != number]

    def backends(self, project):
        self._call("backends")
        return list(self.projects[project].backends)

    def add_backend(self, project, url, password):
        self._call("add_backend")
        backend = Backend(next(self._numbers), url, "io-coding")
        self.projects[project].backends.append(backend)
        self.projects[project].hooks.append(Webhook(next(self._numbers), f"{url}/webhook", {}, ()))
        return backend.number

    def remove_backend(self, number):
        self._call("remove_backend")
        for project in self.projects.values():
            project.backends = [backend for backend in project.backends if backend.number != number]

    def import_tasks(self, project, tasks):
        self._call("import_tasks")
        made = [self._add_task(project, task) for task in tasks]
        if self.fail_after is not None:
            self.fail_after -= 1
            if self.fail_after < 0:
                raise LabelStudioError("The answer was lost.")
        return made

    def tasks(self, project):
        self._call("tasks")
        for number, task in sorted(self.held.items()):
            if task["project"] == project:
                yield TaskState(
                    number, task["data"].get("narrative_id", ""), len(task["annotations"]), len(task["predictions"])
                )

    def scores(self, project):
        self._call("scores")
        version = self.projects[project].model_version
        return {
            number: prediction["score"]
            for number, task in self.held.items()
            if task["project"] == project
            for prediction in task["predictions"]
            if prediction["model_version"] == version
        }

    def annotated(self, project, tasks):
        self._call("annotated")
        if project not in self.projects:
            raise LabelStudioError("There is no such project.")
        for number in tasks:
            task = self.held.get(number)
            if task and task["project"] == project and task["annotations"]:
                yield {"id": number, "annotations": [dict(item) for item in task["annotations"].values()]}

    def replace_predictions(self, project, predictions):
        self._call("replace_predictions")
        for number, prediction in predictions.items():
            self.held[number]["predictions"] = [dict(prediction)]

    def use_model_version(self, project, version):
        self._call("use_model_version")
        self.projects[project].model_version = version

    def annotators(self):
        self._call("annotators")
        return dict(self.users)

    # What people do in it

    def add_foreign_task(self, project, text="Somebody else's."):
        return self._add_task(project, {"data": {"text": text}})

    def shown(self, task) -> dict[str, Any]:
        """What an annotator starts from: the prediction of the project's model version, or nothing."""
        held = self.held[task]
        version = self.projects[held["project"]].model_version
        return next((item for item in held["predictions"] if item["model_version"] == version), {})

    def annotate(self, task, user, results, **more):
        number = next(self._numbers)
        moment = self._moment()
        annotation = {
            "id": number,
            "completed_by": user,
            "result": results,
            "was_cancelled": False,
            "lead_time": 4.5,
            "prediction": dict(self.shown(task)),
            "created_at": moment,
            "updated_at": moment,
            **more,
        }
        self.held[task]["annotations"][number] = annotation
        self._tell("ANNOTATION_CREATED", task, number)
        return number

    def revise(self, task, annotation, **changes):
        self.held[task]["annotations"][annotation] |= {**changes, "updated_at": self._moment()}
        self._tell("ANNOTATION_UPDATED", task, annotation)

    def delete(self, task, annotation):
        del self.held[task]["annotations"][annotation]
        project = {"id": self.held[task]["project"]}
        self.outbox.append(
            {
                "action": "ANNOTATIONS_DELETED",
                "annotations": [{"id": annotation}],
                "project": project,
                "at": self._moment(),
            }
        )

    def edit_config(self, project, config):
        self.projects[project].plan = replace(self.projects[project].plan, config=config)

    def task_of(self, narrative_id, project=None) -> int:
        return next(
            number
            for number, task in self.held.items()
            if task["data"].get("narrative_id") == narrative_id and project in (None, task["project"])
        )

    def live(self) -> dict[int, Mapping[str, Any]]:
        """All annotations that it holds, by number."""
        return {number: item for task in self.held.values() for number, item in task["annotations"].items()}

    def _add_task(self, project, task):
        number = next(self._numbers)
        self.held[number] = {"meta": {}, "predictions": [], **task, "project": project, "annotations": {}}
        return number

    def _tell(self, action, task, annotation):
        held = self.held[task]
        self.outbox.append(
            {
                "action": action,
                "annotation": dict(held["annotations"][annotation]),
                "task": {"id": task, "data": held["data"]},
                "project": {"id": held["project"]},
            }
        )

    def _moment(self):
        self._now += timedelta(seconds=1)
        return self._now.isoformat()

    def _call(self, name):
        self.calls.append(name)
        if self.down:
            raise LabelStudioError("Label Studio is down.", hint="Start it.")
