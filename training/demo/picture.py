"""Draws a simulated year as SVG: accuracy, agreement, and the share of suggestions that people accepted."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter

from coding_service.services.gate import MIN_REVIEWS

STYLE = {
    "svg.hashsalt": "io-coding",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 10,
}
BLUE, ORANGE, GREEN, GREY = "#1f4e79", "#b5561c", "#2f6f4f", "#6b7785"
MARKS: Mapping[str, tuple[str, str, str]] = {
    "promoted": ("o", "full", "gate passed, promoted"),
    "forced": ("o", "none", "too few blind reviews, promoted by force"),
    "too few": ("^", "none", "too few blind reviews, not promoted"),
    "refused": ("X", "full", "gate refused"),
}
"""Outcome of a month -> mark, its filling, and what the legend says."""

Year = Mapping[str, Any]


def draw(year: Year) -> str:
    """Draw what `simulate` gives; the same bytes for the same figures."""
    drawers: Sequence[Callable[[Any, Year], None]] = (_accuracy, _agreement, _acceptance)
    with rc_context(STYLE):
        figure = Figure(figsize=(8.5, 10.5), layout="constrained")
        panels = figure.subplots(3, 1, sharex=True, height_ratios=(1.5, 1, 0.8))
        for panel, drawer in zip(panels, drawers, strict=True):
            drawer(panel, year)
            panel.grid(axis="y", color="#e3e6ea", linewidth=0.8)
            panel.set_axisbelow(True)
        panels[-1].set_xlabel("month")
        panels[-1].set_xlim(-0.3, len(year["months"]) + 0.3)
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=13))
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _accuracy(axes: Any, year: Year) -> None:
    """Served bundles as steps, and each month's candidate as a mark that tells what became of it."""
    numbers = [0, *(month["month"] for month in year["months"])]
    for key, colour, name in (("micro_f1", BLUE, "micro F1"), ("macro_f1", ORANGE, "macro F1")):
        served = [year["first"][key], *(month["served"][key] for month in year["months"])]
        axes.step(numbers, served, where="post", color=colour, linewidth=2, label=f"{name} of the bundle being served")
        for month in year["months"]:
            mark, filling, _ = MARKS[month["outcome"]]
            axes.plot(month["month"], month["candidate"][key], mark, color=colour, fillstyle=filling, markersize=8)
    outcomes = {month["outcome"] for month in year["months"]}
    for outcome, (mark, filling, told) in MARKS.items():
        if outcome in outcomes:
            axes.plot([], [], mark, color=GREY, fillstyle=filling, markersize=8, label=told)
    enough = [month["month"] for month in year["months"] if month["blind_reviews"] >= MIN_REVIEWS]
    if enough:
        axes.axvline(
            enough[0] - 0.5, ymin=0.45, color=GREY, linestyle=":", label=f"from here on {MIN_REVIEWS} blind reviews"
        )
    axes.set(title="Accuracy on held-out gold that nobody codes and nothing learns from", ylabel="F1")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.75 * (high - low), high)
    axes.legend(loc="lower right")


def _agreement(axes: Any, year: Year) -> None:
    for key, colour, name in (("shown", GREEN, "suggestions shown"), ("blind", BLUE, "coded blind")):
        told = [month for month in year["months"] if month["agreement"][key]["point"] is not None]
        numbers = [month["month"] for month in told]
        point, low, high = ([month["agreement"][key][part] for month in told] for part in ("point", "low", "high"))
        axes.plot(numbers, point, color=colour, marker="o", markersize=5, linewidth=2, label=f"{name}, 95 % interval")
        axes.fill_between(numbers, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.set(title="Agreement of two coders, all months so far", ylabel="alpha of whole sets", ylim=(0, 1))
    axes.legend(loc="lower right", ncols=2)


def _acceptance(axes: Any, year: Year) -> None:
    told = [month for month in year["months"] if month["accepted_share"] is not None]
    shares = [month["accepted_share"] for month in told]
    axes.plot([month["month"] for month in told], shares, color=GREEN, marker="o", markersize=5, linewidth=2)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MultipleLocator(0.05))
    axes.set(title="Suggestions accepted, of those that people were shown in the month", ylabel="share accepted")
