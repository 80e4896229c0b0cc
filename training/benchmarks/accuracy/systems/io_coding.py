"""Our suggester, fitted as `io-coding train` fits it, on any taxonomy: nothing here is special to one.

The siblings that `train` fits besides, to calibrate and to choose thresholds, are left out: thresholds are everybody's.
"""

import time
from pathlib import Path

import numpy as np
from task import Task, Variant, carry_out

from coding_service.corpus.files import read_corpus
from coding_service.services.recipes import read_recipe
from coding_service.suggesters.registry import suggester_class
from coding_service.taxonomy.files import load_taxonomy


def run(task: Task) -> list[Variant]:
    recipe = read_recipe(Path(task.options["recipe"]))
    taxonomy = load_taxonomy(task.folder / "taxonomy.yaml")
    narratives = read_corpus(task.folder / "fit.jsonl", taxonomy)
    kind, cache = suggester_class(recipe.suggester), Path(task.options["cache"])
    begun = time.process_time()
    fitted = kind.from_parameters(recipe.parameters, cache=cache).fit(narratives, taxonomy, seed=recipe.seed)
    kept = task.folder / "suggester"
    kept.mkdir()
    fitted.save(kept)
    served = kind.load(kept, taxonomy, fitted.parameters(), threads=1)
    trained = time.process_time()
    tune = served.score(task.tune).values.astype(np.float32)
    scored = time.process_time()
    test = served.score(task.test).values.astype(np.float32)
    return [Variant(kind.name, tune, test, trained - begun, time.process_time() - scored)]


if __name__ == "__main__":
    carry_out(run)
