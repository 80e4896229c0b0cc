"""Choice of the spans that are shown as the evidence of one suggested code."""

from dataclasses import dataclass

import numpy as np

from coding_service.suggestions.scores import Scores

MAX_SPANS = 3
SHARE_OF_ODDS = 0.5
"""At 1/e, .76 of the marked quotes are touched, and .58 of what is shown touches one; at 1/2, .75 and .62."""
SHARE_OF_TEXT = 1 / 3
TINY = 1e-12


@dataclass(frozen=True)
class Evidence:
    """One span and its weight in [0, 1]."""

    start: int
    end: int
    weight: float


def choose_evidence(scores: Scores, row: int, column: int) -> tuple[Evidence, ...]:
    """Choose the spans that tell a code best.

    The best part always stands; further ones need at least ``SHARE_OF_ODDS`` of its odds, and in a text of four
    parts or more all together cover at most ``SHARE_OF_TEXT`` of it, so that a reader is pointed at something. Of each
    part, the words are shown that tell the code.

    Parameters
    ----------
    scores : Scores
        With the parts of each narrative.
    row, column : int
        The narrative and the code.

    Returns
    -------
    tuple of Evidence
        In the order of the text; empty where there is no span.
    """
    spans, told, shown = scores.spans[row], scores.span_scores[row][:, column], scores.quoted(row, column)
    if len(spans) == 0:
        return ()
    odds = told / np.maximum(1 - told, TINY)
    lengths = shown[:, 1] - shown[:, 0]
    budget = (spans[:, 1] - spans[:, 0]).sum() * (SHARE_OF_TEXT if len(spans) > MAX_SPANS else 1.0)
    order = sorted(range(len(spans)), key=lambda part: (-told[part], part))
    chosen = [order[0]]
    used = lengths[order[0]]
    for part in order[1:MAX_SPANS]:
        if odds[part] < SHARE_OF_ODDS * odds[order[0]] or used + lengths[part] > budget:
            break
        chosen.append(part)
        used += lengths[part]
    return tuple(
        Evidence(int(shown[part, 0]), int(shown[part, 1]), round(float(told[part]), 4)) for part in sorted(chosen)
    )
