"""Differences between two versions of a taxonomy."""

from dataclasses import replace

from hypothesis import given

from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.diff import Change, ChangeKind, diff_taxonomies

from .strategies import taxonomies

OLD = Taxonomy(
    "t", "1.0.0", "T", (Code("g", "G", selectable=False), Code("a", "A", parent="g"), Code("b", "B"), Code("c", "C"))
)


def changed(**codes):
    """Give OLD with codes replaced (None removes one), added at the end."""
    nodes = {**OLD.nodes, **codes}
    return replace(OLD, codes=tuple(code for code in nodes.values() if code is not None))


def test_each_kind_is_told():
    new = changed(
        g=Code("g", "G"),
        a=Code("a", "Aa"),
        b=Code("b", "B", definition="Is b.", examples=("b!",)),
        c=None,
        d=Code("d", "D"),
    )
    assert diff_taxonomies(OLD, new) == (
        Change(ChangeKind.ADDED, "d", "", "D"),
        Change(ChangeKind.REMOVED, "c", "C", ""),
        Change(ChangeKind.RENAMED, "a", "A", "Aa"),
        Change(ChangeKind.MOVED, "a", "g", ""),
        Change(ChangeKind.REGROUPED, "g", "group", "code"),
        Change(ChangeKind.REWORDED, "b", "", "definition, examples"),
    )


def test_heading_and_rules_count_as_wording():
    assert diff_taxonomies(OLD, replace(OLD, title="New", rules=("Be brief.",))) == (
        Change(ChangeKind.REWORDED, None, "", "title, rules"),
    )


def test_order_and_version_are_no_change():
    assert diff_taxonomies(OLD, replace(OLD, version="1.0.1", codes=OLD.codes[::-1])) == ()


@given(taxonomies(), taxonomies())
def test_no_difference_means_equal_content(old, new):
    """Guarantee: a taxonomy does not differ from itself, and what is added one way is removed the other way."""
    assert diff_taxonomies(old, old) == ()
    added = {change.code for change in diff_taxonomies(old, new) if change.kind is ChangeKind.ADDED}
    removed = {change.code for change in diff_taxonomies(new, old) if change.kind is ChangeKind.REMOVED}
    assert added == removed == set(new.nodes) - set(old.nodes)
