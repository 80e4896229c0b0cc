"""A simulated year: month by month, people verify suggestions and the bundle is trained anew on what they decided."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml
from demo.ids import seed_ids
from demo.material import Material, deal
from demo.office import Office
from demo.people import hire

from coding_service.bootstrap import Parts, build
from coding_service.corpus.files import read_corpus, write_corpus
from coding_service.errors import InputError, NotFoundError
from coding_service.metrics.agreement import TOO_FEW
from coding_service.services.active_choice import Mix
from coding_service.services.agreement import measure_agreement
from coding_service.services.comparing import compare_bundles
from coding_service.services.evaluating import Options, evaluate_bundle
from coding_service.services.examination import Petition
from coding_service.services.following import Follower
from coding_service.services.promotion import promote
from coding_service.services.ranking import rank_queue
from coding_service.services.retraining import Retraining, Workshop, retrain
from coding_service.services.runs import Run, carry_out
from coding_service.services.verified import NAME as VERIFIED
from coding_service.settings import Settings
from coding_service.store import Engine, Scope
from coding_service.store.check import check
from coding_service.store.schema import upgrade
from coding_service.suggesters.encoder import DESCRIPTION
from coding_service.suggesters.tuning import Tuning
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import find_taxonomy
from coding_service.text_file import write_text

Step = Callable[[str], None]

FIRST = "first"
"""Name of the bundle that is served in the first month."""
FORCED = "forced"
"""Outcome of a month in which the gate could not tell, and the bundle was promoted by force."""
BLEND = [0.5, 0.0, 1.0]
"""Of the suggester ``sentence``, where the starter corpus puts it; choosing one every month doubles the time."""
FOLDS = 3
LEFT_BEHIND = {"first.jsonl", "recipe.yaml", "bundles", "store.sqlite", "store.sqlite-wal", "store.sqlite-shm"}
"""What a simulation leaves in its folder."""
DRAWS = 500
"""Of the intervals that are drawn."""
FIGURES = "micro_f1", "micro_low", "micro_high", "macro_f1", "macro_low", "macro_high", "ece"
EVERYTHING = Scope.everything()


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    Parameters
    ----------
    corpus : Path
        Coded narratives, by io-themes.
    folder : Path
        Where store, bundles and recipe go; emptied before.
    suggester : str
        What is trained.
    encoder : str
        What the suggester ``sentence`` reads with; one that was tuned on coded narratives knows the year's end.
    months, reviews, reviewers : int
        How many months, reviews in each of them, and people who code.
    first_share : float
        Share of the narratives that train the first bundle, over 0 and under 1.
    blind_share : float
        Share of the reviews that are coded blind, as the setting of this name.
    seed : int
        Of all chance.
    force : bool
        Whether a bundle is promoted by force in the months in which nothing but blind reviews is lacking.
    """

    corpus: Path
    folder: Path
    suggester: str = "sentence"
    encoder: str = "build/encoder"
    months: int = 12
    reviews: int = 120
    reviewers: int = 4
    first_share: float = 0.1
    blind_share: float = 0.2
    seed: int = 1
    force: bool = True


@dataclass
class Year:
    """Everything that a simulated year works with."""

    plan: Plan
    parts: Parts
    store: Engine
    material: Material
    office: Office
    recipe: Path
    measured: dict[str, dict[str, Any]] = field(default_factory=dict)


def simulate(plan: Plan, *, step: Step = lambda _: None) -> dict[str, Any]:
    """Simulate a year.

    Returns
    -------
    dict
        JSON-ready, and the same for the same plan: ``first``, what the first bundle scores on the gold held out;
        ``months``, one object each; ``last``, the name of the bundle served at the end; ``gain``, its lead over the
        first with paired intervals; ``store``, what an examination of the store found.
    """
    step("preparing")
    year = _begin(plan, step)
    first = _measure(year, FIRST)
    follower = Follower(year.store, year.parts.shelf, poll_seconds=year.parts.settings.poll_seconds)
    months = [_live(year, number, follower, step) for number in range(1, plan.months + 1)]
    shelf = year.parts.shelf
    step("comparing the first with the last")
    last = shelf.default
    gain = compare_bundles(shelf.get(FIRST), shelf.get(last), year.material.held_out, draws=2 * DRAWS)
    report = check(year.store)
    year.store.dispose()
    return {
        "plan": {key: value for key, value in asdict(plan).items() if key != "folder"} | {"corpus": plan.corpus.name},
        "narratives": {
            "first": len(year.material.first),
            "later": sum(map(len, year.material.reviews)),
            "held_out": len(year.material.held_out),
        },
        "first": first,
        "months": months,
        "last": last,
        "gain": gain["differences"],
        "store": {"problems": list(report.problems)},
    }


def _begin(plan: Plan, step: Step) -> Year:
    """Deal the corpus out, train the first bundle, and open the office."""
    taxonomy = find_taxonomy("io-themes")
    material = deal(
        read_corpus(plan.corpus, taxonomy),
        first_share=plan.first_share,
        n_reviews=plan.months * plan.reviews,
        seed=plan.seed,
    )
    _empty(plan.folder)
    write_corpus(plan.folder / "first.jsonl", material.first)
    recipe = _write_recipe(plan, taxonomy)
    settings = Settings(
        database=f"sqlite:///{plan.folder.resolve() / 'store.sqlite'}",
        bundles=plan.folder / "bundles",
        bundle=FIRST,
        taxonomy=taxonomy.id,
        blind_key=f"demo {plan.seed}",
        blind_share=plan.blind_share,
        second_coding_share=0.2,
    )
    carry_out(Run(recipe, name=FIRST), bundles=settings.bundles, cache=settings.cache, step=step)
    seed_ids(plan.seed)
    upgrade(settings.database)
    parts = build(settings)
    if parts.store is None:
        raise InputError("The store of the demo cannot be opened.", hint="Name another folder.")
    coming = [narrative for review in material.reviews for narrative in review]
    reviewers = hire(plan.reviewers, coming, taxonomy, plan.seed)
    office = Office(parts, taxonomy, reviewers, coming, seed=plan.seed)
    return Year(plan, parts, parts.store, material, office, recipe)


def _empty(folder: Path) -> None:
    """Make the folder, or empty it if nothing but what a simulation leaves is in it."""
    if folder.exists():
        others = sorted({path.name for path in folder.iterdir()} - LEFT_BEHIND)
        if others:
            raise InputError(
                f"{str(folder)!r} holds other things, such as {others[0]!r}.", hint="Name an --output of its own."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _write_recipe(plan: Plan, taxonomy: Taxonomy) -> Path:
    """Write the recipe that every bundle of the year is trained by."""
    if plan.suggester == "sentence" and not (Path(plan.encoder) / DESCRIPTION).is_file():
        raise NotFoundError(
            f"There is no exported encoder in {plan.encoder!r}.", hint="`make encoder` exports MiniLM to build/encoder."
        )
    if plan.suggester == "sentence" and Tuning.read(Path(plan.encoder)).heads:
        raise InputError(
            f"The encoder {plan.encoder!r} was tuned on coded narratives: it may know those that the year brings.",
            hint="Name a general one with --encoder; `make encoder` exports MiniLM to build/encoder.",
        )
    path = plan.folder / "recipe.yaml"
    content = {
        "name": "demo",
        "suggester": plan.suggester,
        "parameters": {"encoder": plan.encoder, "blend": BLEND} if plan.suggester == "sentence" else {},
        "taxonomy": {"id": taxonomy.id, "version": taxonomy.version},
        "corpus": ["first.jsonl"],
        "folds": FOLDS,
        "seed": plan.seed,
    }
    write_text(path, yaml.safe_dump(content, sort_keys=False))
    return path


def _live(year: Year, number: int, follower: Follower, step: Step) -> dict[str, Any]:
    """Let a month pass: reviews come in, people work, and at its end a candidate stands before the gate."""
    plan, store, shelf = year.plan, year.store, year.parts.shelf
    served = shelf.default

    def tell(told: str) -> None:
        step(f"month {number} of {plan.months}: {told}")

    tell("people at work")
    year.office.receive(number, year.material.reviews[(number - 1) * plan.reviews : number * plan.reviews])
    tally = year.office.work()
    tell("measuring agreement")
    agreement = measure_agreement(store, EVERYTHING, draws=DRAWS)
    workshop = Workshop(
        store,
        shelf,
        year.parts.settings.bundles,
        year.parts.settings.cache,
        lambda bundle: rank_queue(store, EVERYTHING, bundle, Mix.of(year.parts.settings)),
    )
    done = retrain(workshop, Retraining(year.recipe, name=f"month-{number:02}"), step=tell)
    outcome = _force(year, done) if plan.force else done["outcome"]
    follower.look()
    tell("measuring")
    return {
        "month": number,
        "reviews": number * plan.reviews,
        "verified": _n_verified(year, done["bundle"]),
        "blind_reviews": done["report"]["n_reviews"],
        **asdict(tally),
        "accepted_share": tally.accepted / tally.suggestions if tally.suggestions else None,
        "agreement": {name: _alpha(agreement[name]) for name in ("blind", "shown")},
        "worked_with": served,
        "outcome": outcome,
        "failed": _failed(done["report"]),
        "candidate": _measure(year, done["bundle"]),
        "served": _measure(year, shelf.default),
    }


def _force(year: Year, done: Mapping[str, Any]) -> str:
    """Do what a careful agency does in its first months: promote by force what lacks nothing but blind reviews."""
    if done["outcome"] != "too few" or _failed(done["report"]) != ["reviews"]:
        return str(done["outcome"])
    reason = f"{done['report']['n_reviews']} blind reviews so far; it passes every other check."
    promote(year.store, year.parts.shelf, Petition(done["bundle"], force=True, reason=reason))
    return FORCED


def _n_verified(year: Year, bundle: str) -> int:
    """Count the verified narratives that a bundle learned from."""
    corpora = year.parts.shelf.manifest(bundle)["corpora"]
    return sum(corpus["n_narratives"] for corpus in corpora if corpus["name"] == VERIFIED)


def _failed(report: Mapping[str, Any]) -> list[str]:
    return [f"{row['check']} {row['subject']}".strip() for row in report["rows"] if not row["passed"]]


def _alpha(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Give alpha over whole sets of codes, empty where there is too little to tell."""
    alpha = measured["alpha"]
    told = {"point": None, "low": None, "high": None} if alpha == TOO_FEW else alpha
    return {"doubly_coded": measured["doubly_coded"], **told}


def _measure(year: Year, name: str) -> dict[str, Any]:
    """Measure a bundle on the gold held out, once."""
    if name not in year.measured:
        options = Options(draws=DRAWS)
        answer = evaluate_bundle(year.parts.shelf.get(name), year.material.held_out, options)
        year.measured[name] = {"bundle": name, **{key: answer["figures"][0][key] for key in FIGURES}}
    return year.measured[name]
