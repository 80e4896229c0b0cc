"""``io-coding taxonomy`` from the outside."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from coding_service.cli.taxonomy import app
from coding_service.errors import CodingError
from coding_service.paths import data_root
from coding_service.taxonomy.files import find_taxonomy, load_taxonomy

SHIPPED = str(data_root() / "taxonomy" / "io-themes" / "1.0.0.yaml")


@pytest.fixture
def call():
    """Run a command; gives what it printed to standard output. Errors of ours are raised."""

    def invoke(*arguments):
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def test_validate_tells_what_it_found(call):
    assert call("validate", SHIPPED, "--strict") == "io-themes 1.0.0: 36 codes, 4 groups, no problem found.\n"


def test_validate_refuses_with_file_and_line(call, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("id: t\nversion: 1.0.0\ntitle: T\ncodes:\n  - {id: a, name: A, parent: b}\n")
    with pytest.raises(CodingError, match=r"t\.yaml, line 5: the code 'a' has the parent 'b'"):
        call("validate", str(path))


def test_show_draws_the_newest_io_themes_as_a_tree(call):
    lines = call("show").splitlines()
    assert lines[0] == "Improvement Opportunity themes (io-themes 1.0.0)"
    assert "│   ├── Cognitive Bias  professional.cognitive_bias" in lines
    assert len(lines) == 41


def test_show_as_json_and_csv_has_every_node(call):
    taxonomy = find_taxonomy("io-themes")
    rows = [json.loads(line) for line in call("show", "--format", "json").splitlines()]
    assert [row["id"] for row in rows] == [code.id for code in taxonomy.codes]
    assert rows[1]["path"] == ["Professional", "Cognitive Bias"]
    table = csv.DictReader(io.StringIO(call("show", "io-themes", "--version", "1.0.0", "--format", "csv")))
    assert [row["name"] for row in table] == [code.name for code in taxonomy.codes]


def test_show_of_an_unknown_version_lists_the_known(call):
    with pytest.raises(CodingError, match=r"no version '9\.0\.0'\. Available: 1\.0\.0"):
        call("show", "--version", "9.0.0")


def test_diff_of_two_files(call, tmp_path):
    text = data_root().joinpath("taxonomy/io-themes/1.0.0.yaml").read_text(encoding="utf-8")
    (tmp_path / "b.yaml").write_text(text.replace("name: Cognitive Bias", "name: Bias"), encoding="utf-8")
    assert json.loads(call("diff", "io-themes", str(tmp_path / "b.yaml"), "--format", "json")) == {
        "kind": "renamed",
        "code": "professional.cognitive_bias",
        "before": "Cognitive Bias",
        "after": "Bias",
    }


def test_diff_of_equals_says_so_beside_the_data():
    result = CliRunner().invoke(app, ["diff", "io-themes", SHIPPED])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No differences.\n")


@pytest.mark.parametrize(("form", "start"), [("json", '{\n  "id"'), ("csv", '"id","parent"'), ("skos", "@prefix")])
def test_export_to_standard_output(call, form, start):
    assert call("export", "--to", form).startswith(start)


def test_export_to_a_file(call, tmp_path):
    assert call("export", "io-themes", "--to", "json", "--output", str(tmp_path / "t.json")) == ""
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["id"] == "io-themes"


def test_import_writes_a_file_that_loads(call, tmp_path):
    source, target = tmp_path / "t.json", tmp_path / "t.yaml"
    source.write_text(json.dumps({"G": {"name": "Group"}, "G1": {"name": "One", "description": "", "parent": "G"}}))
    options = ["--id", "ours", "--version", "2.0.0", "--title", "Ours", "--groups", "--output", str(target)]
    assert call("import", str(source), *options) == ""
    taxonomy = load_taxonomy(target)
    assert (taxonomy.id, taxonomy.version, taxonomy.title, taxonomy.code_ids) == ("ours", "2.0.0", "Ours", ("G1",))
    assert call("validate", str(target)).startswith("ours 2.0.0: 1 codes")
