"""Compares two bundles on the same narratives, by the same draws of groups, and says what chance could explain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import Labels, label_matrix
from coding_service.errors import TaxonomyMismatchError
from coding_service.metrics.bootstrap import Difference, holm, paired_difference
from coding_service.metrics.evaluation import evaluate
from coding_service.metrics.records import as_json
from coding_service.services.evaluating import count_overlap, foreign_ids, group_names
from coding_service.services.figures import headline
from coding_service.suggesters.bundle import Bundle
from coding_service.taxonomy import Taxonomy


@dataclass(frozen=True)
class _Shared:
    """The codes that both bundles know, and which narratives carry them."""

    code_ids: tuple[str, ...]
    labels: Labels


def compare_bundles(
    first: Bundle,
    second: Bundle,
    narratives: Sequence[CodedNarrative],
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
    narratives : sequence of CodedNarrative
        Coded by the taxonomy of one of the two.
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
        ``figures`` of both, ``differences`` (micro and macro F1) and ``codes``; each p is two-sided, that of a code
        corrected by Holm over all codes in ``p_holm``.

    Raises
    ------
    TaxonomyMismatchError
        If they share no code, or neither knows all ids of the narratives.
    ConflictError
        If groups trained one of them, and that is not allowed.
    """
    shared = _shared(first, second, narratives)
    overlap = count_overlap([first, second], narratives, allowed=allow_overlap)
    texts, groups = [narrative.text for narrative in narratives], group_names(narratives)
    suggested: list[NDArray[np.bool_]] = []
    figures = []
    for bundle in (first, second):
        step(f"scoring by {bundle.id}")
        probabilities = bundle.suggest(texts).values
        columns = [bundle.taxonomy.index[code_id] for code_id in shared.code_ids]
        suggested.append(bundle.suggested(probabilities)[:, columns])
        whole = evaluate(
            shared.labels,
            probabilities[:, columns],
            suggested[-1],
            code_ids=shared.code_ids,
            groups=groups,
            draws=draws,
        )
        figures.append(whole.to_dict())
    step("drawing differences")
    up = paired_difference(shared.labels, suggested[1], suggested[0], groups=groups, draws=draws)
    down = paired_difference(shared.labels, suggested[0], suggested[1], groups=groups, draws=draws)
    by_code = [_two_sided(better, worse) for better, worse in zip(up.per_code, down.per_code, strict=True)]
    corrected = as_json(holm([difference.p_value for difference in by_code]).tolist())
    rows = zip(figures[0]["codes"], figures[1]["codes"], by_code, corrected, strict=True)
    return {
        "bundles": [{"id": bundle.id, "sha256": bundle.sha256} for bundle in (first, second)],
        "overlap": overlap,
        "n_codes": len(shared.code_ids),
        "only_first": _only(first.taxonomy, second.taxonomy),
        "only_second": _only(second.taxonomy, first.taxonomy),
        "figures": [headline(bundle.id, whole) for bundle, whole in zip((first, second), figures, strict=True)],
        "differences": {
            "micro_f1": as_json(_two_sided(up.micro, down.micro)),
            "macro_f1": as_json(_two_sided(up.macro, down.macro)),
        },
        "codes": [
            {
                "code": old["code"],
                "support": old["support"],
                "first_f1": old["f1"],
                "second_f1": new["f1"],
                **as_json(difference),
                "p_holm": p_holm,
            }
            for old, new, difference, p_holm in rows
        ],
    }


def _shared(first: Bundle, second: Bundle, narratives: Sequence[CodedNarrative]) -> _Shared:
    """Close labels by the taxonomy that the narratives are coded with, then keep the codes of both."""
    code_ids = tuple(code_id for code_id in first.taxonomy.code_ids if code_id in second.taxonomy.index)
    if not code_ids:
        raise TaxonomyMismatchError(
            f"Bundles {first.id!r} and {second.id!r} share no code.", hint="Compare bundles of one taxonomy."
        )
    for taxonomy in (first.taxonomy, second.taxonomy):
        if not foreign_ids(taxonomy, narratives):
            columns = [taxonomy.index[code_id] for code_id in code_ids]
            return _Shared(code_ids, label_matrix(narratives, taxonomy)[:, columns])
    raise TaxonomyMismatchError(
        f"Neither {first.id!r} nor {second.id!r} knows all codes that the corpus carries; the first lacks "
        f"{foreign_ids(first.taxonomy, narratives)[0]!r}.",
        hint="Name a corpus that was coded by the taxonomy of one of the two.",
    )


def _two_sided(better: Difference, worse: Difference) -> Difference:
    p_value = float(np.minimum(1.0, 2 * np.minimum(better.p_value, worse.p_value)))
    return Difference(better.point, better.low, better.high, p_value)


def _only(taxonomy: Taxonomy, other: Taxonomy) -> list[str]:
    return [code_id for code_id in taxonomy.code_ids if code_id not in other.index]
