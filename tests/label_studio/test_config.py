"""The labelling config: made from any taxonomy, the same each time, and read back to the version it came from."""

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given

from coding_service.errors import LabelStudioError
from coding_service.label_studio.config import (
    ConfigTaxonomy,
    alias,
    code_id,
    config_sha256,
    instructions,
    labelling_config,
    read_config,
)
from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.files import find_taxonomy
from tests.taxonomy.strategies import IDS, taxonomies


def parsed(document):
    return fromstring(document)  # noqa: S314 - made by ourselves


@given(taxonomies())
def test_any_taxonomy_gives_a_config_that_names_it(taxonomy):
    """Guarantee: config and instructions are well-formed, deterministic, and lead back to the taxonomy."""
    config = labelling_config(taxonomy)
    assert config == labelling_config(taxonomy)
    assert read_config(config) == ConfigTaxonomy(taxonomy.id, taxonomy.version, taxonomy.sha256)
    parsed(instructions(taxonomy))


@given(taxonomies())
def test_every_code_can_be_chosen_marked_and_rated(taxonomy):
    """Guarantee: the tree holds all nodes in their places; labels and ratings are those of the selectable codes."""
    root = parsed(labelling_config(taxonomy))
    tree = root.find(".//Taxonomy")
    places = {}

    def walk(element, parent):
        values = [choice.get("value") for choice in element]
        assert len(set(values)) == len(values)
        for choice in element:
            places[code_id(choice.get("alias"))] = parent
            walk(choice, code_id(choice.get("alias")))

    walk(tree, None)
    assert places == {code.id: code.parent for code in taxonomy.codes}
    labels = root.findall(".//Labels/Label")
    assert [code_id(label.get("alias")) for label in labels] == list(taxonomy.code_ids)
    assert len({label.get("value") for label in labels}) == len(labels)
    assert [code_id(rating.get("name").removeprefix("rating.")) for rating in root.findall(".//Rating")] == list(
        taxonomy.code_ids
    )
    assert len({label.get("background") for label in labels}) == len(labels)
    shown = [view.get("whenChoiceValue") for view in root.findall(".//View[@visibleWhen]")]
    assert shown == [alias(code) for code in taxonomy.code_ids]


def test_only_a_disputed_config_shows_codings():
    taxonomy = find_taxonomy("io-themes")
    plain, disputed = parsed(labelling_config(taxonomy)), parsed(labelling_config(taxonomy, disputed=True))
    assert [text.get("value") for text in plain.iter("Text")] == ["$text"]
    assert [text.get("value") for text in disputed.iter("Text")] == ["$text", "$disputed", "$codings"]
    assert "in dispute" in instructions(taxonomy, disputed=True)
    assert "in dispute" not in instructions(taxonomy)


@given(IDS)
def test_alias_survives_the_separators_of_label_studio(code):
    assert code_id(alias(code)) == code
    assert not set(alias(code)) & set("/,|>")


def test_shipped_taxonomy_keeps_its_plain_ids_and_shows_definitions_as_hints():
    taxonomy = find_taxonomy("io-themes")
    choice = parsed(labelling_config(taxonomy)).find(".//Choice[@alias='professional.fatigue']")
    assert choice.get("value") == "Fatigue"
    assert choice.get("hint") == " ".join(taxonomy.get("professional.fatigue").definition.split())
    assert all(alias(code.id) == code.id for code in taxonomy.codes)
    assert " ".join(taxonomy.rules[0].split()) in instructions(taxonomy)


def test_edited_config_has_another_hash_and_foreign_ones_are_refused():
    taxonomy = Taxonomy("t", "1.0.0", "T", (Code("a", "A"),))
    config = labelling_config(taxonomy)
    assert config_sha256(config) == config_sha256(config + "\n")
    assert config_sha256(config) != config_sha256(config.replace('value="A"', 'value="B"'))
    for foreign in ("<View><Text name='text' value='$text'/></View>", "no xml"):
        with pytest.raises(LabelStudioError, match="labelling config") as caught:
            read_config(foreign)
        assert "label-studio init" in caught.value.hint
