"""Stand-ins for parts that are slow or large; each implements the port of the real one."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np


class HashingEncoder:
    """An encoder of 16 dimensions: each word adds a direction that its hash draws."""

    dimension = 16

    def __init__(self, tuned_heads: Mapping | None = None) -> None:
        self.tuned_heads = tuned_heads or {}
        self.sha256 = hashlib.sha256(b"hashing encoder").hexdigest()
        self.encoded: list[str] = []

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        self.encoded.extend(sentences)
        vectors = np.zeros((len(sentences), self.dimension), dtype=np.float32)
        for row, sentence in enumerate(sentences):
            for word in sentence.lower().split():
                vectors[row] += _direction(word.strip(".,;:!?"), self.dimension)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _direction(word: str, dimension: int) -> np.ndarray:
    digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:dimension]
    return (np.frombuffer(digest, dtype=np.uint8).astype(np.float32) - 127.5) / 127.5


def save_hashing_encoder(reference, destination):
    """What a bundle holds in the place of a real encoder."""
    destination.mkdir()
    (destination / "encoder.json").write_text(json.dumps({"reference": reference}))
