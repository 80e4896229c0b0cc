"""The bundles that can be served: found by name, loaded once, the current one replaced while requests run."""

from pathlib import Path
from threading import Lock
from typing import Any

from coding_service.errors import CodingError, NotFoundError
from coding_service.paths import data_root
from coding_service.suggesters.bundle import MANIFEST, Bundle, read_bundle, read_manifest

KEPT = 3
"""Loaded bundles kept in memory beside the current one; each holds an encoder."""


class Shelf:
    """Bundles by name.

    Parameters
    ----------
    folder : Path
        Where bundles are written; the shipped starter bundle is found without being there.
    default : str
        Name of the bundle that answers where none is named.
    threads : int
        Threads of an encoder; 0 takes all cores that the process may use.
    """

    def __init__(self, folder: Path, default: str, *, threads: int = 0) -> None:
        self._folder = folder
        self._threads = threads
        self._default = default
        self._loaded: dict[str, Bundle] = {}
        self._lock = Lock()

    @property
    def default(self) -> str:
        """Name of the current bundle."""
        return self._default

    def names(self) -> list[str]:
        """Names of all bundles, sorted."""
        folders = [path.parent for root in self._roots() for path in root.glob(f"*/{MANIFEST}")]
        return sorted({folder.name for folder in folders if not folder.name.startswith(".")})

    def path(self, name: str) -> Path:
        """Give the folder of a bundle.

        Raises
        ------
        NotFoundError
            If there is none of this name; the message lists those that exist.
        """
        if name in self.names():
            return next(root / name for root in self._roots() if (root / name / MANIFEST).is_file())
        raise NotFoundError(f"There is no bundle {name!r}.", hint=f"Known are: {', '.join(self.names()) or 'none'}.")

    def manifest(self, name: str) -> dict[str, Any]:
        """Read the manifest of a bundle without loading it."""
        return read_manifest(self.path(name))

    def get(self, name: str | None = None) -> Bundle:
        """Give a loaded bundle, the current one where none is named.

        Raises
        ------
        NotFoundError, BundleError
            If it does not exist or does not load.
        """
        wanted = name or self._default
        with self._lock:
            if wanted not in self._loaded:
                self._loaded[wanted] = read_bundle(self.path(wanted), threads=self._threads)
                self._forget_oldest()
            return self._loaded[wanted]

    def promote(self, name: str) -> CodingError | None:
        """Make a bundle the current one once it has loaded; requests in flight keep the bundle they began with.

        Returns
        -------
        CodingError or None
            Why it did not load; the old bundle then stays current.
        """
        try:
            self.get(name)
        except CodingError as error:
            return error
        self._default = name
        return None

    def _forget_oldest(self) -> None:
        spare = [name for name in self._loaded if name != self._default]
        for name in spare[: max(0, len(spare) - KEPT)]:
            del self._loaded[name]

    def _roots(self) -> list[Path]:
        return [self._folder, data_root() / "models"]
