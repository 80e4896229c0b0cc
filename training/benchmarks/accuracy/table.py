"""Prints the table of all cells that the cache holds, and keeps it as Markdown and JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.benchmarks.accuracy.cells import DONE, FAILED, Cell, cell_path, read_scores
from training.benchmarks.accuracy.scoring import choose_variant, intervals, measure
from training.benchmarks.accuracy.sets import NAMES, LearningSet

HEAD = ("set", "system", "micro F1", "macro F1", "LRAP", "train s", "narratives/s", "peak MB", "learned from", "note")


def row_of(given: LearningSet, cell: Cell, folder: Path) -> dict[str, Any]:
    """Score a cell from its stored matrices; the variant is chosen on the fifth laid aside."""
    row: dict[str, Any] = asdict(cell)
    if cell.status != DONE:
        return row
    path = cell_path(folder, cell.set, cell.system)
    sides = [read_scores(path, variant, len(given.parts)) for variant in cell.variants]
    figures = [asdict(measure(given, own)) for own in sides]
    best = choose_variant(given, sides)
    return row | {
        **figures[best],
        **intervals(given, sides[best]),
        "variant": cell.variants[best],
        "n_variants": len(cell.variants),
        "train_seconds": cell.train_seconds[best],
        "narratives_per_second": round(cell.n_test / max(cell.score_seconds[best], 1e-9), 1),
        "every_variant": {
            name: {key: round(value, 4) for key, value in own.items()}
            for name, own in zip(cell.variants, figures, strict=True)
        },
    }


def merge_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put new rows in the place of older ones of the same set and system; rows of a set that is gone stay."""
    old = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    merged = {(row["set"], row["system"]): dict(row) for row in [*old, *rows]}
    order = list(dict.fromkeys(system for _, system in merged))
    return sorted(merged.values(), key=lambda row: (NAMES.index(row["set"]), order.index(row["system"])))


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as a Markdown table, the best figure of each set and column in bold."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
    for row in rows:
        peers = [other for other in rows if other["set"] == row["set"] and other["status"] == DONE]
        lines.append("| " + " | ".join(_fields(row, peers)) + " |")
    return "\n".join(lines)


def _fields(row: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> list[str]:
    if row["status"] != DONE:
        return [row["set"], row["system"], *["–"] * 6, str(row["n_fit"] or "–"), f"{row['status']} {row['message']}"]  # noqa: RUF001 - a dash for people
    figures = []
    for key in ("micro", "macro", "lrap"):
        best = max(other[key] for other in peers)
        shown = f"**{_short(row[key])}**" if row[key] == best else _short(row[key])
        bounds = [row[name] for name in (f"{key}_low", f"{key}_high") if name in row]
        figures.append(f"{shown} [{', '.join(map(_short, bounds))}]" if bounds else shown)
    told = (row["variant"] if row["n_variants"] > 1 else "", "on a GPU" if row.get("gpu") else "")
    note = ", ".join(filter(None, told))
    speed = f"{row['narratives_per_second']:.0f}"
    return [
        *(row["set"], row["system"], *figures, f"{row['train_seconds']:.0f}", speed),
        *(str(row["peak_mb"]), str(row["n_fit"]), note),
    ]


def _short(figure: float) -> str:
    return f"{figure:.3f}".lstrip("0")


def keep(results: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Write `accuracy.json` and `accuracy.md`, without what failed; gives the table."""
    results.mkdir(parents=True, exist_ok=True)
    path = results / "accuracy.json"
    merged = merge_rows(path, [row for row in rows if row["status"] != FAILED])
    path.write_text(json.dumps({"rows": merged}, indent=1) + "\n", encoding="utf-8")
    table = render(merged)
    (results / "accuracy.md").write_text(f"{PREFACE}\n{table}\n", encoding="utf-8")
    return table


PREFACE = """\
# Accuracy beside the peers

Made by `make bench-accuracy DATA=...`; how is told in [the protocol](../README.md). Every system learned from the same
four fifths of the training side and got its thresholds from the same routine on the same last fifth; each ran on one
core, and its seconds are those that the core worked; those of rows noted `on a GPU` do not compare. In brackets: 95 %
intervals by resampling groups of the measured side; another training moves a figure besides. Best of each set in bold.
The coders of `real` and `unseen` were language models following the coding rules: read the differences, not the
heights.
"""
