"""Cuts a narrative into sentences with spaCy; the only file that imports it."""

import re
from functools import lru_cache
from itertools import pairwise

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Span

MAX_TOKENS = 64
MAX_CHARS = 500
"""Longer sentences are cut, at semicolons first, so that the encoder (512 word pieces) never cuts one silently."""
MIN_CHARS = 15
"""Shorter pieces join their neighbour: ``Yes.`` and ``IO #2:`` tell nothing alone."""

_LINE = re.compile(r"[^\r\n\u2028\u2029]+")


@lru_cache(maxsize=1)
def _pipeline() -> Language:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?"]})
    pipeline.max_length = 10_000_000
    return pipeline


def split_sentences(text: str) -> NDArray[np.int64]:
    """Cut a text into sentences, windows of over-long sentences, or lines.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    ndarray of shape (n_spans, 2)
        Half-open code point offsets in order, without overlap; together they hold every character that is not
        white space. No span is longer than ``MAX_CHARS``. Shape (0, 2) for a text of white space.
    """
    pieces: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        for start, end in _sentences(line.group()):
            pieces.append((line.start() + start, line.start() + end))
    return np.array(_join_short(pieces, text), dtype=np.int64).reshape(-1, 2)


def _sentences(line: str) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for sentence in _pipeline()(line).sents:
        for part in [sentence] if len(sentence) <= MAX_TOKENS else _items(sentence):
            start = last = part.start_char
            for count, token in enumerate(part, start=1):
                end = token.idx + len(token)
                if last > start and (count % MAX_TOKENS == 0 or end - start > MAX_CHARS):
                    pieces.extend(_trimmed(line, start, last))
                    start = last
                last = end
            pieces.extend(_trimmed(line, start, last))
    return pieces


def _items(sentence: Span) -> list[Span]:
    """Cut a long sentence at its semicolons: a list of findings, as a rule."""
    edges = [0, *(place for place, token in enumerate(sentence, start=1) if token.text == ";"), len(sentence)]
    return [sentence[first:last] for first, last in pairwise(edges) if last > first]


def _trimmed(line: str, start: int, end: int) -> list[tuple[int, int]]:
    """Strip white space from a piece and cut what is still too long, such as one endless token."""
    body = line[start:end]
    start += len(body) - len(body.lstrip())
    end -= len(body) - len(body.rstrip())
    return [(cut, min(cut + MAX_CHARS, end)) for cut in range(start, end, MAX_CHARS)]


def _join_short(pieces: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        short = joined and min(end - start, joined[-1][1] - joined[-1][0]) < MIN_CHARS
        if short and end - joined[-1][0] <= MAX_CHARS and "\n\n" not in text[joined[-1][1] : start]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
