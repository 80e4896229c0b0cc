"""The tree that a taxonomy makes of its codes."""

import pytest
from hypothesis import given

from coding_service.errors import NotFoundError, TaxonomyError
from coding_service.taxonomy import Code, Taxonomy

from .strategies import taxonomies

TREE = Taxonomy(
    "t",
    "1.0.0",
    "T",
    (
        Code("g", "G", selectable=False),
        Code("a", "A", parent="g"),
        Code("h", "H", parent="a", selectable=False),
        Code("b", "B", parent="h"),
    ),
)


def test_tree_is_told_by_parents():
    assert TREE.code_ids == ("a", "b")
    assert TREE.ancestors("b") == ("h", "a", "g")
    assert TREE.themes("b") == ("a",)
    assert TREE.sub_themes("g") == ("a", "b")
    assert TREE.path("b") == ("G", "A", "H", "B")
    assert TREE.levels == ((1, 0),)


def test_unknown_code_says_which_taxonomy():
    with pytest.raises(NotFoundError, match=r"'t' 1\.0\.0 has no code 'z'"):
        TREE.get("z")


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ((Code("a", "A"), Code("a", "B")), "stands twice"),
        ((Code("a", "A", parent="z"),), "names the parent 'z'"),
        ((Code("a", "A", parent="b"), Code("b", "B", parent="a")), "form a cycle"),
    ],
)
def test_what_is_no_tree_is_refused(codes, told):
    with pytest.raises(TaxonomyError, match=told):
        Taxonomy("t", "1.0.0", "T", codes)


@given(taxonomies())
def test_themes_and_sub_themes_mirror_each_other(taxonomy):
    for code_id in taxonomy.code_ids:
        assert all(code_id in taxonomy.sub_themes(above) for above in taxonomy.themes(code_id))
        assert all(code_id in taxonomy.themes(below) for below in taxonomy.sub_themes(code_id))
