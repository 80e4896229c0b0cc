"""What an encoder is tuned on: sentences with their quotes, or those that a first reading found, and phrases."""

import numpy as np

from coding_service.corpus import CodedNarrative
from coding_service.suggesters.tuned import tuning_rows

TEXT = "A worker was assigned on Monday. The baby slept on the couch with mother."


def told(rows, taxonomy, row):
    """Known labels of a row, by code."""
    return {
        code: int(rows.labels[row, column]) for code, column in taxonomy.index.items() if rows.labels[row, column] >= 0
    }


def nowhere():
    raise AssertionError("Every place is known.")


def test_evidence_makes_rows_of_sentences_with_their_quotes(taxonomy):
    at = TEXT.index("slept")
    narrative = CodedNarrative("n", TEXT, codes=("sleep",), evidence={"sleep": ((at, at + 18),)}, weight=0.5)
    rows = tuning_rows([narrative], taxonomy, nowhere)
    sentence = TEXT[33:]
    assert rows.sentences[:2] == [TEXT[:32], sentence]
    assert "sleep" not in told(rows, taxonomy, 0)
    assert told(rows, taxonomy, 1)["sleep"] == 1
    start, end = rows.quotes[1][taxonomy.index["sleep"]][0]
    assert sentence[start:end] == "slept on the couch"
    assert rows.weights[:2].tolist() == [0.5, 0.5]
    assert TEXT not in rows.sentences


def test_a_code_without_a_place_is_learned_from_the_sentence_that_was_found(taxonomy):
    """Guarantee: what people accepted without marking words still teaches what is present."""
    found = np.full((2, len(taxonomy.code_ids)), -1, dtype=np.int8)
    found[1, taxonomy.index["sleep"]] = 1
    rows = tuning_rows([CodedNarrative("n", TEXT, codes=("sleep",), weight=0.5)], taxonomy, lambda: found)
    assert rows.sentences[:2] == [TEXT[:32], TEXT[33:]]
    assert [told(rows, taxonomy, row) for row in range(2)] == [{}, {"sleep": 1}]
    assert (rows.weights[1], rows.quotes[1], rows.denied[1].any()) == (0.5, {}, False)


def test_of_one_sentence_the_place_is_known(taxonomy):
    rows = tuning_rows([CodedNarrative("n", "The baby slept on the couch.", codes=("sleep",))], taxonomy, nowhere)
    assert told(rows, taxonomy, 0)["sleep"] == 1
    assert len(rows.sentences) == len(rows.quotes) == len(rows.labels) == len(rows.weights) == len(rows.denied)
    assert rows.sentences.count("The baby slept on the couch.") == 1


def test_phrases_of_the_taxonomy_come_last(taxonomy):
    """Guarantee: a counter-example denies its code."""
    rows = tuning_rows([], taxonomy, nowhere)
    assert rows.sentences == ["evicted", "on the couch", "police came at once"]
    assert rows.denied[:, taxonomy.index["police"]].tolist() == [False, False, True]
