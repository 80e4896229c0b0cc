"""Accuracy of our suggester beside its peers: same splits, same threshold routine, one table.

Example: python -m training.benchmarks.accuracy --data ../data --set nhs_px --system tfidf
"""

import argparse
import sys
from pathlib import Path

from training.benchmarks.accuracy.cells import Desk, end_children_on_sigterm, run_cell
from training.benchmarks.accuracy.registry import ROOT, systems
from training.benchmarks.accuracy.sets import NAMES, load_set
from training.benchmarks.accuracy.table import keep, render, row_of


def main() -> None:
    given = _arguments()
    end_children_on_sigterm()
    table = systems(given.recipe)
    unknown = [name for name in given.system or () if name not in table]
    if unknown:
        raise SystemExit(f"There is no system {unknown[0]!r}; there are: {'; '.join(table)}.")
    desk = Desk(given.cache, given.limit_minutes * 60, gpu=given.gpu)
    rows = []
    for name in given.set or NAMES:
        learning_set = load_set(name, given.data, rows=given.rows)
        for system in given.system or table:
            cell = run_cell(learning_set, system, table[system], desk)
            rows.append(row_of(learning_set, cell, given.cache))
    print(render(rows) if given.rows else keep(given.results, rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with real-train.jsonl, real-dev.jsonl and bench/")
    parser.add_argument("--set", action="append", choices=NAMES, help="only this set; may be repeated")
    parser.add_argument("--system", action="append", help="only this system; may be repeated")
    parser.add_argument("--recipe", type=Path, default=ROOT / "training" / "recipes" / "released.yaml", help="ours")
    parser.add_argument(
        "--limit-minutes", type=float, default=60, help="what a core may work on one training of a cell"
    )
    parser.add_argument("--rows", type=int, default=0, help="so many narratives of each side, to try things out")
    parser.add_argument("--gpu", action="store_true", help="let systems use a GPU; their seconds then do not compare")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "bench-accuracy")
    parser.add_argument("--results", type=Path, default=ROOT / "training" / "benchmarks" / "results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
