"""Where the files that ship with the package lie: beside it in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """Give the folder that holds ``taxonomy/``, ``training/`` and ``models/``.

    Returns
    -------
    Path
        The checkout, where the package stands in one; else the data folder inside the installed package.
    """
    checkout = PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "taxonomy").is_dir():
        return checkout
    return PACKAGE / "_data"


def in_checkout() -> bool:
    """Tell whether the package runs from a checkout rather than from an installed wheel."""
    return data_root() == PACKAGE.parent
