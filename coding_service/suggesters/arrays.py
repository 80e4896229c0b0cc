"""Writes and reads learned arrays as safetensors: numbers and their shapes, nothing that could run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from coding_service.errors import BundleError


def save_arrays(path: Path, content: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name."""
    save_file({name: np.ascontiguousarray(array) for name, array in content.items()}, path)


def load_arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    """Read arrays that `save_arrays` wrote.

    Parameters
    ----------
    path : Path
        The file.
    *names : str
        The arrays wanted, in the order they are given back in.

    Raises
    ------
    BundleError
        If the file is missing, damaged, or lacks an array.
    """
    try:
        found = load_file(path)
        return [found[name] for name in names]
    except (OSError, SafetensorError, KeyError) as error:
        raise BundleError(
            f"{path} cannot be read as arrays {', '.join(names)} ({type(error).__name__}).",
            hint="Restore the bundle; the file may be truncated.",
        ) from error
