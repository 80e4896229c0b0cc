"""Our records as Label Studio's JSON: tasks, predictions and annotations; pure, the way back is in `reading`.

Label Studio counts offsets in Unicode code points as we do, carriage returns included, so none is converted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coding_service.label_studio.annotation import AnnotationRecord, ChosenCode
from coding_service.label_studio.config import (
    CODES,
    CODINGS,
    COMMENT,
    DISPUTED,
    EVIDENCE,
    MISSING_THEME,
    NONE_APPLY,
    NONE_APPLY_VALUE,
    RATING,
    TEXT,
    alias,
)
from coding_service.taxonomy import Taxonomy

PREDICTED = "prediction"
CHANGED = "prediction-changed"
TYPED = "manual"
"""Where a result of an annotation comes from."""

BLANK = "blank"
"""Version of the empty prediction that adjudicators start from."""

Json = dict[str, Any]


@dataclass(frozen=True)
class TaskNarrative:
    """A narrative on its way to Label Studio.

    Parameters
    ----------
    id, text : str
        The narrative.
    blind : bool
        Whether its annotators are shown nothing.
    priority : float
        How urgently it should be coded; more is sooner.
    """

    id: str
    text: str
    blind: bool
    priority: float = 0.0


def to_task(narrative: TaskNarrative, taxonomy: Taxonomy, suggested: Mapping[str, Any] | None = None) -> Json:
    """Make a task.

    Parameters
    ----------
    narrative : TaskNarrative
        The narrative.
    taxonomy : Taxonomy
        What it is coded by.
    suggested : mapping, optional
        A suggestion object of all codes; left out of a blind task, its probabilities too.

    Returns
    -------
    dict
        To import.
    """
    meta: Json = {
        "narrative": narrative.id,
        "blind": narrative.blind,
        "taxonomy": {"id": taxonomy.id, "version": taxonomy.version},
    }
    task: Json = {"data": {"text": narrative.text, "narrative_id": narrative.id}, "meta": meta}
    if suggested is not None and not narrative.blind:
        meta["bundle"] = dict(suggested["bundle"])
        meta["probabilities"] = {item["code"]: item["probability"] for item in suggested["suggestions"]}
        task["predictions"] = [to_prediction(suggested, narrative, taxonomy)]
    return task


def to_disputed_task(
    narrative: TaskNarrative, taxonomy: Taxonomy, disputed: Iterable[str], codings: Sequence[Sequence[ChosenCode]]
) -> Json:
    """Make a task that shows codings, unnamed, both in words and as predictions; it is answered from a blank page.

    Label Studio fills the page with its newest prediction, which would put one coder's words into the adjudicator's
    mouth: so the last one is empty.
    """
    task = to_task(narrative, taxonomy)
    told = [_told(number, codes, taxonomy, narrative.text) for number, codes in enumerate(codings, 1)]
    task["data"] |= {DISPUTED: "; ".join(taxonomy.get(code).name for code in disputed), CODINGS: "\n\n".join(told)}
    task["predictions"] = [
        {"model_version": f"coder {number}", "result": to_results(codes, taxonomy, narrative.text)}
        for number, codes in enumerate(codings, 1)
    ] + [{"model_version": BLANK, "result": []}]
    return task


def _told(number: int, codes: Sequence[ChosenCode], taxonomy: Taxonomy, text: str) -> str:
    lines = [f"Coder {number}"]
    for item in codes:
        rating = "" if item.rating is None else f" ({item.rating} of 3)"
        quotes = "; ".join(f"“{' '.join(text[start:end].split())}”" for start, end in item.evidence)
        lines.append(f"- {taxonomy.get(item.code).name}{rating}{': ' if quotes else ''}{quotes}")
    return "\n".join(lines if codes else [*lines, "- no code"])


def score(priority: float) -> float:
    """Give the score of a prediction: Label Studio's own order takes the lowest first, so it falls from 1 to 0."""
    return 1 / (1 + max(priority, 0.0))


def to_prediction(suggested: Mapping[str, Any], narrative: TaskNarrative, taxonomy: Taxonomy) -> Json:
    """Make a prediction of the codes in band ``suggested``, without the themes that their sub-themes imply."""
    known = (item for item in suggested["suggestions"] if item["code"] in taxonomy.index)
    listed = [item for item in known if item["band"] == "suggested"]
    implied = {theme for item in listed for theme in taxonomy.themes(item["code"])}
    codes = [
        ChosenCode(item["code"], "accept", None, tuple((span["start"], span["end"]) for span in item["evidence"]))
        for item in listed
        if item["code"] not in implied
    ]
    return {
        "model_version": suggested["bundle"]["id"],
        "score": score(narrative.priority),
        "result": to_results(_sorted(codes, taxonomy), taxonomy, narrative.text),
    }


def to_results(codes: Sequence[ChosenCode], taxonomy: Taxonomy, text: str, *, origin: str = "") -> list[Json]:
    """Make the results that stand for codes with ratings and evidence.

    Parameters
    ----------
    codes : sequence of ChosenCode
        The codes.
    taxonomy : Taxonomy
        What they belong to.
    text : str
        The narrative.
    origin : str
        Where they come from, as an annotation says; empty in a prediction.
    """
    if not codes:
        return []
    paths = [[alias(above) for above in (*reversed(taxonomy.ancestors(item.code)), item.code)] for item in codes]
    results = [_result("codes", CODES, "taxonomy", {"taxonomy": paths})]
    for item in codes:
        if item.rating is not None:
            name = RATING + alias(item.code)
            results.append(_result(name, name, "rating", {"rating": item.rating}))
        for start, end in item.evidence:
            value = {"start": start, "end": end, "text": text[start:end], "labels": [alias(item.code)]}
            # Label Studio makes the id part of a CSS class, and colours nothing where it has dots.
            results.append(_result(f"code{taxonomy.index[item.code]}-{start}-{end}", EVIDENCE, "labels", value))
    return [{**result, "origin": origin} for result in results] if origin else results


def to_annotation(record: AnnotationRecord, taxonomy: Taxonomy, text: str, annotator: int) -> Json:
    """Make the annotation that `reading.read_annotation` reads as this record.

    Parameters
    ----------
    record : AnnotationRecord
        Without problems; accepted codes only where a prediction was shown.
    taxonomy : Taxonomy
        What it is coded by.
    text : str
        The narrative.
    annotator : int
        Label Studio's number of the annotator.
    """
    origin = CHANGED if any(item.verdict == "accept" for item in record.codes) else TYPED
    results = to_results(record.codes, taxonomy, text, origin=origin)
    if record.none_apply:
        results.append(_result(NONE_APPLY, NONE_APPLY, "choices", {"choices": [NONE_APPLY_VALUE]}) | {"origin": TYPED})
    for name, words in ((MISSING_THEME, record.missing_theme), (COMMENT, record.comment)):
        if words is not None:
            results.append(_result(name, name, "textarea", {"text": [words]}) | {"origin": TYPED})
    prediction: Json = {}
    if record.shown is not None:
        predicted = to_results(record.shown.codes, taxonomy, text)
        prediction = {"model_version": record.shown.bundle_id, "result": predicted}
    return {
        "id": record.annotation,
        "task": record.task,
        "completed_by": annotator,
        "was_cancelled": record.skipped,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "lead_time": record.lead_time_seconds,
        "prediction": prediction,
        "result": results,
    }


def _sorted(codes: Iterable[ChosenCode], taxonomy: Taxonomy) -> list[ChosenCode]:
    return sorted(codes, key=lambda item: taxonomy.index[item.code])


def _result(region: str, name: str, kind: str, value: Json) -> Json:
    return {"id": region, "from_name": name, "to_name": TEXT, "type": kind, "value": value}
