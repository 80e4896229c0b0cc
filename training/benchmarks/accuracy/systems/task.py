"""What the runner and a system exchange: a folder with texts and labels in, score matrices and seconds out.

Needs nothing but numpy, for the systems run in environments of their own.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """What a system is to do: learn from the first texts, and score the two others.

    `labels` has shape (n_fit, n_codes), 1 present, 0 absent, -1 unknown; `options` are the system's own.
    """

    folder: Path
    codes: list[dict[str, str]]
    fit: list[str]
    labels: NDArray[np.int8]
    tune: list[str]
    test: list[str]
    options: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        """Write it into its folder."""
        content = {name: value for name, value in vars(self).items() if name not in ("folder", "labels")}
        (self.folder / "task.json").write_text(json.dumps(content), encoding="utf-8")
        np.save(self.folder / "labels.npy", self.labels)

    @classmethod
    def read(cls, folder: Path) -> "Task":
        """Read back what `write` wrote."""
        content = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        return cls(folder, labels=np.load(folder / "labels.npy"), **content)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Labels for a system that knows two values: what nobody judged is taken for absent."""
        return self.labels == 1


@dataclass(frozen=True)
class Variant:
    """Scores of one setting of a system; the runner keeps the setting that does best on the fifth laid aside."""

    name: str
    tune: Scores
    test: Scores
    train_seconds: float
    score_seconds: float


Scorer = Callable[[list[str]], Any]


def timed(name: str, train: Callable[[], Scorer], task: Task) -> Variant:
    """Train, then score both sides; the seconds of scoring are those of the test side."""
    begun = time.process_time()
    scorer = train()
    trained = time.process_time()
    tune = np.asarray(scorer(task.tune), dtype=np.float32)
    scored = time.process_time()
    test = np.asarray(scorer(task.test), dtype=np.float32)
    return Variant(name, tune, test, trained - begun, time.process_time() - scored)


def write_variants(folder: Path, variants: list[Variant]) -> None:
    """Write what a system gives back."""
    facts = [
        {key: value for key, value in asdict(variant).items() if key not in ("tune", "test")} for variant in variants
    ]
    sides = {f"{variant.name}/{side}": getattr(variant, side) for variant in variants for side in ("tune", "test")}
    np.savez_compressed(folder / "scores.npz", **sides)
    (folder / "variants.json").write_text(json.dumps(facts), encoding="utf-8")


def read_variants(folder: Path) -> list[Variant]:
    """Read back what `write_variants` wrote."""
    facts = json.loads((folder / "variants.json").read_text(encoding="utf-8"))
    with np.load(folder / "scores.npz") as scores:
        return [Variant(tune=scores[f"{f['name']}/tune"], test=scores[f"{f['name']}/test"], **f) for f in facts]


def carry_out(run: Callable[[Task], list[Variant]]) -> None:
    """Read the task of the folder that the command line names, run a system on it, write what it gives."""
    folder = Path(sys.argv[1])
    write_variants(folder, run(Task.read(folder)))
