"""An evaluation holds the same numbers as the single scores, and survives JSON."""

import json

import numpy as np
import pytest
from hypothesis import given

from coding_service.errors import InputError
from coding_service.metrics import calibration, scores
from coding_service.metrics.evaluation import evaluate, evaluate_slices

from .strategies import scored, scored_sets

CODES = ["a", "b", "c", "d", "e", "f"]


def run(part, **options):
    codes = CODES[: part.labels.shape[1]]
    return evaluate(
        part.labels, part.probabilities, part.suggested, code_ids=codes, groups=part.groups, draws=50, **options
    )


def test_evaluation_agrees_with_each_score_by_itself():
    part = scored()
    result = run(part)
    assert (result.n_narratives, result.n_groups, result.n_codes) == (80, len(set(part.groups)), 6)
    assert result.micro.point == scores.micro_f1(part.labels, part.suggested)
    assert (result.macro.point, result.n_codes_scored) == scores.macro_f1(part.labels, part.suggested)
    assert (result.micro_precision, result.micro_recall) == scores.micro_precision_recall(part.labels, part.suggested)
    assert result.exact_match == scores.exact_match(part.labels, part.suggested)
    assert result.lrap == scores.ranking_precision(part.labels, part.probabilities)
    assert result.ece == calibration.expected_calibration_error(part.labels, part.probabilities)
    precision = scores.average_precision(part.labels, part.probabilities)
    assert result.mean_average_precision == pytest.approx(precision.mean())
    assert [code.average_precision for code in result.codes] == precision.tolist()
    assert np.mean([code.f1 for code in result.codes]) == pytest.approx(result.macro.point)


def test_code_table_counts_each_code_in_its_own_row():
    labels = np.array([[1, 0], [1, -1], [0, 1], [1, 0]], dtype=np.int8)
    suggested = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=bool)
    result = evaluate(labels, suggested * 0.9, suggested, code_ids=["x", "y"], groups=list("abcd"), draws=10)
    first, second = result.codes
    assert (first.code, first.support, first.n_known, first.n_suggested) == ("x", 3, 4, 3)
    assert (first.precision, first.recall, first.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (second.code, second.support, second.n_known, second.n_suggested, second.f1) == ("y", 1, 3, 0, 0.0)
    assert np.isnan([second.precision, second.f1_low, second.ece]).all()


@given(scored_sets())
def test_evaluation_is_strict_json(part):
    """No NaN reaches a file, whatever is undefined."""
    plain = run(part).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_slices_equal_evaluating_the_part_alone():
    part = scored()
    rows = np.arange(80) < 30
    slices = evaluate_slices(
        part.labels,
        part.probabilities,
        part.suggested,
        slices={"early": rows, "none": np.zeros(80, dtype=bool)},
        code_ids=CODES,
        groups=part.groups,
        draws=50,
    )
    assert list(slices) == ["early", "none"]
    assert slices["early"].to_dict() == run(part.rows(range(30))).to_dict()
    assert slices["none"].n_narratives == slices["none"].n_groups == slices["none"].n_codes_scored == 0
    assert slices["none"].to_dict()["micro"] == {"point": None, "low": None, "high": None}


def test_codes_that_do_not_fit_are_refused():
    part = scored()
    with pytest.raises(InputError, match="1 ids, 6 columns"):
        evaluate(part.labels, part.probabilities, part.suggested, code_ids=["a"], groups=part.groups)
