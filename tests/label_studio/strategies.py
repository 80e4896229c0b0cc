"""Annotations of any content, as an annotator could have made them."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from coding_service.label_studio.annotation import AnnotationRecord, ChosenCode, ShownPrediction
from tests.corpus.strategies import TEXTS, TREE, spans

ANNOTATORS = {1: "ann@north.example", 2: "ben@north.example"}
WORDS = st.one_of(st.none(), TEXTS)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@st.composite
def choices(draw, text, codes=TREE.code_ids, verdict="add"):
    kept = set(draw(st.lists(st.sampled_from(codes), unique=True))) if codes else set()
    return tuple(
        ChosenCode(
            code,
            verdict,
            draw(st.sampled_from([None, 1, 2, 3])),
            tuple(sorted(set(draw(st.lists(spans(text), max_size=2))))),
        )
        for code in TREE.code_ids
        if code in kept
    )


@st.composite
def records(draw):
    """Draw a text, a record of its annotation without problems, and Label Studio's number of the annotator."""
    text = draw(TEXTS)
    predicted = draw(st.one_of(st.none(), choices(text, verdict="accept")))
    offered = {item.code for item in predicted or ()}
    grown = draw(st.booleans())
    skipped = draw(st.booleans())
    codes = (
        ()
        if skipped
        else tuple(
            ChosenCode(item.code, "accept" if grown and item.code in offered else "add", item.rating, item.evidence)
            for item in draw(choices(text))
        )
    )
    missing = draw(WORDS)
    number = draw(st.sampled_from(sorted(ANNOTATORS)))
    record = AnnotationRecord(
        annotation=draw(st.integers(1, 999)),
        task=draw(st.integers(1, 999)),
        annotator=ANNOTATORS[number],
        created_at=draw(MOMENTS),
        updated_at=draw(MOMENTS),
        lead_time_seconds=draw(st.one_of(st.none(), st.floats(0, 1e5))),
        skipped=skipped,
        codes=codes,
        shown=None if predicted is None else ShownPrediction("starter", predicted),
        none_apply=not (skipped or codes or missing),
        missing_theme=missing,
        comment=draw(WORDS),
    )
    return text, record, number
