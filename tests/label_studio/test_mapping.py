"""Tasks and annotations: nothing is lost or moved on the way to Label Studio's JSON and back."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.label_studio.annotation import ChosenCode
from coding_service.label_studio.mapping import TaskNarrative, to_annotation, to_disputed_task, to_results, to_task
from coding_service.label_studio.reading import fingerprint, read_annotation
from tests.corpus.strategies import TREE
from tests.label_studio.strategies import ANNOTATORS, records

TEXT = "A worker said 👩\u200d👧 he\u0301 was tired of 🏠 calls.\r\nThe notes were late\n\nand no\rsupervisor saw it."
SUGGESTED = {
    "id": "n",
    "suggestions": [
        {"code": "partner", "probability": 0.9, "band": "suggested", "evidence": []},
        {"code": "police", "probability": 0.8, "band": "suggested", "evidence": [{"start": 2, "end": 8, "weight": 1}]},
        {"code": "housing", "probability": 0.3, "band": "possible", "evidence": []},
        {"code": "health", "probability": 0.1, "band": "none", "evidence": []},
    ],
    "bundle": {"id": "starter", "sha256": "0" * 64},
}


def annotation(*results, **more):
    made = {"id": 7, "task": 3, "completed_by": 1, "was_cancelled": False, "lead_time": 2.5, "result": list(results)}
    return {**made, "created_at": "2026-01-01T10:00:00.5Z", "updated_at": "2026-01-01T10:00:01.000001Z", **more}


def chosen(*paths, origin="manual"):
    value = {"taxonomy": [list(path) for path in paths]}
    return {"id": "c", "from_name": "codes", "to_name": "text", "type": "taxonomy", "value": value, "origin": origin}


def marked(code, words, narrative=TEXT, origin="manual", **value):
    start = narrative.index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [code], **value}
    return {"id": words, "from_name": "evidence", "to_name": "text", "type": "labels", "value": value, "origin": origin}


def read(*results, text=TEXT, **more):
    return read_annotation(annotation(*results, **more), TREE, text, ANNOTATORS)


@given(records())
def test_annotation_goes_there_and_back(drawn):
    """Guarantee: whatever an annotator said is read from JSON exactly as it was said."""
    text, record, number = drawn
    sent = json.loads(json.dumps(to_annotation(record, TREE, text, number)))
    assert read_annotation(sent, TREE, text, ANNOTATORS) == record


def test_offsets_are_those_that_the_real_frontend_sends():
    """Guarantee: passages after emoji, combining characters and every kind of line break lie where they were marked.

    The numbers were recorded in a browser with Label Studio 1.23.2.
    """
    text = (
        "A worker said 👩\u200d👧 he\u0301 was tired of 🏠 calls.\r\nThe café notes were late\n\n"
        "and 😀😀 no\rsupervisor  saw\tit."
    )
    recorded = [("he\u0301 was", 18, 25), ("calls", 37, 42), ("notes", 54, 59), ("late", 65, 69), ("saw", 93, 96)]
    record = read(
        *(marked("police", words, narrative=text, start=start, end=end) for words, start, end in recorded), text=text
    )
    assert record.problems == ()
    assert [text[start:end] for start, end in record.codes[0].evidence] == [words for words, _, _ in recorded]


def test_passage_across_a_line_break_is_known_although_label_studio_escapes_it():
    start = TEXT.index("calls")
    value = {"start": start, "end": start + 11, "text": "calls.\\n\\nThe"}
    assert read(marked("police", "calls", **value)).codes[0].evidence == ((start, start + 11),)


def test_accepted_added_and_rejected_are_told_apart():
    prediction = {"model_version": "starter", "result": [chosen(["group", "team"], ["family"])]}
    paths = [["group", "team"], ["family", "housing"]]
    grown = read(chosen(*paths, origin="prediction-changed"), prediction=prediction)
    assert [(item.code, item.verdict) for item in grown.codes] == [("team", "accept"), ("housing", "add")]
    assert (grown.rejected, grown.shown.bundle_id) == (("family",), "starter")
    typed = read(chosen(*paths), prediction=prediction)
    assert [item.verdict for item in typed.codes] == ["add", "add"]
    assert read(chosen(*paths), prediction={}).shown is None


def test_leftover_passage_of_a_removed_code_does_not_bring_it_back_but_a_new_one_does():
    left = marked("family", "tired", origin="prediction")
    prediction = {"model_version": "b", "result": [chosen(["family"], ["group", "team"]), left]}
    kept = chosen(["group", "team"], origin="prediction-changed")
    assert [item.code for item in read(kept, left, prediction=prediction).codes] == ["team"]
    marked_anew = read(kept, marked("family", "calls"), prediction=prediction)
    assert [item.code for item in marked_anew.codes] == ["team", "family"]


PROBLEMS = {
    "unknown code": ([chosen(["family"], ["nowhere"])], "'nowhere' is no code of small 1.0.0", ["family"]),
    "two unknown codes": ([chosen(["one"], ["two"])], "'two' is no code", []),
    "a group": ([chosen(["group"])], "'group' is a group", []),
    "unknown label": ([marked("nowhere", "tired")], "'nowhere' is no code", []),
    "moved passage": ([marked("family", "tired", start=0, end=5)], "A passage of 'family'", ["family"]),
    "passage outside": ([marked("family", "tired", start=5, end=5000)], "A passage of 'family'", ["family"]),
    "nothing": ([], "It is empty", []),
    "none beside a code": (
        [
            chosen(["family"]),
            {"from_name": "none_apply", "type": "choices", "value": {"choices": ["none apply"]}},
        ],
        "none applies beside 1",
        ["family"],
    ),
    "rating": (
        [chosen(["family"]), {"from_name": "rating.family", "type": "rating", "value": {"rating": 7}}],
        "The rating of 'family'",
        ["family"],
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_cannot_be_read_is_said_and_the_rest_is_kept(name):
    results, told, kept = PROBLEMS[name]
    record = read(*results)
    assert any(told in problem for problem in record.problems)
    assert not record.complete
    assert [item.code for item in record.codes] == kept
    assert not any("tired" in problem for problem in record.problems)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ODD_RESULTS = st.lists(
    st.fixed_dictionaries(
        {"from_name": st.sampled_from(["codes", "evidence", "none_apply", "comment", "rating.family", "else"])},
        optional={
            "origin": ANYTHING,
            "value": st.one_of(
                ANYTHING,
                st.dictionaries(
                    st.sampled_from(["taxonomy", "labels", "choices", "text", "rating", "start", "end"]), ANYTHING
                ),
            ),
        },
    )
    | ANYTHING,
    max_size=4,
)


@given(ODD_RESULTS | ANYTHING, ANYTHING | st.fixed_dictionaries({"result": ODD_RESULTS | ANYTHING}))
def test_whatever_was_written_through_the_api_is_read_or_told(results, prediction):
    """Guarantee: results of no known form, which Label Studio's API takes, never keep the other annotations waiting."""
    record = read_annotation(annotation() | {"result": results, "prediction": prediction}, TREE, TEXT, ANNOTATORS)
    assert record.codes or record.none_apply or record.missing_theme or record.problems


def test_each_unknown_code_is_reported_by_itself():
    assert len(read(chosen(["one"], ["two"], ["one"])).problems) == 2


def test_skipped_task_says_nothing_about_codes():
    comment = {"from_name": "comment", "type": "textarea", "value": {"text": ["not about this family"]}}
    record = read(chosen(["nowhere"]), comment, was_cancelled=True, prediction={"result": [chosen(["family"])]})
    assert (record.skipped, record.codes, record.rejected, record.problems) == (True, (), (), ())
    assert (record.comment, record.complete) == ("not about this family", False)


def test_fingerprint_changes_with_what_was_said_alone():
    """Guarantee: what Label Studio changes by itself, such as a deleted prediction, makes no new version."""
    one = annotation(chosen(["family"]), parent_prediction=5, created_ago="1 minute")
    assert fingerprint(one) == fingerprint({**one, "parent_prediction": None, "created_ago": "1 hour"})
    assert fingerprint(one) == fingerprint({**one, "completed_by": {"id": 1, "email": "x"}})
    assert fingerprint(one) != fingerprint({**one, "result": [chosen(["group", "team"])]})
    assert fingerprint(one) != fingerprint({**one, "was_cancelled": True})


def test_task_carries_prediction_of_narrowest_codes_and_probability_of_each():
    task = to_task(TaskNarrative("n", TEXT, blind=False, priority=3.0), TREE, SUGGESTED)
    (prediction,) = task["predictions"]
    record = read(*prediction["result"])
    assert record.codes == (ChosenCode("police", "add", None, ((2, 8),)),)
    assert record.problems == ()
    assert prediction["model_version"] == "starter"
    assert task["meta"]["probabilities"] == {"partner": 0.9, "police": 0.8, "housing": 0.3, "health": 0.1}
    assert task["data"] == {"text": TEXT, "narrative_id": "n"}


@given(records())
def test_passages_have_ids_of_their_own_that_css_can_select(drawn):
    """Guarantee: Label Studio colours every suggested passage; it makes a CSS class of the id."""
    text, record, _ = drawn
    marks = [item for item in to_results(record.codes, TREE, text) if item["from_name"] == "evidence"]
    assert len({item["id"] for item in marks}) == len(marks)
    assert all(re.fullmatch("[a-z][a-z0-9-]*", item["id"]) for item in marks)


def test_blind_task_carries_nothing_that_a_suggester_said():
    task = to_task(TaskNarrative("n", TEXT, blind=True), TREE, SUGGESTED)
    assert "predictions" not in task
    assert task["meta"] == {"narrative": "n", "blind": True, "taxonomy": {"id": "small", "version": "1.0.0"}}
    assert to_task(TaskNarrative("n", TEXT, blind=False), TREE)["meta"]["blind"] is False


def test_disputed_task_shows_codings_unnamed_and_starts_from_a_blank_page():
    """Guarantee: the newest prediction, from which Label Studio fills the page, is empty."""
    first = (ChosenCode("police", "add", 2, ((2, 8),)), ChosenCode("team", "add"))
    task = to_disputed_task(TaskNarrative("n", TEXT, blind=True), TREE, ["police", "team"], [first, ()])
    assert task["data"]["codings"] == "\n".join(
        [
            "Coder 1",
            f"- {TREE.get('police').name} (2 of 3): “worker”",
            f"- {TREE.get('team').name}",
            "",
            "Coder 2",
            "- no code",
        ]
    )
    assert task["data"]["disputed"] == f"{TREE.get('police').name}; {TREE.get('team').name}"
    assert [item["model_version"] for item in task["predictions"]] == ["coder 1", "coder 2", "blank"]
    assert [len(item["result"]) for item in task["predictions"]] == [3, 0, 0]


def test_lowest_score_belongs_to_the_most_urgent():
    """Guarantee: Label Studio, which hands out the lowest score first, keeps the order of the queue."""
    scores = [
        to_task(TaskNarrative("n", TEXT, blind=False, priority=priority), TREE, SUGGESTED)["predictions"][0]["score"]
        for priority in (0.0, 0.2, 1.0, 30.0)
    ]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_annotator_is_known_in_either_form():
    assert (
        read(chosen(["family"]), completed_by={"id": 9, "email": "Eve@North.example"}).annotator == "eve@north.example"
    )
    assert read(chosen(["family"]), completed_by=8).annotator == ""
    assert replace(read(chosen(["family"]), completed_by=2)).annotator == "ben@north.example"
