"""The words of a sentence that tell a code: the best run of whole words, and whole sentences where nothing is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coding_service.suggesters.quotes import quote_heads, quoted_pieces, telling_runs
from coding_service.suggesters.sentence import SentenceParameters, SentenceSuggester
from coding_service.suggesters.tuning import Tuning
from coding_service.suggestions.evidence import choose_evidence
from tests.fakes import MarkingEncoder

# Quarters add up exactly, so that two ways to sum cannot disagree.
odds = st.lists(st.integers(-20, 20).map(lambda quarter: quarter / 4), min_size=1, max_size=12)

HEAD = np.array([1.0, -1.0]), -0.5


@given(odds, st.data())
def test_no_other_run_of_words_says_more(values, data):
    """Guarantee: of all runs of whole words, the one with the highest sum is found, however words fall into pieces."""
    breaks = data.draw(st.lists(st.booleans(), min_size=len(values) - 1, max_size=len(values) - 1))
    words = np.cumsum([0, *breaks])
    pieces = np.column_stack([np.arange(len(values)) * 3, np.arange(len(values)) * 3 + 2])
    ((start, end),) = telling_runs(np.array(values)[:, None], pieces, words)
    first, last = start // 3, (end - 2) // 3
    assert first == 0 or words[first - 1] != words[first]
    assert last == len(words) - 1 or words[last + 1] != words[last]
    edges = [*np.flatnonzero(np.diff(words, prepend=-1)).tolist(), len(words)]
    best = max(sum(values[a:b]) for place, a in enumerate(edges) for b in edges[place + 1 :])
    assert sum(values[first : last + 1]) == best


def test_codes_are_told_each_by_its_own_words():
    logits = np.array([[2.0, -1.0], [-1.0, -1.0], [-1.0, 3.0], [-1.0, 0.5]])
    pieces = np.array([[0, 4], [5, 9], [10, 14], [14, 15]])
    assert telling_runs(logits, pieces, np.arange(4)).tolist() == [[0, 4], [10, 15]]


def test_a_code_without_a_head_is_told_by_the_whole_sentence(taxonomy):
    heads = quote_heads(Tuning(heads={"sleep": HEAD}, quotes={"sleep": HEAD}), taxonomy)
    logits = heads.logits(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    runs = telling_runs(logits, np.array([[0, 3], [4, 7], [8, 12]]), np.arange(3))
    assert runs[taxonomy.index["sleep"]].tolist() == [4, 7]
    assert runs[taxonomy.index["police"]].tolist() == [0, 12]


def test_an_encoder_of_other_codes_tells_no_words(taxonomy):
    assert quote_heads(Tuning(heads={"else": HEAD}, quotes={"else": HEAD}), taxonomy) is None
    assert quote_heads(Tuning(), taxonomy) is None


def test_pieces_that_touch_a_quote_belong_to_it():
    assert quoted_pieces([(0, 4), (4, 6), (7, 9)], [(5, 7)]).tolist() == [False, True, False]
    assert quoted_pieces([], [(0, 1)]).tolist() == []


def test_evidence_is_the_words_that_tell(corpus, taxonomy):
    """Guarantee: what is shown of a suggested code lies in its best sentence, and is no more than the told words."""
    encoder = MarkingEncoder(word="couch", codes=("sleep",))
    suggester = SentenceSuggester(SentenceParameters(blend=(1.0, 0.0, 0.0)), encoder=encoder)
    text = "A worker was assigned on Monday. The baby slept on the couch with mother."
    scores = suggester.fit(corpus, taxonomy, seed=1).score([text, ""])
    (shown, *_) = choose_evidence(scores, 0, taxonomy.index["sleep"])
    assert text[shown.start : shown.end] == "couch"
    (whole, *_) = choose_evidence(scores, 0, taxonomy.index["police"])
    assert (whole.start, whole.end) in [tuple(span) for span in scores.spans[0].tolist()]
    assert choose_evidence(scores, 1, taxonomy.index["sleep"]) == ()
