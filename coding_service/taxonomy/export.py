"""A taxonomy in forms that other programs read: JSON, CSV and SKOS in Turtle."""

import csv
import io
import json
from typing import Any
from urllib.parse import quote

from coding_service.errors import MissingExtraError
from coding_service.taxonomy.files import taxonomy_to_dict
from coding_service.taxonomy.model import Code, Taxonomy

CSV_COLUMNS = (
    "id",
    "parent",
    "name",
    "selectable",
    "path",
    "definition",
    "include",
    "exclude",
    "examples",
    "counter_examples",
)


def to_json(taxonomy: Taxonomy) -> str:
    """Give the taxonomy as JSON in the form of a taxonomy file."""
    return json.dumps(taxonomy_to_dict(taxonomy), ensure_ascii=False, indent=2) + "\n"


def to_csv(taxonomy: Taxonomy) -> str:
    """Give one line per code; several notes or phrases in one cell stand on lines of their own."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CSV_COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for code in taxonomy.codes:
        cells = {column: getattr(code, column) for column in CSV_COLUMNS if column != "path"}
        cells = {column: "\n".join(cell) if isinstance(cell, tuple) else cell for column, cell in cells.items()}
        cells |= {"selectable": str(code.selectable).lower(), "path": " > ".join(taxonomy.path(code.id))}
        writer.writerow(cells)
    return stream.getvalue()


def to_skos(taxonomy: Taxonomy) -> str:
    """Give the taxonomy as a SKOS concept scheme in Turtle.

    Groups are concepts too, so that ``skos:broader`` alone makes the tree; a note tells that they are no codes.

    Raises
    ------
    MissingExtraError
        If rdflib is not installed.
    """
    try:
        from rdflib import Graph, Literal, URIRef  # noqa: PLC0415 - an optional extra
        from rdflib.namespace import DCTERMS, OWL, RDF, SKOS  # noqa: PLC0415 - as above
    except ImportError:
        raise MissingExtraError(
            "Exporting SKOS needs rdflib, which is not installed.", hint="Run pip install 'io-coding[skos]'."
        ) from None
    graph = Graph()
    scheme = URIRef(f"urn:io-coding:taxonomy:{taxonomy.id}:{quote(taxonomy.version)}")
    graph.add((scheme, RDF.type, SKOS.ConceptScheme))
    graph.add((scheme, OWL.versionInfo, Literal(taxonomy.version)))
    graph.add((scheme, DCTERMS.title, Literal(taxonomy.title)))
    described = (
        (DCTERMS.description, taxonomy.description),
        (DCTERMS.license, taxonomy.licence),
        (DCTERMS.source, taxonomy.source),
    )
    for predicate, text in described:
        if text:
            graph.add((scheme, predicate, Literal(text)))
    concepts = {code.id: URIRef(f"{scheme}#{quote(code.id, safe='')}") for code in taxonomy.codes}
    for code in taxonomy.codes:
        concept = concepts[code.id]
        graph.add((concept, RDF.type, SKOS.Concept))
        graph.add((concept, SKOS.inScheme, scheme))
        if code.parent is None:
            graph.add((concept, SKOS.topConceptOf, scheme))
            graph.add((scheme, SKOS.hasTopConcept, concept))
        else:
            graph.add((concept, SKOS.broader, concepts[code.parent]))
            graph.add((concepts[code.parent], SKOS.narrower, concept))
        for predicate, text in _skos_texts(code, SKOS):
            graph.add((concept, predicate, Literal(text)))
    return str(graph.serialize(format="turtle"))


def _skos_texts(code: Code, skos: Any) -> list[tuple[Any, str]]:
    texts = [(skos.prefLabel, code.name), (skos.notation, code.id)]
    if code.definition:
        texts.append((skos.definition, code.definition))
    if not code.selectable:
        texts.append((skos.note, "Groups other codes; it is not given to a narrative."))
    texts += [(skos.scopeNote, f"Include: {note}") for note in code.include]
    texts += [(skos.scopeNote, f"Exclude: {note}") for note in code.exclude]
    texts += [(skos.example, phrase) for phrase in code.examples]
    texts += [(skos.note, f"Counter-example: {phrase}") for phrase in code.counter_examples]
    return texts


EXPORTS = {"json": to_json, "csv": to_csv, "skos": to_skos}
"""Form of an export -> the function that writes it."""
