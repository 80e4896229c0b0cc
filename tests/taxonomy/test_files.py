"""Reading taxonomy files: what is accepted, and what a refusal says."""

import json

import pytest

from coding_service.errors import InputError, NotFoundError, TaxonomyError
from coding_service.taxonomy import Code
from coding_service.taxonomy.files import (
    find_taxonomy,
    import_json,
    list_taxonomies,
    load_taxonomy,
    open_taxonomy,
    taxonomy_from_dict,
)

HEAD = "id: tiny\nversion: 1.0.0\ntitle: Tiny\ncodes:\n"
GOOD = HEAD + "  - {id: a, name: A}\n  - {id: b, name: B, parent: a}\n"

BROKEN = {
    "duplicate id": (
        GOOD + "  - id: a\n    name: Again\n",
        ["line 7: the code 'a' stands twice, first in line 5.", "own id"],
    ),
    "missing parent": (
        HEAD + "  - id: a\n    name: A\n    parent: z\n",
        ["line 7: the code 'a' has the parent 'z', which is not in the file.", "Add the parent, or correct its id."],
    ),
    "cycle": (
        HEAD + "  - {id: c, name: C, parent: a}\n  - {id: a, name: A, parent: b}\n  - {id: b, name: B, parent: a}\n",
        ["line 6: the parents form a cycle: a -> b -> a.", "Let one of them have no parent."],
    ),
    "own parent": (HEAD + "  - {id: a, name: A, parent: a}\n", ["line 5: the parents form a cycle: a -> a."]),
    "unknown field of a code": (
        HEAD + "  - id: a\n    name: A\n    colour: red\n",
        ["line 7: unknown field 'colour'.", "Known fields are: id, name, parent, selectable,"],
    ),
    "unknown field of the file": (GOOD + "author: me\n", ["line 7: unknown field 'author'.", "licence, source, codes"]),
    "missing name": (HEAD + "  - id: a\n", ["line 5: the field 'name' is missing.", "Add 'name'."]),
    "version is a number": (
        GOOD.replace("1.0.0", "1.0"),
        ["line 2: 'version' is 1.0, expected text.", "Put the value in quotes."],
    ),
    "bad version": (
        GOOD.replace("1.0.0", "v1"),
        ["line 2: 'version' is 'v1', expected a semantic version such as 1.0.0."],
    ),
    "bad id": (GOOD.replace("id: tiny", "id: my themes"), ["line 1: 'id' is 'my themes', expected an id of letters"]),
    "number as id": (HEAD + "  - {id: 1.10, name: A}\n", ["line 5: 'id' is 1.1, expected text.", "in quotes"]),
    "blank at the end of an id": (HEAD + "  - {id: 'a ', name: A}\n", ["line 5: 'id' is 'a ', expected text that is"]),
    "empty name": (HEAD + "  - {id: a, name: ''}\n", ["line 5: 'name' is empty, expected text"]),
    "selectable is text": (
        HEAD + "  - {id: a, name: A, selectable: 'no'}\n",
        ["line 5: 'selectable' is 'no', expected true"],
    ),
    "notes are text": (HEAD + "  - {id: a, name: A, include: one}\n", ["line 5: 'include' is 'one'", "list"]),
    "no codes": (
        "id: tiny\nversion: 1.0.0\ntitle: Tiny\ncodes: []\n",
        ["line 4: 'codes' is [], expected at least one"],
    ),
    "not fields": ("- a\n- b\n", ["line 1: the file is ['a', 'b'], expected fields."]),
    "repeated key": (
        HEAD + "  - id: a\n    name: A\n    name: B\n",
        ["line 7: the field 'name' stands twice, first in line 6.", "Keep one."],
    ),
    "not YAML": (HEAD + "  - id: [a\n", ["line 6: not valid YAML"]),
    "unsafe tag": (HEAD + "  - !!python/object:os.system {}\n", ["line 5: not valid YAML"]),
    "no such date": (GOOD + "description: 2020-99-99\n", ["not valid YAML"]),
    "control character": (GOOD + "description: a\x07b\n", ["not valid YAML"]),
    "empty file": ("# nothing\n", ["is empty."]),
    "all at once": (
        HEAD + "  - {id: a}\n  - {id: b, colour: red}\n",
        ["line 5: the field", "line 6: unknown", "line 6: the field"],
    ),
}


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="tiny.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_small_file_loads(write):
    taxonomy = load_taxonomy(write(GOOD))
    assert taxonomy.codes == (Code("a", "A"), Code("b", "B", parent="a"))


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_refused_with_file_line_and_remedy(write, text, told):
    """Guarantee: a refusal names the file, the line, what was expected and what to do."""
    path = write(text)
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    for words in told:
        assert words in str(caught.value)


def test_many_problems_are_cut_short(write):
    """Guarantee: a file that is wrong throughout gives a message of a readable length."""
    with pytest.raises(TaxonomyError, match=r"and 30 more problems") as caught:
        load_taxonomy(write(HEAD + "  - {id: a}\n" * 40))
    assert len(caught.value.message.splitlines()) == 11


def test_wrong_encoding_names_the_line(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_bytes(GOOD.encode() + b"description: caf\xe9\n")
    with pytest.raises(TaxonomyError, match=r"line 7: byte 0xe9 is not UTF-8"):
        load_taxonomy(path)


def test_missing_file(tmp_path):
    with pytest.raises(NotFoundError, match="There is no file"):
        load_taxonomy(tmp_path / "none.yaml")


def test_ids_need_no_dots_and_dots_make_no_tree(write):
    """Guarantee: the tree comes from ``parent`` alone, to any depth."""
    chain = "".join(f"  - {{id: n{i}, name: N, parent: n{i - 1}}}\n" for i in range(1, 12))
    taxonomy = load_taxonomy(
        write(HEAD + "  - {id: a.b, name: A}\n  - {id: a, name: B}\n  - {id: n0, name: N}\n" + chain)
    )
    assert taxonomy.nodes["a.b"].parent is None
    assert len(taxonomy.ancestors("n11")) == 11


def test_empty_definition_is_an_error_only_when_strict(write):
    path = write(
        GOOD.replace("name: A", "name: A, definition: ''").replace(
            "name: B", "name: B, definition: Is b, examples: [b]"
        )
    )
    assert load_taxonomy(path).nodes["a"].definition == ""
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(path, strict=True)
    assert [line.partition(", ")[2] for line in caught.value.message.splitlines()] == [
        "line 5: the code 'a' has no definition.",
        "line 5: the code 'a' has no example.",
    ]


def test_strict_asks_no_example_of_a_group(write):
    path = write(HEAD + "  - {id: a, name: A, selectable: false, definition: Groups}\n")
    assert load_taxonomy(path, strict=True).code_ids == ()


def test_shared_yaml_node_is_no_repetition(write):
    """Guarantee: YAML anchors may be used."""
    text = HEAD + "  - {id: a, name: A, include: &notes [x]}\n  - {id: b, name: B, include: *notes}\n"
    assert load_taxonomy(write(text)).nodes["b"].include == ("x",)


def test_plain_data_are_refused_without_lines():
    with pytest.raises(TaxonomyError, match=r"bundle\.json, codes, 0: the field 'name' is missing"):
        taxonomy_from_dict({"id": "t", "version": "1.0.0", "title": "T", "codes": [{"id": "a"}]}, name="bundle.json")


def release(write, version, *, taxonomy_id="tiny", folder="more"):
    text = GOOD.replace("1.0.0", version).replace("id: tiny", f"id: {taxonomy_id}")
    return write(text, f"{folder}/{taxonomy_id}/{version}.yaml")


def test_newest_release_is_found_by_number_and_drafts_do_not_count(write, tmp_path):
    for version in ("1.9.0", "1.10.0", "2.0.0-draft.1"):
        release(write, version)
    folders = [tmp_path / "more"]
    assert find_taxonomy("tiny", folders=folders).version == "1.10.0"
    assert find_taxonomy("tiny", "2.0.0-draft.1", folders=folders).version == "2.0.0-draft.1"


def test_newest_draft_is_found_where_there_are_only_drafts(write, tmp_path):
    for version in ("1.0.0-draft.9", "1.0.0-draft.10", "1.0.0-alpha"):
        release(write, version)
    assert find_taxonomy("tiny", folders=[tmp_path / "more"]).version == "1.0.0-draft.10"


def test_extra_folder_stands_before_the_shipped_one(write, tmp_path):
    release(write, "1.0.0", taxonomy_id="io-themes")
    assert find_taxonomy("io-themes", folders=[tmp_path / "more"]).title == "Tiny"
    assert len(list_taxonomies(folders=[tmp_path / "more"])) == 1


def test_unknown_id_and_version_list_what_there_is(write, tmp_path):
    release(write, "1.2.3")
    folders = [tmp_path / "more"]
    with pytest.raises(NotFoundError, match=r"no taxonomy 'icd'\. Available: io-themes, tiny\."):
        find_taxonomy("icd", folders=folders)
    with pytest.raises(NotFoundError, match=r"'tiny' has no version '3\.0\.0'\. Available: 1\.2\.3\."):
        find_taxonomy("tiny", "3.0.0", folders=folders)


@pytest.mark.parametrize("taxonomy_id", ["../io-themes", "/etc", "..", ""])
def test_id_never_leaves_the_folder(taxonomy_id):
    with pytest.raises(NotFoundError):
        find_taxonomy(taxonomy_id)


def test_file_in_the_wrong_place_is_refused(write, tmp_path):
    write(GOOD, "more/tiny/2.0.0.yaml")
    with pytest.raises(TaxonomyError, match=r"holds tiny 1\.0\.0, expected tiny 2\.0\.0"):
        find_taxonomy("tiny", folders=[tmp_path / "more"])


def test_taxonomy_is_named_by_id_version_or_file(write, tmp_path):
    path = release(write, "1.2.3")
    folders = [tmp_path / "more"]
    for reference in ("tiny", "tiny@1.2.3", str(path)):
        assert open_taxonomy(reference, folders=folders).version == "1.2.3"
    with pytest.raises(InputError, match=r"is version 1\.2\.3, but version 9\.0\.0 was asked for"):
        open_taxonomy(str(path), version="9.0.0")


THEMES = {
    "G": {"name": "Group", "description": "group", "parent": None},
    "G1": {"name": "One", "description": "", "parent": "G"},
    "H": {"name": "Alone"},
}


def test_json_import_keeps_every_code_selectable(write):
    taxonomy = import_json(write(json.dumps(THEMES), "t.json"), taxonomy_id="t", version="1.0.0", title="T")
    assert taxonomy.codes == (Code("G", "Group", definition="group"), Code("G1", "One", parent="G"), Code("H", "Alone"))


def test_json_import_can_mark_groups(write):
    path = write(json.dumps(THEMES), "t.json")
    taxonomy = import_json(path, taxonomy_id="t", version="1.0.0", title="T", groups=True)
    assert taxonomy.code_ids == ("G1", "H")


BROKEN_JSON = {
    "not JSON": ('{\n"a": }', r"t\.json, line 2: not valid JSON"),
    "key twice": ('{"a": {"name": "A"}, "a": {"name": "B"}}', "the key 'a' stands twice"),
    "unknown field": (
        '{"a": {"name": "A", "colour": 1}}',
        r"codes, a: unknown field 'colour'\. Known fields are: name,",
    ),
    "no name": ('{"a": {}}', "codes, a: the field 'name' is missing"),
    "a list": ("[]", "'codes' is .*, expected an object"),
    "missing parent": ('{"a": {"name": "A", "parent": "z"}}', "the parent 'z', which is not in the file"),
    "nothing": ("{}", "at least one entry"),
}


@pytest.mark.parametrize(("text", "told"), BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_broken_json_is_refused(write, text, told):
    with pytest.raises(TaxonomyError, match=told):
        import_json(write(text, "t.json"), taxonomy_id="t", version="1.0.0", title="T")
