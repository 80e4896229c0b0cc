"""Stand-ins for parts that are slow or large; each implements the port of the real one."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from coding_service.suggesters.encoder import TOKENIZER, WEIGHTS, ReadSentences, describe
from coding_service.suggesters.heads import Heads, Rows, fit_heads
from coding_service.suggesters.quotes import whole_sentences
from coding_service.suggesters.tuning import TunedHeads, Tuning


class HashingEncoder:
    """An encoder of 16 dimensions: each word adds a direction that its hash draws."""

    dimension = 16

    def __init__(self, tuned_heads: Mapping | None = None) -> None:
        self.tuning = Tuning(heads=tuned_heads or {})
        self.sha256 = hashlib.sha256(b"hashing encoder").hexdigest()
        self.encoded: list[str] = []

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        self.encoded.extend(sentences)
        vectors = np.zeros((len(sentences), self.dimension), dtype=np.float32)
        for row, sentence in enumerate(sentences):
            for word in sentence.lower().split():
                vectors[row] += _direction(word.strip(".,;:!?"), self.dimension)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def read(self, sentences: Sequence[str], quote: Heads | None = None) -> ReadSentences:
        """Clauses end with a comma."""
        own = [
            (vector, self.encode(parts)) if len(parts) > 1 else (vector, vector[None][:0])
            for sentence, vector in zip(sentences, self.encode(sentences), strict=True)
            for parts in [sentence.split(",")]
        ]
        return ReadSentences.of(own, self.dimension, None if quote is None else self._runs(sentences, quote))

    def _runs(self, sentences: Sequence[str], quote: Heads) -> np.ndarray:
        return whole_sentences(sentences, len(quote.intercepts))


def _direction(word: str, dimension: int) -> np.ndarray:
    digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:dimension]
    return (np.frombuffer(digest, dtype=np.uint8).astype(np.float32) - 127.5) / 127.5


class MarkingEncoder(HashingEncoder):
    """The same, and finds one word in every sentence that holds it, for the codes that its tuning names."""

    def __init__(self, word: str, codes: Sequence[str]) -> None:
        super().__init__()
        heads = {code: (np.zeros(self.dimension), 0.0) for code in codes}
        self.tuning = Tuning(heads=heads, quotes=heads)
        self._word = word

    def _runs(self, sentences: Sequence[str], quote: Heads) -> np.ndarray:
        runs = super()._runs(sentences, quote)
        for row, sentence in enumerate(sentences):
            at = sentence.find(self._word)
            if at >= 0:
                runs[row, quote.intercepts == 0] = [at, at + len(self._word)]
        return runs


class FolderEncoder(HashingEncoder):
    """The same, with the memory of tuning that lies in a folder."""

    def __init__(self, folder, *, threads=0, serving=False) -> None:
        super().__init__()
        self.tuning = Tuning.read(Path(folder))


def save_hashing_encoder(reference, destination):
    """What a bundle holds in the place of a real encoder."""
    if Path(reference).is_dir():
        shutil.copytree(reference, destination)
    else:
        destination.mkdir()
        describe_hashing_encoder(destination)


def describe_hashing_encoder(folder):
    for name in (WEIGHTS, TOKENIZER):
        (folder / name).write_text(f"content of {name}")
    describe(folder, name="hashing", source="", licence="", dimension=HashingEncoder.dimension, precision="fp32")


def tune_encoder(options, rows, taxonomy, destination, *, seed):
    """Tune nothing: only heads are fitted, over the vectors of the hashing encoder."""
    destination.mkdir(parents=True)
    describe_hashing_encoder(destination)
    encoder = HashingEncoder()
    learned = Rows(encoder.encode(rows.sentences), rows.labels, rows.weights)
    blank = Heads.blank(encoder.dimension, len(taxonomy.code_ids))
    return TunedHeads(fit_heads(learned, blank, strength=8.0), blank)
