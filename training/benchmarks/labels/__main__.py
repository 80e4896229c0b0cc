"""Learning curves on a source that the starting bundle never saw, by number of verified narratives.

Example: python -m training.benchmarks.labels --data ../data --source us-pa-summaries --system queue --draws 3
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.services.recipes import read_recipe
from training.benchmarks.accuracy.cells import end_children_on_sigterm
from training.benchmarks.accuracy.registry import OURS, ROOT, training_code
from training.benchmarks.labels.curves import keep
from training.benchmarks.labels.fresh import linear_curve, setfit_curve
from training.benchmarks.labels.loop import CACHE, CHOICES, Start, curve
from training.benchmarks.labels.sources import SOURCES, NewSource, load_source

LINEAR, SETFIT = "linear", "setfit"
SYSTEMS = (*CHOICES, LINEAR, SETFIT)
FOLDER = Path(__file__).parent


def main() -> None:
    given = _arguments()
    end_children_on_sigterm()
    given.cache.mkdir(parents=True, exist_ok=True)
    for name in given.source or SOURCES:
        source = load_source(name, given.data)
        for system in given.system or SYSTEMS:
            _run(source, system, given)
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(given.cache.glob("*.json"))]
    print(keep(given.results, cells))


def _run(source: NewSource, system: str, given: argparse.Namespace) -> None:
    """Run what is lacking of a system's draws; a cell is one draw, named by data, code and recipe."""
    ours = system in CHOICES
    named = f"{OURS} {read_recipe(given.recipe).name} {system}" if ours else system
    start = None
    for draw in range(given.draws):
        path = given.cache / f"{source.name}-{named.replace(' ', '-')}-{draw}.json"
        key = _key(source, system, given)
        if path.is_file() and json.loads(path.read_text(encoding="utf-8"))["key"] == key:
            continue
        begun = time.perf_counter()
        if ours:
            start = start or Start.of(source, given.recipe, given.cache, given.bundle)
            points = curve(source, start, system, draw, given.cache / CACHE)
        else:
            points = _fresh(source, system, draw, given)
        cell = {"source": source.name, "system": named, "draw": draw, "key": key, "points": points}
        path.write_text(json.dumps(cell, indent=1) + "\n", encoding="utf-8")
        seconds = time.perf_counter() - begun
        print(f"{source.name} / {named} / draw {draw}: {seconds:.0f} s", file=sys.stderr, flush=True)


def _fresh(source: NewSource, system: str, draw: int, given: argparse.Namespace) -> list[dict[str, Any]]:
    if system == LINEAR:
        return linear_curve(source, draw)
    return setfit_curve(source, draw, given.cache, given.limit_minutes * 60, gpu=given.gpu)


def _key(source: NewSource, system: str, given: argparse.Namespace) -> str:
    told = [corpus_fingerprint(source.before), corpus_fingerprint(source.own), source.taxonomy.sha256]
    told += [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("[fls]*.py"))]
    told += ["gpu"] if given.gpu and system == SETFIT else []
    if system in CHOICES:
        manifest = given.bundle / "bundle.json" if given.bundle else given.recipe
        told += [training_code(), manifest.read_text(encoding="utf-8")]
    return hashlib.sha256("".join(told).encode()).hexdigest()[:16]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with real-train.jsonl and real-dev.jsonl")
    parser.add_argument("--source", action="append", choices=SOURCES, help="only this source; may be repeated")
    parser.add_argument("--system", action="append", choices=SYSTEMS, help="only this; may be repeated")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument(
        "--recipe", type=Path, default=ROOT / "training" / "recipes" / "released.yaml", help="of the start"
    )
    parser.add_argument("--bundle", type=Path, help="a starting bundle that never saw the one source named")
    parser.add_argument("--limit-minutes", type=float, default=60, help="what a core may work on one size of SetFit")
    parser.add_argument("--gpu", action="store_true", help="let SetFit use a GPU, and learn from as many as ours")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "bench-labels")
    parser.add_argument("--results", type=Path, default=ROOT / "training" / "benchmarks" / "results")
    given = parser.parse_args()
    if given.bundle and len(given.source or SOURCES) > 1:
        parser.error("--bundle goes with one --source: a bundle is new to one source at a time.")
    return given


if __name__ == "__main__":
    sys.exit(main())
