"""Seconds to retrain heads on 10,000 narratives whose sentence vectors are kept, and to fill the cache by two at once.

Narratives are made by joining two of the invented ones each; their sentences are those of the corpora, so that the
cache holds them all. Example: python -m training.benchmarks.retraining --narratives 10000
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import read_corpus
from coding_service.services.recipes import read_recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.suggesters.embeddings import CachedEncoder
from coding_service.suggesters.encoders import open_encoder
from coding_service.suggesters.registry import suggester_class
from coding_service.suggesters.sentences import split_sentences
from coding_service.taxonomy.files import find_taxonomy
from training.benchmarks.accuracy.registry import ROOT
from training.benchmarks.accuracy.sets import CORPORA
from training.benchmarks.accuracy.splits import SEED

MODULE = "training.benchmarks.retraining"


def joined(first: CodedNarrative, second: CodedNarrative, row: int) -> CodedNarrative:
    """Join two complete narratives; what either says holds, what either leaves open is unknown."""
    shift = len(first.text) + 1
    evidence = dict(first.evidence)
    for code_id, spans in second.evidence.items():
        evidence[code_id] = (*evidence.get(code_id, ()), *((start + shift, end + shift) for start, end in spans))
    codes = tuple(dict.fromkeys((*first.codes, *second.codes)))
    unknown = tuple(code_id for code_id in dict.fromkeys((*first.unknown, *second.unknown)) if code_id not in codes)
    text = f"{first.text} {second.text}"
    return replace(first, id=f"j{row}", text=text, codes=codes, unknown=unknown, evidence=evidence, group=f"j{row}")


def narratives(n: int) -> list[CodedNarrative]:
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    own = [each for path in CORPORA for each in read_corpus(path, taxonomy)]
    drawn = np.random.default_rng(SEED).integers(0, len(own), size=(n, 2)).tolist()
    plain = [replace(each, split="train", meta={}) for each in own]
    return [joined(plain[first], plain[second], row) for row, (first, second) in enumerate(drawn)]


def fill(cache: Path, n: int) -> str:
    """Encode all sentences through the cache; gives a fingerprint of the vectors."""
    texts = [each.text[start:end] for each in narratives(n) for start, end in split_sentences(each.text)]
    vectors = CachedEncoder(open_encoder("starter", threads=1), cache).encode(texts)
    return f"{len(set(texts))} sentences, sum {float(np.abs(vectors).sum()):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--narratives", type=int, default=10_000)
    parser.add_argument("--recipe", type=Path, default=ROOT / "training" / "recipes" / "starter.yaml")
    parser.add_argument("--fill", type=Path, help="only fill this cache, and say what it holds")
    given = parser.parse_args()
    if given.fill:
        print(fill(given.fill, given.narratives))
        return
    with TemporaryDirectory() as scratch:
        cache = Path(scratch) / "cache"
        command = [sys.executable, "-m", MODULE, "--fill", str(cache), "--narratives", str(given.narratives)]
        begun = time.perf_counter()
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = [child.communicate()[0].strip() for child in both]
        filled = time.perf_counter() - begun
        if told[0] != told[1] or any(child.returncode for child in both):
            raise SystemExit(f"Two processes on one cache do not agree: {told}.")
        recipe, taxonomy = read_recipe(given.recipe), find_taxonomy("io-themes", "1.0.0")
        corpus = narratives(given.narratives)
        begun = time.perf_counter()
        kind = suggester_class(recipe.suggester)
        kind.from_parameters(recipe.parameters, cache=cache).fit(corpus, taxonomy, seed=recipe.seed)
        fitted = time.perf_counter() - begun
        begun = time.perf_counter()
        train(recipe, [NamedCorpus("joined", tuple(corpus))], taxonomy, cache=cache)
        trained = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "narratives": given.narratives,
                "cache": told[0],
                "fill_by_two_seconds": round(filled, 1),
                "fit_heads_seconds": round(fitted, 1),
                "train_with_folds_seconds": round(trained, 1),
                "cores": len(os.sched_getaffinity(0)),
            }
        )
    )


if __name__ == "__main__":
    main()
