"""Random labels, probabilities and suggestions on which the guarantees of the metrics are tried."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st


@dataclass(frozen=True)
class Scored:
    labels: np.ndarray
    probabilities: np.ndarray
    suggested: np.ndarray
    groups: list[str]

    def rows(self, order):
        return Scored(
            self.labels[order], self.probabilities[order], self.suggested[order], [self.groups[row] for row in order]
        )


def scored(seed=0, n_narratives=80, n_codes=6, unknown_share=0.2, n_groups=20):
    """A set whose suggestions are somewhat right."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n_narratives, n_codes)) < np.linspace(0.1, 0.5, n_codes)
    probabilities = np.clip(0.25 + 0.4 * truth + rng.normal(0, 0.2, truth.shape), 0, 1)
    labels = np.where(rng.random(truth.shape) < unknown_share, -1, truth).astype(np.int8)
    groups = [f"review-{group}" for group in rng.integers(0, n_groups, n_narratives)]
    return Scored(labels, probabilities, probabilities >= 0.5, groups)


def scored_sets():
    return st.builds(
        scored,
        seed=st.integers(0, 2**20),
        n_narratives=st.integers(1, 60),
        n_codes=st.integers(1, 6),
        unknown_share=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
        n_groups=st.integers(1, 20),
    )
