"""The one place that picks the parts a server or a command works with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from coding_service.label_studio.client import connect
from coding_service.label_studio.port import LabelStudio
from coding_service.services.authentication import Authenticator, DigestKeys, NoKeys
from coding_service.services.blindness import Blinding
from coding_service.services.current_taxonomy import require_first_taxonomy
from coding_service.services.following import read_pointers
from coding_service.services.keys import StoredKeys, has_keys
from coding_service.services.queue import Handing
from coding_service.services.reviews import Intake
from coding_service.services.shelf import Shelf
from coding_service.services.stages import Doubling
from coding_service.services.suggesting import Sizes
from coding_service.settings import Settings
from coding_service.store import Engine, UnitOfWork, open_engine
from coding_service.store.engine import is_there, open_existing
from coding_service.store.schema import current_revision, require_schema
from coding_service.suggesters.bundle import MANIFEST


@dataclass(frozen=True)
class Parts:
    """Everything that routes and commands are given; what a new part needs, such as a store, is a further field.

    Parameters
    ----------
    settings : Settings
        What the parts were made by.
    shelf : Shelf
        Where bundles are found.
    sizes : Sizes
        What a request may hold.
    authenticator : Authenticator
        What knows the keys.
    store : Engine or None
        What people decided; None where there is no store yet.
    label_studio : callable
        Connects to the Label Studio of the settings.
    """

    settings: Settings
    shelf: Shelf
    sizes: Sizes
    authenticator: Authenticator
    store: Engine | None = None
    label_studio: Callable[[], LabelStudio] = connect

    @property
    def intake(self) -> Intake:
        """By what rules a request takes reviews in."""
        return replace(intake(self.settings), sizes=self.sizes)

    @property
    def doubling(self) -> Doubling:
        """How narratives are drawn for a second coding."""
        return Doubling.of(self.settings)

    @property
    def handing(self) -> Handing:
        """How the queue hands narratives out."""
        return Handing(self.settings.lease_seconds)


def build(settings: Settings) -> Parts:
    """Pick the parts; no bundle is loaded yet.

    Raises
    ------
    StoreError
        If the store cannot be reached, or its schema is not the one that this release needs.
    """
    store = open_store(settings)
    return Parts(
        settings=settings,
        shelf=own_shelf(settings),
        sizes=Sizes(max_text_bytes=settings.max_text_bytes, max_narratives=settings.max_narratives),
        authenticator=pick_authenticator(settings, store),
        store=store,
        label_studio=partial(connect, settings.label_studio_url, settings.label_studio_token),
    )


def open_store(settings: Settings) -> Engine | None:
    """Open the store that the settings name, if it is there; none is made.

    Raises
    ------
    StoreError
        If it cannot be reached, or its schema is not the one that this release needs.
    InputError
        If it has no taxonomy yet, and that of the settings cannot be read.
    """
    if not is_there(settings.database):
        return None
    engine = open_engine(settings.database, first_taxonomy=settings.taxonomy)
    return None if current_revision(engine) is None else _ready(engine)


def pick_authenticator(settings: Settings, store: Engine | None) -> Authenticator:
    """Pick what knows the keys: the store, if it has any; else the settings, if they do; else nobody needs one."""
    if store is not None and (settings.keys or has_keys(store)):
        return StoredKeys(store, settings.keys)
    return DigestKeys(settings.keys) if settings.keys else NoKeys()


def intake(settings: Settings) -> Intake:
    """Give the rules by which reviews are taken in, any number of narratives at once."""
    return Intake(Blinding.of(settings), Sizes(max_text_bytes=settings.max_text_bytes))


def require_store(settings: Settings) -> Engine:
    """Open the store that the settings name.

    Raises
    ------
    StoreError
        If it is not there, cannot be reached, or its schema is not the one that this release needs.
    InputError
        If it has no taxonomy yet, and that of the settings cannot be read.
    """
    return _ready(open_existing(settings.database, first_taxonomy=settings.taxonomy))


def require_keys(settings: Settings) -> Engine:
    """Open the store that the settings name for its keys, whatever it codes by; see `require_store`."""
    engine = open_existing(settings.database)
    require_schema(engine)
    return engine


def _ready(engine: Engine) -> Engine:
    require_schema(engine)
    require_first_taxonomy(engine)
    return engine


def own_shelf(settings: Settings) -> Shelf:
    """Give a shelf with the bundle of the settings as the default one, whatever is promoted."""
    return Shelf(settings.bundles, settings.bundle, threads=settings.threads)


def open_shelf(settings: Settings, bundle: str = "") -> Shelf:
    """Give a shelf with a chosen bundle as the current one.

    Parameters
    ----------
    settings : Settings
        Where bundles lie, and which is served where none was promoted.
    bundle : str
        Name or folder of the bundle; empty takes the one being served to all.

    Returns
    -------
    Shelf
        With nothing loaded; a name that does not exist is refused on use.

    Raises
    ------
    StoreError
        If no bundle is named and the store cannot tell which is promoted.
    """
    if not bundle:
        return Shelf(settings.bundles, _promoted(settings) or settings.bundle, threads=settings.threads)
    shelf = Shelf(settings.bundles, bundle, threads=settings.threads)
    folder = Path(bundle).resolve()
    if bundle not in shelf.names() and (folder / MANIFEST).is_file():
        return Shelf(folder.parent, folder.name, threads=settings.threads)
    return shelf


def _promoted(settings: Settings) -> str | None:
    store = open_store(settings)
    if store is None:
        return None
    with UnitOfWork(store, reading=True) as work:
        pointers, _ = read_pointers(work)
    store.dispose()
    return pointers[None].name if None in pointers else None
