"""Honest scores: of siblings that did not see a narrative, or those that came with an encoder that was tuned on it."""

from typing import ClassVar

import numpy as np
import pytest

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import UNKNOWN, label_matrix
from coding_service.services.out_of_fold import score_out_of_fold
from coding_service.services.recipes import Recipe
from coding_service.suggesters.tuning import Remembered
from coding_service.suggestions import Scores
from tests.suggesters.narratives import make_taxonomy

TAXONOMY = make_taxonomy()
CODES = ("sleep", "records", "police")
CORPUS = [
    CodedNarrative(f"n{row}", " ".join(f"word{row}{place}" for place in range(9)), codes=(CODES[row % 3],))
    for row in range(24)
]
SIBLING, TOLD = 0.25, 0.75


class Remembers:
    """Was tuned on the narratives before the middle; a sibling scored those of even places among them."""

    known: ClassVar[int] = len(CORPUS) // 2

    @classmethod
    def from_parameters(cls, parameters, *, cache=None):
        return cls()

    def parameters(self):
        return {}

    def fit(self, narratives, taxonomy, *, seed):
        return self

    def score(self, texts):
        return Scores(np.full((len(texts), len(TAXONOMY.code_ids)), SIBLING), (), ())

    def recall(self, narratives, taxonomy):
        place = {narrative.text: row for row, narrative in enumerate(CORPUS)}
        rows = np.array([place[narrative.text] for narrative in narratives])
        scored = (rows < self.known) & (rows % 2 == 0)
        seen = np.repeat((rows < self.known)[:, None], len(TAXONOMY.code_ids), axis=1)
        return Remembered(seen, np.where(scored[:, None], TOLD, 0.0) * seen, scored)


@pytest.mark.parametrize("measured_folds", [1, 4])
def test_what_came_with_the_encoder_counts_in_every_fold(measured_folds):
    """Guarantee: a remembered score counts though its fold was not left out; what was seen without one never does."""
    recipe = Recipe(name="any", suggester="any", folds=4, measured_folds=measured_folds)
    out = score_out_of_fold(Remembers(), CORPUS, TAXONOMY, recipe)
    remembered = [row for row in range(Remembers.known) if row % 2 == 0]
    fresh = [row for row in out.rows.tolist() if row >= Remembers.known]
    known = (out.labels != UNKNOWN).any(axis=1)
    assert set(remembered) <= set(out.rows.tolist())
    assert (len(fresh) == len(CORPUS) - Remembers.known) is (measured_folds == 4)
    assert fresh
    assert sorted(out.rows[known].tolist()) == sorted([*remembered, *fresh])
    expected = np.where(np.isin(out.rows, remembered), TOLD, SIBLING)
    np.testing.assert_array_equal(out.scores[known], np.repeat(expected[:, None], out.scores.shape[1], axis=1)[known])
    np.testing.assert_array_equal(out.labels[known], label_matrix(CORPUS, TAXONOMY)[out.rows[known]])
    assert len(set(out.folds.tolist())) == recipe.folds
