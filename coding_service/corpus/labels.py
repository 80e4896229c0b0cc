"""Three-valued labels as a matrix, closed under the hierarchy of a taxonomy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus.narrative import CodedNarrative
from coding_service.errors import CorpusError
from coding_service.taxonomy import Taxonomy

PRESENT, ABSENT, UNKNOWN = 1, 0, -1
"""Values of a label matrix."""

Labels = NDArray[np.int8]


def label_matrix(narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, close: bool = True) -> Labels:
    """Put the labels of narratives into one matrix.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The coded narratives.
    taxonomy : Taxonomy
        The taxonomy whose selectable codes are the columns.
    close : bool
        Whether the hierarchy fills in what it implies; False keeps the codes exactly as listed.

    Returns
    -------
    ndarray of shape (n_narratives, n_codes), int8
        1 present, 0 absent, -1 unknown.

    Raises
    ------
    CorpusError
        If a narrative carries an id that is not a selectable code of the taxonomy.
    """
    labels = np.zeros((len(narratives), len(taxonomy.code_ids)), dtype=np.int8)
    for row, narrative in enumerate(narratives):
        if not narrative.complete:
            labels[row] = UNKNOWN
        listed = set(narrative.codes) | set(narrative.unknown)
        for value, ids in ((UNKNOWN, narrative.unknown), (PRESENT, narrative.codes)):
            for code_id in ids:
                labels[row, _column(narrative, code_id, taxonomy)] = value
        if close:
            _close(labels[row], {taxonomy.index[code_id] for code_id in listed}, taxonomy)
    return labels


def _column(narrative: CodedNarrative, code_id: str, taxonomy: Taxonomy) -> int:
    try:
        return taxonomy.index[code_id]
    except KeyError:
        raise CorpusError(
            f"Narrative {narrative.id!r} carries {code_id!r}, which is not a selectable code of "
            f"taxonomy {taxonomy.id!r} {taxonomy.version}.",
            hint="Correct the id, or name the taxonomy that the corpus was coded with.",
        ) from None


def _close(row: NDArray[np.int8], listed: set[int], taxonomy: Taxonomy) -> None:
    """Close one row in place: sub-themes lift their themes, then themes settle their unlisted sub-themes."""
    for child, parent in taxonomy.levels:
        if row[child] == PRESENT:
            row[parent] = PRESENT
        elif row[child] == UNKNOWN and row[parent] == ABSENT:
            row[parent] = UNKNOWN
    for child, parent in reversed(taxonomy.levels):
        if row[parent] == ABSENT:
            row[child] = ABSENT
        elif row[parent] == UNKNOWN and child not in listed:
            row[child] = UNKNOWN


def lift(matrix: NDArray[np.bool_], taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Add the theme of each suggested sub-theme.

    Parameters
    ----------
    matrix : ndarray of shape (n_narratives, n_codes), bool
        What is suggested.
    taxonomy : Taxonomy
        The taxonomy of the columns.

    Returns
    -------
    ndarray of the same shape
        A closed copy.
    """
    closed = matrix.copy()
    for child, parent in taxonomy.levels:
        closed[:, parent] |= closed[:, child]
    return closed
