"""The bundles that can be served: found by name, loaded once, and put in the place of others while requests run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from coding_service.errors import BundleError, CodingError, NotFoundError
from coding_service.paths import data_root
from coding_service.suggesters.bundle import MANIFEST, Bundle, read_bundle, read_manifest

KEPT = 3
"""Loaded bundles kept in memory beside those being served; each holds an encoder."""
JURISDICTIONS = "jurisdictions"
"""Key of a manifest: ids of the jurisdictions whose narratives trained the bundle; absent where none did."""
WARM_UP = "The first text that a bundle reads takes longer."

Jurisdiction = str | None
"""Id of a jurisdiction; None for all."""


@dataclass(frozen=True)
class Promoted:
    """The bundle that a pointer names.

    Parameters
    ----------
    name : str
        Name of the bundle.
    sha256 : str or None
        Hash of its manifest when it was promoted; None takes it as it is found.
    """

    name: str
    sha256: str | None = None


@dataclass(frozen=True)
class Trouble:
    """Why a promoted bundle is not served here.

    Parameters
    ----------
    bundle : str
        Its name.
    problem : str
        Code of the error.
    detail : str
        What failed, for those who run the server.
    """

    bundle: str
    problem: str
    detail: str


@dataclass(frozen=True)
class _Served:
    """What requests are answered by; replaced as a whole, so that no request sees half a change."""

    bundles: Mapping[Jurisdiction, Bundle] = field(default_factory=dict)
    sharing: frozenset[str] = frozenset()
    troubles: tuple[Trouble, ...] = ()


def may_serve(manifest: Mapping[str, Any], jurisdiction: Jurisdiction, sharing: Iterable[str]) -> bool:
    """Tell whether a bundle may be served to a jurisdiction.

    Parameters
    ----------
    manifest : mapping
        Of the bundle.
    jurisdiction : str or None
        To whom; None stands for those who may see all jurisdictions.
    sharing : iterable of str
        Jurisdictions that have opted in to share what is learned from their narratives.

    Returns
    -------
    bool
        True for a bundle that learned from no jurisdiction, from this one, or from such that all share.
    """
    trained = set(manifest.get(JURISDICTIONS, ()))
    return jurisdiction is None or jurisdiction in trained or trained <= set(sharing)


def require_promoted(wanted: Promoted, found: str) -> None:
    """Refuse a bundle that is not, to the byte, the one that was promoted.

    Raises
    ------
    BundleError
        If it has another hash.
    """
    if wanted.sha256 not in {None, found}:
        raise BundleError(
            f"Bundle {wanted.name!r} has sha256 {found}, but {wanted.sha256} was promoted.",
            hint="Restore the promoted bundle, or promote the present one.",
        )


class Shelf:
    """Bundles by name, and which of them answers whom.

    Parameters
    ----------
    folder : Path
        Where bundles are written; the shipped starter bundle is found without being there.
    default : str
        Name of the bundle that answers where none is named and none was promoted.
    threads : int
        Threads of an encoder; 0 takes all cores that the process may use.
    """

    def __init__(self, folder: Path, default: str, *, threads: int = 0) -> None:
        self._folder = folder
        self._threads = threads
        self._own = default
        self._loaded: dict[str, Bundle] = {}
        self._served = _Served()
        self._loading = Lock()  # one load at a time; whoever wants a loaded bundle never waits for it

    @property
    def own(self) -> str:
        """Name of the bundle that answers where none was promoted."""
        return self._own

    @property
    def default(self) -> str:
        """Name of the bundle that answers where neither bundle nor jurisdiction is named."""
        return self.current()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Promoted bundles that are not served here, and why; what was served before answers in their place."""
        return self._served.troubles

    def current(self, jurisdiction: Jurisdiction = None) -> str:
        """Name of the bundle that answers a jurisdiction: its own, else that for all, else the default one."""
        promoted = self._promoted(jurisdiction)
        return self._own if promoted is None else promoted.id

    def names(self, jurisdiction: Jurisdiction = None) -> list[str]:
        """Names of all bundles that may be served to a jurisdiction, sorted."""
        folders = [path.parent for root in self._roots() for path in root.glob(f"*/{MANIFEST}")]
        names = sorted({folder.name for folder in folders if not folder.name.startswith(".")})
        return names if jurisdiction is None else [name for name in names if self._may_see(name, jurisdiction)]

    def path(self, name: str, jurisdiction: Jurisdiction = None) -> Path:
        """Give the folder of a bundle.

        Raises
        ------
        NotFoundError
            If there is none of this name that the jurisdiction may see; the hint lists those that it may.
        """
        if name not in self.names(jurisdiction):
            raise self._unknown(name, jurisdiction)
        return next(root / name for root in self._roots() if (root / name / MANIFEST).is_file())

    def manifest(self, name: str, jurisdiction: Jurisdiction = None) -> dict[str, Any]:
        """Read the manifest of a bundle without loading it."""
        return read_manifest(self.path(name, jurisdiction))

    def get(self, name: str | None = None, *, jurisdiction: Jurisdiction = None) -> Bundle:
        """Give a loaded bundle; without a name the one that answers the jurisdiction.

        Raises
        ------
        NotFoundError, BundleError
            If it does not exist, does not load, or may not be served to the jurisdiction.
        """
        if name is None:
            promoted = self._promoted(jurisdiction)
            if promoted is not None:
                return promoted
            name = self._own
        bundle = self._loaded.get(name)
        if bundle is None:
            self.path(name, jurisdiction)
            bundle = self._load(name)
        if not may_serve(bundle.manifest, jurisdiction, self._served.sharing):
            raise self._unknown(name, jurisdiction)
        return bundle

    def serve(self, promoted: Mapping[Jurisdiction, Promoted], *, sharing: frozenset[str] = frozenset()) -> None:
        """Let promoted bundles answer from now on, once all that load have loaded; requests in flight keep theirs.

        A bundle that does not load leaves the one that its pointer named before, and is told in `troubles`.

        Parameters
        ----------
        promoted : mapping
            All pointers: that for all under None, and those of jurisdictions.
        sharing : frozenset of str
            Jurisdictions that have opted in to share what is learned from their narratives.
        """
        before = self._served.bundles
        bundles: dict[Jurisdiction, Bundle] = {}
        troubles: dict[Promoted, Trouble] = {}
        for pointer, wanted in promoted.items():
            try:
                bundles[pointer] = self._take_up(wanted)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a new bundle, the old one must go on
                troubles[wanted] = _trouble(wanted, error)
                if pointer in before:
                    bundles[pointer] = before[pointer]
        self._served = _Served(bundles, sharing, tuple(troubles.values()))

    def _promoted(self, jurisdiction: Jurisdiction) -> Bundle | None:
        served = self._served
        for pointer in dict.fromkeys((jurisdiction, None)):
            bundle = served.bundles.get(pointer)
            if bundle is not None and may_serve(bundle.manifest, jurisdiction, served.sharing):
                return bundle
        return None

    def _take_up(self, wanted: Promoted) -> Bundle:
        """Give the promoted bundle, to the byte, after it has read its first text."""
        bundle = self._loaded.get(wanted.name)
        if bundle is not None and wanted.sha256 in {None, bundle.sha256}:
            return bundle
        fresh = read_bundle(self.path(wanted.name), threads=self._threads)
        require_promoted(wanted, fresh.sha256)
        fresh.suggest([WARM_UP])
        with self._loading:
            self._loaded[wanted.name] = fresh
            self._forget_oldest()
        return fresh

    def _load(self, name: str) -> Bundle:
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = read_bundle(self.path(name), threads=self._threads)
                self._forget_oldest()
            return self._loaded[name]

    def _forget_oldest(self) -> None:
        serving = {self._own, *(bundle.id for bundle in self._served.bundles.values())}
        spare = [name for name in self._loaded if name not in serving]
        for name in spare[: max(0, len(spare) - KEPT)]:
            del self._loaded[name]

    def _may_see(self, name: str, jurisdiction: Jurisdiction) -> bool:
        try:
            return may_serve(self.manifest(name), jurisdiction, self._served.sharing)
        except CodingError:
            return False

    def _unknown(self, name: str, jurisdiction: Jurisdiction) -> NotFoundError:
        known = ", ".join(self.names(jurisdiction)) or "none"
        return NotFoundError(f"There is no bundle {name!r}.", hint=f"Known are: {known}.")

    def _roots(self) -> list[Path]:
        return [self._folder, data_root() / "models"]


def _trouble(wanted: Promoted, error: Exception) -> Trouble:
    if isinstance(error, CodingError):
        return Trouble(wanted.name, error.code, error.message)
    return Trouble(wanted.name, BundleError.code, f"It does not load ({type(error).__name__}).")
