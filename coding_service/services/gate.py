"""The gate between a candidate and the servers: a pure function of what two bundles say of the same blind reviews."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus.labels import PRESENT, UNKNOWN, Labels
from coding_service.metrics.bootstrap import Difference, PairedDifference, holm, paired_difference
from coding_service.metrics.calibration import expected_calibration_error
from coding_service.metrics.records import as_json
from coding_service.metrics.scores import macro_f1, micro_f1
from coding_service.suggestions.scores import Floats

MIN_REVIEWS = 100
"""Blind reviews with a known label below which nothing can be told."""
MARGIN = 0.02
"""How much F1 the candidate may have lost at worst, by the lower end of the interval."""
MIN_SUPPORT = 20
"""Known positives from which a code or a jurisdiction is judged by itself."""
MOST_ECE = 0.01
"""How much larger the calibration error may get."""
TAIL = 0.025
"""One-sided level at which the upper end of a 95 % interval lies below 0."""
DRAWS = 4000
DRAWS_PER_TEST = 100
"""Draws of the bootstrap: no p is smaller than one in the draws, and Holm's correction multiplies it by the tests."""

Verdict = Literal["passed", "refused", "too few"]
Check = Literal["taxonomy", "unseen", "reviews", "micro F1", "macro F1", "ECE", "code", "jurisdiction"]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """What one bundle says.

    Parameters
    ----------
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].
    suggested : ndarray of shape (n_narratives, n_codes), bool
        What is in band ``suggested``.
    taxonomy : str
        Id, version and hash of its taxonomy.
    """

    probabilities: Floats
    suggested: Flags
    taxonomy: str


@dataclass(frozen=True)
class Contest:
    """Two bundles over the same blind gold and the codes that both know.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes), int8
        1 present, 0 absent, -1 unknown.
    candidate, baseline : Side
        The bundle to be promoted, and the one being served.
    code_ids : tuple of str
        The code of each column.
    groups, jurisdictions : tuple of str
        Review and jurisdiction of each narrative.
    taxonomy : str
        The one that people code by now, as in `Side`.
    n_seen : int
        Reviews among them that the candidate was trained on.
    """

    labels: Labels
    candidate: Side
    baseline: Side
    code_ids: tuple[str, ...]
    groups: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    taxonomy: str
    n_seen: int = 0


@dataclass(frozen=True)
class GateRow:
    """One thing that was looked at.

    Parameters
    ----------
    check : str
        What kind of thing it is.
    subject : str
        Which code or jurisdiction; else empty.
    support : int or None
        Known positives, or reviews.
    candidate, baseline : float, str or None
        The figures; None where undefined.
    difference, low, high : float or None
        Candidate minus baseline, with its 95 % interval.
    p_holm : float or None
        One-sided p of being worse, corrected over all codes and jurisdictions.
    bar : str
        What was asked for.
    passed : bool
        Whether it was met.
    """

    check: Check
    subject: str = ""
    support: int | None = None
    candidate: float | str | None = None
    baseline: float | str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_holm: float | None = None
    bar: str = ""
    passed: bool = True


@dataclass(frozen=True)
class GateReport:
    """What the gate found.

    Parameters
    ----------
    verdict : str
        ``passed``; ``too few`` blind reviews to tell; or ``refused``.
    n_reviews : int
        Blind reviews with a known label.
    rows : tuple of GateRow
        Everything that was looked at.
    """

    verdict: Verdict
    n_reviews: int
    rows: tuple[GateRow, ...]

    @property
    def failed(self) -> tuple[GateRow, ...]:
        """What was not met."""
        return tuple(row for row in self.rows if not row.passed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(as_json(self))


def gate(contest: Contest, *, draws: int = DRAWS, seed: int = 0) -> GateReport:
    """Judge whether a candidate may take the place of the baseline.

    Parameters
    ----------
    contest : Contest
        What both say of the same narratives, which must be the gold of blind reviews that never trained.
    draws : int
        Draws of the bootstrap, at least; more are taken where many codes are tested.
    seed : int
        Of the draws.

    Returns
    -------
    GateReport
        The same for the same input.
    """
    known = (contest.labels != UNKNOWN).any(axis=1).tolist()
    n_reviews = len({group for group, judged in zip(contest.groups, known, strict=True) if judged})
    rows = [*_conditions(contest, n_reviews)]
    if n_reviews:
        positives = (contest.labels == PRESENT).sum(axis=0)
        columns = np.flatnonzero(positives >= MIN_SUPPORT).tolist()
        parts = _supported_jurisdictions(contest)
        draws = max(draws, DRAWS_PER_TEST * (len(columns) + len(parts)))
        whole = _Drawn.of(contest, np.ones(len(contest.labels), dtype=bool), draws, seed)
        rows += _overall(contest, whole)
        tests = [_code_test(contest, whole, column) for column in columns]
        tests += [_jurisdiction_test(contest, name, _Drawn.of(contest, of, draws, seed)) for name, of in parts.items()]
        corrected = holm([p_value for _, p_value in tests]).tolist()
        rows += [_judged(row, p_holm) for (row, _), p_holm in zip(tests, corrected, strict=True)]
    verdict: Verdict = "passed" if all(row.passed for row in rows) else "refused"
    return GateReport("too few" if n_reviews < MIN_REVIEWS else verdict, n_reviews, tuple(rows))


@dataclass(frozen=True)
class _Drawn:
    """Differences on some of the narratives: the candidate minus the baseline, and the other way round for its p."""

    rows: Flags
    better: PairedDifference
    worse: PairedDifference

    @classmethod
    def of(cls, contest: Contest, rows: Flags, draws: int, seed: int) -> Self:
        labels = contest.labels[rows]
        groups = [group for group, chosen in zip(contest.groups, rows.tolist(), strict=True) if chosen]
        new, old = contest.candidate.suggested[rows], contest.baseline.suggested[rows]
        return cls(
            rows,
            paired_difference(labels, new, old, groups=groups, draws=draws, seed=seed),
            paired_difference(labels, old, new, groups=groups, draws=draws, seed=seed),
        )


def _conditions(contest: Contest, n_reviews: int) -> Iterator[GateRow]:
    yield GateRow(
        "taxonomy",
        candidate=contest.candidate.taxonomy,
        baseline=contest.baseline.taxonomy,
        bar=f"candidate has {contest.taxonomy}",
        passed=contest.candidate.taxonomy == contest.taxonomy,
    )
    yield GateRow(
        "unseen", support=contest.n_seen, bar="no review of the snapshot trained it", passed=not contest.n_seen
    )
    yield GateRow(
        "reviews", support=n_reviews, bar=f"at least {MIN_REVIEWS} blind reviews", passed=n_reviews >= MIN_REVIEWS
    )


def _overall(contest: Contest, whole: _Drawn) -> Iterator[GateRow]:
    labels, sides = contest.labels, (contest.candidate, contest.baseline)
    positives = int((labels == PRESENT).sum())
    micro = [micro_f1(labels, side.suggested) for side in sides]
    macro = [macro_f1(labels, side.suggested)[0] for side in sides]
    for row, difference in (
        (_row("micro F1", "", positives, micro, whole.better.micro), whole.better.micro),
        (_row("macro F1", "", positives, macro, whole.better.macro), whole.better.macro),
    ):
        yield replace(row, bar=f"low over -{MARGIN}", passed=difference.low > -MARGIN)
    errors = [expected_calibration_error(labels, side.probabilities) for side in sides]
    yield GateRow(
        "ECE",
        candidate=as_json(errors[0]),
        baseline=as_json(errors[1]),
        difference=as_json(errors[0] - errors[1]),
        bar=f"up by at most {MOST_ECE}",
        passed=errors[0] - errors[1] <= MOST_ECE,
    )


def _supported_jurisdictions(contest: Contest) -> dict[str, Flags]:
    names = np.array(contest.jurisdictions)
    parts = {name: names == name for name in sorted(set(contest.jurisdictions))}
    return {name: rows for name, rows in parts.items() if (contest.labels[rows] == PRESENT).sum() >= MIN_SUPPORT}


def _code_test(contest: Contest, whole: _Drawn, column: int) -> tuple[GateRow, float]:
    one = slice(column, column + 1)
    figures = [
        micro_f1(contest.labels[:, one], side.suggested[:, one]) for side in (contest.candidate, contest.baseline)
    ]
    support = int((contest.labels[:, column] == PRESENT).sum())
    row = _row("code", contest.code_ids[column], support, figures, whole.better.per_code[column])
    return row, whole.worse.per_code[column].p_value


def _jurisdiction_test(contest: Contest, name: str, part: _Drawn) -> tuple[GateRow, float]:
    labels = contest.labels[part.rows]
    figures = [micro_f1(labels, side.suggested[part.rows]) for side in (contest.candidate, contest.baseline)]
    row = _row("jurisdiction", name, int((labels == PRESENT).sum()), figures, part.better.micro)
    return row, part.worse.micro.p_value


def _row(check: Check, subject: str, support: int, figures: Sequence[float], difference: Difference) -> GateRow:
    return GateRow(
        check,
        subject,
        support,
        candidate=as_json(figures[0]),
        baseline=as_json(figures[1]),
        difference=as_json(difference.point),
        low=as_json(difference.low),
        high=as_json(difference.high),
    )


def _judged(row: GateRow, p_holm: float) -> GateRow:
    """Refuse a part that is worse for sure: interval below 0, and no chance finding among so many parts."""
    worse = row.high is not None and row.high < 0 and p_holm < TAIL
    return replace(row, p_holm=as_json(p_holm), bar="not worse for sure", passed=not worse)
