"""The learning curves are measured on passages that the loop never saw, and their intervals are those of the draws."""

import math
from dataclasses import replace

import numpy as np
import pytest

from coding_service.corpus.files import read_corpus
from coding_service.suggesters.bundle import Bundle
from coding_service.suggesters.calibration import Calibration
from coding_service.suggesters.dummy import DummySuggester
from coding_service.suggesters.tuning import Remembered
from coding_service.taxonomy.files import find_taxonomy
from training.benchmarks.accuracy.registry import ROOT
from training.benchmarks.labels import loop
from training.benchmarks.labels.curves import interval, keep, summarise
from training.benchmarks.labels.fresh import linear_curve
from training.benchmarks.labels.loop import CHOICES, Start, curve
from training.benchmarks.labels.sources import load_source


@pytest.fixture(scope="module")
def source(bench_data):
    return load_source("us-pa-summaries", bench_data)


def test_the_starting_bundle_sees_nothing_of_the_source(source):
    assert {narrative.meta["family"] for narrative in source.own} == {"us-pa-summaries"}
    assert not {narrative.group for narrative in source.before if narrative.group} & {n.group for n in source.own}


def test_no_document_stands_in_the_pool_and_in_the_test_side(source):
    for seed in range(3):
        pool, test = source.draw(seed)
        assert not {narrative.group for narrative in pool} & {narrative.group for narrative in test}
        assert len(pool) + len(test) == len(source.own)


def test_a_draw_is_the_same_each_time_and_another_for_another_seed(source):
    first, again, other = source.draw(1)[0], source.draw(1)[0], source.draw(2)[0]
    assert [n.id for n in first] == [n.id for n in again]
    assert [n.id for n in first] != [n.id for n in other]


def test_the_public_passages_keep_their_labels(bench_data, source):
    narratives = read_corpus(bench_data / "real-train.jsonl", find_taxonomy("io-themes", "1.0.0"))
    codes = {narrative.id: narrative.codes for narrative in narratives}
    assert all(codes[narrative.id] == narrative.codes for narrative in source.own if narrative.id in codes)


def test_an_interval_is_that_of_the_mean_of_the_draws():
    middle, half = interval([0.1, 0.2, 0.3])
    assert middle == pytest.approx(0.2)
    assert half == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-4)
    assert math.isnan(interval([0.1])[1])
    assert all(map(math.isnan, interval([math.nan, math.nan])))


def test_a_gain_is_counted_within_each_draw(tmp_path):
    cells = [
        {
            "source": "s",
            "system": "queue",
            "points": [{"size": 0, "macro": start, "micro": start}, {"size": 50, "macro": start + 0.1, "micro": start}],
        }
        for start in (0.2, 0.4)
    ]
    gain = next(row["gain"] for row in summarise(cells) if row["size"] == 50)
    assert gain[0] == pytest.approx(0.1)
    assert gain[1] == pytest.approx(0.0, abs=1e-9)
    assert "+0.100" in keep(tmp_path, cells)
    assert (tmp_path / "labels.svg").read_text().startswith("<?xml")


def test_a_fresh_model_is_measured_at_each_size_that_the_pool_holds(source):
    [point] = linear_curve(source, 0)
    assert point["size"] == 10
    assert 0 <= point["micro"] <= 1


@pytest.mark.slow
def test_the_loop_retrains_at_each_size_and_refuses_a_start_that_knows_the_source(source, tmp_path):
    small = replace(source, before=source.before[:60])
    recipe = ROOT / "training" / "recipes" / "starter.yaml"
    start = Start.of(small, recipe, tmp_path)
    for choice in CHOICES:
        points = curve(small, start, choice, 0, tmp_path / "cache")
        assert [point["size"] for point in points] == [0, 10]
        assert all(0 <= point["micro"] <= 1 for point in points)
    with pytest.raises(SystemExit, match="no newcomer"):
        Start.of(replace(small, own=small.before), recipe, tmp_path)


def test_a_start_whose_encoder_was_tuned_on_the_source_is_refused(source, tmp_path, monkeypatch):
    """Guarantee: an encoder remembers what it was tuned on, even where the heads over it never saw the source."""
    width = len(source.taxonomy.code_ids)

    class Knowing(DummySuggester):
        def recall(self, narratives, taxonomy):
            seen = np.ones((len(narratives), len(taxonomy.code_ids)), dtype=bool)
            return Remembered(seen, np.zeros(seen.shape), np.zeros(len(narratives), dtype=bool))

    suggester = Knowing.from_parameters({}).fit(source.before[:5], source.taxonomy, seed=1)
    blank = np.ones(width)
    bundle = Bundle(suggester, source.taxonomy, Calibration(blank, blank, {}), blank, blank, {"corpora": []})
    monkeypatch.setattr(loop, "read_bundle", lambda *_, **__: bundle)
    with pytest.raises(SystemExit, match="no newcomer"):
        Start.of(source, ROOT / "training" / "recipes" / "starter.yaml", tmp_path, tmp_path)
