"""Hypothesis strategies that draw taxonomies of any depth, with any text in them."""

from hypothesis import strategies as st

from coding_service.taxonomy import Code, Taxonomy

IDS = st.text(min_size=1, max_size=8).filter(lambda text: text == text.strip() and not text.startswith("\x1f"))
WORDS = st.text(min_size=1, max_size=12).filter(str.strip)
NOTES = st.lists(WORDS, max_size=2).map(tuple)
NUMBERS = st.integers(0, 30)
VERSIONS = st.tuples(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "-draft.1", "-rc.2+build"])).map(
    lambda parts: f"{parts[0]}.{parts[1]}.{parts[2]}{parts[3]}"
)


@st.composite
def taxonomies(draw):
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    codes = [
        Code(
            id=code_id,
            name=draw(WORDS),
            parent=draw(st.sampled_from([None, *ids[:position]])),
            selectable=draw(st.booleans()),
            definition=draw(st.one_of(st.just(""), WORDS)),
            include=draw(NOTES),
            exclude=draw(NOTES),
            examples=draw(NOTES),
            counter_examples=draw(NOTES),
        )
        for position, code_id in enumerate(ids)
    ]
    return Taxonomy(
        id="drawn",
        version=draw(VERSIONS),
        title=draw(WORDS),
        codes=tuple(draw(st.permutations(codes))),
        description=draw(st.one_of(st.just(""), WORDS)),
        rules=draw(NOTES),
    )
