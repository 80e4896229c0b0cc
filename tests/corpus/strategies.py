"""Small taxonomies and random coded narratives on which the guarantees of a corpus are tried."""

from hypothesis import strategies as st

from coding_service.corpus import CodedNarrative
from coding_service.taxonomy import Code, Taxonomy


def taxonomy(**parents):
    """A taxonomy of the given codes, each with its parent; ``group`` names are not selectable."""
    codes = tuple(Code(code, code.title(), parent, selectable=code != "group") for code, parent in parents.items())
    return Taxonomy("small", "1.0.0", "Small", codes)


TREE = taxonomy(
    group=None, team="group", partner="team", police="partner", health="partner", family=None, housing="family"
)
"""Three levels of selectable codes below a group, and two beside it."""

PIECES = ["\r\n", "\n", "e\u0301", "👩\u200d👧", "\u2028", "\x85", '"', "\\"]
TEXTS = (
    st.lists(st.characters(exclude_categories=["Cs"]) | st.sampled_from(PIECES), min_size=1, max_size=12)
    .map("".join)
    .filter(str.strip)
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=4,
)
KNOWN_KEYS = {"id", "text", "codes", "unknown", "evidence", "group", "complete", "split", "meta", "weight"}


@st.composite
def spans(draw, text):
    start = draw(st.integers(0, len(text) - 1))
    return start, draw(st.integers(start + 1, len(text)))


@st.composite
def coded_narratives(draw):
    """Any narrative that the format allows, extra keys included."""
    text = draw(TEXTS)
    codes = st.sampled_from(TREE.code_ids)
    ids = st.lists(codes, unique=True, max_size=4).map(tuple)
    return CodedNarrative(
        id=draw(NAMES),
        text=text,
        codes=draw(ids),
        unknown=draw(ids),
        evidence=draw(st.dictionaries(codes, st.lists(spans(text), max_size=3).map(tuple), max_size=3)),
        group=draw(st.just("") | NAMES),
        complete=draw(st.booleans()),
        split=draw(st.sampled_from(["", "train", "dev", "test"])),
        meta=draw(st.dictionaries(NAMES, VALUES, max_size=2)),
        weight=draw(st.floats(0.01, 10)),
        extra=draw(st.dictionaries(NAMES.filter(lambda name: name not in KNOWN_KEYS), VALUES, max_size=2)),
    )


def corpora():
    return st.lists(coded_narratives(), min_size=1, max_size=4, unique_by=lambda narrative: narrative.id)
