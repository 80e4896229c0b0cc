"""Summaries of the draws: a table of means with intervals, and a plot of them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scipy.stats import t

HEAD = ("source", "system", "verified", "macro F1", "gain", "micro F1", "draws")
COLOURS = {"queue": "#0072b2", "random": "#009e73", "linear": "#d55e00", "setfit": "#cc79a7"}
BAR_SIZE, BAR_GAIN = 50, 0.05


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Give the mean and the half-width of its 95 % interval over draws; NaN where there is one draw, or no value."""
    if len(values) < 2 or any(map(math.isnan, values)):
        return mean(values), math.nan
    return mean(values), float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))


def summarise(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pool the draws of each source, system and size; a gain is taken within a draw, from no verified narrative."""
    pooled: dict[tuple[str, str, int], list[tuple[float, float, float]]] = {}
    for cell in cells:
        points = [point for point in cell["points"] if point["macro"] is not None]
        start = next((point["macro"] for point in points if point["size"] == 0), math.nan)
        for point in points:
            key = (cell["source"], cell["system"], point["size"])
            pooled.setdefault(key, []).append((point["macro"], point["micro"], point["macro"] - start))
    rows = []
    for (source, system, size), drawn in sorted(pooled.items()):
        macro, micro, gain = (interval([values[place] for values in drawn]) for place in range(3))
        named = {"source": source, "system": system, "size": size, "draws": len(drawn)}
        rows.append({**named, "macro": macro, "micro": micro, "gain": gain})
    return rows


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the summary as a Markdown table."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
    for row in rows:
        gain = "" if math.isnan(row["gain"][0]) or row["size"] == 0 else _shown(row["gain"], sign="+")
        fields = (row["source"], row["system"], row["size"], _shown(row["macro"]), gain, _shown(row["micro"]))
        lines.append("| " + " | ".join(map(str, (*fields, row["draws"]))) + " |")
    return "\n".join(lines)


def _shown(value: tuple[float, float], sign: str = "") -> str:
    middle, half = value
    return f"{middle:{sign}.3f}" + ("" if math.isnan(half) else f" ± {half:.3f}")


def plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw a panel for each source: macro F1 against verified narratives."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "labels"
    from matplotlib import pyplot as plt

    sources = sorted({row["source"] for row in rows})
    figure, panels = plt.subplots(1, len(sources), figsize=(5 * len(sources), 4), squeeze=False, sharey=True)
    for panel, source in zip(panels[0], sources, strict=True):
        for system in dict.fromkeys(row["system"] for row in rows if row["source"] == source):
            own = [row for row in rows if (row["source"], row["system"]) == (source, system)]
            sizes, middles = [row["size"] for row in own], [row["macro"][0] for row in own]
            halves = [0 if math.isnan(row["macro"][1]) else row["macro"][1] for row in own]
            panel.errorbar(
                sizes, middles, halves, label=system, color=COLOURS.get(system.split()[-1]), marker="o", capsize=3
            )
        panel.set(title=source, xlabel="verified narratives of the new source", xlim=(-5, None), ylim=(0, None))
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("macro F1 on the rest of the source")
    panels[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def keep(results: Path, cells: Sequence[Mapping[str, Any]]) -> str:
    """Write `labels.json`, `labels.md` and `labels.svg`; gives the table."""
    results.mkdir(parents=True, exist_ok=True)
    rows = summarise(cells)
    (results / "labels.json").write_text(json.dumps({"cells": list(cells)}, indent=1) + "\n", encoding="utf-8")
    plot(rows, results / "labels.svg")
    table = render(rows)
    (results / "labels.md").write_text(f"{PREFACE}\n{table}\n", encoding="utf-8")
    return table


PREFACE = """\
# What verified narratives of a new source are worth

Made by `make bench-labels DATA=...`; how is told in [the protocol](../README.md). Mean over draws, with the 95 % interval
of the mean; a gain is counted within each draw from the starting bundle, which never saw the source. The coders were
language models following the coding rules: read the differences, not the heights.

![macro F1 by verified narratives](labels.svg)
"""
