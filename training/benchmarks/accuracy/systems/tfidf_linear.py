"""TF-IDF with one linear classifier per code, plain scikit-learn, tuned on the fifth laid aside."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC
from task import Scorer, Task, Variant, carry_out, timed


@dataclass(frozen=True)
class Setting:
    """What is read of a text, and what learns from it."""

    read: str
    model: str
    strength: float

    @property
    def name(self) -> str:
        return f"{self.read}, {self.model} C={self.strength:g}"

    def terms(self) -> Any:
        shared = {"sublinear_tf": True, "strip_accents": "unicode"}
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, **shared)
        if self.read == "words":
            return words
        return make_union(words, TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, **shared))

    def classifier(self) -> Any:
        if self.model == "svc":
            return LinearSVC(C=self.strength)
        return LogisticRegression(C=self.strength, solver="liblinear")


SETTINGS = (
    Setting("words", "logistic", 8),
    Setting("words", "logistic", 32),
    Setting("words", "svc", 0.3),
    Setting("words", "svc", 1),
    Setting("words and letters", "svc", 0.1),
    Setting("words and letters", "svc", 0.3),
)


def run(task: Task) -> list[Variant]:
    return [timed(setting.name, partial(_train, task, setting), task) for setting in SETTINGS]


def _train(task: Task, setting: Setting) -> Scorer:
    terms = setting.terms()
    features = terms.fit_transform(task.fit)
    learnable = task.present.any(axis=0) & ~task.present.all(axis=0)
    model = OneVsRestClassifier(setting.classifier()).fit(features, task.present[:, learnable].astype(int))

    def score(texts: list[str]) -> np.ndarray:
        margins = model.decision_function(terms.transform(texts))
        scores = np.zeros((len(texts), len(learnable)))
        scores[:, learnable] = expit(np.asarray(margins).reshape(len(texts), -1))
        return scores

    return score


if __name__ == "__main__":
    carry_out(run)
