"""Exports of a taxonomy to other programs."""

import csv
import io
import sys

import pytest
from rdflib import RDF, SKOS, Graph, Literal

from coding_service.errors import MissingExtraError
from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.export import to_csv, to_skos
from coding_service.taxonomy.files import find_taxonomy

TINY = Taxonomy(
    "t",
    "1.0.0",
    "T",
    (
        Code("g 1", "G", selectable=False),
        Code(
            "a", "A", parent="g 1", definition="Is a.", include=("x", "y"), examples=("a!",), counter_examples=("no",)
        ),
    ),
)


def test_csv_has_the_path_and_one_note_a_line():
    row = list(csv.DictReader(io.StringIO(to_csv(TINY), newline="")))[1]
    assert row["path"] == "G > A"
    assert row["include"] == "x\ny"
    assert row["selectable"] == "true"


def test_skos_can_be_read_back():
    """Guarantee: the Turtle parses, and each code is a concept with its name, notation and place in the tree."""
    graph = Graph().parse(data=to_skos(TINY), format="turtle")
    names = {str(graph.value(concept, SKOS.notation)): concept for concept in graph.subjects(RDF.type, SKOS.Concept)}
    assert set(names) == {"g 1", "a"}
    assert graph.value(names["a"], SKOS.prefLabel) == Literal("A")
    assert graph.value(names["a"], SKOS.broader) == names["g 1"]
    assert graph.value(names["g 1"], SKOS.narrower) == names["a"]
    assert set(graph.objects(names["a"], SKOS.note)) == {Literal("Counter-example: no")}
    assert set(graph.subjects(SKOS.topConceptOf)) == {names["g 1"]}


def test_skos_of_the_shipped_taxonomy_has_every_code():
    taxonomy = find_taxonomy("io-themes")
    graph = Graph().parse(data=to_skos(taxonomy), format="turtle")
    assert {str(notation) for notation in graph.objects(None, SKOS.notation)} == set(taxonomy.nodes)


def test_missing_rdflib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdflib", None)
    with pytest.raises(MissingExtraError, match=r"Run pip install 'io-coding\[skos\]'\."):
        to_skos(TINY)
