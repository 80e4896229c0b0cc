"""Recipes: those that ship are sound, and a broken one is told by file and field."""

from pathlib import Path

import pytest

from coding_service.corpus.files import read_corpus
from coding_service.errors import InputError, NotFoundError
from coding_service.paths import data_root
from coding_service.services.recipes import read_recipe
from coding_service.suggesters.registry import suggester_class
from coding_service.taxonomy.files import open_taxonomy

SHIPPED = sorted((data_root() / "training" / "recipes").glob("*.yaml"))
SOUND = "name: mine\nsuggester: lexical\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_can_be_trained(path):
    """Guarantee: suggester, parameters, taxonomy and corpora of each are there, and it tells its limits."""
    recipe = read_recipe(path)
    suggester_class(recipe.suggester).from_parameters(recipe.parameters)
    taxonomy = open_taxonomy(recipe.taxonomy.id, version=recipe.taxonomy.version)
    assert recipe.limits
    for corpus in recipe.corpus:
        assert read_corpus(path.parent / corpus, taxonomy)


def test_there_are_recipes():
    assert {"baseline", "starter"} <= {path.stem for path in SHIPPED}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: [", "is not a YAML file"),
        ("", "the whole file"),
        ("suggester: lexical", "name: Field required"),
        (SOUND + "colour: blue", "colour: Extra inputs"),
        (SOUND + "folds: 1", "folds: Input should be greater"),
        (SOUND + "taxonomy: {id: a, vrsion: 1.0.0}", "taxonomy.vrsion"),
        (SOUND + "taxonomy: {version: 1.0}", "taxonomy.version: Input should be a valid string"),
        (SOUND + "corpus: a.jsonl", "corpus"),
        (SOUND + "folds: 3\nfolds: 4", "the field 'folds' stands twice"),
        (SOUND + "parameters: {strength: 1, strength: 2}", "the field 'strength' stands twice"),
        (SOUND + "folds: 3\nmeasured_folds: 9", "measured_folds is 9, of 3 folds"),
    ],
)
def test_a_broken_recipe_is_told_by_file_and_field(tmp_path, content, said):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_recipe(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("name: café".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_recipe(path)


def test_a_missing_recipe_is_named():
    with pytest.raises(NotFoundError, match=r"no recipe nowhere\.yaml"):
        read_recipe(Path("nowhere.yaml"))
