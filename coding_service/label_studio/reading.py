"""Label Studio's annotations as our records; what cannot be read is said in the record, and the rest goes on."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from coding_service.corpus import Span
from coding_service.label_studio.annotation import AnnotationRecord, ChosenCode, ShownPrediction
from coding_service.label_studio.config import (
    CODES,
    COMMENT,
    EVIDENCE,
    MISSING_THEME,
    MOST_RATING,
    NONE_APPLY,
    NONE_APPLY_VALUE,
    RATING,
    code_id,
)
from coding_service.label_studio.mapping import CHANGED, PREDICTED
from coding_service.taxonomy import Taxonomy

_MOST_SHOWN = 60
_LASTING = "id", "task", "completed_by", "was_cancelled", "result", "lead_time"


def read_annotation(
    annotation: Mapping[str, Any], taxonomy: Taxonomy, text: str, annotators: Mapping[int, str]
) -> AnnotationRecord:
    """Read an annotation of an export or a webhook.

    Parameters
    ----------
    annotation : mapping
        As Label Studio gives it, with the prediction that was viewed.
    taxonomy : Taxonomy
        The version that its project codes by.
    text : str
        The narrative.
    annotators : mapping of int to str
        E-mail addresses by Label Studio's numbers.

    Returns
    -------
    AnnotationRecord
        With a problem for each code, span or value that cannot be read.
    """
    results = _results(annotation)
    skipped = bool(annotation.get("was_cancelled"))
    shown = _read_prediction(annotation.get("prediction"), taxonomy, text)
    reader = _Reader(results, taxonomy, text, {item.code for item in shown.codes} if shown else set())
    codes = () if skipped else reader.codes()
    none_apply = not skipped and NONE_APPLY_VALUE in reader.values(NONE_APPLY, "choices")
    missing_theme, comment = reader.words(MISSING_THEME), reader.words(COMMENT)
    problems = [] if skipped else reader.problems
    if none_apply and codes:
        problems.append(f"It says that none applies beside {len(codes)} codes.")
    if not (skipped or codes or none_apply or missing_theme or problems):
        problems.append("It is empty: neither a code nor that none applies.")
    lead_time = annotation.get("lead_time")
    return AnnotationRecord(
        annotation=int(annotation["id"]),
        task=int(annotation["task"]),
        annotator=_annotator(annotation.get("completed_by"), annotators),
        created_at=_moment(annotation["created_at"]),
        updated_at=_moment(annotation["updated_at"]),
        lead_time_seconds=None if lead_time is None else float(lead_time),
        skipped=skipped,
        codes=codes,
        shown=shown,
        none_apply=none_apply,
        missing_theme=missing_theme,
        comment=comment,
        problems=tuple(problems),
    )


def fingerprint(annotation: Mapping[str, Any]) -> str:
    """Hash what an annotator did, leaving out what Label Studio changes by itself, such as a deleted prediction."""
    lasting: dict[str, Any] = {key: annotation.get(key) for key in _LASTING}
    if isinstance(lasting["completed_by"], Mapping):
        lasting["completed_by"] = lasting["completed_by"].get("id")
    return hashlib.sha256(json.dumps(lasting, sort_keys=True, default=str).encode()).hexdigest()


class _Reader:
    """Goes through the results of one annotation, or of the prediction it grew out of, and notes what is wrong."""

    def __init__(self, results: Sequence[Mapping[str, Any]], taxonomy: Taxonomy, text: str, shown: set[str]) -> None:
        self._results = results
        self._taxonomy = taxonomy
        self._text = text
        self._shown = shown
        self.problems: list[str] = []

    def codes(self) -> tuple[ChosenCode, ...]:
        """Give the codes that stand, in the order of the taxonomy, each once."""
        grown = any(result.get("origin") in (PREDICTED, CHANGED) for result in self._of(CODES))
        chosen = {
            code
            for path in self.values(CODES, "taxonomy")
            if (code := self._known(path[-1] if isinstance(path, list) and path else path))
        }
        evidence = self._evidence(chosen)
        ratings = self._ratings()
        return tuple(
            ChosenCode(
                code,
                "accept" if grown and code in self._shown else "add",
                ratings.get(code),
                tuple(sorted(evidence.get(code, ()))),
            )
            for code in self._taxonomy.code_ids
            if code in chosen or code in evidence
        )

    def values(self, name: str, key: str) -> Iterator[Any]:
        """Go through what a control says."""
        for result in self._of(name):
            yield from _listed(_value(result).get(key))

    def words(self, name: str) -> str | None:
        """Give the free text of a control, or None."""
        lines = [line for line in self.values(name, "text") if isinstance(line, str)]
        return "\n".join(lines) if lines else None

    def _of(self, name: str) -> Iterator[Mapping[str, Any]]:
        return (result for result in self._results if result.get("from_name") == name)

    def _known(self, said: Any) -> str | None:
        code = code_id(str(said))
        if code in self._taxonomy.index:
            return code
        what = "is a group, no code" if code in self._taxonomy.nodes else f"is no code of {self._taxonomy.id}"
        problem = f"{code[:_MOST_SHOWN]!r} {what} {self._taxonomy.version}."
        if problem not in self.problems:
            self.problems.append(problem)
        return None

    def _evidence(self, chosen: set[str]) -> dict[str, set[Span]]:
        """Give the passages of each code; those left over from a prediction whose code was removed are dropped."""
        found: dict[str, set[Span]] = {}
        for result in self._of(EVIDENCE):
            for said in _listed(_value(result).get("labels")):
                code = self._known(said)
                left_over = result.get("origin") == PREDICTED and code in self._shown and code not in chosen
                if code is None or left_over:
                    continue
                spans = found.setdefault(code, set())
                span = self._span(_value(result))
                if span is None:
                    self.problems.append(f"A passage of {code!r} does not lie where Label Studio says.")
                else:
                    spans.add(span)
        return found

    def _span(self, value: Mapping[str, Any]) -> Span | None:
        start, end = value.get("start"), value.get("end")
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(self._text)):
            return None
        said = value.get("text")
        if isinstance(said, str) and _letters(said) != _letters(self._text[start:end]):
            return None
        return start, end

    def _ratings(self) -> dict[str, int]:
        found = {}
        for result in self._results:
            name = str(result.get("from_name", ""))
            if not name.startswith(RATING):
                continue
            code, rating = self._known(name.removeprefix(RATING)), _value(result).get("rating")
            if code is not None and isinstance(rating, int) and 1 <= rating <= MOST_RATING:
                found[code] = int(rating)
            elif code is not None:
                self.problems.append(f"The rating of {code!r} is not 1 to {MOST_RATING}.")
        return found


def _results(of: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [result for result in _listed(of.get("result")) if isinstance(result, Mapping)]


def _value(result: Mapping[str, Any]) -> Mapping[str, Any]:
    value = result.get("value")
    return value if isinstance(value, Mapping) else {}


def _listed(said: Any) -> list[Any]:
    """Give a list as it is; Label Studio lets anything be written in its place through its API."""
    return said if isinstance(said, list) else []


def _read_prediction(prediction: Any, taxonomy: Taxonomy, text: str) -> ShownPrediction | None:
    if not isinstance(prediction, Mapping) or "result" not in prediction:
        return None
    codes = _Reader(_results(prediction), taxonomy, text, set()).codes()
    accepted = tuple(ChosenCode(item.code, "accept", item.rating, item.evidence) for item in codes)
    return ShownPrediction(str(prediction.get("model_version") or ""), accepted)


def _annotator(completed_by: Any, annotators: Mapping[int, str]) -> str:
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or annotators.get(completed_by.get("id", 0), "")).strip().casefold()
    return annotators.get(completed_by, "").strip().casefold()


def _moment(said: Any) -> datetime:
    moment = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _letters(said: str) -> str:
    """Give a passage without blanks, which Label Studio writes as escapes where lines break."""
    return "".join(said.replace("\\n", " ").replace("\\r", " ").split())
