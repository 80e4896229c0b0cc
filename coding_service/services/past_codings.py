"""What was said in older versions of a taxonomy, as if it had been said in a newer one: pure, and nothing invented.

Silence about a code that the coder could not know is no absence, and no label turns into its opposite.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from coding_service.corpus import CodedNarrative
from coding_service.services.gold import MEANING, CodingView, close_labels, resolve, stated
from coding_service.store.rows import DecisionRow, Label, Verdict
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.translation import Translation

SAYING: Mapping[Label, Verdict] = {"present": "add", "absent": "reject", "unknown": "unsure"}
"""The verdict by which a translated coding says a label."""

PRESENT = "present", "accept", "add"
ABSENT = "absent", "reject"

Word = TypeVar("Word", Label, Verdict)


@dataclass(frozen=True)
class Said:
    """All that was said of one narrative in one version of the taxonomy.

    Parameters
    ----------
    views : sequence of CodingView
        Its codings, one for each person.
    word : mapping of str to str
        The adjudicators' latest label of each code that has one.
    """

    views: Sequence[CodingView] = ()
    word: Mapping[str, Label] = field(default_factory=dict)


def translate_said(translation: Translation, said: Said) -> Said:
    """Say it in the newer version.

    A label of the adjudicators stands where it decides: where one part of a merged code is theirs and present, or where
    all parts are absent by gold and at least one by their word.
    """
    word = {code: label for code, label in said.word.items() if code in translation.old.index}
    views = [translate_coding(translation, view, word) for view in said.views]
    return Said(views, _translate_word(translation, said.views, word) if word else {})


def translate_coding(translation: Translation, view: CodingView, word: Mapping[str, Label]) -> CodingView:
    """Say what a coding says in the newer version; what an adjudicator overruled is left out.

    Parameters
    ----------
    translation : Translation
        From the version of the coding.
    view : CodingView
        The coding.
    word : mapping of str to str
        What adjudicators said of the narrative in that version.

    Returns
    -------
    CodingView
        As complete as it was, with ``unsure`` on each code that its silence says nothing of.
    """
    old, new = translation.old, translation.new
    told = stated(old, view, word)
    labels = translation.labels(close_labels(old, told, complete=view.complete))
    said: dict[str, Label] = {}
    for code, source in translation.sources.items():
        if source.exact & told.keys():
            said[code] = labels[code]
        elif labels[code] != "absent" and (view.complete or source.open or not source.exact):
            # A theme that was present by a sub-theme alone is left to the sub-themes it has now.
            said[code] = "unknown"
    # A theme may hold a sub-theme now that it did not hold then: its rejection says nothing of that one.
    closed = close_labels(new, said, complete=view.complete)
    for code in new.code_ids:
        if labels[code] == "unknown" and code not in said and closed[code] == "absent":
            said[code] = "unknown"
    closed = close_labels(new, said, complete=view.complete)
    lost = [code for code in new.code_ids if labels[code] == "absent" and code not in said and closed[code] != "absent"]
    for code in sorted(lost, key=lambda code: len(new.themes(code))):
        if close_labels(new, said, complete=view.complete)[code] == "unknown":
            said[code] = "absent"
    return CodingView(view.person_id, {code: SAYING[label] for code, label in said.items()}, complete=view.complete)


def combine(taxonomy: Taxonomy, parts: Iterable[Said]) -> Said:
    """Put together what was said in several versions, all of it translated to one.

    Parameters
    ----------
    taxonomy : Taxonomy
        That version.
    parts : iterable of Said
        The oldest first: what a person, or an adjudicator, says later counts.
    """
    views: dict[str, CodingView] = {}
    word: dict[str, Label] = {}
    for part in parts:
        for view in part.views:
            before = views.get(view.person_id)
            if before is not None and not view.complete:
                verdicts = _overlay(taxonomy, before.verdicts, view.verdicts)
                views[view.person_id] = CodingView(view.person_id, verdicts, complete=before.complete)
            else:
                views[view.person_id] = view
        word = _overlay(taxonomy, word, part.word)
    return Said(tuple(views.values()), word)


def translate_decisions(
    translation: Translation, decisions: Sequence[DecisionRow], view: CodingView
) -> tuple[DecisionRow, ...]:
    """Give the decisions of a coding under the codes of the newer version, for people to look at; none is stored.

    Parameters
    ----------
    translation : Translation
        From the version of the coding.
    decisions : sequence of DecisionRow
        The last of each code.
    view : CodingView
        The coding as `translate_coding` gives it.
    """
    shown = []
    for code, verdict in view.verdicts.items():
        own = [row for row in decisions if code in translation.becomes.get(row.code, ())]
        alike = [row for row in own if MEANING.get(row.verdict) == MEANING[verdict]]
        for row in (alike or own)[-1:]:
            copy = DecisionRow(
                code=code,
                verdict=row.verdict if alike else verdict,
                rating=row.rating if alike else None,
                evidence=list(row.evidence) if alike else [],
                reason=row.reason,
                decided_at=row.decided_at,
            )
            shown.append(copy)
    return tuple(shown)


def translate_narratives(translation: Translation, narratives: Iterable[CodedNarrative]) -> list[CodedNarrative]:
    """Give coded narratives of a file in the newer version; each is complete, and lists what is unknown.

    Parameters
    ----------
    translation : Translation
        From the version that they are coded in.
    narratives : iterable of CodedNarrative
        The narratives; their evidence and counter-examples go with the codes that they became.
    """
    return [_translate_narrative(translation, narrative) for narrative in narratives]


def _translate_narrative(translation: Translation, narrative: CodedNarrative) -> CodedNarrative:
    verdicts: dict[str, Verdict] = {
        **dict.fromkeys(narrative.unknown, "unsure"),
        **dict.fromkeys(narrative.codes, "add"),
    }
    view = translate_coding(translation, CodingView("", verdicts, complete=narrative.complete), {})
    said = {code: MEANING[verdict] for code, verdict in view.verdicts.items()}
    labels = close_labels(translation.new, said, complete=view.complete)
    evidence = _carried(translation, narrative.evidence)
    meta = {**narrative.meta}
    if narrative.counters:
        meta["counter"] = _carried(translation, narrative.counters)
    return replace(
        narrative,
        codes=tuple(code for code, label in labels.items() if label == "present"),
        unknown=tuple(code for code, label in labels.items() if label == "unknown"),
        evidence={code: spans for code, spans in evidence.items() if labels[code] == "present"},
        complete=True,
        meta=meta,
    )


def _carried(translation: Translation, by_code: Mapping[str, Any]) -> dict[str, Any]:
    return {code: value for part, value in by_code.items() for code in translation.becomes.get(part, ())}


def _translate_word(
    translation: Translation, views: Sequence[CodingView], word: Mapping[str, Label]
) -> dict[str, Label]:
    gold = {code: label.label for code, label in resolve(translation.old, views, word).items()}
    found: dict[str, Label] = {}
    for code, source in translation.sources.items():
        own = source.exact & word.keys()
        if any(gold[part] == "present" for part in own):
            found[code] = "present"
        elif own and source.label(gold) == "absent":
            found[code] = "absent"
        elif own and own == source.exact:
            found[code] = "unknown"
    return found


def _overlay(taxonomy: Taxonomy, before: Mapping[str, Word], after: Mapping[str, Word]) -> dict[str, Word]:
    """Let later words take the place of earlier ones, and of sub-themes whose theme they deny."""
    denied = {code for theme, word in after.items() if word in ABSENT for code in taxonomy.sub_themes(theme)}
    kept = {code: word for code, word in before.items() if word not in PRESENT or code not in denied}
    return {**kept, **after}
