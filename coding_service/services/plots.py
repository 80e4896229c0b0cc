"""Draws the plots of a model card as SVG, the same bytes for the same figures; alone imports matplotlib."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coding_service.errors import MissingExtraError
from coding_service.metrics.calibration import MIN_PROBABILITY

RELIABILITY = "reliability.svg"
PRECISION_RECALL = "precision-recall.svg"

_STYLE = {
    "svg.hashsalt": "io-coding",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_INK, _PALE = "#1f4e79", "#9aa5b1"
_METADATA = {"Date": None, "Creator": None}
_F1_LINES = 0.4, 0.6, 0.8


def draw_plots(curves: Mapping[str, Any], folder: Path) -> None:
    """Draw the reliability diagram and the precision-recall curve.

    Parameters
    ----------
    curves : mapping
        ``reliability``: bins as of `reliability_curve`; ``precision_recall``: points as of `precision_recall_points`.
    folder : Path
        Where the two files go; made if missing.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    with _axes("probability", "share present", folder / RELIABILITY) as axes:
        _reliability(axes, curves["reliability"])
    with _axes("recall", "precision", folder / PRECISION_RECALL) as axes:
        _precision_recall(axes, curves["precision_recall"])


@contextmanager
def _axes(horizontal: str, vertical: str, path: Path) -> Iterator[Any]:
    """Give square axes from 0 to 1, and write them to a file when they are drawn."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an optional library
        from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError(
            "Plots need matplotlib, which is not installed.", hint="Run `pip install 'io-coding[train]'`."
        ) from error
    with rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 4.0), layout="constrained")
        axes = figure.add_subplot()
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=horizontal, ylabel=vertical)
        yield axes
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, format="svg", metadata=_METADATA)


def _reliability(axes: Any, bins: Sequence[Mapping[str, float]]) -> None:
    axes.plot([0, 1], [0, 1], color=_PALE, linestyle="--", linewidth=1)
    # Below the least probability only present pairs are counted, so their share says nothing.
    bins = [part for part in bins if part["low"] >= MIN_PROBABILITY]
    said, true = [part["mean_probability"] for part in bins], [part["share_present"] for part in bins]
    axes.plot(said, true, color=_INK, marker="o", markersize=4)
    for part in bins:
        place = (part["mean_probability"], part["share_present"])
        axes.annotate(f"{part['n_pairs']:.0f}", place, xytext=(5, -9), textcoords="offset points", color=_PALE)


def _precision_recall(axes: Any, curve: Mapping[str, Sequence[float]]) -> None:
    for level in _F1_LINES:
        recall = [level / 2 + (1 - level / 2) * step / 50 for step in range(1, 51)]
        axes.plot(recall, [level * at / (2 * at - level) for at in recall], color=_PALE, linestyle=":", linewidth=1)
        axes.annotate(f"F1 {level}", (0.99, level / (2 - level)), ha="right", va="bottom", color=_PALE)
    axes.plot(curve["recall"], curve["precision"], color=_INK)
