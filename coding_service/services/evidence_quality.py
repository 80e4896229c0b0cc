"""Measures whether the words shown with a right suggestion are those that readers marked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative, Span
from coding_service.metrics.bootstrap import resample
from coding_service.metrics.counts import divide, mean_known
from coding_service.metrics.evidence import character_f1, coverage_share, overlap_share
from coding_service.metrics.records import as_json
from coding_service.suggestions import Scores
from coding_service.suggestions.evidence import choose_evidence
from coding_service.taxonomy import Taxonomy

LONG_TEXT = 4
"""Sentences from which a text is long enough for evidence to be a choice."""


def evidence_quality(
    narratives: Sequence[CodedNarrative], scores: Scores, right: NDArray[np.bool_], taxonomy: Taxonomy
) -> dict[str, Any]:
    """Measure evidence over suggestions that are right and whose evidence readers marked.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        With the evidence that readers marked; that of a sub-theme counts for its themes, too.
    scores : Scores
        With the spans that each narrative was read in.
    right : ndarray of shape (n_narratives, n_codes), bool
        Suggested and present.
    taxonomy : Taxonomy
        The taxonomy of the columns.

    Returns
    -------
    dict
        JSON-ready; ``n_pairs`` measured; ``character_f1`` with its interval, a mean over pairs; ``spans_on_gold``, the
        share of shown spans that touch a marked one, and ``gold_touched``, the reverse; ``coverage``, the mean share
        of the text that is shown where it has four sentences or more. None where there is nothing to measure.
    """
    rows: list[tuple[float, ...]] = []
    where: list[int] = []
    for row, column in np.argwhere(right).tolist():
        narrative, cuts = narratives[row], scores.spans[row]
        gold = _marked(narrative, taxonomy.code_ids[column], taxonomy)
        shown = [(part.start, part.end) for part in choose_evidence(scores, row, column)]
        if gold and shown:
            coverage = coverage_share(shown, len(narrative.text)) if len(cuts) >= LONG_TEXT else np.nan
            on_gold, touched = overlap_share(shown, gold) * len(shown), overlap_share(gold, shown) * len(gold)
            rows.append((character_f1(shown, gold), on_gold, len(shown), touched, len(gold), coverage))
            where.append(row)
    f1, hits, n_shown, reached, n_gold, coverages = np.array(rows).reshape(-1, 6).T
    sample = resample([narratives[row].unit for row in where])
    drawn = divide(*sample.totals(np.column_stack([f1, np.ones_like(f1)])).T)
    return {
        "n_pairs": len(rows),
        "character_f1": as_json(sample.interval(float(mean_known(f1)), drawn)),
        **as_json(
            {
                "spans_on_gold": float(divide(hits.sum(), n_shown.sum())),
                "gold_touched": float(divide(reached.sum(), n_gold.sum())),
                "coverage": float(mean_known(coverages)),
            }
        ),
    }


def _marked(narrative: CodedNarrative, code_id: str, taxonomy: Taxonomy) -> list[Span]:
    return [span for each in (code_id, *taxonomy.sub_themes(code_id)) for span in narrative.evidence.get(each, ())]
