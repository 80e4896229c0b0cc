"""Crosswalk files: what they say, what the schema says of them, and what is refused with its line."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from coding_service.errors import TaxonomyError
from coding_service.paths import data_root
from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.crosswalk import KINDS, Entry, crosswalk_from_dict, crosswalk_to_dict, load_crosswalk
from coding_service.taxonomy.files import find_taxonomy, load_taxonomy

DATA = Path(__file__).parent / "data"
CROSSWALK = DATA / "1.0.0-to-1.1.0.yaml"
OLD, NEW = find_taxonomy("io-themes", "1.0.0"), load_taxonomy(DATA / "io-themes-1.1.0.yaml")
HEAD = "taxonomy: t\nold: 1.0.0\nnew: 2.0.0\nchanges:\n"


def tree(version, **parents):
    """Make a taxonomy below one heading; a parent of None stands for the heading."""
    codes = [Code("top", "Top", selectable=False)]
    codes += [Code(code, code.upper(), parent or "top") for code, parent in parents.items()]
    return Taxonomy("t", version, "T", tuple(codes))


BEFORE = tree("1.0.0", a=None, b=None, c="a")


def schema():
    content = json.loads((data_root() / "taxonomy" / "schema" / "crosswalk-1.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def load(tmp_path, entries, after):
    path = tmp_path / "walk.yaml"
    head = HEAD if entries else HEAD.replace("changes:", "changes: []")
    path.write_text(head + "".join(f"  - {entry}\n" for entry in entries))
    return load_crosswalk(path, BEFORE, after)


def test_every_kind_is_read_and_survives_as_plain_data():
    """Guarantee: what the store keeps of a crosswalk is the crosswalk, hash and all."""
    crosswalk = load_crosswalk(CROSSWALK, OLD, NEW)
    assert {entry.kind for entry in crosswalk.changes} == set(KINDS)
    again = crosswalk_from_dict(json.loads(json.dumps(crosswalk_to_dict(crosswalk))), OLD, NEW)
    assert again == crosswalk
    assert again.sha256 == crosswalk.sha256


def test_move_without_a_new_id_keeps_it():
    entry = next(entry for entry in load_crosswalk(CROSSWALK, OLD, NEW).changes if entry.kind == "move")
    assert (entry.old, entry.new) == (("family.safe_sleep",), ("family.safe_sleep",))


def test_file_stored_form_and_example_match_the_schema():
    """Guarantee: what the readme shows is a crosswalk, and loads."""
    readme = (data_root() / "taxonomy" / "crosswalks" / "README.md").read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)[1])
    for content in (
        yaml.safe_load(CROSSWALK.read_text()),
        crosswalk_to_dict(load_crosswalk(CROSSWALK, OLD, NEW)),
        example,
    ):
        schema().validate(content)
    assert crosswalk_from_dict(example, OLD, NEW).changes[0].kind == "rename"


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "rename", "old": "a"},
        {"kind": "merge", "old": "a", "new": "b"},
        {"kind": "split", "old": "a", "new": "b"},
        {"kind": "retire", "old": "a", "new": ["b"]},
        {"kind": "add", "old": ["a"], "new": "b"},
        {"kind": "move", "old": "a", "within": "b"},
        {"kind": "swap", "old": "a", "new": "b"},
        {"kind": "add", "new": "b", "why": "x"},
    ],
)
def test_schema_and_loader_refuse_the_same(entry):
    content = {"taxonomy": "t", "old": "1.0.0", "new": "2.0.0", "changes": [entry]}
    assert not schema().is_valid(content)
    with pytest.raises(TaxonomyError):
        crosswalk_from_dict(content, BEFORE, tree("2.0.0", b=None))


CASES = {
    "an unknown kind": (
        ["{kind: swap, old: a, new: b}"],
        {"a": None, "b": None, "c": "a"},
        r"line 5: 'kind' is 'swap', expected 'rename', 'move', ",
    ),
    "an unknown field": (["{kind: add, new: d, why: x}"], {"a": None}, r"line 5: unknown field 'why'"),
    "too few codes": (
        ["{kind: merge, old: a, new: d}"],
        {"d": None},
        r"'merge' names 1 old and 1 new, expected two old",
    ),
    "a code that is not there": (
        ["{kind: retire, old: c}", "{kind: rename, old: b, new: x}"],
        {"a": None},
        r"line 6: 'x' is no selectable code of t 2\.0\.0",
    ),
    "a lost code": (["{kind: retire, old: c}"], {"a": None}, r"line 4: the old code 'b' is not in 2\.0\.0"),
    "a code from nowhere": ([], {"a": None, "b": None, "c": "a", "d": None}, r"the new code 'd' comes from no entry"),
    "a code that is retired and there": (
        ["{kind: retire, old: b}"],
        {"a": None, "b": None, "c": "a"},
        r"new code 'b' comes",
    ),
    "two fates": (
        ["{kind: retire, old: b}", "{kind: rename, old: b, new: d}"],
        {"a": None, "c": "a", "d": None},
        r"line 5: the old code 'b' stands in 2 entries",
    ),
    "a rename onto a kept code": (
        ["{kind: rename, old: b, new: a}"],
        {"a": None, "c": "a"},
        r"new code 'a' of 'rename' comes from other codes",
    ),
    "an addition of a kept code": (
        ["{kind: add, new: b}"],
        {"a": None, "b": None, "c": "a"},
        r"'add' comes from other",
    ),
    "an untold move": ([], {"a": None, "b": None, "c": "b"}, r"'c' stood below 'a' and stands below 'b' now"),
    "a heading for a code": (
        ["{kind: rename, old: top, new: d}"],
        {"a": None, "b": None, "c": "a", "d": None},
        r"'rename' makes a code of a heading",
    ),
    "within nothing": (
        ["{kind: add, new: d, within: x}"],
        {"a": None, "b": None, "c": "a", "d": None},
        r"'within' of 'add' is 'x', expected an old code",
    ),
}


@pytest.mark.parametrize(("entries", "after", "message"), CASES.values(), ids=CASES)
def test_what_does_not_add_up_is_refused_with_file_and_line(tmp_path, entries, after, message):
    with pytest.raises(TaxonomyError, match=message) as caught:
        load(tmp_path, entries, tree("2.0.0", **after))
    assert "walk.yaml" in caught.value.message
    assert caught.value.hint


def test_versions_of_the_file_are_those_it_is_loaded_for(tmp_path):
    with pytest.raises(TaxonomyError, match=r"line 3: 'new' is '2\.0\.0', expected '3\.0\.0'"):
        load(tmp_path, [], tree("3.0.0", a=None, b=None, c="a"))


def test_two_taxonomies_are_no_versions_of_one():
    with pytest.raises(TaxonomyError, match="two taxonomies"):
        crosswalk_from_dict({"taxonomy": "t", "old": "1.0.0", "new": "1.1.0", "changes": []}, BEFORE, NEW)


def test_children_of_a_renamed_or_split_code_have_not_moved(tmp_path):
    """Guarantee: only what a person moved has to be told."""
    renamed = load(tmp_path, ["{kind: rename, old: a, new: d}"], tree("2.0.0", d=None, b=None, c="d"))
    assert renamed.changes == (Entry("rename", ("a",), ("d",)),)
    load(tmp_path, ["{kind: split, old: a, new: [d, e]}"], tree("2.0.0", d=None, e=None, b=None, c="e"))
    load(tmp_path, ["{kind: move, old: top, new: top}"], replace(BEFORE, version="2.0.0"))
