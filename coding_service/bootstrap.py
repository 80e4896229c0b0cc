"""The one place that picks the parts a server or a command works with."""

from dataclasses import dataclass
from pathlib import Path

from coding_service.services.authentication import Authenticator, DigestKeys, NoKeys
from coding_service.services.shelf import Shelf
from coding_service.services.suggesting import Sizes
from coding_service.settings import Settings
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
    """

    settings: Settings
    shelf: Shelf
    sizes: Sizes
    authenticator: Authenticator


def build(settings: Settings) -> Parts:
    """Pick the parts; no bundle is loaded yet."""
    return Parts(
        settings=settings,
        shelf=open_shelf(settings),
        sizes=Sizes(max_text_bytes=settings.max_text_bytes, max_narratives=settings.max_narratives),
        authenticator=DigestKeys(settings.keys) if settings.keys else NoKeys(),
    )


def open_shelf(settings: Settings, bundle: str = "") -> Shelf:
    """Give a shelf with a chosen bundle as the current one.

    Parameters
    ----------
    settings : Settings
        Where bundles lie, and which is served.
    bundle : str
        Name or folder of the bundle; empty takes the one being served.

    Returns
    -------
    Shelf
        With nothing loaded; a name that does not exist is refused on use.
    """
    shelf = Shelf(settings.bundles, bundle or settings.bundle, threads=settings.threads)
    folder = Path(bundle).resolve()
    if bundle and bundle not in shelf.names() and (folder / MANIFEST).is_file():
        return Shelf(folder.parent, folder.name, threads=settings.threads)
    return shelf
