"""Trains a bundle: fits a suggester, calibrates it on out-of-fold scores, measures it on narratives it never saw."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from coding_service import __version__
from coding_service.corpus import CodedNarrative
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.corpus.labels import PRESENT, label_matrix, lift
from coding_service.errors import CorpusError, InputError
from coding_service.metrics.calibration import precision_recall_points, reliability_curve
from coding_service.metrics.evaluation import evaluate, evaluate_slices
from coding_service.metrics.records import as_json
from coding_service.services.out_of_fold import OutOfFold, Step, score_out_of_fold
from coding_service.services.recipes import Recipe
from coding_service.suggesters.bundle import Bundle
from coding_service.suggesters.calibration import fit_calibration
from coding_service.suggesters.encoder import read_description
from coding_service.suggesters.protocol import Suggester, Tunes
from coding_service.suggesters.registry import suggester_class
from coding_service.suggesters.thresholds import choose_thresholds
from coding_service.taxonomy import Taxonomy

LIBRARIES = (
    "numpy",
    "scikit-learn",
    "scipy",
    "onnxruntime",
    "tokenizers",
    "spacy",
    "safetensors",
    "torch",
    "sentence-transformers",
)
TRAIN_SPLITS = {"", "train"}
MIN_SLICE = 20
"""Narratives from which a source gets figures of its own."""


@dataclass(frozen=True)
class NamedCorpus:
    """A corpus with the name that a bundle records for it."""

    name: str
    narratives: tuple[CodedNarrative, ...]


@dataclass(frozen=True)
class Trained:
    """A bundle that is not written yet, with its measurements."""

    bundle: Bundle
    metrics: dict[str, Any]


def train(  # noqa: PLR0913 - what a run names, and where it is kept
    recipe: Recipe,
    corpora: Sequence[NamedCorpus],
    taxonomy: Taxonomy,
    *,
    measured: Sequence[NamedCorpus] = (),
    encoder: Path | None = None,
    cache: Path | None = None,
    step: Step = lambda _: None,
) -> Trained:
    """Train by a recipe.

    Parameters
    ----------
    recipe : Recipe
        Suggester, parameters, folds and seed.
    corpora : sequence of NamedCorpus
        Narratives of the splits ``dev`` and ``test`` never train; those of ``test`` are scored at the end.
    taxonomy : Taxonomy
        What the corpora are coded with.
    measured : sequence of NamedCorpus
        Corpora that only measure the result, whatever their splits.
    encoder : Path or None
        Of an earlier bundle that was tuned on the same narratives: it is kept with its heads, and siblings measure it.
    cache : Path or None
        Folder for embeddings.
    step : callable
        Told what is being done.

    Returns
    -------
    Trained
        The bundle and its metrics.

    Raises
    ------
    CorpusError
        If there is nothing to learn from, fewer groups than folds, a group that both trains and measures, or an encoder
        that was tuned on other narratives.
    InputError
        If an encoder is to be kept for a suggester that tunes none.
    """
    narratives = [narrative for corpus in corpora for narrative in corpus.narratives if narrative.split in TRAIN_SPLITS]
    labels = label_matrix(narratives, taxonomy)
    groups = [narrative.unit for narrative in narratives]
    if not (labels == PRESENT).any() or len(set(groups)) < recipe.folds:
        raise CorpusError(
            f"The corpora hold {len(narratives)} narratives of {len(set(groups))} groups to train on, "
            f"with {int((labels == PRESENT).sum())} positives; {recipe.folds} groups and a positive are the least.",
            hint="Name a larger corpus with --corpus.",
        )
    tests = [
        NamedCorpus(corpus.name, tuple(narrative for narrative in corpus.narratives if narrative.split == "test"))
        for corpus in corpora
    ]
    _refuse_overlap(narratives, [*measured, *tests])
    step("fitting on all narratives")
    suggester = _fit(recipe, narratives, taxonomy, encoder, cache)
    out = score_out_of_fold(suggester, narratives, taxonomy, recipe, cache=cache, step=step)
    calibration = fit_calibration(out.scores, out.labels)
    bundle = Bundle(
        suggester=suggester,
        taxonomy=taxonomy,
        calibration=calibration,
        thresholds=choose_thresholds(calibration.apply(out.scores, taxonomy), out.labels),
        support=(labels == PRESENT).sum(axis=0).astype(float),
        manifest=_manifest(recipe, suggester, corpora, taxonomy, encoder),
    )
    step("measuring")
    figures, curves = _cross_validated(out, [narratives[row] for row in out.rows.tolist()], taxonomy)
    return Trained(
        bundle,
        {
            "cross_validation": figures,
            "test_splits": {corpus.name: measure(bundle, corpus.narratives) for corpus in tests if corpus.narratives},
            "measured": {corpus.name: measure(bundle, corpus.narratives) for corpus in measured},
            "curves": curves,
        },
    )


def _fit(
    recipe: Recipe, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, encoder: Path | None, cache: Path | None
) -> Suggester:
    blank = suggester_class(recipe.suggester).from_parameters(recipe.parameters, cache=cache)
    if encoder is None:
        return blank.fit(narratives, taxonomy, seed=recipe.seed)
    if isinstance(blank, Tunes):
        return blank.fit_over(encoder, narratives, taxonomy, seed=recipe.seed)
    raise InputError(
        f"Recipe {recipe.name!r} tunes no encoder (suggester {recipe.suggester!r}), so that none can be kept.",
        hint="Take a recipe with the suggester `tuned`.",
    )


def _refuse_overlap(narratives: Sequence[CodedNarrative], measured: Sequence[NamedCorpus]) -> None:
    trained = {group_key(narrative) for narrative in narratives}
    for corpus in measured:
        groups = {group_key(narrative) for narrative in corpus.narratives}
        if groups & trained:
            raise CorpusError(
                f"{len(groups & trained)} of the {len(groups)} groups of corpus {corpus.name!r} that only measure "
                "the result are trained on, too.",
                hint="Leave them out of one of the two, or put each group into one split: what a bundle has seen does "
                "not measure it. Narratives without a group are told apart by their ids, which must differ.",
            )


def measure(bundle: Bundle, narratives: Sequence[CodedNarrative]) -> dict[str, Any]:
    """Measure a bundle on narratives it was not trained on; JSON-ready."""
    labels = label_matrix(narratives, bundle.taxonomy)
    probabilities = bundle.suggest([narrative.text for narrative in narratives]).values
    groups = [narrative.unit for narrative in narratives]
    suggested = bundle.suggested(probabilities)
    return evaluate(labels, probabilities, suggested, code_ids=bundle.taxonomy.code_ids, groups=groups).to_dict()


def _cross_validated(
    out: OutOfFold, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure out-of-fold scores with calibration and thresholds from the other folds; gives figures and curves."""
    probabilities = np.zeros_like(out.scores)
    suggested = np.zeros(out.scores.shape, dtype=bool)
    for fold in np.unique(out.folds):
        inside, outside = out.folds == fold, out.folds != fold
        calibration = fit_calibration(out.scores[outside], out.labels[outside])
        thresholds = choose_thresholds(calibration.apply(out.scores[outside], taxonomy), out.labels[outside])
        probabilities[inside] = calibration.apply(out.scores[inside], taxonomy)
        suggested[inside] = lift(probabilities[inside] >= thresholds, taxonomy)
    groups = [narrative.unit for narrative in narratives]
    families = np.array([str(narrative.meta.get("family", "")) for narrative in narratives])
    slices = {
        name: families == name for name in sorted(set(families) - {""}) if int((families == name).sum()) >= MIN_SLICE
    }
    if slices and (families == "").any():
        slices["other"] = families == ""
    parts = evaluate_slices(
        out.labels, probabilities, suggested, slices=slices, code_ids=taxonomy.code_ids, groups=groups
    )
    figures = {
        "folds": len(np.unique(out.folds)),
        "remembered": out.remembered,
        **evaluate(out.labels, probabilities, suggested, code_ids=taxonomy.code_ids, groups=groups).to_dict(),
        "by_family": {name: part.to_dict() for name, part in parts.items()},
    }
    curves = {
        "reliability": as_json(reliability_curve(out.labels, probabilities)),
        "precision_recall": precision_recall_points(out.labels, probabilities).to_dict(),
    }
    return figures, curves


def _manifest(
    recipe: Recipe, suggester: Suggester, corpora: Sequence[NamedCorpus], taxonomy: Taxonomy, encoder: Path | None
) -> dict[str, Any]:
    kept = {} if encoder is None else {"kept_encoder": read_description(encoder)["sha256"]}
    return kept | {
        "suggester": recipe.suggester,
        "parameters": suggester.parameters(),
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "taxonomy": {"id": taxonomy.id, "version": taxonomy.version, "sha256": taxonomy.sha256},
        "corpora": [_describe(corpus) for corpus in corpora],
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
    }


def _describe(corpus: NamedCorpus) -> dict[str, Any]:
    trained = [narrative for narrative in corpus.narratives if narrative.split in TRAIN_SPLITS]
    return {
        "name": corpus.name,
        "fingerprint": corpus_fingerprint(corpus.narratives),
        "n_narratives": len(trained),
        "n_groups": len({narrative.unit for narrative in trained}),
        "groups": sorted({group_key(narrative) for narrative in trained}),
    }


def group_key(narrative: CodedNarrative) -> str:
    """Name a group by a hash, so that a bundle can tell what it was trained on without naming a review."""
    return hashlib.sha256(narrative.unit.encode()).hexdigest()[:12]


def _versions() -> dict[str, str]:
    found = {"io-coding": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
