"""Gold: a table of cases, and rules that hold whatever was decided in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.services.gold import CodingView, resolve
from coding_service.taxonomy import Code, Taxonomy

TREE = Taxonomy(
    "tree",
    "1.0.0",
    "Tree",
    (
        Code("group", "Group", selectable=False),
        Code("theme", "Theme", "group"),
        Code("sub1", "Sub 1", "theme"),
        Code("sub2", "Sub 2", "theme"),
        Code("deep", "Deep", "sub1"),
        Code("alone", "Alone", "group"),
    ),
)
P, A, U = "present", "absent", "unknown"


def coding(person="a", *, complete=False, **verdicts):
    return CodingView(person, verdicts, complete=complete)


def left_out(person="a", **verdicts):
    return coding(person, complete=True, **verdicts)


CASES = {
    "nobody": ([], {}, {"theme": U, "alone": U}),
    "not judged is not absent": ([coding(alone="accept")], {}, {"alone": P, "theme": U, "sub1": U}),
    "a complete coding makes the rest absent": ([left_out(alone="accept")], {}, {"alone": P, "theme": A, "deep": A}),
    "a rejection is a negative": ([coding(alone="reject")], {}, {"alone": A, "theme": U}),
    "an addition is a positive": ([coding(alone="add")], {}, {"alone": P}),
    "withdrawn says nothing": ([coding(alone="withdraw")], {}, {"alone": U}),
    "withdrawn in a complete coding is absent": ([left_out(alone="withdraw")], {}, {"alone": A}),
    "unsure is no opinion": ([coding("a", alone="unsure"), coding("b", alone="add")], {}, {"alone": P}),
    "unsure blocks the implied absence": ([left_out(alone="unsure")], {}, {"alone": U, "theme": A}),
    "two that agree": ([left_out("a", alone="add"), left_out("b", alone="accept")], {}, {"alone": P, "theme": A}),
    "two that disagree": ([coding("a", alone="add"), coding("b", alone="reject")], {}, {"alone": U}),
    "explicit against implied": ([coding("a", alone="add"), left_out("b")], {}, {"alone": U, "theme": A}),
    "two of three are not all": ([coding("a", alone="add"), coding("b", alone="add"), left_out("c")], {}, {"alone": U}),
    "a sub-theme makes its themes": ([coding(deep="add")], {}, {"deep": P, "sub1": P, "theme": P, "sub2": U}),
    "even against a rejected theme": ([coding(theme="reject", sub2="add")], {}, {"theme": P, "sub2": P, "sub1": U}),
    "an absent theme has no sub-themes": ([coding(theme="reject")], {}, {"theme": A, "sub1": A, "deep": A, "alone": U}),
    "a present theme tells nothing of sub-themes": ([coding(theme="add")], {}, {"theme": P, "sub1": U, "sub2": U}),
    "in a complete coding it does": ([left_out(theme="add")], {}, {"theme": P, "sub1": A, "sub2": A}),
    "an unsure sub-theme leaves its theme open": ([left_out(deep="unsure")], {}, {"deep": U, "sub1": U, "theme": U}),
    "unless the theme is present": ([left_out(sub1="unsure", sub2="add")], {}, {"sub1": U, "theme": P, "sub2": P}),
    "an unsure theme leaves its sub-themes open": ([left_out(theme="unsure")], {}, {"theme": U, "sub1": U, "alone": A}),
    "but not those that were judged": ([left_out(theme="unsure", sub2="reject")], {}, {"sub2": A, "sub1": U}),
    "implied by the hierarchy against rejected": (
        [coding("a", sub1="add"), coding("b", theme="reject")],
        {},
        {"theme": U, "sub1": U},
    ),
    "the adjudicator decides": ([coding("a", alone="add"), coding("b", alone="reject")], {"alone": A}, {"alone": A}),
    "against all": ([left_out("a", alone="add"), left_out("b", alone="add")], {"alone": A}, {"alone": A}),
    "and may leave it open": ([left_out("a", alone="add")], {"alone": U}, {"alone": U}),
    "the adjudicator's sub-theme makes its theme": ([left_out("a")], {"deep": P}, {"theme": P, "sub1": P, "sub2": U}),
    "the adjudicator's absent theme": ([left_out("a", sub1="add")], {"theme": A}, {"theme": A, "sub1": A}),
    "what was implied by an overruled sub-theme falls": ([left_out("a", sub1="add")], {"sub1": A}, {"theme": U}),
    "what was said beside it stays": ([left_out("a", sub1="add", theme="add")], {"sub1": A}, {"theme": P, "sub1": A}),
    "sub-themes of an overruled absent theme are open": ([left_out("a")], {"theme": P}, {"theme": P, "sub1": U}),
    "those of a confirmed theme are not": ([left_out("a", theme="add")], {"theme": P}, {"theme": P, "sub1": A}),
    "a theme left open takes its sub-themes along": (
        [left_out("a", sub1="add")],
        {"theme": U},
        {"sub1": U, "theme": U},
    ),
    "ids of another version are passed over": ([coding("a", alone="add")], {"gone": P}, {"alone": P}),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name):
    codings, adjudicated, expected = CASES[name]
    gold = resolve(TREE, codings, adjudicated)
    assert {code: gold[code].label for code in expected} == expected


@pytest.mark.parametrize(
    ("codings", "adjudicated", "source"),
    [
        ([], {}, "unjudged"),
        ([coding(alone="unsure")], {}, "unjudged"),
        ([coding(alone="add")], {}, "single"),
        ([coding("a", alone="add"), coding("b", alone="add")], {}, "agreed"),
        ([coding("a", alone="add"), left_out("b")], {}, "disagreed"),
        ([coding("a", alone="add")], {"alone": P}, "adjudicated"),
    ],
)
def test_source_is_told(codings, adjudicated, source):
    gold = resolve(TREE, codings, adjudicated)["alone"]
    assert gold.source == source
    assert gold.why.endswith(".")


verdicts = st.dictionaries(
    st.sampled_from(TREE.code_ids), st.sampled_from(["accept", "reject", "add", "unsure", "withdraw"])
)
codings = st.lists(st.builds(CodingView, st.sampled_from("abc"), verdicts, complete=st.booleans()), max_size=4)
words = st.dictionaries(st.sampled_from(TREE.code_ids), st.sampled_from([P, A, U]), max_size=3)


@given(codings, words, st.randoms())
def test_order_of_codings_does_not_matter(views, word, random):
    shuffled = random.sample(views, len(views))
    turned = [CodingView(v.person_id, dict(reversed(v.verdicts.items())), complete=v.complete) for v in shuffled]
    assert resolve(TREE, views, word) == resolve(TREE, turned, word)


@given(codings, words)
def test_hierarchy_holds(views, word):
    """Guarantee: no theme is less present than its sub-theme, nor absent where a sub-theme is not."""
    gold = resolve(TREE, views, word)
    for child, parent in TREE.levels:
        below, above = gold[TREE.code_ids[child]].label, gold[TREE.code_ids[parent]].label
        assert below != P or above == P
        assert above != A or below == A


@given(codings, words)
def test_exported_labels_say_the_same(views, word):
    """Guarantee: the corpus format says what gold says, but for absent sub-themes of unknown themes, which it cannot."""
    gold = resolve(TREE, views, word)
    coded = CodedNarrative(
        "n",
        "Text.",
        codes=tuple(code for code, label in gold.items() if label.label == P),
        unknown=tuple(code for code, label in gold.items() if label.label == U),
    )
    value = {P: 1, A: 0, U: -1}
    for column, code in enumerate(TREE.code_ids):
        exported = label_matrix([coded], TREE)[0, column]
        open_above = any(gold[theme].label == U for theme in TREE.themes(code))
        assert exported == value[gold[code].label] or (exported == -1 and gold[code].label == A and open_above)


@given(codings)
def test_adjudicating_what_gold_says_changes_no_label_of_it(views):
    """Guarantee: an adjudicator who confirms the present and absent labels leaves them as they are."""
    gold = {code: label.label for code, label in resolve(TREE, views).items()}
    known = {code: label for code, label in gold.items() if label != U}
    confirmed = resolve(TREE, views, known)
    assert {code: confirmed[code].label for code in known} == known
