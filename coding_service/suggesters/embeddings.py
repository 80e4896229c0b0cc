"""A cache of sentence vectors on disk, keyed by encoder hash and text hash, safe under several processes."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from coding_service.suggesters.encoder import Encoder, Vectors
from coding_service.suggesters.tuning import Tuning

CHUNK = 512


class CachedEncoder:
    """An encoder that remembers its vectors; holds hashes of sentences, never a sentence.

    Parameters
    ----------
    encoder : Encoder
        What encodes the sentences that are not known yet.
    folder : Path
        Where the cache lies; made if missing. Deleting it is always safe.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._encoder = encoder
        self._path = folder / f"embeddings-{encoder.sha256[:16]}.sqlite"

    @property
    def sha256(self) -> str:
        """Hash of the encoder behind."""
        return self._encoder.sha256

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    @property
    def tuning(self) -> Tuning:
        """What the encoder behind was tuned on."""
        return self._encoder.tuning

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Encode sentences, each distinct one at most once; see `Encoder.encode`."""
        keys = [hashlib.sha256(sentence.encode("utf-8", "surrogatepass")).digest() for sentence in sentences]
        texts = dict(zip(keys, sentences, strict=True))
        with closing(sqlite3.connect(self._path, timeout=60)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
            known = self._known(connection, list(texts))
            missing = [key for key in texts if key not in known]
            for first in range(0, len(missing), CHUNK):
                chunk = missing[first : first + CHUNK]
                vectors = self._encoder.encode([texts[key] for key in chunk])
                known.update(zip(chunk, vectors, strict=True))
                rows = [(key, vector.tobytes()) for key, vector in zip(chunk, vectors, strict=True)]
                with connection:
                    connection.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?)", rows)
        if not keys:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def _known(self, connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        known: dict[bytes, Vectors] = {}
        for first in range(0, len(keys), CHUNK):
            chunk = keys[first : first + CHUNK]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, value FROM vector WHERE key IN ({marks})"  # noqa: S608 - only question marks
            for key, value in connection.execute(query, chunk):
                known[key] = np.frombuffer(value, dtype=np.float32)
        return known
