"""The one frozen set of settings, read from ``CODING_SERVICE_*`` variables; no other module reads the environment."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from coding_service.errors import InputError
from coding_service.paths import data_root, in_checkout

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


def user_data_folder() -> Path:
    """Give the folder for data of an installed (not checked-out) service."""
    return Path.home() / ".local" / "share" / "io-coding"


def _default_bundles() -> Path:
    return data_root() / "models" if in_checkout() else user_data_folder() / "models"


def _default_database() -> str:
    folder = data_root() if in_checkout() else user_data_folder()
    return f"sqlite:///{folder / 'io-coding.sqlite'}"


PREFIX = "CODING_SERVICE_"
_NAMED = re.compile(r'field "(\w+)"')


class Settings(BaseSettings):
    """All settings of the service; each is a ``CODING_SERVICE_<NAME>`` variable.

    Raises
    ------
    InputError
        If a value cannot be read; names the variable, never the value, which may be a secret.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except (ValidationError, SettingsError) as error:
            raise InputError(
                f"Settings cannot be read: {_wrong(error)}.", hint="docs/configuration.md says what each may be."
            ) from None

    bundles: Path = Field(default_factory=_default_bundles, description="Folder where bundles are written and found.")
    bundle: str = Field(default="starter", description="Bundle served where nothing has been promoted.")
    database: str = Field(default_factory=_default_database, description="SQLAlchemy URL of the store.")
    taxonomy: str = Field(
        default="io-themes", description="Taxonomy that a new store codes by: an id, ID@VERSION, or a YAML file."
    )
    cache: Path = Field(
        default_factory=lambda: (data_root() if in_checkout() else user_data_folder()) / ".cache",
        description="Folder for cached embeddings.",
    )
    max_text_bytes: int = Field(default=200_000, ge=1, description="Largest text, in UTF-8 bytes; over it is 413.")
    max_request_bytes: int = Field(default=2_000_000, ge=1, description="Largest request body, in bytes.")
    max_narratives: int = Field(default=64, ge=1, description="Most narratives in one request.")
    keys: tuple[Sha256, ...] = Field(
        default=(), description="SHA-256 digests of API keys, as a JSON list; without any the server is local only."
    )
    inference_workers: int = Field(default=1, ge=1, description="Requests whose texts one process reads at once.")
    threads: int = Field(default=0, ge=0, description="Threads of the encoder; 0 takes all cores the process may use.")
    blind_share: float = Field(default=0.2, ge=0, le=1, description="Share of reviews that are coded blind.")
    blind_key: str = Field(
        default="io-coding", description="Key of the hash that draws blind reviews and second codings; never change it."
    )
    second_coding_share: float = Field(default=0.2, ge=0, le=1, description="Share of narratives coded by two people.")
    lease_seconds: int = Field(default=1800, ge=1, description="Seconds for which a narrative is kept for a coder.")
    queue_depth: int = Field(
        default=2000, ge=1, description="Narratives of a jurisdiction that a ranking of the queue puts in order."
    )
    queue_uncertain_share: float = Field(
        default=0.4, ge=0, le=1, description="Share of the ranked narratives about which the bundle is uncertain."
    )
    queue_rare_share: float = Field(default=0.2, ge=0, le=1, description="Share of those that may hold rare codes.")
    queue_diverse_share: float = Field(default=0.2, ge=0, le=1, description="Share of those unlike all others.")
    queue_random_share: float = Field(default=0.2, ge=0, le=1, description="Share of those drawn at random, as audit.")
    requests_per_minute: int = Field(default=600, ge=1, description="Requests per key and minute; over it is 429.")
    poll_seconds: float = Field(
        default=2.0, gt=0, le=86_400, description="Seconds between two looks for a promoted bundle."
    )
    label_studio_url: str = Field(default="", description="Base URL of Label Studio.")
    label_studio_token: str = Field(default="", description="Access token for Label Studio.")
    label_studio_secret: str = Field(default="", description="Shared secret of its webhook and ML backend.")


def _wrong(error: ValidationError | SettingsError) -> str:
    if isinstance(error, SettingsError):  # only a list is written as JSON, and pydantic names its field in the message
        field = _NAMED.search(str(error))
        return f"{PREFIX}{field[1].upper()}: is not a JSON list" if field else str(error)
    return "; ".join(f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
