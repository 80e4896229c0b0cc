"""Turns sentences into vectors with ONNX Runtime; the only file that imports onnxruntime and tokenizers."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from coding_service.errors import BundleError
from coding_service.suggesters.clauses import clauses_of
from coding_service.suggesters.heads import Heads
from coding_service.suggesters.quotes import telling_runs, whole_sentences
from coding_service.suggesters.tuning import TUNING, Tuning
from coding_service.suggestions.scores import Spans

Vectors = NDArray[np.float32]

DESCRIPTION = "encoder.json"
WEIGHTS = "model.onnx"
TOKENIZER = "tokenizer.json"
MAX_WORD_PIECES = 512
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Adding and normalising in one step takes three times as long as one after the other on a CPU (ONNX Runtime 1.32)."""


@dataclass(frozen=True)
class ReadSentences:
    """What an encoder makes of sentences.

    Parameters
    ----------
    vectors : ndarray of shape (n_sentences, dimension), float32
        Unit vectors of the sentences.
    clauses : ndarray of shape (n_clauses, dimension), float32
        Unit vectors of their clauses, one after the other; a sentence of one clause stands for it.
    first : ndarray of shape (n_sentences + 1,), int64
        Row of the first clause of each sentence, and where the last ends; each has one at least.
    runs : ndarray of shape (n_sentences, n_codes, 2) or None
        Start and end, in its sentence, of the words that tell each code; None where they were not looked for.
    """

    vectors: Vectors
    clauses: Vectors
    first: NDArray[np.int64]
    runs: Spans | None = None

    @classmethod
    def of(cls, own: Sequence[tuple[Vectors, Vectors]], dimension: int, runs: Spans | None = None) -> Self:
        """Put together what was read of single sentences: the vector, and those of two clauses or more, if any."""
        if not own:
            none = np.zeros((0, dimension), dtype=np.float32)
            return cls(none, none, np.zeros(1, dtype=np.int64), runs)
        told = [clauses if len(clauses) else vector[None] for vector, clauses in own]
        first = np.concatenate([[0], np.cumsum([len(clauses) for clauses in told])])
        return cls(np.stack([vector for vector, _ in own]), np.concatenate(told), first.astype(np.int64), runs)


class Encoder(Protocol):
    """Maps sentences to unit vectors."""

    @property
    def sha256(self) -> str:
        """Hash of the weights and the tokenizer: two encoders of one hash give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def tuning(self) -> Tuning:
        """What it was tuned on; empty for a general encoder."""
        ...

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Encode sentences.

        Returns
        -------
        ndarray of shape (n_sentences, dimension), float32
            Unit vectors, row *i* is sentence *i*.
        """
        ...

    def read(self, sentences: Sequence[str], quote: Heads | None = None) -> ReadSentences:
        """Encode sentences and their clauses, and find the words of each that tell each code.

        Parameters
        ----------
        sentences : sequence of str
            What to read.
        quote : Heads or None
            Over states of word pieces, see `quotes.quote_heads`; an encoder that keeps vectors has no use for them.
        """
        ...


class Graph(Protocol):
    """The network of an encoder, opened by an engine."""

    def run(self, read: Sequence[Encoding], *outputs: str) -> Iterator[list[NDArray[np.float32]]]:
        """Give the named outputs of each sentence, in order; the first axis has length one."""
        ...


class OnnxGraph:
    """The network in ONNX Runtime, each sentence in a call of its own.

    The 8-bit graph scales its activations over all that is in one call, so that in a batch the vector of a sentence
    would depend on its neighbours (cosine down to .97). Alone it does not, and is no slower.

    Parameters
    ----------
    path : Path
        The ONNX file.
    threads : int
        Sentences run at a time, each on one thread: a sentence is too short to be worth dividing.
    """

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
        )
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="encoder")

    def run(self, read: Sequence[Encoding], *outputs: str) -> Iterator[list[NDArray[np.float32]]]:
        """See `Graph.run`."""

        def run(pieces: Encoding) -> list[NDArray[np.float32]]:
            feed = {"input_ids": [pieces.ids], "attention_mask": [pieces.attention_mask]}
            return list(
                self._session.run(
                    list(outputs), {name: np.array(values, dtype=np.int64) for name, values in feed.items()}
                )
            )

        return self._workers.map(run, read)


class ExportedEncoder:
    """A sentence encoder exported to ONNX with pooling and normalisation inside the graph.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.json``, ``model.onnx`` and ``tokenizer.json``.
    threads : int
        Threads to use; 0 takes all cores that the process may use.
    engine : callable
        Opens the network.

    Raises
    ------
    BundleError
        If a file is missing or its hash differs from the one in ``encoder.json``.
    """

    def __init__(self, folder: Path, *, threads: int = 0, engine: Callable[[Path, int], Graph] = OnnxGraph) -> None:
        self.folder = folder
        self.description = read_description(folder)
        self._graph = engine(folder / WEIGHTS, threads or len(os.sched_getaffinity(0)))
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        # The published tokenizer file cuts at 128 and pads to 128; both would go unnoticed.
        self._tokenizer.enable_truncation(MAX_WORD_PIECES)
        self._tokenizer.no_padding()

    @property
    def sha256(self) -> str:
        """Hash over the hashes of both files."""
        return str(self.description["sha256"])

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.description["dimension"])

    @cached_property
    def tuning(self) -> Tuning:
        """What it was tuned on; empty for a general encoder."""
        return Tuning.read(self.folder)

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """See `Encoder.encode`."""
        if not sentences:
            return np.zeros((0, self.dimension), dtype=np.float32)
        read = self._tokenizer.encode_batch(list(sentences))
        return np.concatenate([vector for (vector,) in self._graph.run(read, "embedding")])

    def read(self, sentences: Sequence[str], quote: Heads | None = None) -> ReadSentences:
        """See `Encoder.read`."""
        read = self._tokenizer.encode_batch(list(sentences))
        runs = None if quote is None else whole_sentences(sentences, len(quote.intercepts))
        own = []
        for row, (vector, states) in enumerate(self._graph.run(read, "embedding", "states")):
            inside = slice(1, len(read[row].ids) - 1)  # between the marks of start and end
            pieces = np.array(read[row].offsets[inside]).reshape(-1, 2)
            own.append((vector[0], clauses_of(sentences[row], pieces, states[0, inside])))
            if quote is not None and runs is not None and len(pieces):
                words = np.array(read[row].word_ids[inside])
                runs[row] = telling_runs(quote.logits(states[0, inside]), pieces, words)
        return ReadSentences.of(own, self.dimension, runs)


def read_description(folder: Path, *, verify: bool = True) -> dict[str, Any]:
    """Read ``encoder.json`` and verify the files that it names, unless told not to.

    Raises
    ------
    BundleError
        If the folder is not an encoder, or a file is missing or altered.
    """
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        files = {str(name): str(expected) for name, expected in description["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"The encoder in {folder} has no readable {DESCRIPTION}.",
            hint="Name a folder made by `make encoder`, or the bundle it came with.",
        ) from error
    for name, expected in files.items() if verify else ():
        path = folder / name
        found = hash_file(path) if path.is_file() else "no file"
        if found != expected:
            raise BundleError(
                f"Encoder file {path} has sha256 {found}, expected {expected}.",
                hint="Restore the file from its release; it may be truncated.",
            )
    return dict(description)


def describe(folder: Path, **facts: Any) -> dict[str, Any]:
    """Write ``encoder.json`` for the files in a folder.

    Parameters
    ----------
    folder : Path
        Holds the weights and the tokenizer.
    **facts
        What to record beside the hashes: ``name``, ``source``, ``licence``, ``dimension``.
    """
    files = {name: hash_file(folder / name) for name in (WEIGHTS, TOKENIZER, TUNING) if (folder / name).is_file()}
    joined = hashlib.sha256("".join(files[name] for name in (WEIGHTS, TOKENIZER)).encode()).hexdigest()
    description: dict[str, Any] = {**facts, "files": files, "sha256": joined}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return description


def quantise(source: Path, destination: Path, *, n_heads: int, width: int) -> None:
    """Write an ONNX file with 8-bit weights, one scale per channel, in the 7-bit range that holds without VNNI too.

    Attention becomes one step where the graph has the form of BERT, a tenth faster on a short sentence.

    Parameters
    ----------
    source, destination : Path
        Files; the source has 32-bit weights.
    n_heads, width : int
        Attention heads of a layer, and numbers in a state.
    """
    # Both tools need the onnx package, which serving does not have.
    from onnx import TensorProto  # noqa: PLC0415
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415
    from onnxruntime.transformers.fusion_options import FusionOptions  # noqa: PLC0415
    from onnxruntime.transformers.optimizer import optimize_model  # noqa: PLC0415

    fusions = FusionOptions("bert")
    fusions.enable_skip_layer_norm = fusions.enable_bias_skip_layer_norm = fusions.enable_embed_layer_norm = False
    optimize_model(
        str(source), "bert", num_heads=n_heads, hidden_size=width, optimization_options=fusions, opt_level=0
    ).save_model_to_file(str(destination))
    quantize_dynamic(
        destination,
        destination,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},  # it cannot see through the fused steps
    )


def hash_file(path: Path) -> str:
    """Give the sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
