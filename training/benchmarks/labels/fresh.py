"""What an agency gets without a starting bundle: a linear model, or SetFit, on its verified narratives alone."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from coding_service.corpus.labels import label_matrix, lift
from coding_service.corpus.split import grouped_folds, merged_groups
from training.benchmarks.accuracy.cells import DONE, run_child
from training.benchmarks.accuracy.registry import FOLDER, ROOT
from training.benchmarks.accuracy.scoring import decide
from training.benchmarks.accuracy.systems.task import Task, read_variants
from training.benchmarks.labels.loop import figures
from training.benchmarks.labels.sources import SIZES, NewSource

FOLDS = 5
SETFIT_SIZES = (10, 25, 50)
"""More would take hours of a core for each draw; a GPU takes all."""
SETFIT = {"iterations": 20}
SETFIT_THRESHOLD = 0.5


def linear_curve(source: NewSource, draw: int) -> list[dict[str, Any]]:
    """Fit TF-IDF with logistic regression on random narratives; thresholds come from out-of-fold scores of the same."""
    pool, test = source.draw(draw)
    points = []
    for size in SIZES:
        learned = pool[:size]
        if size > len(pool):
            break
        labels = label_matrix(learned, source.taxonomy)
        folds = grouped_folds(merged_groups(learned).tolist(), labels, FOLDS, draw)
        inside = np.zeros(labels.shape)
        for fold in range(FOLDS):
            rows = np.flatnonzero(folds != fold)
            texts = [learned[row].text for row in np.flatnonzero(folds == fold)]
            inside[folds == fold] = _linear([learned[row].text for row in rows], labels[rows] == 1, texts)
        scores = _linear([n.text for n in learned], labels == 1, [n.text for n in test])
        suggested = decide(inside, labels, scores, source.taxonomy)[1]
        points.append(figures(lift(suggested, source.taxonomy), test, source.taxonomy, size))
    return points


def _linear(texts: Sequence[str], present: np.ndarray, scored: Sequence[str]) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    terms = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode")
    features, others = terms.fit_transform(texts), terms.transform(scored)
    scores = np.zeros((len(scored), present.shape[1]))
    for column in np.flatnonzero(present.any(axis=0) & ~present.all(axis=0)):
        model = LogisticRegression(C=32, solver="liblinear").fit(features, present[:, column])
        scores[:, column] = model.predict_proba(others)[:, 1]
    return scores


def setfit_curve(
    source: NewSource, draw: int, folder: Path, limit_seconds: float, *, gpu: bool
) -> list[dict[str, Any]]:
    """Train SetFit on random narratives; a code is suggested from probability .5, as it does by default."""
    pool, test = source.draw(draw)
    taxonomy, points = source.taxonomy, []
    codes = [{"id": code_id, "name": code_id, "definition": ""} for code_id in taxonomy.code_ids]
    asked = [narrative.text for narrative in test]
    for size in (size for size in (SIZES if gpu else SETFIT_SIZES) if size <= len(pool)):
        learned = pool[:size]
        scratch = Path(mkdtemp(prefix="setfit-", dir=folder))
        try:
            texts = [narrative.text for narrative in learned]
            Task(scratch, codes, texts, label_matrix(learned, taxonomy), texts[:1], asked, SETFIT).write()
            command = [str(ROOT / ".venv-setfit" / "bin" / "python"), str(FOLDER / "setfit_heads.py"), str(scratch)]
            ended = run_child(command, scratch / "log.txt", limit_seconds, gpu=gpu)
            scores = read_variants(scratch)[0].test if ended.status == DONE else None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if scores is None:
            print(f"setfit, draw {draw}, {size}: {ended.status} {ended.message}", file=sys.stderr)
            points.append({"size": size, "micro": None, "macro": None, "n_codes": 0, "status": ended.status})
        else:
            points.append(figures(lift(scores >= SETFIT_THRESHOLD, taxonomy), test, taxonomy, size))
    return points
