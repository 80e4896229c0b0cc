"""A taxonomy that was written is read back equal, whatever its text."""

import csv
import io
import json

from hypothesis import given

from coding_service.taxonomy.document import Document
from coding_service.taxonomy.export import to_csv, to_json
from coding_service.taxonomy.files import dump_taxonomy, load_taxonomy, taxonomy_from_dict, taxonomy_to_dict

from .strategies import taxonomies


@given(taxonomies())
def test_yaml(tmp_path_factory, taxonomy):
    """Guarantee: dumping to YAML and loading gives an equal taxonomy with the same hash."""
    path = tmp_path_factory.mktemp("dump") / "drawn.yaml"
    path.write_text(dump_taxonomy(taxonomy), encoding="utf-8", newline="")
    loaded = load_taxonomy(path)
    assert loaded == taxonomy
    assert loaded.sha256 == taxonomy.sha256


@given(taxonomies())
def test_plain_data_through_json(taxonomy):
    """Guarantee: the plain form survives JSON, as bundles store it."""
    assert taxonomy_from_dict(json.loads(json.dumps(taxonomy_to_dict(taxonomy)))) == taxonomy


@given(taxonomies())
def test_exports_carry_every_code(taxonomy):
    assert [code["id"] for code in json.loads(to_json(taxonomy))["codes"]] == [code.id for code in taxonomy.codes]
    rows = csv.DictReader(io.StringIO(to_csv(taxonomy), newline=""))
    assert [row["id"] for row in rows] == [code.id for code in taxonomy.codes]


def test_what_is_empty_is_left_out():
    """Guarantee: the plain form holds no empty field, so that it matches the JSON Schema."""
    taxonomy = taxonomy_from_dict({"id": "t", "version": "1.0.0", "title": "T", "codes": [{"id": "a", "name": "A"}]})
    assert taxonomy_to_dict(taxonomy) == {
        "id": "t",
        "version": "1.0.0",
        "title": "T",
        "codes": [{"id": "a", "name": "A"}],
    }
    assert Document("t", taxonomy_to_dict(taxonomy)).line(("codes", 0)) is None
