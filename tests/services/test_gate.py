"""The gate as a pure function: it lets a better bundle pass, and names what stands in the way of any other."""

from dataclasses import replace

import numpy as np
import pytest

from coding_service.services.gate import Contest, Side, gate

N_REVIEWS, N_CODES = 120, 8
NOW = "io-themes 1.0.0 (abc)"


def side(suggested, taxonomy=NOW):
    """A bundle that is sure of what it suggests, and not of the rest."""
    return Side(np.where(suggested, 0.9, 0.05), suggested, taxonomy)


def contest(found=0.75, better=0.9, *, n_reviews=N_REVIEWS, seed=0, **facts):
    """Two narratives a review; of what holds, the baseline finds one share and the candidate another."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((2 * n_reviews, N_CODES)) < 0.25).astype(np.int8)
    luck, noise = rng.random(labels.shape), rng.random(labels.shape) < 0.02
    groups = tuple(f"r{row // 2}" for row in range(len(labels)))
    made = Contest(
        labels=labels,
        candidate=side(np.where(labels == 1, luck < better, noise)),
        baseline=side(np.where(labels == 1, luck < found, noise)),
        code_ids=tuple(f"c{column}" for column in range(N_CODES)),
        groups=groups,
        jurisdictions=tuple("north" if row < n_reviews else "south" for row in range(len(labels))),
        taxonomy=NOW,
    )
    return replace(made, **facts)


def with_column(made, column, suggested):
    changed = made.candidate.suggested.copy()
    changed[:, column] = suggested
    return replace(made, candidate=side(changed))


def failed(report):
    return {(row.check, row.subject) for row in report.failed}


def test_better_bundle_passes():
    report = gate(contest())
    assert report.verdict == "passed"
    assert report.n_reviews == N_REVIEWS
    assert {row.check for row in report.rows} >= {"micro F1", "macro F1", "ECE", "code", "jurisdiction"}
    micro = next(row for row in report.rows if row.check == "micro F1")
    assert micro.low > 0
    assert micro.candidate > micro.baseline


def test_equal_bundle_passes():
    """Guarantee: a candidate need not be better, only not worse by the margin."""
    assert gate(contest(0.8, 0.8)).verdict == "passed"


def test_bundle_of_shuffled_labels_is_refused():
    made = contest()
    shuffled = made.labels[np.random.default_rng(1).permutation(len(made.labels))] == 1
    report = gate(replace(made, candidate=side(shuffled)))
    assert report.verdict == "refused"
    assert {("micro F1", ""), ("macro F1", ""), ("code", "c0"), ("jurisdiction", "north")} <= failed(report)


def test_bundle_that_is_worse_on_one_code_is_refused():
    """Guarantee: better over all does not make up for one supported code that is clearly worse."""
    made = contest(0.75, 1.0)
    lost = made.baseline.suggested[:, 3] & (np.arange(len(made.labels)) % 3 == 0)
    report = gate(with_column(made, 3, lost))
    assert report.verdict == "refused"
    assert failed(report) == {("code", "c3")}
    assert next(row for row in report.rows if row.check == "micro F1").low > 0


def test_bundle_that_is_worse_in_one_jurisdiction_is_refused():
    made = contest(0.75, 1.0)
    changed = made.candidate.suggested.copy()
    south = np.flatnonzero(np.array(made.jurisdictions) == "south")
    changed[south] = made.baseline.suggested[south]
    changed[south[::2]] = False
    report = gate(replace(made, candidate=side(changed)))
    assert ("jurisdiction", "south") in failed(report)
    assert ("jurisdiction", "north") not in failed(report)


def test_worse_code_without_support_is_left_to_the_macro_mean():
    """Guarantee: a code with few positives is not judged by itself."""
    made = contest(0.75, 1.0)
    labels = made.labels.copy()
    labels[np.flatnonzero(labels[:, 3] == 1)[10:], 3] = 0
    report = gate(with_column(replace(made, labels=labels), 3, np.zeros(len(labels), dtype=bool)))
    assert ("code", "c3") not in {(row.check, row.subject) for row in report.rows}


def test_chance_among_many_codes_does_not_refuse():
    """Guarantee: of equally good bundles nearly all pass, whatever differs by chance."""
    verdicts = []
    for seed in range(20):
        made = contest(0.85, 0.85, seed=seed)
        other = contest(0.85, 0.85, seed=seed)
        luck = np.random.default_rng(1000 + seed).random(made.labels.shape) < 0.85
        mixed = np.where(made.labels == 1, luck, other.candidate.suggested)
        verdicts.append({check for check, _ in failed(gate(replace(made, candidate=side(mixed)), draws=1000))})
    assert sum("code" in checks for checks in verdicts) <= 2


def test_too_few_reviews_give_no_verdict():
    report = gate(contest(n_reviews=99))
    assert report.verdict == "too few"
    assert failed(report) == {("reviews", "")}


def test_reviews_without_a_known_label_do_not_count():
    made = contest()
    labels = made.labels.copy()
    labels[: 2 * 30] = -1
    assert gate(replace(made, labels=labels)).n_reviews == N_REVIEWS - 30


def test_nothing_to_compare_on_is_too_few():
    made = contest(n_reviews=0)
    assert gate(made).verdict == "too few"


def test_other_taxonomy_is_refused():
    made = contest()
    report = gate(replace(made, candidate=side(made.candidate.suggested, "io-themes 0.9.0 (old)")))
    assert report.verdict == "refused"
    assert failed(report) == {("taxonomy", "")}
    assert gate(replace(made, baseline=side(made.baseline.suggested, "io-themes 0.9.0 (old)"))).verdict == "passed"


def test_bundle_that_trained_on_the_snapshot_is_refused():
    assert failed(gate(contest(n_seen=1))) == {("unseen", "")}


def test_worse_calibrated_bundle_is_refused():
    made = contest()
    unsure = Side(np.where(made.candidate.suggested, 0.5, 0.3), made.candidate.suggested, NOW)
    assert failed(gate(replace(made, candidate=unsure))) == {("ECE", "")}


@pytest.mark.parametrize("draws", [10, 4000])
def test_report_is_the_same_for_the_same_input(draws):
    first, again = gate(contest(), draws=draws), gate(contest(), draws=draws)
    assert first.to_dict() == again.to_dict()
