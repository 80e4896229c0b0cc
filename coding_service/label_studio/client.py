"""The only file that speaks to a Label Studio server; every failure of its SDK becomes a LabelStudioError."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coding_service.errors import LabelStudioError, MissingExtraError
from coding_service.label_studio.port import (
    ACTIONS,
    BACKEND_TITLE,
    BACKEND_USER,
    Backend,
    LabelStudio,
    ProjectPlan,
    TaskState,
    Webhook,
)

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as Sdk

TIMEOUT_SECONDS = 120
RETRIES = 4
PAGE = 500
EXPORTED_AT_ONCE = 200
"""Task numbers in one export; they travel in the address, which servers cut at some length."""

_STATE = "id,data,total_annotations,cancelled_annotations,total_predictions"

_SCORED = json.dumps(
    {
        "filters": {
            "conjunction": "and",
            "items": [
                {
                    "filter": "filter:tasks:predictions_score",
                    "operator": "greater_or_equal",
                    "type": "Number",
                    "value": 0,
                }
            ],
        },
        "ordering": ["tasks:id"],
    }
)
"""Label Studio works scores out only where it is to filter by them."""

NOT_AGAIN = {"max_retries": 0}
"""For calls that would add things twice if the answer to the first was lost."""


def connect(base_url: str = "", token: str = "") -> LabelStudio:
    """Give a client; nothing is sent yet.

    Parameters
    ----------
    base_url : str
        Address of the server.
    token : str
        Legacy token or personal access token of a user who may make projects.

    Returns
    -------
    LabelStudio
        The client; it tries again, ever more slowly, where the server is down or busy.

    Raises
    ------
    LabelStudioError
        If address or token is missing.
    MissingExtraError
        If the SDK is not installed.
    """
    if not (base_url and token):
        raise LabelStudioError(
            "Address or token of Label Studio is missing.",
            hint="Set CODING_SERVICE_LABEL_STUDIO_URL and CODING_SERVICE_LABEL_STUDIO_TOKEN.",
        )
    try:
        from label_studio_sdk import LabelStudio as Sdk  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise MissingExtraError(
            "The Label Studio SDK is not installed.", hint='Run `pip install "io-coding[label-studio]"`.'
        ) from error
    address = base_url.rstrip("/")
    with _speaking_plainly("be reached", address):
        return Client(Sdk(base_url=address, api_key=token, timeout=TIMEOUT_SECONDS, max_retries=RETRIES), address)


class Client:
    """Calls of a real server, through its SDK.

    Parameters
    ----------
    sdk : label_studio_sdk.LabelStudio
        The SDK's client.
    base_url : str
        Address of the server, for messages.
    """

    def __init__(self, sdk: "Sdk", base_url: str) -> None:
        self._sdk = sdk
        self._base_url = base_url

    @property
    def base_url(self) -> str:
        """See `LabelStudio`."""
        return self._base_url

    def project(self, project: int) -> ProjectPlan | None:
        """See `LabelStudio`."""
        try:
            with self._asking("read the project"):
                found = self._sdk.projects.get(project)
        except LabelStudioError as error:
            if getattr(error.__cause__, "status_code", None) == _NOT_FOUND:
                return None
            raise
        return ProjectPlan(found.title, found.label_config, found.expert_instruction or "")

    def create_project(self, plan: ProjectPlan) -> int:
        """See `LabelStudio`."""
        with self._asking("create the project"):
            made = self._sdk.projects.create(
                **_fields(plan), sampling="Sequential sampling", maximum_annotations=1, request_options=NOT_AGAIN
            )
        return int(made.id)

    def update_project(self, project: int, plan: ProjectPlan) -> None:
        """See `LabelStudio`."""
        with self._asking("update the project"):
            self._sdk.projects.update(project, **_fields(plan))

    def webhooks(self, project: int) -> list[Webhook]:
        """See `LabelStudio`."""
        with self._asking("list webhooks"):
            found = self._sdk.webhooks.list(project=str(project))
        return [
            Webhook(item.id, item.url, item.headers or {}, tuple(item.actions or ()), active=bool(item.is_active))
            for item in found
            if item.project == project
        ]

    def add_webhook(self, project: int, url: str, headers: Mapping[str, str]) -> int:
        """See `LabelStudio`."""
        with self._asking("create the webhook"):
            made = self._sdk.webhooks.create(
                url=url,
                project=project,
                headers=dict(headers),
                actions=list(ACTIONS),
                send_payload=True,
                send_for_all_actions=False,
                request_options=NOT_AGAIN,
            )
        return int(made.id)

    def remove_webhook(self, number: int) -> None:
        """See `LabelStudio`."""
        with self._asking("remove a webhook"):
            self._sdk.webhooks.delete(number)

    def backends(self, project: int) -> list[Backend]:
        """See `LabelStudio`."""
        with self._asking("list ML backends"):
            found = self._sdk.ml.list(project=project)
        return [Backend(item.id, item.url, item.title or "") for item in found]

    def add_backend(self, project: int, url: str, password: str) -> int:
        """See `LabelStudio`."""
        with self._asking("connect the ML backend"):
            made = self._sdk.ml.create(
                project=project,
                url=url,
                title=BACKEND_TITLE,
                auth_method="BASIC_AUTH",
                basic_auth_user=BACKEND_USER,
                basic_auth_pass=password,
                request_options=NOT_AGAIN,
            )
        return int(made.id)

    def remove_backend(self, number: int) -> None:
        """See `LabelStudio`."""
        with self._asking("remove an ML backend"):
            self._sdk.ml.delete(number)

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """See `LabelStudio`."""
        with self._asking("import tasks"):
            made = self._sdk.projects.import_tasks(
                project, request=list(tasks), return_task_ids=True, request_options=NOT_AGAIN
            )
        return [int(task) for task in made.task_ids or ()]

    def tasks(self, project: int) -> Iterator[TaskState]:
        """See `LabelStudio`."""
        with self._asking("list tasks"):
            for item in self._sdk.tasks.list(project=project, fields="task_only", include=_STATE, page_size=PAGE):
                yield TaskState(
                    int(item.id),
                    str((item.data or {}).get("narrative_id") or ""),
                    int(item.total_annotations or 0) + int(item.cancelled_annotations or 0),
                    int(item.total_predictions or 0),
                )

    def scores(self, project: int) -> dict[int, float]:
        """See `LabelStudio`."""
        with self._asking("list the scores of predictions"):
            listed = self._sdk.tasks.list(
                project=project, fields="task_only", include="id,predictions_score", query=_SCORED, page_size=PAGE
            )
            return {int(item.id): float(item.predictions_score) for item in listed}

    def annotated(self, project: int, tasks: Sequence[int]) -> Iterator[dict[str, Any]]:
        """See `LabelStudio`."""
        for first in range(0, len(tasks), EXPORTED_AT_ONCE):
            # The SDK's own `ids` goes out under a name that the server does not know, and gives the whole project.
            only: Any = {"additional_query_parameters": {"ids[]": list(tasks[first : first + EXPORTED_AT_ONCE])}}
            export = self._sdk.projects.exports.download_sync
            with self._asking("export annotations"):
                content = b"".join(export(project, export_type="JSON", request_options=only))
                found = json.loads(content)
            yield from found

    def replace_predictions(self, project: int, predictions: Mapping[int, Mapping[str, Any]]) -> None:
        """See `LabelStudio`."""
        if not predictions:
            return
        with self._asking("replace predictions"):
            self._sdk.actions.create(
                id="delete_tasks_predictions",
                project=project,
                selected_items={"all": False, "included": list(predictions)},
            )
            self._sdk.projects.import_predictions(
                project,
                request=[{"task": task, **prediction} for task, prediction in predictions.items()],
                request_options=NOT_AGAIN,
            )

    def use_model_version(self, project: int, version: str) -> None:
        """See `LabelStudio`."""
        with self._asking("choose the model version"):
            self._sdk.projects.update(project, model_version=version)

    def annotators(self) -> dict[int, str]:
        """See `LabelStudio`."""
        with self._asking("list users"):
            return {int(user.id): str(user.email or "") for user in self._sdk.users.list()}

    def _asking(self, what: str) -> Any:
        return _speaking_plainly(what, self._base_url)


def _fields(plan: ProjectPlan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "label_config": plan.config,
        "expert_instruction": plan.instructions,
        "show_instruction": True,
        "show_skip_button": True,
        "enable_empty_annotation": True,
    }


@contextmanager
def _speaking_plainly(what: str, base_url: str) -> Iterator[None]:
    """Turn failures of SDK and transport into our error; no body is repeated, it may hold text."""
    import httpx  # noqa: PLC0415 - comes with the SDK
    from label_studio_sdk.core.api_error import ApiError  # noqa: PLC0415 - an extra

    try:
        yield
    except httpx.HTTPError as error:
        raise LabelStudioError(
            f"Label Studio at {base_url} could not {what}: {type(error).__name__}.",
            hint="Check that it runs and that CODING_SERVICE_LABEL_STUDIO_URL is its address, then run this again.",
        ) from error
    except ValueError as error:
        raise LabelStudioError(
            f"Label Studio at {base_url} answered what cannot be read.",
            hint="Check that the address is Label Studio's.",
        ) from error
    except ApiError as error:
        raise _refusal(error.status_code or 0, what, base_url) from error


_HINTS = {
    400: "Its own log says what it did not like; 1.23 is the version that was tried.",
    401: "Check CODING_SERVICE_LABEL_STUDIO_TOKEN; a legacy token must be allowed in its organisation settings.",
    403: "Use the token of a user who may manage the project.",
    404: "Check the project; run `io-coding label-studio init` if it was deleted.",
}
_SERVER_ERROR = 500
_NOT_FOUND = 404


def _refusal(status: int, what: str, base_url: str) -> LabelStudioError:
    hint = _HINTS.get(status, "Try again." if status >= _SERVER_ERROR else "Its own log says why.")
    return LabelStudioError(f"Label Studio at {base_url} refused to {what} (status {status}).", hint=hint)
