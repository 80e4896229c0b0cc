"""Measures contrast pairs: narratives that are nearly the same, where few words decide whether a code is deserved."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import ABSENT, PRESENT, Labels
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy


def contrast_quality(
    narratives: Sequence[CodedNarrative],
    labels: Labels,
    probabilities: Floats,
    suggested: NDArray[np.bool_],
    taxonomy: Taxonomy,
) -> dict[str, int]:
    """Count the pairs whose two members are both right on the code that tells them apart.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        Two of one ``meta.pair`` are a pair; a theme that differs with its sub-theme is not counted again.
    labels : ndarray of shape (n_narratives, n_codes), int8
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of the same shape
        In [0, 1].
    suggested : ndarray of the same shape, bool
        What is in band ``suggested``.
    taxonomy : Taxonomy
        Of the columns.

    Returns
    -------
    dict
        ``n_pairs``, one for each code that a pair differs in; of them ``both_right``; ``in_order``, where the member
        that deserves the code has the higher probability; ``missed``, where that member is not suggested it; and
        ``over_suggested``, where the other is.
    """
    pairs: dict[str, list[int]] = {}
    for row, narrative in enumerate(narratives):
        if narrative.pair:
            pairs.setdefault(narrative.pair, []).append(row)
    places = [place for rows in pairs.values() if len(rows) == 2 for place in _flips(rows, labels, taxonomy)]  # noqa: PLR2004 - a pair
    with_it, without, columns = np.array(places, dtype=np.int64).reshape(-1, 3).T
    found, over = suggested[with_it, columns], suggested[without, columns]
    return {
        "n_pairs": len(places),
        "both_right": int((found & ~over).sum()),
        "in_order": int((probabilities[with_it, columns] > probabilities[without, columns]).sum()),
        "missed": int((~found).sum()),
        "over_suggested": int(over.sum()),
    }


def _flips(rows: Sequence[int], labels: Labels, taxonomy: Taxonomy) -> list[tuple[int, int, int]]:
    """List the member with a code, the one without it, and the column of the code, for each that tells them apart."""
    flips = {}
    for first, second in (rows, rows[::-1]):
        for column in np.flatnonzero((labels[first] == PRESENT) & (labels[second] == ABSENT)).tolist():
            flips[column] = (first, second, column)
    themes = {taxonomy.index[theme] for column in flips for theme in taxonomy.themes(taxonomy.code_ids[column])}
    return [flip for column, flip in flips.items() if column not in themes]
