"""Writes and reads learned arrays and scikit-learn objects as skops, with a fixed list of allowed types."""

from pathlib import Path
from typing import Any

import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from coding_service.errors import BundleError

ALLOWED_TYPES: tuple[str, ...] = ()
"""Types trusted beside those that skops trusts itself: none is needed for arrays and a TF-IDF vectoriser."""


def save_arrays(path: Path, content: dict[str, Any]) -> None:
    """Write arrays and fitted scikit-learn transformers."""
    skops.io.dump(content, path)


def load_arrays(path: Path) -> dict[str, Any]:
    """Read back what `save_arrays` wrote.

    Raises
    ------
    BundleError
        If the file is missing, is not skops, or holds a type that is not allowed.
    """
    try:
        return dict(skops.io.load(path, trusted=list(ALLOWED_TYPES)))
    except UntrustedTypesFoundException as error:
        raise BundleError(
            f"{path} holds types that are not allowed: {error}.", hint="Do not use this bundle; train it anew."
        ) from error
    except Exception as error:  # a damaged archive raises whatever its damage meets first
        raise BundleError(
            f"{path} cannot be read ({type(error).__name__}).", hint="Restore the bundle; the file may be truncated."
        ) from error
