"""How far people who coded the same narratives agree: all of them, those who coded blind, those who saw suggestions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from coding_service.metrics import agreement as metrics
from coding_service.metrics.counts import ABSENT, PRESENT, UNKNOWN, LabelArray
from coding_service.services.authentication import Caller
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.gold import CodingView, resolve
from coding_service.services.idempotency import Answer
from coding_service.services.roles import allow
from coding_service.store import Engine, Scope, UnitOfWork
from coding_service.store.codings import CodingFacts
from coding_service.store.rows import Label, Verdict
from coding_service.taxonomy import Taxonomy

SETS: Mapping[str, Callable[[CodingFacts], bool]] = {
    "all": lambda _: True,
    "blind": lambda coding: coding.blind,
    "shown": lambda coding: not coding.blind and coding.snapshot_id is not None,
}
"""Name -> which codings are compared with each other."""

DRAWS = 1000
"""Bootstrap draws of an interval."""

_VALUES: Mapping[Label, int] = {"present": PRESENT, "absent": ABSENT, "unknown": UNKNOWN}


def show_agreement(store: Engine, caller: Caller) -> Answer:
    """Measure agreement in what a caller may see; see `measure_agreement`.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it.
    """
    allow(caller, "read agreement")
    return measure_agreement(store, caller.scope)


def measure_agreement(store: Engine, scope: Scope, *, draws: int = DRAWS) -> Answer:
    """Measure how far independent codings agree, before any adjudication.

    Compared are closed codings in the current taxonomy version whose coder could not see another's. The first and the
    second coding of each narrative are the two raters of kappa; alpha takes any number of codings.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose codings.
    draws : int
        Bootstrap draws of each interval, by review.

    Returns
    -------
    dict
        ``taxonomy``, ``left_out`` (codings that were not independent), and for each of `SETS` its size, ``alpha`` over
        whole sets of codes (MASI), and ``codes`` with ``prevalence``, ``kappa`` and ``alpha``; every figure is an
        object of ``point``, ``low`` and ``high``, or the words "too few".
    """
    with UnitOfWork(store, reading=True) as work:
        taxonomy = current_taxonomy(work)
        version = (taxonomy.id, taxonomy.version)
        closed = [
            coding
            for coding in work.codings.facts(scope)
            if coding.closed_at is not None and (coding.taxonomy_id, coding.taxonomy_version) == version
        ]
        independent = _coded_twice(coding for coding in closed if coding.independent and not coding.skipped)
        verdicts: dict[str, dict[str, Verdict]] = defaultdict(dict)
        for decision in work.decisions.latest(scope, sorted({coding.narrative_id for coding in independent})):
            verdicts[decision.coding_id][decision.code] = decision.verdict
        narratives = work.narratives.facts(scope, {coding.narrative_id for coding in independent}, with_text=False)
        reviews = {facts.id: facts.review_id for facts in narratives}
    opinions = {coding.id: _opinion(taxonomy, coding, verdicts[coding.id]) for coding in independent}
    said = [coding for coding in independent if (opinions[coding.id] != UNKNOWN).any()]
    return {
        "taxonomy": {"id": taxonomy.id, "version": taxonomy.version},
        "left_out": sum(not coding.independent for coding in closed),
        **{
            name: _measure(_coded_twice(filter(belongs, said)), opinions, reviews, taxonomy, draws)
            for name, belongs in SETS.items()
        },
    }


def _coded_twice(codings: Iterable[CodingFacts]) -> list[CodingFacts]:
    by_narrative: dict[str, list[CodingFacts]] = defaultdict(list)
    for coding in codings:
        by_narrative[coding.narrative_id].append(coding)
    return [coding for group in by_narrative.values() if len(group) > 1 for coding in group]


def _opinion(taxonomy: Taxonomy, coding: CodingFacts, verdicts: Mapping[str, Verdict]) -> LabelArray:
    gold = resolve(taxonomy, [CodingView(coding.person_id, verdicts, complete=coding.complete)])
    return np.array([_VALUES[label.label] for label in gold.values()], dtype=np.int8)


def _measure(
    codings: list[CodingFacts],
    opinions: Mapping[str, LabelArray],
    reviews: Mapping[str, str],
    taxonomy: Taxonomy,
    draws: int,
) -> dict[str, Any]:
    places: dict[str, list[CodingFacts]] = defaultdict(list)
    for coding in codings:  # oldest first, as the store gives them
        places[coding.narrative_id].append(coding)
    n_raters = max((len(group) for group in places.values()), default=2)
    ratings = np.full((n_raters, len(places), len(taxonomy.code_ids)), UNKNOWN, dtype=np.int8)
    for row, group in enumerate(places.values()):
        for rater, coding in enumerate(group):
            ratings[rater, row] = opinions[coding.id]
    groups = [reviews[narrative_id] for narrative_id in places]
    measured = metrics.agreement(ratings, code_ids=taxonomy.code_ids, groups=groups, draws=draws).to_dict()
    if n_raters > 2:  # noqa: PLR2004 - kappa is for two raters
        pairs = metrics.agreement(ratings[:2], code_ids=taxonomy.code_ids, groups=groups, draws=draws).to_dict()
        for code, pair in zip(measured["codes"], pairs["codes"], strict=True):
            code["kappa"] = pair["kappa"]
    return {
        "narratives": len(places),
        "reviews": measured["n_groups"],
        "people": len({coding.person_id for coding in codings}),
        "doubly_coded": measured["n_doubly_coded"],
        "alpha": measured["alpha"],
        "codes": [_describe(code, taxonomy) for code in measured["codes"]],
    }


def _describe(code: Mapping[str, Any], taxonomy: Taxonomy) -> dict[str, Any]:
    enough = code["n_doubly_coded"] >= metrics.MIN_DOUBLY_CODED
    return {
        "code": code["code"],
        "name": taxonomy.nodes[code["code"]].name,
        "doubly_coded": code["n_doubly_coded"],
        "prevalence": code["prevalence"] if enough else metrics.TOO_FEW,
        "alpha": code["alpha"],
        "kappa": code["kappa"],
    }
