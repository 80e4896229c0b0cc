"""The JSON object that answers for one narrative, the same on the command line and over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.suggestions.evidence import choose_evidence
from coding_service.suggestions.scores import Floats, Scores
from coding_service.taxonomy import Taxonomy

FEW_EXAMPLES = 10
"""Below this many gold examples a probability is not to be trusted."""


@dataclass(frozen=True)
class Envelope:
    """What answered: the bundle, its taxonomy and what it knows of each code.

    Parameters
    ----------
    bundle_id, bundle_sha256 : str
        Name and hash of the bundle.
    taxonomy : Taxonomy
        Its taxonomy.
    thresholds : ndarray of shape (n_codes,)
        Probability from which each code is suggested.
    support : ndarray of shape (n_codes,)
        Gold examples each code was trained on.
    """

    bundle_id: str
    bundle_sha256: str
    taxonomy: Taxonomy
    thresholds: Floats
    support: Floats

    def to_dict(self) -> dict[str, Any]:
        """Give the part that every answer carries."""
        return {
            "taxonomy": {"id": self.taxonomy.id, "version": self.taxonomy.version},
            "bundle": {"id": self.bundle_id, "sha256": self.bundle_sha256},
        }


@dataclass(frozen=True)
class Limits:
    """Which suggestions are listed.

    Parameters
    ----------
    limit : int or None
        Most suggestions per narrative; None lists all that qualify.
    min_probability : float or None
        Lists codes from this probability on; None lists the bands ``suggested`` and ``possible``.
    """

    limit: int | None = None
    min_probability: float | None = None


def render(
    ids: Sequence[str], texts: Sequence[str], scores: Scores, envelope: Envelope, limits: Limits
) -> list[dict[str, Any]]:
    """Turn calibrated scores into one JSON-ready object per narrative.

    Parameters
    ----------
    ids, texts : sequence of str
        Names and texts of the narratives, in the order of the scores.
    scores : Scores
        Calibrated probabilities, closed under the hierarchy, with the spans they rest on.
    envelope : Envelope
        What answered.
    limits : Limits
        Which suggestions are listed.

    Returns
    -------
    list of dict
        Keys ``id``, ``suggestions``, ``read``, ``taxonomy``, ``bundle``; suggestions by falling probability.
    """
    bands = band_matrix(scores.values, envelope)
    return [
        {
            "id": narrative_id,
            "suggestions": _suggestions(row, scores, bands[row], envelope, limits),
            "read": {"chars": int(scores.spans[row][-1, 1]) if len(scores.spans[row]) else 0, "of": len(texts[row])},
            **envelope.to_dict(),
        }
        for row, narrative_id in enumerate(ids)
    ]


def band_matrix(probabilities: Floats, envelope: Envelope) -> NDArray[np.int8]:
    """Give the band of each pair: 2 suggested, 1 possible, 0 neither; no theme stands below its sub-themes."""
    bands = (probabilities >= envelope.thresholds).astype(np.int8) + (probabilities >= envelope.thresholds / 2)
    for child, parent in envelope.taxonomy.levels:
        bands[:, parent] = np.maximum(bands[:, parent], bands[:, child])
    return bands


def _suggestions(
    row: int, scores: Scores, bands: NDArray[np.int8], envelope: Envelope, limits: Limits
) -> list[dict[str, Any]]:
    taxonomy, probabilities = envelope.taxonomy, scores.values[row]
    if limits.min_probability is None:
        columns = np.flatnonzero(bands)
    else:
        columns = np.flatnonzero(probabilities >= limits.min_probability)
    ordered = sorted(columns, key=lambda column: (-probabilities[column], column))[: limits.limit]
    listed = []
    for column in ordered:
        code = taxonomy.get(taxonomy.code_ids[column])
        support = int(envelope.support[column])
        evidence = choose_evidence(scores, row, column)
        listed.append(
            {
                "code": code.id,
                "name": code.name,
                "path": list(taxonomy.path(code.id)),
                "probability": round(float(probabilities[column]), 4),
                "band": ("none", "possible", "suggested")[bands[column]],
                "evidence": [{"start": span.start, "end": span.end, "weight": span.weight} for span in evidence],
                "support": support,
                "note": "few examples" if support < FEW_EXAMPLES else "",
            }
        )
    return listed
