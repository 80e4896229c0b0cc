"""A trained suggester on disk: written atomically, every hash verified when it is read, never a pickle."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus.labels import lift
from coding_service.errors import BundleError, NotFoundError
from coding_service.suggesters.calibration import Calibration
from coding_service.suggesters.encoder import hash_file
from coding_service.suggesters.protocol import Suggester
from coding_service.suggesters.registry import suggester_class
from coding_service.suggestions import Envelope, Scores
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import taxonomy_from_dict, taxonomy_to_dict

FORMAT = 3
"""Of 1, scores were of whole sentences, cut at semicolons too, and of 2, narratives were read as the mean of their
sentences: their calibration does not fit what is read now."""
MANIFEST = "bundle.json"
METRICS = "metrics.json"
CARD = "README.md"
TAXONOMY = "taxonomy.json"
CALIBRATION = "calibration.json"
WEIGHTS = "suggester"
UNHASHED = {MANIFEST, CARD}
REQUIRED = "files", "parameters", "suggester", "taxonomy"


@dataclass(frozen=True)
class Bundle:
    """A fitted suggester with what makes its scores probabilities and its probabilities suggestions.

    Parameters
    ----------
    suggester : Suggester
        Fitted.
    taxonomy : Taxonomy
        The taxonomy of its columns.
    calibration : Calibration
        From raw scores to probabilities.
    thresholds : ndarray of shape (n_codes,)
        Probability from which each code is suggested.
    support : ndarray of shape (n_codes,)
        Gold examples that each code was trained on.
    manifest : mapping
        What ``bundle.json`` says.
    id, sha256 : str
        Name of the folder, and hash of its manifest, which holds the hashes of all files.
    """

    suggester: Suggester
    taxonomy: Taxonomy
    calibration: Calibration
    thresholds: Floats
    support: Floats
    manifest: Mapping[str, Any]
    id: str = ""
    sha256: str = ""

    @property
    def envelope(self) -> Envelope:
        """What goes with every answer."""
        return Envelope(self.id, self.sha256, self.taxonomy, self.thresholds, self.support)

    def suggest(self, texts: list[str]) -> Scores:
        """Give calibrated probabilities of texts, closed under the hierarchy."""
        scores = self.suggester.score(texts)
        return scores.with_values(self.calibration.apply(scores.values, self.taxonomy))

    def suggested(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Tell which pairs are in band ``suggested``, themes of suggested sub-themes included."""
        return lift(probabilities >= self.thresholds, self.taxonomy)


def write_bundle(
    bundle: Bundle, folder: Path, metrics: Mapping[str, Any], card: Callable[[Path], None], *, replace: bool = False
) -> Bundle:
    """Write a bundle into a new folder; it appears whole or not at all.

    Parameters
    ----------
    bundle : Bundle
        Fitted; its ``id`` and ``sha256`` are taken from what is written.
    folder : Path
        Where it goes; its name becomes the id.
    metrics : mapping
        JSON-ready content of ``metrics.json``.
    card : callable
        Writes the model card into the folder that it is given.
    replace : bool
        Whether an existing bundle may be replaced.

    Returns
    -------
    Bundle
        The same with its id and hash.

    Raises
    ------
    BundleError
        As `check_free`.
    """
    check_free(folder, replace=replace)
    scratch = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (scratch / WEIGHTS).mkdir()
        bundle.suggester.save(scratch / WEIGHTS)
        _write_json(scratch / TAXONOMY, taxonomy_to_dict(bundle.taxonomy))
        _write_json(scratch / CALIBRATION, _calibration_to_dict(bundle))
        _write_json(scratch / METRICS, metrics)
        files = {str(path.relative_to(scratch)): hash_file(path) for path in _files(scratch)}
        _write_json(scratch / MANIFEST, {**bundle.manifest, "format": FORMAT, "id": folder.name, "files": files})
        card(scratch)
        scratch.chmod(0o755)
        _put(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return read_bundle(folder)


def check_free(folder: Path, *, replace: bool) -> None:
    """Refuse a place where a bundle may not be written, before anything is computed.

    Raises
    ------
    BundleError
        If the folder exists and ``replace`` is False, it holds something else than a bundle, or its parent, which is
        made, cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)).rmdir()
    except OSError as error:
        raise BundleError(
            f"No bundle can be written to {folder}: {error.strerror}.", hint="Name a folder that you may write to."
        ) from error
    if not folder.exists():
        return
    if not replace:
        raise BundleError(f"{folder} exists already.", hint="Choose another name, or say --replace.")
    # The shipped encoder lies alone in its folder until the first bundle is trained there.
    if not folder.is_dir() or not (
        (folder / MANIFEST).is_file() or {path.name for path in folder.iterdir()} <= {WEIGHTS}
    ):
        raise BundleError(f"{folder} is no bundle, so it is not replaced.", hint="Choose another place.")


def _put(scratch: Path, folder: Path) -> None:
    if not folder.exists():
        scratch.rename(folder)
        return
    old = Path(mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    try:
        folder.rename(old / folder.name)
        scratch.rename(folder)
    finally:
        if not folder.exists():
            (old / folder.name).rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read ``bundle.json`` alone.

    Raises
    ------
    NotFoundError
        If the folder is no bundle.
    BundleError
        If its manifest cannot be read or has another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFoundError(
            f"There is no bundle in {folder}.", hint="Run `io-coding bundles list` for those that exist."
        )
    try:
        manifest = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BundleError(
            f"{path} is not a JSON object.", hint="Restore the bundle; the file may be truncated."
        ) from error
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{path} has format {manifest.get('format')!r}, expected {FORMAT}.",
            hint="Train the bundle with this release.",
        )
    missing = [key for key in REQUIRED if key not in manifest]
    if missing:
        raise BundleError(f"{path} does not say {', '.join(missing)}.", hint="Restore the bundle, or train it anew.")
    return manifest


def verify_bundle(folder: Path) -> dict[str, Any]:
    """Read the manifest and check every file against it.

    Raises
    ------
    BundleError
        If a file is missing or altered; says which, expected and found.
    """
    manifest = read_manifest(folder)
    present = {str(path.relative_to(folder)) for path in _files(folder)}
    for name, expected in manifest["files"].items():
        found = hash_file(folder / name) if name in present else "no file"
        if found != expected:
            raise BundleError(
                f"{folder / name} has sha256 {found}, expected {expected}.",
                hint="Restore the bundle from its source, or train it anew.",
            )
    return manifest


def read_bundle(folder: Path, *, threads: int = 0) -> Bundle:
    """Read a bundle after verifying it.

    Parameters
    ----------
    folder : Path
        Where it lies.
    threads : int
        Threads of its encoder; 0 takes all cores that the process may use.

    Raises
    ------
    NotFoundError
        If the folder is no bundle.
    BundleError
        If a hash differs or a file does not hold what it should.
    """
    manifest = verify_bundle(folder)
    taxonomy = taxonomy_from_dict(json.loads((folder / TAXONOMY).read_text(encoding="utf-8")))
    if taxonomy.sha256 != manifest["taxonomy"]["sha256"]:
        raise BundleError(
            f"Bundle {folder.name!r} holds a taxonomy with sha256 {taxonomy.sha256}, "
            f"expected {manifest['taxonomy']['sha256']}.",
            hint="Train the bundle anew.",
        )
    calibration = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    kind = suggester_class(manifest["suggester"])
    return Bundle(
        suggester=kind.load(folder / WEIGHTS, taxonomy, manifest["parameters"], threads=threads),
        taxonomy=taxonomy,
        calibration=Calibration.from_dict(calibration["curves"]),
        thresholds=np.array(calibration["thresholds"]),
        support=np.array(calibration["support"]),
        manifest=manifest,
        id=folder.name,
        sha256=hash_file(folder / MANIFEST),
    )


def _calibration_to_dict(bundle: Bundle) -> dict[str, Any]:
    return {
        "curves": bundle.calibration.to_dict(),
        "thresholds": bundle.thresholds.tolist(),
        "support": bundle.support.tolist(),
    }


def _files(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and str(path.relative_to(folder)) not in UNHASHED
    )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
