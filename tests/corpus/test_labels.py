"""Labels are closed under the hierarchy as the contract says, on trees of any depth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import ABSENT, PRESENT, UNKNOWN, label_matrix, lift
from coding_service.errors import CorpusError

from .strategies import TREE, taxonomy

ALL = TREE.code_ids
"""team > partner > (police, health); family > housing."""

CASES = {
    "nothing listed is absent": ({}, {}),
    "a sub-theme lifts every theme above it": ({"codes": ["police"]}, {"police": 1, "partner": 1, "team": 1}),
    "a theme says nothing for its sub-themes": ({"codes": ["team"]}, {"team": 1}),
    "an unknown sub-theme makes its themes unknown, and leaves open what is unlisted below them": (
        {"unknown": ["police"]},
        {"police": -1, "partner": -1, "team": -1, "health": -1},
    ),
    "an unknown sub-theme does not touch a present theme": (
        {"codes": ["partner"], "unknown": ["police"]},
        {"police": -1, "partner": 1, "team": 1},
    ),
    "a present sub-theme settles an unknown theme": (
        {"codes": ["police"], "unknown": ["team", "partner"]},
        {"police": 1, "partner": 1, "team": 1},
    ),
    "an unknown theme leaves its sub-themes unknown at every depth": (
        {"unknown": ["team"]},
        {"team": -1, "partner": -1, "police": -1, "health": -1},
    ),
    "what is listed below an unknown theme stays": (
        {"codes": ["housing"], "unknown": ["team"]},
        {"team": -1, "partner": -1, "police": -1, "health": -1, "housing": 1, "family": 1},
    ),
    "incomplete leaves all unlisted codes unknown": (
        {"codes": ["police"], "complete": False},
        {"police": 1, "partner": 1, "team": 1, "health": -1, "family": -1, "housing": -1},
    ),
    "present wins over unknown": ({"codes": ["family"], "unknown": ["family"]}, {"family": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_hierarchy_fills_in_what_it_implies(case):
    told, expected = CASES[case]
    row = label_matrix([CodedNarrative("a", "x", **told)], TREE)[0]
    assert {code: int(value) for code, value in zip(ALL, row, strict=True) if value} == expected


def test_without_closing_the_codes_stay_exactly_as_listed():
    narratives = [CodedNarrative("a", "x", codes=("police",), unknown=("family",))]
    row = label_matrix(narratives, TREE, close=False)[0]
    assert dict(zip(ALL, row.tolist(), strict=True)) == dict.fromkeys(ALL, 0) | {"police": 1, "family": -1}


@pytest.mark.parametrize("code", ["group", "nowhere"])
def test_an_id_that_no_narrative_can_carry_is_refused_by_name(code):
    with pytest.raises(CorpusError, match=code):
        label_matrix([CodedNarrative("a", "x", codes=(code,))], TREE)


def test_no_narratives_give_no_rows():
    assert label_matrix([], TREE).shape == (0, len(ALL))


@st.composite
def trees(draw):
    """Taxonomies of any shape: each code below an earlier one, or at the top."""
    parents = {}
    for number in range(draw(st.integers(1, 9))):
        parents[f"c{number}"] = draw(st.sampled_from([None, *parents]))
    return taxonomy(**parents)


@st.composite
def coded(draw):
    tree = draw(trees())
    ids = st.lists(st.sampled_from(tree.code_ids), max_size=4).map(tuple)
    told = st.builds(CodedNarrative, st.just("a"), st.just("x"), codes=ids, unknown=ids, complete=st.booleans())
    return tree, draw(st.lists(told, max_size=3))


@settings(deadline=None)
@given(coded())
def test_a_closed_matrix_is_a_fixed_point(tree_and_narratives):
    tree, narratives = tree_and_narratives
    closed = label_matrix(narratives, tree)
    again = [
        CodedNarrative(
            str(number),
            "x",
            codes=tuple(np.array(tree.code_ids)[row == PRESENT]),
            unknown=tuple(np.array(tree.code_ids)[row == UNKNOWN]),
        )
        for number, row in enumerate(closed)
    ]
    np.testing.assert_array_equal(label_matrix(again, tree), closed)


@settings(deadline=None)
@given(coded())
def test_no_theme_is_absent_above_a_sub_theme_that_is_not(tree_and_narratives):
    tree, narratives = tree_and_narratives
    closed = label_matrix(narratives, tree)
    for child, parent in tree.levels:
        assert not ((closed[:, parent] == ABSENT) & (closed[:, child] != ABSENT)).any()
        assert not ((closed[:, parent] != PRESENT) & (closed[:, child] == PRESENT)).any()


@settings(deadline=None)
@given(coded())
def test_closing_never_takes_away_a_code_said_to_hold_nor_makes_up_an_absence(tree_and_narratives):
    tree, narratives = tree_and_narratives
    listed, closed = label_matrix(narratives, tree, close=False), label_matrix(narratives, tree)
    assert (closed[listed == PRESENT] == PRESENT).all()
    assert (listed[closed == ABSENT] == ABSENT).all()


@settings(deadline=None)
@given(coded())
def test_lift_agrees_with_the_closed_labels_where_nothing_is_unknown(tree_and_narratives):
    tree, narratives = tree_and_narratives
    certain = [CodedNarrative(str(n), "x", codes=narrative.codes) for n, narrative in enumerate(narratives)]
    listed = label_matrix(certain, tree, close=False) == PRESENT
    before = listed.copy()
    np.testing.assert_array_equal(lift(listed, tree), label_matrix(certain, tree) == PRESENT)
    np.testing.assert_array_equal(listed, before)
