"""spaCy's textcat_multilabel in its documented defaults without vectors: the ensemble of a bag of words and a network."""

import random
from functools import partial

import numpy as np
import spacy
from spacy.training import Example
from spacy.util import compounding, fix_random_seed, minibatch
from task import Scorer, Task, Variant, carry_out, timed

SEED = 7
ARCHITECTURES = {"bow": "spacy.TextCatBOW.v3", "ensemble": "spacy.TextCatEnsemble.v2"}


def run(task: Task) -> list[Variant]:
    return [
        timed(f"{name}, {task.options['epochs']} passes", partial(_train, task, name), task)
        for name in task.options["architectures"]
    ]


def _train(task: Task, architecture: str) -> Scorer:
    fix_random_seed(SEED)
    nlp = spacy.blank("en")
    config = {} if architecture == "ensemble" else {"model": _bow()}
    categories = nlp.add_pipe("textcat_multilabel", config=config)
    names = [code["id"] for code in task.codes]
    for name in names:
        categories.add_label(name)
    docs = list(nlp.tokenizer.pipe(task.fit))
    cats = [dict(zip(names, row, strict=True)) for row in task.present.astype(float).tolist()]
    examples = [Example.from_dict(doc, {"cats": own}) for doc, own in zip(docs, cats, strict=True)]
    optimizer = nlp.initialize(lambda: examples[:100])
    draws = random.Random(SEED)
    sizes = compounding(8, 64, 1.001)
    for _ in range(task.options["epochs"]):
        draws.shuffle(examples)
        for batch in minibatch(examples, size=sizes):
            nlp.update(batch, sgd=optimizer, drop=0.1)

    def score(texts: list[str]) -> np.ndarray:
        return np.array([[doc.cats[name] for name in names] for doc in nlp.pipe(texts, batch_size=64)])

    return score


def _bow() -> dict[str, object]:
    return {
        "@architectures": ARCHITECTURES["bow"],
        "exclusive_classes": False,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 262144,
    }


if __name__ == "__main__":
    carry_out(run)
