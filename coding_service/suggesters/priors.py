"""What is known of a code before any narrative: from the encoder's own heads, else from its definition and examples."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from coding_service.suggesters.encoder import Encoder, Vectors
from coding_service.suggesters.heads import RARE_LOGIT, Heads, Rows
from coding_service.taxonomy import Code, Taxonomy

DEFINITION_SCALE = 8.0
"""Log odds per unit of cosine: a sentence at cosine .5 to a code's wording is even money."""
EXAMPLE_TRUST = 1.0
"""Weight of an example phrase of the taxonomy, beside 1 for a sentence of a narrative."""


def prior_heads(encoder: Encoder, taxonomy: Taxonomy) -> Heads:
    """Make the heads from which training starts.

    Parameters
    ----------
    encoder : Encoder
        Its own heads stand for the codes that it was tuned on.
    taxonomy : Taxonomy
        Every other code starts from its name, definition and examples.

    Returns
    -------
    Heads
        Over sentence vectors of the encoder.
    """
    weights = DEFINITION_SCALE * code_centres(encoder.encode, taxonomy).T.astype(np.float64)
    intercepts = np.full(len(taxonomy.code_ids), RARE_LOGIT)
    for code_id in encoder.tuning.known(taxonomy):
        column = taxonomy.index[code_id]
        weights[:, column], intercepts[column] = encoder.tuning.heads[code_id]
    return Heads(weights, intercepts)


def code_centres(encode: Callable[[Sequence[str]], Vectors], taxonomy: Taxonomy) -> Vectors:
    """Give a unit vector per code, shape (n_codes, dimension): its name and definition, and its mean example."""
    read = [_wording(taxonomy, taxonomy.get(code_id)) for code_id in taxonomy.code_ids]
    centres = encode([wording for wording, _ in read]).copy()
    for row, (_, examples) in enumerate(read):
        if examples:
            centres[row] += encode(examples).mean(axis=0)
    return _unit(centres)


def definition_rows(encoder: Encoder, taxonomy: Taxonomy) -> Rows:
    """Turn the example phrases of a taxonomy into rows to learn from.

    Returns
    -------
    Rows
        One row per phrase: an example is present for its code and the themes above, a counter-example absent; every
        other code is unknown.
    """
    phrases, labels = phrase_labels(taxonomy)
    return Rows(encoder.encode(phrases), labels, np.full(len(phrases), EXAMPLE_TRUST))


def phrase_labels(taxonomy: Taxonomy) -> tuple[list[str], NDArray[np.int8]]:
    """Give the example and counter-example phrases of a taxonomy with their labels, shape (n_phrases, n_codes)."""
    phrases: list[str] = []
    labels: list[NDArray[np.int8]] = []
    for column, code_id in enumerate(taxonomy.code_ids):
        code = taxonomy.get(code_id)
        present = [column, *(taxonomy.index[theme] for theme in taxonomy.themes(code_id))]
        for value, columns, wordings in ((1, present, code.examples), (0, [column], code.counter_examples)):
            for wording in wordings:
                row = np.full(len(taxonomy.code_ids), -1, dtype=np.int8)
                row[columns] = value
                phrases.append(wording)
                labels.append(row)
    matrix = np.array(labels, dtype=np.int8).reshape(len(phrases), len(taxonomy.code_ids))
    return phrases, matrix


def _wording(taxonomy: Taxonomy, code: Code) -> tuple[str, list[str]]:
    """Give what is read of a code: the names above it tell apart a bare ``Other``."""
    return f"{': '.join(taxonomy.path(code.id)[-2:])}. {code.definition}".strip(), list(code.examples)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)
