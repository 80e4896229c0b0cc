"""A small taxonomy and a corpus made for it."""

from coding_service.corpus import CodedNarrative
from coding_service.taxonomy import Code, Taxonomy

PHRASES = {
    "support.housing": "the family was evicted from the apartment",
    "support.food": "there was no food at home for days",
    "sleep": "the baby slept on the couch with mother",
    "records": "contacts were never entered in the system",
    "police": "officers were not told of the call",
}
FILLER = (
    "The review met twice.",
    "A worker was assigned on Monday.",
    "Grandmother lives nearby and helps.",
    "The report came from a school.",
)


def make_taxonomy():
    """A theme with two sub-themes, three themes, and one code that no narrative tells."""
    return Taxonomy(
        id="small",
        version="1.0.0",
        title="A small taxonomy",
        codes=(
            Code("domain", "Domain", selectable=False),
            Code("support", "Support", parent="domain", definition="What a family lacked."),
            Code("support.housing", "Housing", parent="support", definition="No safe home.", examples=("evicted",)),
            Code("support.food", "Food", parent="support", definition="Not enough to eat."),
            Code(
                "sleep", "Safe sleep", parent="domain", definition="A baby slept unsafely.", examples=("on the couch",)
            ),
            Code("records", "Records", definition="Nothing was written down."),
            Code("police", "Police", definition="Officers were left out.", counter_examples=("police came at once",)),
            Code("rare", "Rare", definition="Something that was never seen."),
        ),
    )


def make_corpus(n_groups=24):
    """Two narratives a group, each telling one or two codes, with evidence in every other one."""
    codes = list(PHRASES)
    narratives = []
    for row in range(2 * n_groups):
        told = [codes[row % 5]] if row % 3 else [codes[row % 5], codes[(row + 2) % 5]]
        sentences = [FILLER[row % 4], *(f"In week {row} {PHRASES[code]}." for code in told), FILLER[(row + 1) % 4]]
        text = " ".join(sentences)
        evidence = {} if row % 2 else {code: (_find(text, PHRASES[code]),) for code in told}
        narratives.append(
            CodedNarrative(
                id=f"n{row}",
                text=text,
                codes=tuple(told),
                evidence=evidence,
                group=f"g{row // 2}",
                meta={"family": "even" if row % 4 < 2 else "odd"},
            )
        )
    return narratives


def _find(text, phrase):
    start = text.index(phrase)
    return (start, start + len(phrase))
