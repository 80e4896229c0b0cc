"""Choice of the spans that are shown as the evidence of one suggested code."""

from dataclasses import dataclass

from coding_service.suggestions.scores import Floats, Spans

MAX_SPANS = 3
SHARE_OF_BEST = 0.6
SHARE_OF_TEXT = 1 / 3


@dataclass(frozen=True)
class Evidence:
    """One span and its weight in [0, 1]."""

    start: int
    end: int
    weight: float


def choose_evidence(spans: Spans, scores: Floats) -> tuple[Evidence, ...]:
    """Choose the spans that tell a code best.

    The best span always stands; further ones need at least ``SHARE_OF_BEST`` of its score, and in a text of four
    spans or more all together cover at most ``SHARE_OF_TEXT`` of it, so that a reader is pointed at something.

    Parameters
    ----------
    spans : ndarray of shape (n_spans, 2)
        Candidate spans of one narrative.
    scores : ndarray of shape (n_spans,)
        How much each tells the code, in [0, 1].

    Returns
    -------
    tuple of Evidence
        In the order of the text; empty where there is no span.
    """
    if len(spans) == 0:
        return ()
    lengths = spans[:, 1] - spans[:, 0]
    budget = lengths.sum() * (SHARE_OF_TEXT if len(spans) > MAX_SPANS else 1.0)
    order = sorted(range(len(spans)), key=lambda span: (-scores[span], span))
    chosen = [order[0]]
    used = lengths[order[0]]
    for span in order[1:MAX_SPANS]:
        if scores[span] < SHARE_OF_BEST * scores[order[0]] or used + lengths[span] > budget:
            break
        chosen.append(span)
        used += lengths[span]
    return tuple(
        Evidence(int(spans[span, 0]), int(spans[span, 1]), round(float(scores[span]), 4)) for span in sorted(chosen)
    )
