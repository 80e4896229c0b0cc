"""Gold: the label that the decisions of all codings and the adjudicator's word resolve to, code by code, and why.

A pure function; what it is given decides alone. Not judged is not absent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from coding_service.store.rows import Label, Verdict
from coding_service.taxonomy import Taxonomy

Source = Literal["adjudicated", "agreed", "single", "disagreed", "unjudged"]
"""Where a gold label comes from: the adjudicator, two codings or more that agree, one coding, codings that disagree,
or nobody."""

MEANING: Mapping[Verdict, Label] = {"accept": "present", "add": "present", "reject": "absent", "unsure": "unknown"}
"""What each verdict says; ``withdraw`` says nothing."""


@dataclass(frozen=True)
class CodingView:
    """One coding as gold reads it.

    Parameters
    ----------
    person_id : str
        Its coder.
    verdicts : mapping of str to str
        The latest verdict on each code.
    complete : bool
        Whether it was closed as complete, so that the codes without a verdict are absent.
    """

    person_id: str
    verdicts: Mapping[str, Verdict]
    complete: bool = False


@dataclass(frozen=True)
class Gold:
    """The label of one code of one narrative.

    Parameters
    ----------
    label : str
        ``present``, ``absent`` or ``unknown``.
    source : str
        Where it comes from.
    why : str
        A sentence for people.
    present, absent : int
        Codings whose opinion is that the code holds, or does not.
    """

    label: Label
    source: Source
    why: str
    present: int = 0
    absent: int = 0


def resolve(
    taxonomy: Taxonomy, codings: Sequence[CodingView], adjudicated: Mapping[str, Label] | None = None
) -> dict[str, Gold]:
    """Resolve the labels of one narrative.

    For each code the adjudicated label counts; else, where every coding with an opinion agrees, that opinion; else the
    label is unknown. Opinions follow the hierarchy: a sub-theme present makes its theme present, a theme absent its
    sub-themes absent, and an unsure sub-theme leaves its theme open. What the adjudicator overruled in a coding, and
    what that coding implied by it, is no opinion any more.

    Parameters
    ----------
    taxonomy : Taxonomy
        The version that all of it was decided in.
    codings : sequence of CodingView
        In any order.
    adjudicated : mapping of str to str or None
        The latest adjudicated label of each code that has one.

    Returns
    -------
    dict of str to Gold
        One for each selectable code, in the order of the taxonomy. No theme is absent while a sub-theme is not, and
        none is anything but present while a sub-theme is present.
    """
    word = {code: label for code, label in (adjudicated or {}).items() if code in taxonomy.index}
    opinions = [_opinion(taxonomy, coding, word) for coding in codings]
    gold = {code: _agreement([opinion[code] for opinion in opinions]) for code in taxonomy.code_ids}
    for code, label in close_labels(taxonomy, word, complete=False).items():
        if code in word:
            gold[code] = _adjudicated(gold[code], label, "The adjudicator said so.")
        elif label != "unknown":
            gold[code] = _adjudicated(gold[code], label, "It follows from what the adjudicator said of related codes.")
    for theme in (code for code in word if gold[code].label == "unknown"):
        for code in taxonomy.sub_themes(theme):
            if gold[code].label == "present":
                gold[code] = _adjudicated(gold[code], "unknown", "The adjudicator left its theme open.")
    return gold


def _opinion(taxonomy: Taxonomy, coding: CodingView, word: Mapping[str, Label]) -> dict[str, Label]:
    """Give what one coding says of each code, ``unknown`` for no opinion, once the adjudicator's word is taken out."""
    return close_labels(taxonomy, stated(taxonomy, coding, word), complete=coding.complete)


def stated(taxonomy: Taxonomy, coding: CodingView, word: Mapping[str, Label]) -> dict[str, Label]:
    """Give what a coding says in so many words; codes that an adjudicator decided otherwise have become unknown."""
    said = {code: MEANING[verdict] for code, verdict in coding.verdicts.items() if verdict in MEANING}
    opinion = close_labels(taxonomy, said, complete=coding.complete)
    overruled: Iterable[str] = [code for code, label in word.items() if opinion[code] not in ("unknown", label)]
    return {**said, **dict.fromkeys(overruled, "unknown")}


def close_labels(taxonomy: Taxonomy, said: Mapping[str, Label], *, complete: bool) -> dict[str, Label]:
    """Fill in what the hierarchy implies, and the absence that a complete pass over all codes implies."""
    rest: Label = "absent" if complete else "unknown"
    labels = {code: said.get(code, rest) for code in taxonomy.code_ids}
    unsure = {code for code, label in said.items() if label == "unknown"}
    pairs = [(taxonomy.code_ids[child], taxonomy.code_ids[parent]) for child, parent in taxonomy.levels]
    for child, parent in pairs:
        if labels[child] == "present":
            labels[parent] = "present"
        elif child in unsure and labels[parent] != "present":
            labels[parent] = "unknown"
            unsure.add(parent)
    for child, parent in reversed(pairs):
        if labels[parent] == "absent":
            labels[child] = "absent"
        elif labels[parent] == "unknown" and child not in said:
            labels[child] = "unknown"
    return labels


def _agreement(opinions: Sequence[Label]) -> Gold:
    present, absent = opinions.count("present"), opinions.count("absent")
    if present and absent:
        return Gold("unknown", "disagreed", f"{present} say present, {absent} absent.", present, absent)
    if not present and not absent:
        silent = "Nobody is sure." if opinions else "Nobody has judged it."
        return Gold("unknown", "unjudged", silent)
    label: Label = "present" if present else "absent"
    if present + absent == 1:
        return Gold(label, "single", "The one coding with an opinion says so.", present, absent)
    return Gold(label, "agreed", f"All {present + absent} codings with an opinion say so.", present, absent)


def _adjudicated(before: Gold, label: Label, why: str) -> Gold:
    return Gold(label, "adjudicated", why, before.present, before.absent)
