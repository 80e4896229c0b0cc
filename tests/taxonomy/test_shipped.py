"""The taxonomies and value lists that ship with the project."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from coding_service.paths import data_root
from coding_service.taxonomy.files import find_taxonomy, list_taxonomies, load_taxonomy, taxonomy_to_dict
from coding_service.taxonomy.lists import list_lists, load_list

SCHEMAS = data_root() / "taxonomy" / "schema"
TAXONOMIES = list_taxonomies()
LISTS = list_lists()


def validator(name):
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_every_file_is_one_of_the_two():
    """Guarantee: nothing in the folder is overlooked by both listings."""
    listed = {release.path for release in (*TAXONOMIES, *LISTS)}
    assert listed == set((data_root() / "taxonomy").glob("*/*.yaml"))
    assert {release.id for release in LISTS} == {"causes", "incident-types"}


@pytest.mark.parametrize("release", TAXONOMIES, ids=str)
def test_taxonomy_is_strictly_valid(release):
    taxonomy = load_taxonomy(release.path, strict=True)
    release.check(taxonomy.id, taxonomy.version)


@pytest.mark.parametrize("release", TAXONOMIES, ids=str)
def test_taxonomy_matches_the_schema(release):
    """Guarantee: the file, and the plain form that we write, both match the JSON Schema."""
    check = validator("taxonomy-1.json")
    check.validate(yaml.safe_load(release.path.read_text(encoding="utf-8")))
    check.validate(taxonomy_to_dict(load_taxonomy(release.path)))


@pytest.mark.parametrize("release", LISTS, ids=str)
def test_list_matches_the_schema(release):
    values = load_list(release.path)
    release.check(values.id, values.version)
    validator("value-list-1.json").validate(yaml.safe_load(release.path.read_text(encoding="utf-8")))


def test_io_themes_has_its_four_domains_and_36_codes():
    """Guarantee: 25 themes and 11 sub-themes stand below four groups, each richly worded."""
    taxonomy = find_taxonomy("io-themes", "1.0.0")
    groups = [code for code in taxonomy.codes if not code.selectable]
    themes = [code_id for code_id in taxonomy.code_ids if not taxonomy.themes(code_id)]
    assert [group.id for group in groups] == ["professional", "team", "environment", "family"]
    assert (len(taxonomy.code_ids), len(themes)) == (36, 25)
    for code_id in taxonomy.code_ids:
        code = taxonomy.nodes[code_id]
        assert code.include, code_id
        assert code.exclude, code_id
        assert len(code.examples) >= 4, code_id
        assert len(code.counter_examples) >= 2, code_id
