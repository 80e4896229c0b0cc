"""The loop in the small: a starting bundle, narratives verified in the order of the queue or at random, retrained heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.metrics.scores import macro_f1, micro_f1
from coding_service.services.active_choice import Mix, Pool, choose
from coding_service.services.recipes import Recipe, read_recipe
from coding_service.services.training import NamedCorpus, group_key, train
from coding_service.settings import Settings
from coding_service.suggesters.bundle import Bundle, read_bundle, write_bundle
from coding_service.suggesters.protocol import Remembering
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy
from training.benchmarks.labels.sources import SIZES, NewSource

RANDOM, ACTIVE = "random", "queue"
CHOICES = (RANDOM, ACTIVE)
CACHE = "cache"


@dataclass(frozen=True)
class Start:
    """A starting bundle with what it makes of every passage of a source that it never saw, in their order."""

    folder: Path
    bundle: Bundle
    probabilities: Floats

    @classmethod
    def of(cls, source: NewSource, recipe: Path, folder: Path, given: Path | None = None) -> "Start":
        """Train it by a recipe and keep it, unless it is given."""
        place = given or folder / f"{source.name}-{read_recipe(recipe).name}"
        if not place.is_dir():
            corpora = [NamedCorpus("before", source.before)]
            quick = read_recipe(recipe).model_copy(update={"measured_folds": 1})
            trained = train(quick, corpora, source.taxonomy, cache=folder / CACHE)
            write_bundle(trained.bundle, place, trained.metrics, lambda _: None)
        bundle = read_bundle(place, threads=1)
        trained_on = {group for corpus in bundle.manifest["corpora"] for group in corpus["groups"]}
        recalled = (
            bundle.suggester.recall(source.own, bundle.taxonomy) if isinstance(bundle.suggester, Remembering) else None
        )
        tuned_on = recalled is not None and recalled.seen.any()
        if tuned_on or any(group_key(narrative) in trained_on for narrative in source.own):
            raise SystemExit(f"Bundle {place} was trained on passages of {source.name}: it is no newcomer there.")
        return cls(place, bundle, bundle.suggest([narrative.text for narrative in source.own]).values)

    def retraining(self) -> Recipe:
        """Retrain heads over its encoder, with its blend; of what is new, a fifth helps to choose thresholds."""
        known = self.bundle.manifest["parameters"]
        parameters = {name: known[name] for name in ("blend", "strength") if name in known}
        parameters["encoder"] = str(self.folder / "suggester" / "encoder")
        changed = {"suggester": "sentence", "parameters": parameters, "corpus": (), "measured_folds": 1}
        return Recipe.model_validate({**self.bundle.manifest["recipe"], **changed})


def curve(source: NewSource, start: Start, choice: str, draw: int, cache: Path) -> list[dict[str, Any]]:
    """Verify more and more of the pool, retrain at each size, and measure on the rest of the source.

    The queue chooses anew after each retraining, by the bundle of then, as it does in the service.
    """
    pool, test = source.draw(draw)
    row_of = {narrative.id: row for row, narrative in enumerate(source.own)}
    bundle = start.bundle
    probabilities = start.probabilities
    points = []
    verified: list[CodedNarrative] = []
    for size in (0, *SIZES):
        if size > len(pool):
            break
        if size:
            rest = [narrative for narrative in pool if narrative not in verified]
            lacking = size - len(verified)
            known = probabilities[[row_of[narrative.id] for narrative in rest]]
            verified += rest[:lacking] if choice == RANDOM else _from_queue(bundle, rest, known, lacking, draw)
            corpora = [NamedCorpus("before", source.before), NamedCorpus("verified", tuple(verified))]
            bundle = train(start.retraining(), corpora, source.taxonomy, cache=cache).bundle
            probabilities = bundle.suggest([narrative.text for narrative in source.own]).values
        told = bundle.suggested(probabilities[[row_of[narrative.id] for narrative in test]])
        points.append(figures(told, test, source.taxonomy, size))
    return points


def figures(suggested: np.ndarray, test: Sequence[CodedNarrative], taxonomy: Taxonomy, size: int) -> dict[str, Any]:
    """Give micro and macro F1 at a number of verified narratives."""
    labels = label_matrix(test, taxonomy)
    macro, n_codes = macro_f1(labels, suggested)
    return {"size": size, "micro": micro_f1(labels, suggested), "macro": macro, "n_codes": n_codes}


def _from_queue(
    bundle: Bundle, rest: Sequence[CodedNarrative], probabilities: Floats, n_narratives: int, draw: int
) -> list[CodedNarrative]:
    ids = [narrative.id for narrative in rest]
    pool = Pool(ids, probabilities, np.zeros(len(rest), dtype=bool), bundle.thresholds, bundle.support)
    mix = Mix.of(Settings(queue_depth=n_narratives, blind_key=f"draw {draw}"))
    by_id = dict(zip(ids, rest, strict=True))
    return [by_id[narrative_id] for narrative_id, _ in choose(pool, mix)]
