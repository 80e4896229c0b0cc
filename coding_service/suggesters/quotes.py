"""Narrows a sentence to the words that tell a code, by heads over the states of its word pieces."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coding_service.suggesters.heads import Heads
from coding_service.suggesters.tuning import Tuning
from coding_service.suggestions.scores import Floats, Spans
from coding_service.taxonomy import Taxonomy


def quote_heads(tuning: Tuning, taxonomy: Taxonomy) -> Heads | None:
    """Give the heads that tell words of an encoder, in the columns of a taxonomy; None where it has none for it.

    A code that they do not know is told by whole sentences.
    """
    known = sorted(tuning.known(taxonomy) & set(tuning.quotes))
    if not known:
        return None
    dimension = len(tuning.quotes[known[0]][0])
    heads = Heads(np.zeros((dimension, len(taxonomy.code_ids))), np.ones(len(taxonomy.code_ids)))
    for code_id in known:
        column = taxonomy.index[code_id]
        heads.weights[:, column], heads.intercepts[column] = tuning.quotes[code_id]
    return heads


def telling_runs(logits: Floats, pieces: Spans, words: NDArray[np.int64]) -> Spans:
    """Find, for each code, the run of whole words with the highest sum of log odds.

    Parameters
    ----------
    logits : ndarray of shape (n_pieces, n_codes)
        Log odds that a word piece belongs to a quote of the code.
    pieces : ndarray of shape (n_pieces, 2)
        Offsets of the pieces in the sentence.
    words : ndarray of shape (n_pieces,)
        Number of the word that each piece belongs to, rising.

    Returns
    -------
    ndarray of shape (n_codes, 2)
        Start and end in the sentence; at least one word.
    """
    first = np.flatnonzero(np.diff(words, prepend=-1))
    last = np.append(first[1:], len(words)) - 1
    sums = np.zeros((len(first) + 1, logits.shape[1]))
    np.cumsum(np.add.reduceat(logits, first, axis=0), axis=0, out=sums[1:])
    # The best run that ends with a word starts where the sum before it was lowest (Kadane, by prefix sums).
    before = sums[:-1]
    lowest = np.minimum.accumulate(before, axis=0)
    ends = np.argmax(sums[1:] - lowest, axis=0)
    at = np.where(before == lowest, np.arange(len(first))[:, None], 0)
    starts = np.maximum.accumulate(at, axis=0)[ends, np.arange(logits.shape[1])]
    return np.column_stack([pieces[first[starts], 0], pieces[last[ends], 1]]).astype(np.int64)


def whole_sentences(sentences: Sequence[str], n_codes: int) -> Spans:
    """Give the offsets of sentences in themselves for each code, shape (n_sentences, n_codes, 2)."""
    runs = np.zeros((len(sentences), n_codes, 2), dtype=np.int64)
    runs[:, :, 1] = np.array([len(sentence) for sentence in sentences], dtype=np.int64)[:, None]
    return runs


def quoted_pieces(pieces: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Tell which word pieces touch a span; shape (n_pieces,)."""
    at = np.array(pieces).reshape(-1, 2)
    touched = np.zeros(len(at), dtype=bool)
    for start, end in spans:
        touched |= (at[:, 0] < end) & (at[:, 1] > start)
    return touched
