"""What we ask of Label Studio: the few calls that the services make, in plain data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ACTIONS = "ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED"
"""Events that our webhook is told of."""

BACKEND_TITLE = "io-coding"
BACKEND_USER = "label-studio"
"""Name of our ML backend, and the user name that Label Studio gives with the secret when it calls it."""


@dataclass(frozen=True)
class ProjectPlan:
    """What a project is to look like.

    Parameters
    ----------
    title : str
        3 to 50 characters.
    config : str
        The labelling config.
    instructions : str
        HTML for annotators.
    """

    title: str
    config: str
    instructions: str


@dataclass(frozen=True)
class TaskState:
    """A task without its content; `narrative_id` is empty in tasks that are not ours."""

    task: int
    narrative_id: str
    annotations: int
    predictions: int


@dataclass(frozen=True)
class Webhook:
    """Where Label Studio sends events of a project, and with which headers."""

    number: int
    url: str
    headers: Mapping[str, str]
    actions: tuple[str, ...]
    active: bool = True


@dataclass(frozen=True)
class Backend:
    """An ML backend of a project."""

    number: int
    url: str
    title: str


class LabelStudio(Protocol):
    """A Label Studio server; every call raises LabelStudioError where it fails."""

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end."""

    def project(self, project: int) -> ProjectPlan | None:
        """Give what a project looks like; None where there is no such project."""

    def create_project(self, plan: ProjectPlan) -> int:
        """Make a project and give its number."""

    def update_project(self, project: int, plan: ProjectPlan) -> None:
        """Let a project look as planned."""

    def webhooks(self, project: int) -> list[Webhook]:
        """List the webhooks of a project."""

    def add_webhook(self, project: int, url: str, headers: Mapping[str, str]) -> int:
        """Let Label Studio send the annotation events of a project, and give the webhook's number."""

    def remove_webhook(self, number: int) -> None:
        """Take a webhook away."""

    def backends(self, project: int) -> list[Backend]:
        """List the ML backends of a project."""

    def add_backend(self, project: int, url: str, password: str) -> int:
        """Connect an ML backend by basic auth; Label Studio calls it at once."""

    def remove_backend(self, number: int) -> None:
        """Take an ML backend away."""

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks and give their numbers, in order; where it fails, `tasks` tells which were added."""

    def tasks(self, project: int) -> Iterator[TaskState]:
        """Go through the tasks of a project by number."""

    def scores(self, project: int) -> dict[int, float]:
        """Give the scores of the predictions that annotators start from, by task; tasks without one are left out."""

    def annotated(self, project: int, tasks: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Go through those of some tasks that have annotations, skipped ones too, with all their content."""

    def replace_predictions(self, project: int, predictions: Mapping[int, Mapping[str, Any]]) -> None:
        """Put predictions, by task, in the place of those that the tasks have; annotations stay as they are."""

    def use_model_version(self, project: int, version: str) -> None:
        """Let annotators start from the predictions of this version."""

    def annotators(self) -> dict[int, str]:
        """Give the e-mail addresses of all users by number."""
