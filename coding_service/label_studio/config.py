"""The labelling config of a project, made from a taxonomy and naming the version that it was made from.

Label Studio keeps paths of aliases as results, so that codes are read back by id whatever their names are.
"""

import hashlib
import re
from collections import Counter
from colorsys import hls_to_rgb
from dataclasses import dataclass
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent, tostring

from coding_service.errors import LabelStudioError
from coding_service.taxonomy import Code, Taxonomy

TEXT = "text"
CODES = "codes"
EVIDENCE = "evidence"
NONE_APPLY = "none_apply"
MISSING_THEME = "missing_theme"
COMMENT = "comment"
DISPUTED = "disputed"
CODINGS = "codings"
RATING = "rating."
"""Names of the controls and of the texts; a rating control's name goes on with the alias of its code."""

NONE_APPLY_VALUE = "none apply"
MOST_RATING = 3

_PLAIN = " ._-:~()"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GOLDEN_RATIO = 0.618034


@dataclass(frozen=True)
class ConfigTaxonomy:
    """The version of a taxonomy that a labelling config was made from."""

    id: str
    version: str
    sha256: str


def alias(code_id: str) -> str:
    """Give the form of a code id that survives Label Studio's separators; ids of plain characters stay as they are."""
    return quote(code_id, safe=_PLAIN)


def code_id(from_alias: str) -> str:
    """Give the code id of an alias."""
    return unquote(from_alias)


def labelling_config(taxonomy: Taxonomy, *, disputed: bool = False) -> str:
    """Make the labelling config of a taxonomy; the same taxonomy gives the same text.

    Parameters
    ----------
    taxonomy : Taxonomy
        What is coded by.
    disputed : bool
        Whether tasks show codings that differ.

    Returns
    -------
    str
        XML: the text, a searchable tree of codes, evidence labels, a rating for each chosen code, "none apply", a
        missing theme and a comment.
    """
    root = Element("View", taxonomy=taxonomy.id, version=taxonomy.version, sha256=taxonomy.sha256)
    root.set("style", "display: flex; gap: 24px; align-items: flex-start")
    reading = SubElement(root, "View", style="flex: 3; position: sticky; top: 0")
    SubElement(reading, "Text", name=TEXT, value="$text", saveTextResult="yes", granularity="symbol")
    if disputed:
        for name, heading in ((DISPUTED, "In dispute"), (CODINGS, "What the coders chose")):
            SubElement(reading, "Header", value=heading, size="5")
            SubElement(reading, "Text", name=name, value=f"${name}")
    answering = SubElement(root, "View", style="flex: 2; min-width: 340px")
    _add_codes(answering, taxonomy)
    _add_ratings(answering, taxonomy)
    none = SubElement(answering, "Choices", name=NONE_APPLY, toName=TEXT, choice="multiple", showInline="true")
    SubElement(none, "Choice", value=NONE_APPLY_VALUE, hint="The narrative earns no code at all.")
    _add_free_text(answering, MISSING_THEME, "A theme that the taxonomy lacks")
    _add_free_text(answering, COMMENT, "Comment, or why you skip: Shift+Enter keeps it")
    _add_evidence(answering, taxonomy)
    indent(root)
    return tostring(root, encoding="unicode")


def config_sha256(config: str) -> str:
    """Hash a labelling config, so that an edited one is noticed."""
    return hashlib.sha256(config.strip().encode()).hexdigest()


def read_config(config: str) -> ConfigTaxonomy:
    """Tell from which version of a taxonomy a labelling config was made.

    Raises
    ------
    LabelStudioError
        If it is no XML, or none of ours.
    """
    try:
        root = fromstring(config)  # noqa: S314 - from the project's own Label Studio; expat expands no external entity
    except ParseError as error:
        raise LabelStudioError(
            "The labelling config of the project is not XML.", hint="Run `io-coding label-studio init` to restore it."
        ) from error
    found = ConfigTaxonomy(root.get("taxonomy", ""), root.get("version", ""), root.get("sha256", ""))
    if not (found.id and found.version and found.sha256):
        raise LabelStudioError(
            "The labelling config of the project does not name its taxonomy: it was edited, or made elsewhere.",
            hint="Run `io-coding label-studio init` to restore it.",
        )
    return found


_HOW_TO_CODE = (
    "Choose each code that the narrative earns, and remove suggested ones that it does not earn.",
    "Mark the passages that tell a code with the label of that code.",
    "A submitted narrative counts as coded completely: what you leave out is judged absent.",
    "Where no code applies, tick none apply.",
    "Where you cannot code it, write why into the comment, press Shift+Enter so that it is kept, and skip.",
)
_HOW_TO_ADJUDICATE = (
    "Below the narrative stand the codes on which its codings differ, and what each coder chose.",
    "Choose each of the codes in dispute that the narrative earns: what you leave out is judged absent.",
    "A code that is not in dispute stays as the coders have it, unless you choose it.",
    "Where none of them applies, tick none apply. Where you cannot tell, skip.",
)


def instructions(taxonomy: Taxonomy, *, disputed: bool = False) -> str:
    """Give the instructions that annotators read, as HTML: how to work here, then the rules of the taxonomy."""
    page = Element("div")
    SubElement(page, "h3").text = _line(f"{taxonomy.title}, version {taxonomy.version}")
    how = SubElement(page, "ul")
    for line in _HOW_TO_ADJUDICATE if disputed else _HOW_TO_CODE:
        SubElement(how, "li").text = line
    if taxonomy.rules:
        SubElement(page, "h4").text = "Rules"
        rules = SubElement(page, "ol")
        for rule in taxonomy.rules:
            SubElement(rules, "li").text = _line(rule)
    return tostring(page, encoding="unicode")


def _add_codes(parent: Element, taxonomy: Taxonomy) -> None:
    control = SubElement(parent, "Taxonomy", name=CODES, toName=TEXT, showFullPath="false", pathSeparator="/")
    control.set("placeholder", "Search and choose codes")
    places = {}
    for code in taxonomy.codes:  # parents may follow their children in the file, so places are made first
        places[code.id] = Element("Choice", value=_line(code.name), alias=alias(code.id))
        if code.definition:
            places[code.id].set("hint", _line(code.definition))
    for code in taxonomy.codes:
        above = control if code.parent is None else places[code.parent]
        siblings = {choice.get("value") for choice in above}
        if _line(code.name) in siblings:  # Label Studio shows only the first of two siblings of one name
            places[code.id].set("value", _named(code))
        above.append(places[code.id])


def _add_ratings(parent: Element, taxonomy: Taxonomy) -> None:
    for code in taxonomy.codes:
        if code.selectable:
            shown = SubElement(parent, "View", visibleWhen="choice-selected", whenTagName=CODES)
            shown.set("whenChoiceValue", alias(code.id))
            SubElement(shown, "Header", value=_line(f"How much: {code.name}"), size="6")
            SubElement(shown, "Rating", name=RATING + alias(code.id), toName=TEXT, maxRating=str(MOST_RATING))


def _add_evidence(parent: Element, taxonomy: Taxonomy) -> None:
    SubElement(parent, "Header", value="Evidence: choose a label, then mark the passage", size="5")
    SubElement(parent, "Filter", toName=EVIDENCE, name="find_label", minlength="0", placeholder="Find a label")
    control = SubElement(parent, "Labels", name=EVIDENCE, toName=TEXT, showInline="true")
    codes = [code for code in taxonomy.codes if code.selectable]
    names = Counter(_line(code.name) for code in codes)
    for place, code in enumerate(codes):
        shown = _line(code.name) if names[_line(code.name)] == 1 else _named(code)
        label = SubElement(control, "Label", value=shown, alias=alias(code.id))
        label.set("background", _colour(place))


def _colour(place: int) -> str:
    """Give a dark colour of a hue far from those of the places before it."""
    red, green, blue = hls_to_rgb(place * _GOLDEN_RATIO % 1, 0.38, 0.7)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _add_free_text(parent: Element, name: str, placeholder: str) -> None:
    SubElement(
        parent,
        "TextArea",
        name=name,
        toName=TEXT,
        placeholder=placeholder,
        rows="2",
        maxSubmissions="1",
        editable="true",
    )


def _named(code: Code) -> str:
    return f"{_line(code.name)} ({alias(code.id)})"


def _line(words: str) -> str:
    """Put words on one line, without characters that XML cannot hold."""
    return " ".join(_NO_XML.sub("", words).split())
