"""Our suggester, by the service behind `io-coding train`, on any taxonomy: nothing here is special to one."""

import sys
import time
from pathlib import Path

import numpy as np
import yaml
from task import Task, Variant, carry_out

from coding_service.services.runs import Run
from coding_service.services.runs import carry_out as train
from coding_service.suggesters.bundle import Bundle, read_bundle


def run(task: Task) -> list[Variant]:
    recipe = yaml.safe_load(Path(task.options["recipe"]).read_text(encoding="utf-8"))
    recipe |= {"corpus": []}
    path = task.folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    begun = time.process_time()
    asked = Run(path, (str(task.folder / "fit.jsonl"),), taxonomy=str(task.folder / "taxonomy.yaml"), name="bundle")
    done = train(
        asked, bundles=task.folder, cache=Path(task.options["cache"]), step=lambda text: print(text, file=sys.stderr)
    )
    bundle = read_bundle(Path(done["folder"]), threads=1)
    trained = time.process_time()
    tune = _probabilities(bundle, task.tune, closed=task.options["closed"])
    scored = time.process_time()
    test = _probabilities(bundle, task.test, closed=task.options["closed"])
    return [Variant("bundle", tune, test, trained - begun, time.process_time() - scored)]


def _probabilities(bundle: Bundle, texts: list[str], *, closed: bool) -> np.ndarray:
    """Score texts; where codes count as they are listed, a theme keeps only what none of its sub-themes explains."""
    values = bundle.suggest(texts).values
    below = np.zeros_like(values)
    for child, parent in () if closed else bundle.taxonomy.levels:
        below[:, parent] = np.maximum(below[:, parent], values[:, child])
    return (values - below).astype(np.float32)


if __name__ == "__main__":
    carry_out(run)
