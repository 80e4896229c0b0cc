"""One training run: from a recipe, corpus files and what people verified to a bundle on disk, with its model card."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coding_service.corpus.files import STDIN, read_corpus, source_name
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.errors import CodingError, CorpusError, InputError, NotFoundError
from coding_service.services.card import render_card
from coding_service.services.figures import headlines
from coding_service.services.out_of_fold import Step
from coding_service.services.past_codings import translate_narratives
from coding_service.services.recipes import Recipe, read_recipe
from coding_service.services.shelf import JURISDICTIONS
from coding_service.services.training import NamedCorpus, train
from coding_service.services.verified import NAME, Verified
from coding_service.suggesters.bundle import (
    MANIFEST,
    METRICS,
    WEIGHTS,
    Bundle,
    check_free,
    read_manifest,
    write_bundle,
)
from coding_service.suggesters.encoder import hash_file, read_description
from coding_service.suggesters.sentence import ENCODER
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import open_taxonomy
from coding_service.taxonomy.translation import Translation

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Run:
    """What a person asks for.

    Parameters
    ----------
    recipe : Path
        The recipe file.
    corpora : tuple of str
        Corpus files to train on besides those of the recipe; ``-`` is standard input.
    measured : tuple of str
        Corpus files that only measure the result.
    taxonomy : str
        Id, ``id@version`` or file, in the place of the recipe's; empty keeps that.
    name : str
        Name of the bundle; empty makes one of the recipe, the day and the fingerprint of the corpora.
    output : Path or None
        Its folder; None puts it under its name with the other bundles.
    replace : bool
        Whether a bundle that is there may be replaced.
    keep_encoder : Path or None
        A bundle that was tuned on the same narratives, whose encoder and heads are kept.
    """

    recipe: Path
    corpora: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    taxonomy: str = ""
    name: str = ""
    output: Path | None = None
    replace: bool = False
    keep_encoder: Path | None = None


def carry_out(
    run: Run, *, bundles: Path, cache: Path, verified: Verified | None = None, step: Step = lambda _: None
) -> dict[str, Any]:
    """Train a bundle and write it; nothing is written unless all goes well.

    Only the folder that the bundle is to lie in is made before. With verified narratives a bundle that the same recipe
    made of the same narratives is given instead of a new one, unless the run names one.

    Parameters
    ----------
    run : Run
        What is asked for.
    bundles : Path
        Where bundles lie by default.
    cache : Path
        Folder for embeddings.
    verified : Verified or None
        What people verified, to train on as well; its taxonomy then takes the place of the recipe's. Where that is an
        older version, the corpora of the recipe are translated; further ones are coded in the version of the store.
    step : callable
        Told what is being done.

    Returns
    -------
    dict
        JSON-ready: ``id``, ``folder``, ``sha256``, ``suggester``, ``taxonomy``, ``corpora``, ``figures``, one row for
        each set that was measured, and ``made_before``.

    Raises
    ------
    NotFoundError, InputError
        If recipe, corpus or taxonomy are missing or broken, or the name is no name.
    BundleError
        If the place is taken, or the encoder that is to be kept is missing or altered.
    """
    step("reading")
    recipe = read_recipe(run.recipe)
    taxonomy = _taxonomy(run, recipe) if verified is None else verified.taxonomy
    beside = run.recipe.parent
    named = [str(beside / path) for path in recipe.corpus]
    way = _way(run, recipe, verified)
    try:
        corpora = _read([*named, *run.corpora], taxonomy, dict.fromkeys(named, way))
    except CorpusError as error:
        named_by_file = (beside / recipe.taxonomy.id).is_file()
        if verified is None or recipe.taxonomy.id == taxonomy.id or way is not None or named_by_file:
            raise
        told = f"Recipe {recipe.name!r} is for {recipe.taxonomy.id!r}, and the store codes by {taxonomy.id!r}."
        raise CorpusError(f"{told} {error.message}", hint="Name a recipe of that taxonomy with --recipe.") from error
    _refuse_repeated(corpora)
    corpora += [] if verified is None else [NamedCorpus(NAME, verified.narratives)]
    if not corpora:
        raise CorpusError(f"Recipe {recipe.name!r} names no corpus.", hint="Name one in it, or with --corpus.")
    if verified is not None and not (run.name or run.output or run.keep_encoder):
        made = _made_before(recipe, corpora, taxonomy, bundles)
        if made is not None:
            metrics = json.loads((made / METRICS).read_text(encoding="utf-8"))
            return _summary(made, metrics) | {"made_before": True}
    folder = _folder(run, recipe, corpora, bundles)
    check_free(folder, replace=run.replace)
    measured = _read(run.measured, taxonomy)
    encoder = None if run.keep_encoder is None else _encoder_of(run.keep_encoder)
    trained = train(recipe, corpora, taxonomy, measured=measured, encoder=encoder, cache=cache, step=step)
    step("writing")
    write_bundle(_with_origin(trained.bundle, verified), folder, trained.metrics, render_card, replace=run.replace)
    return _summary(folder, trained.metrics)


def _encoder_of(bundle: Path) -> Path:
    """Give the folder of the encoder of a bundle, its files verified; what else the bundle holds does not matter."""
    if not bundle.is_dir():
        raise NotFoundError(f"There is no bundle in {bundle}.", hint="Name its folder, such as models/starter.")
    folder = bundle / WEIGHTS / ENCODER
    read_description(folder)
    return folder


def _with_origin(bundle: Bundle, verified: Verified | None) -> Bundle:
    """Let a bundle say whose narratives it learned from; ids, for every key may read a manifest."""
    if verified is None:
        return bundle
    origin = {JURISDICTIONS: list(verified.jurisdictions), "snapshot": verified.fingerprint}
    return replace(bundle, manifest={**bundle.manifest, **origin})


def _made_before(recipe: Recipe, corpora: Sequence[NamedCorpus], taxonomy: Taxonomy, bundles: Path) -> Path | None:
    """Find the latest bundle that the same recipe made of the same narratives."""
    asked = (
        recipe.model_dump(mode="json"),
        taxonomy.sha256,
        [corpus_fingerprint(corpus.narratives) for corpus in corpora],
    )
    found = []
    for path in bundles.glob(f"[!.]*/{MANIFEST}"):
        try:
            manifest = read_manifest(path.parent)
        except CodingError:
            continue
        fingerprints = [corpus["fingerprint"] for corpus in manifest.get("corpora", ())]
        if (manifest.get("recipe"), manifest["taxonomy"]["sha256"], fingerprints) == asked:
            found.append((manifest["trained_at"], path.parent))
    return max(found)[1] if found else None


def _taxonomy(run: Run, recipe: Recipe) -> Taxonomy:
    if run.taxonomy:
        return open_taxonomy(run.taxonomy)
    named = recipe.taxonomy
    beside = run.recipe.parent / named.id
    return open_taxonomy(str(beside) if beside.is_file() else named.id, version=named.version)


def _way(run: Run, recipe: Recipe, verified: Verified | None) -> Translation | None:
    """Give the way from the taxonomy version that the corpora of a recipe are coded in, where they need one.

    A version that the store holds need not lie on disk.
    """
    if verified is None or not verified.ways:
        return None
    named = recipe.taxonomy.id, recipe.taxonomy.version or ""
    if not run.taxonomy and named in verified.ways:
        return verified.ways[named]
    own = _taxonomy(run, recipe)
    return verified.ways.get((own.id, own.version))


def _read(
    paths: Sequence[str], taxonomy: Taxonomy, ways: Mapping[str, Translation | None] | None = None
) -> list[NamedCorpus]:
    """Read corpora, each under a name of its own, for figures are told by name."""
    corpora: dict[str, NamedCorpus] = {}
    for path in paths:
        stem = name = source_name(path) if path == STDIN else Path(path).stem
        while name in corpora:
            name = f"{stem}-{len(corpora) + 1}"
        way = (ways or {}).get(path)
        narratives = read_corpus(path, taxonomy if way is None else way.old)
        corpora[name] = NamedCorpus(name, tuple(narratives if way is None else translate_narratives(way, narratives)))
    return list(corpora.values())


def _refuse_repeated(corpora: Sequence[NamedCorpus]) -> None:
    """Refuse a narrative that stands in two corpora, which would count twice."""
    known: dict[tuple[str, str], str] = {}
    for corpus in corpora:
        for narrative in corpus.narratives:
            first = known.setdefault((narrative.id, narrative.text), corpus.name)
            if first != corpus.name:
                raise CorpusError(
                    f"Narrative {narrative.id!r} stands in corpus {first!r} and in {corpus.name!r}.",
                    hint="Name each corpus once, in the recipe or with --corpus.",
                )


def _folder(run: Run, recipe: Recipe, corpora: Sequence[NamedCorpus], bundles: Path) -> Path:
    if run.name and run.output:
        raise InputError("Both a name and a folder were given.", hint="Give --name or --output; a folder is a name.")
    joined = "".join(corpus_fingerprint(corpus.narratives) for corpus in corpora)
    fingerprint = hashlib.sha256(joined.encode()).hexdigest()[:8]
    folder = run.output or bundles / (run.name or f"{recipe.name}-{datetime.now(UTC):%Y%m%d}-{fingerprint}")
    name = folder.resolve().name if run.output else run.name or folder.name
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a bundle.",
            hint="Use letters, digits, '.', '_' and '-', at most 100, the first a letter or digit.",
        )
    return folder


def _summary(folder: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    manifest = read_manifest(folder)
    kept = ("name", "fingerprint", "n_narratives", "n_groups")
    return {
        "id": folder.name,
        "folder": str(folder),
        "sha256": hash_file(folder / MANIFEST),
        "suggester": manifest["suggester"],
        "taxonomy": {key: manifest["taxonomy"][key] for key in ("id", "version")},
        "corpora": [{key: corpus[key] for key in kept} for corpus in manifest["corpora"]],
        "figures": headlines(metrics),
        "made_before": False,
    }
