"""Reviews as files: read with their line numbers, imported once however often, and written so that they read back."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.corpus.tables import TableForm
from coding_service.errors import ConflictError, InputError, NotFoundError, TooLargeError
from coding_service.services.blindness import Blinding
from coding_service.services.narratives import NewNarrative
from coding_service.services.review_exchange import export_reviews, import_reviews, scope_of
from coding_service.services.review_files import dump_reviews, parse_reviews
from coding_service.services.reviews import Intake, NewReview
from coding_service.services.suggesting import Sizes
from coding_service.store import Scope, UnitOfWork

INTAKE = Intake(Blinding("key", 0.5), Sizes(max_text_bytes=100))
JSONL = """{"id": "r-1", "cause": "suid", "review_date": "2026-03-02", "narratives": [{"id": "1", "text": "One."}]}

{"id": "r-2", "completed": true}
"""
CSV = """review_id,cause,review_date,completed,narrative_id,text
r-1,suid,2026-03-02,,1,One.
r-2,,,true,,
r-1,suid,2026-03-02,,2,"Two, with a
line break."
"""


def bring(engine, content, form=TableForm.JSONL, **options):
    reviews = parse_reviews(content, form, name="file")
    return import_reviews(engine, reviews, "north", intake=INTAKE, **{"new_jurisdiction": True, **options})


def test_both_forms_are_read():
    first, second = parse_reviews(JSONL, TableForm.JSONL, name="file")
    assert (first.external_id, first.cause, first.review_date) == ("r-1", "suid", date(2026, 3, 2))
    assert first.narratives == (NewNarrative("One.", "1"),)
    assert second == NewReview("r-2", completed=True)
    rows = parse_reviews(CSV, TableForm.CSV, name="file")
    assert [len(review.narratives) for review in rows] == [2, 0]
    assert rows[0].narratives[1].text == "Two, with a\nline break."
    assert rows[1].completed


def test_importing_again_changes_nothing(engine):
    """Guarantee: import is idempotent by the ids of reviews and narratives, in either form."""
    assert bring(engine, JSONL) == {"new": 2, "corrected": 0, "unchanged": 0, "narratives": 1}
    assert bring(engine, JSONL) == {"new": 0, "corrected": 0, "unchanged": 2, "narratives": 0}
    assert bring(engine, CSV, TableForm.CSV) == {"new": 0, "corrected": 0, "unchanged": 2, "narratives": 1}


def test_known_review_is_corrected_and_stays_as_blind_as_it_was(engine):
    bring(engine, JSONL)
    with UnitOfWork(engine, reading=True) as work:
        before = {row.external_id: row.blind for row in work.reviews.stream(Scope.everything())}
    changed = JSONL.replace("suid", "drowning")
    assert bring(engine, changed)["corrected"] == 1
    with UnitOfWork(engine, reading=True) as work:
        rows = {row.external_id: row for row in work.reviews.stream(Scope.everything())}
    assert rows["r-1"].cause == "drowning"
    assert {name: row.blind for name, row in rows.items()} == before


def test_changed_text_is_refused(engine):
    bring(engine, JSONL)
    with pytest.raises(ConflictError, match="'1' of review 'r-1'"):
        bring(engine, JSONL.replace("One.", "Another."))


def test_narrative_without_id_is_known_by_its_text(engine):
    line = json.dumps({"id": "r", "narratives": [{"text": "One."}, {"text": "Two."}]})
    assert bring(engine, line)["narratives"] == 2
    turned = json.dumps({"id": "r", "narratives": [{"text": "Two."}, {"text": "One."}]})
    assert bring(engine, turned)["narratives"] == 0


BROKEN = {
    "not JSON": (TableForm.JSONL, '{"id": "a"}\nsecret text', "file:2: is not JSON"),
    "unknown key": (TableForm.JSONL, '{"id": "a", "blind": true}', "file:1: blind"),
    "no id": (TableForm.JSONL, '{"cause": "suid"}', "file:1: id"),
    "not an object": (TableForm.JSONL, "[1]", "file:1: the line"),
    "review twice": (TableForm.JSONL, '{"id": "a"}\n{"id": "a"}', "file:2: the review 'a' stands twice"),
    "narrative twice": (
        TableForm.JSONL,
        '{"id": "a", "narratives": [{"text": "x"}, {"text": "X!"}]}',
        "file:1: the narrative",
    ),
    "bad date": (TableForm.CSV, "review_id,review_date\na,secret text\n", "file:2: review_date"),
    "digits for a date": (TableForm.JSONL, '{"id": "a", "incident_date": 1735689600}', "a date is written YYYY-MM-DD"),
    "another way of dates": (TableForm.CSV, "review_id,review_date\na,1/14/2026\n", "a date is written YYYY-MM-DD"),
    "a time": (TableForm.JSONL, '{"id": "a", "review_date": "2026-01-14T00:00:00Z"}', "a date is written YYYY-MM-DD"),
    "a word for true": (TableForm.CSV, "review_id,completed\na,yes\n", "file:2: completed"),
    "a number for true": (TableForm.JSONL, '{"id": "a", "completed": 1}', "file:1: completed"),
    "space around a review": (TableForm.JSONL, '{"id": "a "}', "file:1: id"),
    "space around a narrative": (
        TableForm.JSONL,
        '{"id": "a", "narratives": [{"id": " 1", "text": "x"}]}',
        "file:1: narratives.0.id",
    ),
    "column twice": (TableForm.CSV, "review_id,text,text\na,secret text,b\n", "file:1: the column 'text' stands twice"),
    "unknown column": (TableForm.CSV, "review_id,notes\na,b\n", "file:1: the columns 'notes'"),
    "no review column": (TableForm.CSV, "text\nsecret text\n", "file:1: there is no column 'review_id'"),
    "contradiction": (TableForm.CSV, "review_id,cause\na,suid\na,fall\n", "file:3: says otherwise of its review"),
    "too many cells": (TableForm.CSV, "review_id,cause\na,suid,secret text\n", "file:2: has more cells"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_with_their_line_and_without_their_text(name):
    form, content, told = BROKEN[name]
    with pytest.raises(InputError) as caught:
        parse_reviews(content, form, name="file")
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"id": "b", "cause": "unheard"}', InputError),
        ('{"id": "b", "narratives": [{"text": "  "}]}', InputError),
        (json.dumps({"id": "b", "narratives": [{"text": "x" * 101}]}), TooLargeError),
        (json.dumps({"id": "b", "narratives": [{"text": "One."}, {"text": "a\0b"}]}), InputError),
    ],
)
def test_nothing_is_imported_of_a_file_with_a_bad_review(engine, line, error):
    with pytest.raises(error, match=r"^Review 'b': "):
        bring(engine, f'{{"id": "a"}}\n{line}')
    with UnitOfWork(engine, reading=True) as work:
        assert work.reviews.count(Scope.everything()) == 0


def test_unknown_jurisdiction_is_refused(engine):
    with pytest.raises(NotFoundError, match=r"known are: none yet. .*--new-jurisdiction"):
        bring(engine, JSONL, new_jurisdiction=False)
    with pytest.raises(NotFoundError):
        scope_of(engine, "nowhere")


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
plain = words.filter(lambda word: word == word.strip())
reviews = st.lists(
    st.builds(
        dict,
        id=plain,
        cause=st.sampled_from([None, "suid", "fall"]),
        incident_type=st.sampled_from([None, "fatality"]),
        incident_date=st.none() | st.dates().map(date.isoformat),
        review_date=st.none() | st.dates().map(date.isoformat),
        completed=st.booleans(),
        narratives=st.lists(st.builds(dict, id=plain, text=words), max_size=3, unique_by=lambda line: line["id"]),
    ),
    max_size=4,
    unique_by=lambda line: line["id"],
)


@given(reviews, st.sampled_from(TableForm))
def test_what_is_written_reads_back(records, form):
    """Guarantee: export and import are inverse, in either form, whatever the texts hold."""
    read = parse_reviews("".join(dump_reviews(records, form)), form, name="file")
    assert [(review.external_id, review.cause, review.completed) for review in read] == [
        (record["id"], record["cause"], record["completed"]) for record in records
    ]
    assert [[(narrative.external_id, narrative.text) for narrative in review.narratives] for review in read] == [
        [(narrative["id"], narrative["text"]) for narrative in record["narratives"]] for record in records
    ]


def test_export_of_one_store_imports_into_another(engine):
    bring(engine, CSV, TableForm.CSV)
    records = list(export_reviews(engine, scope_of(engine, "north")))
    content = "".join(dump_reviews(records, TableForm.JSONL))
    assert bring(engine, content, TableForm.JSONL)["unchanged"] == 2
    assert list(export_reviews(engine, Scope.everything())) == records
