"""Carries labels of narratives over to their sentences: evidence is present, the rest of a positive one unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative, Span
from coding_service.corpus.labels import ABSENT, PRESENT, UNKNOWN
from coding_service.suggestions.scores import Floats, Spans
from coding_service.taxonomy import Taxonomy

MIN_OVERLAP = 10
"""Code points that a sentence must share with a quote, or half of the quote, to carry its code."""


@dataclass(frozen=True)
class SentenceLabels:
    """Labels of all sentences of a corpus.

    Parameters
    ----------
    labels : ndarray of shape (n_sentences, n_codes), int8
        1 where evidence stands, 0 where the narrative lacks the code, else -1.
    open_pairs : tuple of (int, int)
        Narrative and column of codes that hold without a known place.
    """

    labels: NDArray[np.int8]
    open_pairs: tuple[tuple[int, int], ...]

    def settle(self, logits: Floats, first: NDArray[np.int64]) -> NDArray[np.int8]:
        """Take, for each open pair, the sentence that scores best as the one that tells it.

        Parameters
        ----------
        logits : ndarray of shape (n_sentences, n_codes)
            Scores of the heads so far.
        first : ndarray of shape (n_narratives + 1,)
            Row of the first sentence of each narrative.

        Returns
        -------
        ndarray of shape (n_sentences, n_codes), int8
            A copy of the labels, completed.
        """
        settled = self.labels.copy()
        for row, column in self.open_pairs:
            own = logits[first[row] : first[row + 1], column]
            if len(own):
                settled[first[row] + int(np.argmax(own)), column] = PRESENT
        return settled


def label_sentences(
    narratives: Sequence[CodedNarrative], labels: NDArray[np.int8], spans: Sequence[Spans], taxonomy: Taxonomy
) -> SentenceLabels:
    """Label every sentence.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        With their evidence.
    labels : ndarray of shape (n_narratives, n_codes), int8
        Closed labels of the narratives.
    spans : sequence of ndarray of shape (n_sentences_i, 2)
        Sentences of each narrative.
    taxonomy : Taxonomy
        Evidence of a sub-theme is evidence of its theme.

    Returns
    -------
    SentenceLabels
        In the order of the sentences.
    """
    blocks = [
        np.repeat(np.where(own == ABSENT, ABSENT, UNKNOWN)[None].astype(np.int8), len(cuts), axis=0)
        for own, cuts in zip(labels, spans, strict=True)
    ]
    open_pairs: list[tuple[int, int]] = []
    for row, narrative in enumerate(narratives):
        for column in np.flatnonzero(labels[row] == PRESENT):
            told = _overlapping(spans[row], _quotes(narrative, taxonomy.code_ids[column], taxonomy))
            if len(told) == 1:
                told[:] = True  # there is no other place
            blocks[row][told, column] = PRESENT
            if not told.any():
                open_pairs.append((row, int(column)))
    empty = np.zeros((0, labels.shape[1]), dtype=np.int8)
    return SentenceLabels(np.concatenate([empty, *blocks]), tuple(open_pairs))


def denied_sentences(
    narratives: Sequence[CodedNarrative], spans: Sequence[Spans], taxonomy: Taxonomy
) -> NDArray[np.bool_]:
    """Mark the sentences that use a code's words without deserving it, where a narrative names them.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        Their counter-examples quote such words.
    spans : sequence of ndarray of shape (n_sentences_i, 2)
        Sentences of each narrative.
    taxonomy : Taxonomy
        Its codes are the columns; others are passed over.

    Returns
    -------
    ndarray of shape (n_sentences, n_codes), bool
        In the order of the sentences.
    """
    denied = [np.zeros((len(cuts), len(taxonomy.code_ids)), dtype=bool) for cuts in spans]
    for block, narrative, cuts in zip(denied, narratives, spans, strict=True):
        for code_id, quote in narrative.counters.items():
            start = narrative.text.find(quote)
            if code_id in taxonomy.index and start >= 0:
                block[_overlapping(cuts, [(start, start + len(quote))]), taxonomy.index[code_id]] = True
    return np.concatenate([np.zeros((0, len(taxonomy.code_ids)), dtype=bool), *denied])


def quoted_parts(
    narratives: Sequence[CodedNarrative], spans: Sequence[Spans], taxonomy: Taxonomy
) -> list[dict[int, list[Span]]]:
    """Give, for each sentence in order, the parts of it that readers quoted, by column; offsets in the sentence."""
    parts: list[dict[int, list[Span]]] = []
    for narrative, cuts in zip(narratives, spans, strict=True):
        quotes = {column: _quotes(narrative, code_id, taxonomy) for column, code_id in enumerate(taxonomy.code_ids)}
        for first, last in cuts.tolist():
            inside = {
                column: [
                    (max(start, first) - first, min(end, last) - first)
                    for start, end in own
                    if start < last and end > first
                ]
                for column, own in quotes.items()
            }
            parts.append({column: own for column, own in inside.items() if own})
    return parts


def _quotes(narrative: CodedNarrative, code_id: str, taxonomy: Taxonomy) -> list[Span]:
    """Give the evidence of a code; that of a sub-theme is evidence of its theme."""
    return [span for each in (code_id, *taxonomy.sub_themes(code_id)) for span in narrative.evidence.get(each, ())]


def _overlapping(spans: Spans, quotes: Sequence[Span]) -> NDArray[np.bool_]:
    told = np.zeros(len(spans), dtype=bool)
    for start, end in quotes:
        shared = np.minimum(spans[:, 1], end) - np.maximum(spans[:, 0], start)
        told |= shared >= max(1, min(MIN_OVERLAP, (end - start) // 2))
    return told
