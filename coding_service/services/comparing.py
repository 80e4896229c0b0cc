"""Compares two bundles on the same narratives, by the same draws of groups, and says what chance could explain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import Labels, label_matrix
from coding_service.errors import TaxonomyMismatchError
from coding_service.metrics.bootstrap import Difference, PairedDifference, holm, paired_difference
from coding_service.metrics.counts import BoolArray
from coding_service.metrics.evaluation import evaluate
from coding_service.metrics.records import as_json
from coding_service.metrics.scores import micro_f1
from coding_service.services.evaluating import count_overlap, foreign_ids, group_names, slices_by
from coding_service.services.figures import headline
from coding_service.services.frozen_gold import FrozenGold
from coding_service.suggesters.bundle import Bundle
from coding_service.taxonomy import Taxonomy

JURISDICTION = "jurisdiction"


@dataclass(frozen=True)
class _Shared:
    """The codes that both bundles know, and which narratives carry them."""

    code_ids: tuple[str, ...]
    labels: Labels


def compare_bundles(
    first: Bundle,
    second: Bundle,
    gold: Sequence[CodedNarrative] | FrozenGold,
    *,
    allow_overlap: bool = False,
    draws: int = 1000,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Compare two bundles.

    Parameters
    ----------
    first, second : Bundle
        Every difference is the second minus the first. Where their taxonomies differ, the codes that both have count.
    gold : sequence of CodedNarrative or FrozenGold
        Narratives coded by the taxonomy of one of the two, or those of a store in the version that it names; bundles of
        another version are called by its names before, see `call_as`.
    allow_overlap : bool
        Whether narratives whose group trained one of them may be measured, too.
    draws : int
        Draws of the bootstrap.
    step : callable
        Told what is being done.

    Returns
    -------
    dict
        JSON-ready: ``bundles``, ``overlap``, ``n_codes``, ``only_first`` and ``only_second`` (ids that do not count),
        ``figures`` of both, ``differences`` (micro and macro F1), ``jurisdictions`` (micro F1 in each that the
        narratives name) and ``codes``; each p is two-sided, and corrected in ``p_holm`` by Holm, over all codes or over
        all jurisdictions.

    Raises
    ------
    TaxonomyMismatchError
        If they share no code, or neither knows all ids of the narratives.
    ConflictError
        If groups trained one of them, and that is not allowed.
    """
    narratives = gold.narratives if isinstance(gold, FrozenGold) else gold
    shared = _shared(first, second, narratives, gold.taxonomy if isinstance(gold, FrozenGold) else None)
    overlap = count_overlap([first, second], narratives, allowed=allow_overlap)
    groups = group_names(narratives)
    measured = []
    for bundle in (first, second):
        step(f"scoring by {bundle.id}")
        probabilities = bundle.suggest([narrative.text for narrative in narratives]).values
        columns = [bundle.taxonomy.index[code_id] for code_id in shared.code_ids]
        measured.append((probabilities[:, columns], bundle.suggested(probabilities)[:, columns]))
    step("drawing differences")
    old, new = (
        evaluate(shared.labels, *own, code_ids=shared.code_ids, groups=groups, draws=draws).to_dict()
        for own in measured
    )
    (_, baseline), (_, candidate) = measured
    up = paired_difference(shared.labels, candidate, baseline, groups=groups, draws=draws)
    down = paired_difference(shared.labels, baseline, candidate, groups=groups, draws=draws)
    return {
        "bundles": [{"id": bundle.id, "sha256": bundle.sha256} for bundle in (first, second)],
        "overlap": overlap,
        "n_codes": len(shared.code_ids),
        "only_first": _only(first.taxonomy, second.taxonomy),
        "only_second": _only(second.taxonomy, first.taxonomy),
        "figures": [headline(first.id, old), headline(second.id, new)],
        "differences": {
            "micro_f1": as_json(_two_sided(up.micro, down.micro)),
            "macro_f1": as_json(_two_sided(up.macro, down.macro)),
        },
        "jurisdictions": _by_jurisdiction(shared.labels, (baseline, candidate), narratives, draws),
        "codes": _code_rows(old["codes"], new["codes"], up, down),
    }


def _code_rows(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], up: PairedDifference, down: PairedDifference
) -> list[dict[str, Any]]:
    differences = [_two_sided(better, worse) for better, worse in zip(up.per_code, down.per_code, strict=True)]
    corrected = as_json(holm([difference.p_value for difference in differences]).tolist())
    return [
        {
            "code": was["code"],
            "support": was["support"],
            "first_f1": was["f1"],
            "second_f1": now["f1"],
            **as_json(difference),
            "p_holm": p_holm,
        }
        for was, now, difference, p_holm in zip(old, new, differences, corrected, strict=True)
    ]


def _shared(first: Bundle, second: Bundle, narratives: Sequence[CodedNarrative], coded_by: Taxonomy | None) -> _Shared:
    """Close labels by the taxonomy that the narratives are coded with, then keep the codes of both."""
    candidates = [first.taxonomy, second.taxonomy] if coded_by is None else [coded_by]
    known = [second.taxonomy] if coded_by is None else [second.taxonomy, coded_by]
    code_ids = tuple(code for code in first.taxonomy.code_ids if all(code in taxonomy.index for taxonomy in known))
    if not code_ids:
        raise TaxonomyMismatchError(
            f"Bundles {first.id!r} and {second.id!r} share no code.", hint="Compare bundles of one taxonomy."
        )
    for taxonomy in candidates:
        if not foreign_ids(taxonomy, narratives):
            columns = [taxonomy.index[code_id] for code_id in code_ids]
            return _Shared(code_ids, label_matrix(narratives, taxonomy)[:, columns])
    raise TaxonomyMismatchError(
        f"Neither {first.id!r} nor {second.id!r} knows all codes that the corpus carries; the first lacks "
        f"{foreign_ids(first.taxonomy, narratives)[0]!r}.",
        hint="Name a corpus that was coded by the taxonomy of one of the two.",
    )


def _by_jurisdiction(
    labels: Labels, suggested: Sequence[BoolArray], narratives: Sequence[CodedNarrative], draws: int
) -> list[dict[str, Any]]:
    """Compare micro F1 in each jurisdiction by itself; nothing where the narratives name none."""
    if not any(JURISDICTION in narrative.meta for narrative in narratives):
        return []
    groups, rows, differences = np.array(group_names(narratives)), [], []
    for name, of in slices_by(narratives, JURISDICTION).items():
        own, first, second = labels[of], suggested[0][of], suggested[1][of]
        names = groups[of].tolist()
        up = paired_difference(own, second, first, groups=names, draws=draws).micro
        down = paired_difference(own, first, second, groups=names, draws=draws).micro
        differences.append(_two_sided(up, down))
        rows.append(
            {
                JURISDICTION: name,
                "n_narratives": len(own),
                "n_groups": len(set(names)),
                "first_f1": micro_f1(own, first),
                "second_f1": micro_f1(own, second),
            }
        )
    corrected = holm([difference.p_value for difference in differences]).tolist()
    return [
        dict(as_json({**row, **vars(difference), "p_holm": p_holm}))
        for row, difference, p_holm in zip(rows, differences, corrected, strict=True)
    ]


def _two_sided(better: Difference, worse: Difference) -> Difference:
    p_value = float(np.minimum(1.0, 2 * np.minimum(better.p_value, worse.p_value)))
    return Difference(better.point, better.low, better.high, p_value)


def _only(taxonomy: Taxonomy, other: Taxonomy) -> list[str]:
    return [code_id for code_id in taxonomy.code_ids if code_id not in other.index]
