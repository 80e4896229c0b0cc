"""What was said in an older version, read in a newer one: cases, and rules that hold whatever was decided."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.services.gold import CodingView, close_labels, resolve, stated
from coding_service.services.past_codings import (
    Said,
    combine,
    translate_coding,
    translate_narratives,
    translate_said,
)
from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.crosswalk import crosswalk_from_dict
from coding_service.taxonomy.translation import Translation

P, A, U = "present", "absent", "unknown"
VERDICTS = st.sampled_from(["accept", "add", "reject", "unsure", "withdraw"])


def tree(version, **parents):
    codes = [Code("top", "Top", selectable=False)]
    codes += [Code(code, code.upper(), parent or "top") for code, parent in parents.items()]
    return Taxonomy("t", version, "T", tuple(codes))


OLD = tree("1.0.0", a=None, a1="a", a2="a", b=None, b1="b", m=None, n=None, s=None, z=None)
NEW = tree("2.0.0", a=None, a2="a", fresh="a", b=None, b1="b", a1="b", mn=None, s1=None, s2=None, within="b", late=None)
CHANGES = [
    {"kind": "move", "old": "a1"},
    {"kind": "merge", "old": ["m", "n"], "new": "mn"},
    {"kind": "split", "old": "s", "new": ["s1", "s2"]},
    {"kind": "retire", "old": "z"},
    {"kind": "add", "new": ["fresh", "late"]},
    {"kind": "add", "new": "within", "within": "b"},
]
WAY = Translation.by(
    crosswalk_from_dict({"taxonomy": "t", "old": "1.0.0", "new": "2.0.0", "changes": CHANGES}, OLD, NEW), OLD, NEW
)
RENAMED = {code.id: f"{code.id}-x" for code in OLD.codes}
SAME_TREE = replace(
    OLD,
    version="1.0.1",
    codes=tuple(replace(code, id=RENAMED[code.id], parent=RENAMED.get(code.parent)) for code in OLD.codes),
)
RENAMING = Translation.by(
    crosswalk_from_dict(
        {
            "taxonomy": "t",
            "old": "1.0.0",
            "new": "1.0.1",
            "changes": [{"kind": "rename", "old": old, "new": new} for old, new in RENAMED.items()],
        },
        OLD,
        SAME_TREE,
    ),
    OLD,
    SAME_TREE,
)


def coding(person="p", *, complete=False, **verdicts):
    return CodingView(person, verdicts, complete=complete)


def left_out(person="p", **verdicts):
    return coding(person, complete=True, **verdicts)


def gold(*views, way=WAY, **word):
    said = translate_said(way, Said(views, word))
    return {code: label.label for code, label in resolve(way.new, said.views, said.word).items()}


CASES = {
    "an added code is unknown": ([left_out()], {}, {"late": U, "fresh": U, "mn": A, "a2": A}),
    "and so is its theme, for it may be why": ([left_out()], {}, {"a": U}),
    "unless that is present": ([left_out(a2="add")], {}, {"a": P, "a2": P, "fresh": U}),
    "also below a rejected theme": ([coding(a="reject")], {}, {"a": U, "fresh": U, "a2": A}),
    "but what lies within an absent code is absent": ([left_out()], {}, {"b": A, "within": A}),
    "and unknown within a present one": ([left_out(b="add")], {}, {"b": P, "within": U, "b1": A}),
    "children of a split are unknown": ([left_out(s="add")], {}, {"s1": U, "s2": U}),
    "also where it was rejected": ([coding(s="reject")], {}, {"s1": U, "s2": U}),
    "a merge is present by one part": ([left_out(m="add")], {}, {"mn": P}),
    "absent by all": ([coding(m="reject", n="reject")], {}, {"mn": A}),
    "and unknown by some": ([coding(m="reject")], {}, {"mn": U}),
    "an unsure part leaves it open": ([left_out(m="unsure")], {}, {"mn": U}),
    "a moved code takes its label along": ([left_out(a1="add")], {}, {"a1": P, "b": P}),
    "and leaves the theme that it implied open": ([left_out(a1="add")], {}, {"a": U, "a2": A}),
    "a theme said in so many words stays": ([left_out(a1="add", a="add")], {}, {"a": P}),
    "what was absent with its theme stays absent": ([coding(a="reject")], {}, {"a1": A}),
    "two that disagree still do": ([coding("p", m="add"), coding("q", m="reject", n="reject")], {}, {"mn": U}),
    "the adjudicator's part makes the whole": ([left_out("p")], {"m": P}, {"mn": P}),
    "their no beside a no of all": ([coding("p", m="add", n="reject")], {"m": A}, {"mn": A}),
    "their no alone decides no whole": ([coding("p", m="add")], {"m": A}, {"mn": U}),
    "what they overruled is gone": ([coding("p", m="add"), coding("q", n="add")], {"m": A}, {"mn": P}),
    "their open parts leave it open": ([left_out("p", m="add")], {"m": U, "n": U}, {"mn": U}),
    "their word on a split code says nothing of parts": ([], {"s": A}, {"s1": U, "s2": U}),
    "their word on a retired code is gone": ([], {"z": P}, {"late": U}),
}


@pytest.mark.parametrize(("views", "word", "expected"), CASES.values(), ids=CASES)
def test_case(views, word, expected):
    found = gold(*views, **word)
    assert {code: found[code] for code in expected} == expected


def views_of(taxonomy):
    verdicts = st.dictionaries(st.sampled_from(taxonomy.code_ids), VERDICTS, max_size=6)
    return st.builds(lambda said, complete: CodingView("p", said, complete=complete), verdicts, st.booleans())


PEOPLE = st.lists(views_of(OLD), max_size=3).map(
    lambda views: [replace(v, person_id=str(n)) for n, v in enumerate(views)]
)
WORDS = st.dictionaries(st.sampled_from(OLD.code_ids), st.sampled_from([P, A, U]), max_size=3)


@given(PEOPLE, WORDS)
def test_new_names_change_no_gold(views, word):
    """Guarantee: where only names change, gold is what it was, sources and all but the adjudicator's overruled votes."""
    before = resolve(OLD, views, word)
    said = translate_said(RENAMING, Said(views, word))
    after = resolve(SAME_TREE, said.views, said.word)
    assert {code: after[RENAMED[code]].label for code in before} == {
        code: label.label for code, label in before.items()
    }


@given(views_of(OLD), WORDS)
@example(CodingView("p", {"b": "reject"}, complete=False), {})
def test_nothing_is_invented_and_no_label_turns_round(view, word):
    """Guarantee: a translated coding says at most what the labels of its old version say, but for implied themes."""
    told = stated(OLD, view, word)
    labels = WAY.labels(close_labels(OLD, told, complete=view.complete))
    translated = translate_coding(WAY, view, word)
    after = close_labels(NEW, stated(NEW, translated, {}), complete=translated.complete)
    for code, label in after.items():
        below = [after[sub] for sub in NEW.sub_themes(code)]
        if label == "absent":
            assert labels[code] == "absent", code
        if label == "present":
            assert labels[code] == "present" or "present" in below, code
        if label == "unknown" and labels[code] == "absent":
            assert "unknown" in below, code
    for code in ("fresh", "late", "s1", "s2"):
        assert after[code] == "unknown"


def test_what_a_person_says_later_counts():
    """Guarantee: a new coding takes the place of the old one as far as it goes, and nobody has two votes."""
    old = translate_said(WAY, Said([left_out(a2="add", m="add"), coding("q", b="reject")], {"b1": P}))
    partly = combine(NEW, [old, Said([coding(a="reject", late="add")], {"b": A})])
    (mine, other) = partly.views
    assert (mine.verdicts["mn"], mine.verdicts["late"], mine.verdicts["a"]) == ("add", "add", "reject")
    assert "a2" not in mine.verdicts or mine.verdicts["a2"] == "reject"
    assert mine.complete
    assert other.person_id == "q"
    assert dict(partly.word) == {"b": A}
    wholly = combine(NEW, [old, Said([left_out(late="add")])])
    assert wholly.views[0] == left_out(late="add")


def test_narratives_of_a_file_are_translated_with_what_hangs_on_them():
    narrative = CodedNarrative(
        id="n",
        text="words",
        codes=("m", "s", "a2"),
        unknown=("b1",),
        evidence={"m": ((0, 2),), "s": ((2, 4),)},
        meta={"counter": {"n": "words", "s": "words"}, "cause": "suid"},
    )
    (found,) = translate_narratives(WAY, [narrative])
    assert found.codes == ("a", "a2", "mn")
    assert set(found.unknown) == {"b1", "b", "fresh", "s1", "s2", "within", "late"}
    assert found.evidence == {"mn": ((0, 2),)}
    assert found.meta == {"counter": {"mn": "words"}, "cause": "suid"}
    assert found.complete
    (open_one,) = translate_narratives(WAY, [replace(narrative, complete=False, codes=("m",))])
    assert open_one.codes == ("mn",)
    assert set(open_one.unknown) == set(NEW.code_ids) - {"mn"}
