"""The accuracy benchmark gives every system the same honest splits, knows a stale cell, and scores from its cache."""

import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from coding_service.corpus.labels import PRESENT, label_matrix
from coding_service.corpus.split import merged_groups
from coding_service.taxonomy.files import load_taxonomy
from training.benchmarks.accuracy import cells, registry
from training.benchmarks.accuracy.cells import (
    DONE,
    FAILED,
    OVER,
    Desk,
    Ended,
    cell_key,
    cell_path,
    read_scores,
    run_cell,
    run_child,
)
from training.benchmarks.accuracy.registry import ROOT, System, systems
from training.benchmarks.accuracy.scoring import choose_variant, decide, measure
from training.benchmarks.accuracy.sets import load_set
from training.benchmarks.accuracy.splits import few_of
from training.benchmarks.accuracy.table import keep, render, row_of

RECIPE = ROOT / "training" / "recipes" / "baseline.yaml"
TFIDF = systems(RECIPE)["tfidf"]


@pytest.fixture(scope="module")
def foreign(bench_data):
    return load_set("nhs_px", bench_data)


@pytest.fixture(scope="module")
def unseen(bench_data):
    return load_set("unseen", bench_data)


def quiet(folder: Path, **changes) -> Desk:
    return Desk(folder, say=lambda _: None, **changes)


@pytest.fixture(scope="module")
def run(foreign, tmp_path_factory):
    desk = quiet(tmp_path_factory.mktemp("cells"))
    return desk, run_cell(foreign, "tfidf", TFIDF, desk)


def sides_are_apart(learning_set) -> bool:
    for part in learning_set.parts:
        groups = merged_groups([*part.fit, *part.tune, *part.test])
        cuts = np.cumsum([len(part.fit), len(part.tune)])
        fit, tune, test = (set(side.tolist()) for side in np.split(groups, cuts))
        if fit & tune or (fit | tune) & test:
            return False
    return True


def test_no_group_or_near_duplicate_stands_on_two_sides(foreign, unseen):
    assert sides_are_apart(foreign)
    assert sides_are_apart(unseen)


def test_a_copy_of_a_test_text_never_trains(foreign):
    [part] = foreign.parts
    assert "copy" not in {narrative.id for narrative in (*part.fit, *part.tune)}
    assert len(part.fit) > 3 * len(part.tune)


def test_each_part_of_unseen_measures_a_kind_of_source_that_it_does_not_train_on(unseen):
    families = [
        ({n.meta.get("family") for n in (*part.fit, *part.tune)}, {n.meta["family"] for n in part.test})
        for part in unseen.parts
    ]
    assert [tested for _, tested in families] == [{"uk-joint-inspections"}, {"us-pa-summaries"}, {"us-hhs-audits"}]
    assert not any(learned & tested for learned, tested in families)


@pytest.mark.parametrize("closed", [False, True])
def test_ours_learns_levels_only_where_they_count(foreign, run, monkeypatch, closed):
    """Guarantee: where codes count as they are listed, a sub-theme does not teach its theme."""
    desk, _ = run
    theme, *others = (code for code in foreign.taxonomy.codes if code.selectable)
    codes = (replace(theme, parent=None), *(replace(code, parent=theme.id) for code in others))
    tree, seen = replace(foreign.taxonomy, codes=codes), []

    def child(command, log, seconds, core=None, *, gpu=False):
        seen.append(load_taxonomy(Path(command[-1]) / "taxonomy.yaml").levels)
        return Ended(FAILED, resource.getrusage(resource.RUSAGE_CHILDREN))

    monkeypatch.setattr(cells, "run_child", child)
    run_cell(replace(foreign, name="tree", taxonomy=tree, closed=closed), "tfidf", TFIDF, desk)
    assert [bool(levels) for levels in seen] == [closed]


def test_the_same_data_give_every_system_the_same_split(bench_data, foreign):
    assert load_set("nhs_px", bench_data).fingerprint == foreign.fingerprint


def test_codes_that_only_group_are_no_codes_to_learn(foreign):
    assert foreign.taxonomy.code_ids == ("fruit", "tool", "water")


def test_missing_data_are_named():
    with pytest.raises(SystemExit, match="--data"):
        load_set("real", None)
    with pytest.raises(SystemExit, match=r"nowhere/real-train.jsonl"):
        load_set("real", Path("nowhere"))


def test_few_texts_hold_every_code_often_enough(foreign):
    fit = list(foreign.parts[0].fit)
    few = few_of(fit, label_matrix(fit, foreign.taxonomy), 8)
    counts = (label_matrix(few, foreign.taxonomy) == PRESENT).sum(axis=0)
    assert counts.min() >= 8
    assert len(few) < len(fit)


def test_a_cell_is_named_by_data_code_options_and_versions(foreign, tmp_path, monkeypatch):
    versions = {"scikit-learn": "1"}
    key = cell_key(foreign, TFIDF, versions)
    [part] = foreign.parts
    fewer = replace(foreign, parts=(replace(part, fit=part.fit[1:]),))
    keys = {
        key,
        cell_key(fewer, TFIDF, versions),
        cell_key(foreign, replace(TFIDF, options={"passes": 2}), versions),
        cell_key(foreign, TFIDF, {"scikit-learn": "2"}),
    }
    assert len(keys) == 4
    assert cell_key(foreign, TFIDF, versions) == key
    for name in (TFIDF.script, "task.py"):
        (tmp_path / name).write_text((registry.FOLDER / name).read_text() + "\n# changed\n")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    assert cell_key(foreign, TFIDF, versions) not in keys


def test_a_system_runs_in_a_process_of_its_own_and_is_not_run_twice(foreign, run):
    desk, cell = run
    assert cell.status == DONE
    assert len(cell.train_seconds) == len(cell.variants)
    assert cell.peak_mb > 20
    stamp = cell_path(desk.folder, "nhs_px", "tfidf").stat().st_mtime_ns
    assert run_cell(foreign, "tfidf", TFIDF, desk) == cell
    assert cell_path(desk.folder, "nhs_px", "tfidf").stat().st_mtime_ns == stamp


def test_the_table_comes_from_the_cache(foreign, run, tmp_path):
    desk, cell = run
    row = row_of(foreign, cell, desk.folder)
    assert row["micro"] > 0.6
    assert row["micro_low"] < row["micro"] < row["micro_high"]
    assert f"[{row['macro_low']:.3f}".replace("[0.", "[.") in render([row])
    assert "nhs_px | tfidf" in keep(tmp_path, [row])
    again = keep(tmp_path, [{**row, "system": "other", "micro": 0.0}])
    assert again.count("nhs_px") == 2
    assert again == (tmp_path / "accuracy.md").read_text().partition("\n\n|")[2].join(("|", "")).rstrip("\n")


def test_ranking_precision_is_that_of_scikit_learn(foreign, run):
    desk, cell = run
    [(tune, test)] = read_scores(cell_path(desk.folder, "nhs_px", "tfidf"), cell.variants[0], 1)
    labels = label_matrix(foreign.parts[0].test, foreign.taxonomy)
    told = labels.any(axis=1)
    expected = label_ranking_average_precision_score(labels[told] == 1, test[told])
    assert measure(foreign, [(tune, test)]).lrap == pytest.approx(expected)


def test_the_variant_is_chosen_without_the_test_side(foreign, run):
    desk, cell = run
    path = cell_path(desk.folder, "nhs_px", "tfidf")
    sides = [read_scores(path, name, 1) for name in cell.variants]
    spoilt = [[(tune, np.zeros_like(test)) for tune, test in own] for own in sides]
    assert choose_variant(foreign, sides) == choose_variant(foreign, spoilt)


def test_scores_on_another_scale_give_nearly_the_same_suggestions(foreign):
    draws = np.random.default_rng(0)
    labels = label_matrix(foreign.parts[0].tune, foreign.taxonomy)
    scores = np.clip(0.5 + 0.25 * (labels - 0.4) + draws.normal(0, 0.1, labels.shape), 0.01, 0.99)
    squeezed = 1 / (1 + ((1 - scores) / scores) ** 0.3)
    first = decide(scores, labels, scores, foreign.taxonomy)[1]
    second = decide(squeezed, labels, squeezed, foreign.taxonomy)[1]
    assert (first == second).mean() > 0.95


@pytest.mark.parametrize("gpu", [False, True])
def test_a_system_sees_a_gpu_only_where_it_may(tmp_path, monkeypatch, gpu):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    log = tmp_path / "log.txt"
    command = [sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"]
    assert run_child(command, log, 60, gpu=gpu).status == DONE
    assert log.read_text().strip() == ("0" if gpu else "")


def test_what_is_told_to_end_takes_its_children_along(tmp_path):
    log = tmp_path / "log.txt"
    endless = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    runner = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from training.benchmarks.accuracy.cells import end_children_on_sigterm, run_child

end_children_on_sigterm()
with ThreadPoolExecutor(1) as workers:
    list(workers.map(lambda _: run_child([sys.executable, "-c", {endless!r}], Path({str(log)!r}), 600), range(2)))
"""
    process = subprocess.Popen([sys.executable, "-c", runner], cwd=registry.ROOT)
    try:
        while not (log.is_file() and log.read_text().strip()):
            assert process.poll() is None
            time.sleep(0.05)
        child = int(log.read_text())
        process.terminate()
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    finally:
        process.kill()


def test_a_cell_of_a_gpu_is_another_and_is_marked(foreign, run):
    """Guarantee: seconds of a GPU never stand for those of a core."""
    desk, cell = run
    versions = cell.versions
    assert cell_key(foreign, TFIDF, versions, gpu=True) != cell_key(foreign, TFIDF, versions) == cell.key
    assert "on a GPU" in render([row_of(foreign, replace(cell, gpu=True), desk.folder)])
    assert "on a GPU" not in render([row_of(foreign, cell, desk.folder)])


def test_a_cell_that_works_too_long_is_over_the_limit_and_no_win(foreign, tmp_path, monkeypatch):
    for name in ("task.py", "endless.py"):
        source = registry.FOLDER / name
        (tmp_path / name).write_text(source.read_text() if source.is_file() else "while True:\n    pass\n")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    monkeypatch.setattr("training.benchmarks.accuracy.cells.FOLDER", tmp_path)
    desk = quiet(tmp_path / "cells", limit_seconds=1)
    cell = run_cell(foreign, "endless", System("endless.py", ("numpy",)), desk)
    assert cell.status == OVER
    assert "over the limit" in render([row_of(foreign, cell, desk.folder)])


@pytest.mark.skipif("BENCH_DATA" not in os.environ, reason="BENCH_DATA names no folder of coded narratives")
def test_the_real_sets_leak_nothing():
    for name in ("real", "unseen"):
        assert sides_are_apart(load_set(name, Path(os.environ["BENCH_DATA"])))
