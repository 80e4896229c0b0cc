"""Annif's backends and ensembles of them, each project as its wiki advises; the fifth decides which ensemble is shown."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from task import Task, Variant, carry_out

PROJECTS = """
[{id}]
name={id}
language=en
vocab=codes
analyzer=snowball(english)
limit={limit}
backend={backend}
"""
SOURCES = {
    "bonsai": "omikuji\ncluster_balanced=False\ncluster_k=100\nmax_depth=3\nngram=2\nmin_df=2",
    "parabel": "omikuji\nngram=2\nmin_df=2",
    "fasttext": "fasttext\ndim=500\nlr=0.1\nepoch=30\nloss=hs\nthread=1\nchunksize=24",
    "tfidf": "tfidf",
    "mllm": "mllm",
    "svc": "svc\nngram=2\nmin_df=2",
}
"""fastText at a learning rate of .25, which the wiki shows, ends in NaN on two of the sets, at its own default of .1 on one."""
SINGLE_CODE = {"svc"}
"""Takes one code a text: tried only where every text has one."""
ENSEMBLES = {
    "omikuji": {"bonsai": 1, "parabel": 1},
    "omikuji and svc": {"bonsai": 1, "parabel": 1, "svc": 2},
    "omikuji and fasttext": {"bonsai": 1, "parabel": 1, "fasttext": 1},
    "omikuji, fasttext, mllm": {"bonsai": 1, "fasttext": 1, "mllm": 1},
    "omikuji, fasttext, mllm, tfidf": {"bonsai": 2, "parabel": 2, "fasttext": 2, "mllm": 1, "tfidf": 1},
}
NETWORKED = ("bonsai", "fasttext", "mllm")
NETWORK = "nn_ensemble\nsources={sources}\nnodes=100\ndropout_rate=0.2\nepochs=10"
HELD_BACK = 5
"""The network learns from every fifth text to learn from, which its sources then do not see."""


def run(task: Task) -> list[Variant]:
    _stand_in_punkt(task)
    single = task.present.sum(axis=1).max() <= 1
    names = [name for name in SOURCES if single or name not in SINGLE_CODE]
    sources = {variant.name: variant for variant in _Projects(task, "all").sources(names)}
    return [sources["bonsai"], *_averages(sources), _network(task, [name for name in NETWORKED if name in sources])]


def _averages(sources: dict[str, Variant]) -> Iterator[Variant]:
    """Average as Annif's backend `ensemble` does, from the scores that its sources gave."""
    for name, weights in ENSEMBLES.items():
        if weights.keys() <= sources.keys():
            own, total = [sources[source] for source in weights], sum(weights.values())
            sides = (
                sum(weight * getattr(sources[source], side) for source, weight in weights.items()) / total
                for side in ("tune", "test")
            )
            yield Variant(name, *sides, sum(v.train_seconds for v in own), sum(v.score_seconds for v in own))


def _network(task: Task, names: list[str]) -> Variant:
    held = np.arange(len(task.fit)) % HELD_BACK == 0
    projects = _Projects(task, "-".join(["network", *names]), names)
    learned, rest = (
        replace(task, fit=[task.fit[row] for row in np.flatnonzero(rows)], labels=task.labels[rows])
        for rows in (~held, held)
    )
    begun = time.process_time()
    try:
        for name in names:
            projects.train(name, learned)
    except RuntimeError as error:
        # fastText may end in NaN.
        if "fasttext" not in names:
            raise
        print(f"network without fasttext: {error}", flush=True)
        return _network(task, [name for name in names if name != "fasttext"])
    projects.train("network", rest)
    return projects.score("network", time.process_time() - begun)


class _Projects:
    """Annif projects of one task, in a folder of their own."""

    def __init__(self, task: Task, name: str, networked: list[str] | None = None) -> None:
        from annif.registry import AnnifRegistry
        from annif.vocab import VocabFileTSV

        self._task, folder = task, task.folder / f"annif-{name}"
        folder.mkdir()
        settings = {**SOURCES, "network": NETWORK.format(sources=",".join(networked or NETWORKED))}
        configured = [PROJECTS.format(id=key, backend=value, limit=len(task.codes)) for key, value in settings.items()]
        (folder / "projects.cfg").write_text("".join(configured), encoding="utf-8")
        lines = [f"<http://codes.invalid/{row}>\t{_one_line(code['name'])}\n" for row, code in enumerate(task.codes)]
        (folder / "codes.tsv").write_text("".join(lines), encoding="utf-8")
        self._registry = AnnifRegistry(str(folder / "projects.cfg"), str(folder / "data"), init_projects=False)
        self._registry.get_vocab("codes").load_vocabulary(VocabFileTSV(str(folder / "codes.tsv"), "en"))

    def sources(self, names: list[str]) -> Iterator[Variant]:
        from annif.exception import OperationFailedException

        for name in names:
            begun = time.process_time()
            try:
                self.train(name, self._task)
            except (OperationFailedException, RuntimeError) as error:
                # MLLM refuses where no text holds the name of its code, and fastText may end in NaN.
                print(f"{name} left out: {error}", flush=True)
                continue
            yield self.score(name, time.process_time() - begun)

    def train(self, name: str, task: Task) -> None:
        self._registry.get_project(name).train(_corpus(task.fit, task.present), jobs=1)

    def score(self, name: str, train_seconds: float) -> Variant:
        project = self._registry.get_project(name)
        tune = self._matrix(project, self._task.tune)
        begun = time.process_time()
        return Variant(name, tune, self._matrix(project, self._task.test), train_seconds, time.process_time() - begun)

    def _matrix(self, project: object, texts: list[str]) -> np.ndarray:
        corpus = _corpus(texts, np.zeros((len(texts), len(self._task.codes)), dtype=bool))
        batches = [project.suggest(batch).array.toarray() for batch in corpus.doc_batches]
        return np.concatenate(batches).astype(np.float32)


def _corpus(texts: list[str], present: np.ndarray) -> object:
    """Give texts as a corpus of Annif; one without a code stays out of training, as Annif's own readers leave it."""
    from annif.corpus import Document, DocumentList, SubjectSet

    return DocumentList(
        [
            Document(text=text, subject_set=SubjectSet(np.flatnonzero(row).tolist()))
            for text, row in zip(texts, present, strict=True)
        ]
    )


def _stand_in_punkt(task: Task) -> None:
    """Train the sentence splitter that NLTK would fetch, on the texts to learn from."""
    folder = task.folder / "nltk" / "tokenizers" / "punkt_tab" / "english"
    folder.mkdir(parents=True)
    os.environ["NLTK_DATA"] = str(task.folder / "nltk")
    import nltk
    from nltk.tokenize.punkt import PunktTrainer, save_punkt_params

    nltk.data.path.insert(0, str(task.folder / "nltk"))
    trainer = PunktTrainer("\n".join(task.fit[:2000]))
    save_punkt_params(trainer.get_params(), str(folder))


def _one_line(name: str) -> str:
    return re.sub(r"\s+", " ", name)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    carry_out(run)
