"""Decisions: a person's verdicts on codes of one narrative, checked against taxonomy and text, and only ever added."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from coding_service.corpus import Span
from coding_service.errors import InputError
from coding_service.services.authentication import Caller
from coding_service.services.codings import (
    Version,
    describe_decisions,
    own_open_coding,
    record_coding,
    refuse_mismatch,
    version_of,
)
from coding_service.services.idempotency import Answer, Retry, write_once
from coding_service.services.roles import allow
from coding_service.store import Engine, UnitOfWork
from coding_service.store.rows import DecisionRow, Verdict
from coding_service.taxonomy import Taxonomy

VERDICTS: tuple[str, ...] = get_args(Verdict)
PRESENT_VERDICTS = "accept", "add"
"""Those that say that a code holds; a rating stands beside these alone."""

RATINGS = 1, 2, 3
MOST_DECISIONS = 200
"""In one request."""

_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class NewDecision:
    """A verdict on one code.

    Parameters
    ----------
    code : str
        A selectable code of the coding's taxonomy version.
    verdict : str
        ``accept`` or ``reject`` what was suggested or could have been, ``add`` what was not suggested, be ``unsure``,
        or ``withdraw`` what was said before.
    rating : int or None
        1 to 3, beside a present code.
    evidence : tuple of Span
        Where the text tells it.
    reason : str or None
        In the coder's words.
    """

    code: str
    verdict: str
    rating: int | None = None
    evidence: tuple[Span, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Batch:
    """Verdicts that are kept together or not at all.

    Parameters
    ----------
    version : Version
        The taxonomy that the coder had before them.
    decisions : tuple of NewDecision
        In order; of two on one code the later one counts.
    """

    version: Version
    decisions: tuple[NewDecision, ...]


def decide(store: Engine, caller: Caller, coding_id: str, batch: Batch, *, retry: Retry | None = None) -> Answer:
    """Add verdicts to a person's own coding, all or none.

    Parameters
    ----------
    store : Engine
        The store.
    caller : Caller
        The coder.
    coding_id : str
        The coding.
    batch : Batch
        The verdicts.
    retry : Retry or None
        How the request is known again.

    Returns
    -------
    dict
        The verdicts as they were kept.

    Raises
    ------
    ForbiddenError
        If the role of the caller does not allow it, or the coding is another's.
    NotFoundError
        If there is no such coding that the caller can see.
    ConflictError
        If the coding is closed.
    TaxonomyMismatchError
        If the verdicts, or the coding, are of another taxonomy version than the store codes by now.
    InputError
        If a verdict is malformed; the message says which and why.
    """
    allow(caller, "write codings")

    def do(work: UnitOfWork) -> Answer:
        coding, taxonomy = own_open_coding(work, caller, coding_id)
        refuse_mismatch(batch.version, version_of(coding))
        quotes = any(new.evidence for new in batch.decisions)
        length = work.narratives.length(caller.scope, coding.narrative_id) if quotes else 0
        check_decisions(batch.decisions, taxonomy, length)
        rows = [DecisionRow(**_columns(new), decided_at=work.now()) for new in batch.decisions]
        work.decisions.add(caller.scope, coding, rows)
        record_coding(work, caller, "decide", coding, n_decisions=len(rows))
        return {"coding_id": coding_id, "decisions": describe_decisions(rows)}

    return write_once(store, caller, retry, do)


def check_decisions(decisions: Sequence[NewDecision], taxonomy: Taxonomy, text_length: int) -> None:
    """Refuse verdicts that make no sense.

    Parameters
    ----------
    decisions : sequence of NewDecision
        The verdicts.
    taxonomy : Taxonomy
        Whose codes they are on.
    text_length : int
        Unicode code points of the narrative.

    Raises
    ------
    InputError
        If there is none or too many, or one is malformed.
    """
    if not 0 < len(decisions) <= MOST_DECISIONS:
        raise InputError(
            f"{len(decisions)} decisions were sent; expected 1 to {MOST_DECISIONS}.",
            hint="Send them in several requests.",
        )
    for position, new in enumerate(decisions):
        problem = _problem(new, taxonomy, text_length)
        if problem:
            raise InputError(f"Decision {position}: {problem[0]}.", hint=problem[1])


def _problem(new: NewDecision, taxonomy: Taxonomy, text_length: int) -> tuple[str, str] | None:
    if new.code not in taxonomy.index:
        shown = new.code[:_LONGEST_SHOWN]
        close = difflib.get_close_matches(shown, taxonomy.code_ids, n=1)
        return (
            f"{shown!r} is no selectable code of taxonomy {taxonomy.id!r} {taxonomy.version}",
            f"Did you mean {close[0]!r}?" if close else f"See GET /v1/taxonomies/{taxonomy.id}/{taxonomy.version}.",
        )
    if new.verdict not in VERDICTS:
        return f"{new.verdict[:_LONGEST_SHOWN]!r} is no verdict", f"Known are: {', '.join(VERDICTS)}."
    if new.rating is not None and (new.rating not in RATINGS or new.verdict not in PRESENT_VERDICTS):
        return f"the rating {new.rating} beside {new.verdict!r}", "A rating is 1, 2 or 3 and stands by accept or add."
    for start, end in new.evidence:
        if not 0 <= start < end <= text_length:
            return (
                f"the evidence [{start}, {end}] is empty or outside the text of {text_length} characters",
                "Count Unicode code points from 0; the end is not included.",
            )
    return None


def _columns(new: NewDecision) -> dict[str, Any]:
    return {
        "code": new.code,
        "verdict": cast("Verdict", new.verdict),
        "rating": new.rating,
        "evidence": [list(span) for span in new.evidence],
        "reason": new.reason,
    }
