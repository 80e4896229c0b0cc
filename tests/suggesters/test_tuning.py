"""The memory of a tuned encoder: what it saw, what siblings said, and no word of a text."""

import json
from dataclasses import replace

import numpy as np
import pytest

from coding_service.suggesters.tuning import TUNING, Tuning, wordings_of

TEXTS = ["The baby slept on the couch.", "Contacts were never entered."]


def tuning_of(taxonomy, *codes):
    heads = {code: (np.arange(4.0) + place, -1.5) for place, code in enumerate(codes)}
    return Tuning(heads=heads, quotes=heads, blend=(1.0, 0.0, 0.5))


def test_siblings_are_remembered_for_the_codes_that_were_tuned(taxonomy):
    """Guarantee: scores come back within the resolution, under their own code, for the texts that were scored."""
    tuning = tuning_of(taxonomy, "police", "sleep")
    scores = np.linspace(0.05, 0.95, len(taxonomy.code_ids))[None]
    known = tuning.with_siblings(TEXTS[:1], scores, taxonomy).recall(TEXTS, taxonomy)
    columns = [taxonomy.index["police"], taxonomy.index["sleep"]]
    assert known.scored.tolist() == [True, False]
    np.testing.assert_allclose(known.scores[0, columns], scores[0, columns], atol=0.02)
    assert known.seen.sum() == 2
    assert known.seen[0, columns].all()


def test_a_text_seen_by_all_has_no_score(taxonomy):
    from coding_service.suggesters.tuning import text_key

    known = Tuning(heads=tuning_of(taxonomy, "sleep").heads, seen={text_key(TEXTS[0]): None}).recall(TEXTS, taxonomy)
    assert known.seen[0, taxonomy.index["sleep"]]
    assert not known.scored.any()


def test_it_survives_the_disk_without_a_word(taxonomy, tmp_path):
    written = tuning_of(taxonomy, "sleep").with_siblings(TEXTS, np.full((2, len(taxonomy.code_ids)), 0.3), taxonomy)
    written.write(tmp_path)
    read = Tuning.read(tmp_path)
    assert (read.seen, read.blend) == (written.seen, written.blend)
    for kept, given in ((read.heads, written.heads), (read.quotes, written.quotes)):
        np.testing.assert_allclose(kept["sleep"][0], given["sleep"][0], atol=1e-5)
        assert kept["sleep"][1] == given["sleep"][1]
    assert "couch" not in (tmp_path / TUNING).read_text()


def test_scores_of_another_reading_are_not_believed(taxonomy, tmp_path):
    """Guarantee: what siblings said of sentences that were read otherwise is known as seen, and calibrates nothing."""
    scores = np.full((2, len(taxonomy.code_ids)), 0.3)
    tuning_of(taxonomy, "sleep").with_siblings(TEXTS, scores, taxonomy).write(tmp_path)
    content = json.loads((tmp_path / TUNING).read_text())
    (tmp_path / TUNING).write_text(json.dumps({**content, "reading": "whole sentence"}))
    known = Tuning.read(tmp_path).recall(TEXTS, taxonomy)
    assert known.seen[:, taxonomy.index["sleep"]].all()
    assert not known.scored.any()


def test_a_general_encoder_remembers_nothing(taxonomy, tmp_path):
    empty = Tuning.read(tmp_path)
    assert empty.blend is None
    assert not empty.columns(taxonomy).any()
    assert not empty.recall(TEXTS, taxonomy).seen.any()


def test_a_code_of_the_same_id_and_another_meaning_is_another_code(taxonomy):
    """Guarantee: heads, quotes and memories go with what a code meant, not with how it is called."""
    tuning = replace(tuning_of(taxonomy, "sleep", "police"), wordings=wordings_of(taxonomy))
    changed = replace(
        taxonomy,
        codes=tuple(
            replace(code, definition="How a child slept.") if code.id == "sleep" else code for code in taxonomy.codes
        ),
    )
    assert tuning.known(taxonomy) == {"sleep", "police"}
    assert tuning.known(changed) == {"police"}
    seen = tuning.with_siblings(TEXTS[:1], np.full((1, len(taxonomy.code_ids)), 0.3), taxonomy)
    recalled = seen.recall(TEXTS[:1], changed)
    assert recalled.seen[0].tolist() == [code == "police" for code in changed.code_ids]
    assert recalled.scores[0, changed.index["police"]] == pytest.approx(0.3, abs=0.02)
