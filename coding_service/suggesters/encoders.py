"""Opens the encoder that a recipe or a bundle names, and puts it into a bundle in its torch-free form."""

import logging
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from coding_service.errors import BundleError, MissingExtraError
from coding_service.paths import data_root
from coding_service.suggesters.encoder import DESCRIPTION, Encoder, ExportedEncoder, Graph, OnnxGraph, read_description

STARTER = "starter"
STARTER_FOLDER = "models", "starter", "suggester", "encoder"
"""Place of the shipped encoder: inside the shipped bundle, or alone there before that bundle is trained."""

_logger = logging.getLogger(__name__)

CHIP_FLAGS = Path("/proc/cpuinfo")
MATRICES_IN_BF16 = "amx_bf16"
"""Without it, OpenVINO in bf16 runs at a third of the speed of 8-bit weights in ONNX Runtime (with AVX-512 BF16)."""

_in_use: WeakValueDictionary[tuple[Any, ...], ExportedEncoder] = WeakValueDictionary()
"""Open encoders by the hashes of their files: bundles of one encoder share it, so that taking one up is cheap."""


def open_encoder(reference: str, *, threads: int = 0, serving: bool = False) -> Encoder:
    """Open an encoder, or give one that is open already and has the same files.

    Parameters
    ----------
    reference : str
        ``starter`` for the encoder of the shipped bundle; a folder with ``encoder.json``; a folder that
        sentence-transformers saved; or the hub name of a sentence-transformers model.
    threads : int
        Threads to use; 0 takes all cores that the process may use.
    serving : bool
        Whether to take the fastest engine. Training takes the same one on every chip, so that what it keeps and
        calibrates does not depend on where it ran.

    Raises
    ------
    BundleError
        If the encoder is missing or altered.
    MissingExtraError
        If it needs sentence-transformers and that is not installed.
    """
    folder = _folder(reference)
    if (folder / DESCRIPTION).is_file():
        engine = choose_engine() if serving else OnnxGraph
        key = (threads, engine, *sorted(read_description(folder, verify=False)["files"].items()))
        encoder = _in_use.get(key)
        if encoder is None:
            encoder = _in_use[key] = ExportedEncoder(folder, threads=threads, engine=engine)
        return encoder
    if reference == STARTER:
        raise BundleError(f"There is no encoder in {folder}.", hint="Restore models/starter from its release.")
    try:
        # Only this road needs torch, so only this road imports it.
        from coding_service.suggesters.encoder_torch import SentenceTransformerEncoder  # noqa: PLC0415
    except MissingExtraError as error:
        raise MissingExtraError(
            f"There is no exported encoder in {folder.absolute()}; to load {reference!r} otherwise needs torch, "
            "which is not installed.",
            hint="Name the folder of an exported encoder, or run `pip install 'io-coding[encoder]'`.",
        ) from error
    return SentenceTransformerEncoder(reference)


def choose_engine(flags: Path = CHIP_FLAGS) -> Callable[[Path, int], Graph]:
    """Choose what runs an exported encoder: OpenVINO where it is installed and the chip is made for it.

    Parameters
    ----------
    flags : Path
        Where Linux tells what the processor can do; elsewhere there is no such file.
    """
    told = flags.read_text(encoding="utf-8", errors="replace").split() if flags.is_file() else []
    if MATRICES_IN_BF16 in told and find_spec("openvino") and find_spec("onnx"):
        return _openvino_if_it_works
    return OnnxGraph


def _openvino_if_it_works(path: Path, threads: int) -> Graph:
    try:
        from coding_service.suggesters.encoder_openvino import OpenVinoGraph  # noqa: PLC0415 - an extra

        return OpenVinoGraph(path, threads)
    except Exception as error:  # noqa: BLE001 - whatever ails what only makes it faster, it must not stop a server
        _logger.warning("OpenVINO does not run the encoder (%s); ONNX Runtime does.", type(error).__name__)
        return OnnxGraph(path, threads)


def save_encoder(reference: str, destination: Path) -> None:
    """Write the encoder that a reference names into a new folder, exported to ONNX where it is not yet.

    Raises
    ------
    BundleError
        If the encoder is missing or altered.
    MissingExtraError
        If an export needs torch and that is not installed.
    """
    folder = _folder(reference)
    if (folder / DESCRIPTION).is_file():
        read_description(folder)
        shutil.copytree(folder, destination)
        return
    from coding_service.suggesters.encoder_torch import export_encoder  # noqa: PLC0415 - needs torch

    export_encoder(reference, destination)


def _folder(reference: str) -> Path:
    return data_root().joinpath(*STARTER_FOLDER) if reference == STARTER else Path(reference)
