"""A cache of sentence and clause vectors on disk, keyed by encoder hash and text hash, safe under several processes."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from coding_service.errors import InputError
from coding_service.suggesters.clauses import RULE
from coding_service.suggesters.encoder import Encoder, ReadSentences, Vectors
from coding_service.suggesters.heads import Heads
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
        self._encoder = encoder
        self._path = folder / f"embeddings-{encoder.sha256[:16]}-{RULE}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():  # one that is there may lie where nothing can be added
                TemporaryFile(dir=folder).close()
        except OSError as error:
            raise InputError(
                f"The cache {folder} cannot be written: {error.strerror}.",
                hint="Name another folder by CODING_SERVICE_CACHE.",
            ) from error

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
        return self.read(sentences).vectors

    def read(self, sentences: Sequence[str], quote: Heads | None = None) -> ReadSentences:  # noqa: ARG002 - states are not kept
        """Read sentences, each distinct one at most once; see `Encoder.read`."""
        keys = [hashlib.sha256(sentence.encode("utf-8", "surrogatepass")).digest() for sentence in sentences]
        texts = dict(zip(keys, sentences, strict=True))
        with closing(sqlite3.connect(self._path, timeout=60)) as connection:
            # A row holds the vector of a sentence, then those of its clauses where it has more than one.
            connection.execute("CREATE TABLE IF NOT EXISTS sentence (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
            known = self._known(connection, list(texts))
            missing = [key for key in texts if key not in known]
            for first in range(0, len(missing), CHUNK):
                chunk = missing[first : first + CHUNK]
                found = _each(self._encoder.read([texts[key] for key in chunk]))
                known.update(zip(chunk, found, strict=True))
                rows = [(key, own.tobytes()) for key, own in zip(chunk, found, strict=True)]
                with connection:
                    connection.executemany("INSERT OR IGNORE INTO sentence VALUES (?, ?)", rows)
        return ReadSentences.of([(known[key][0], known[key][1:]) for key in keys], self.dimension)

    def _known(self, connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        known: dict[bytes, Vectors] = {}
        for first in range(0, len(keys), CHUNK):
            chunk = keys[first : first + CHUNK]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, value FROM sentence WHERE key IN ({marks})"  # noqa: S608 - only question marks
            for key, value in connection.execute(query, chunk):
                known[key] = np.frombuffer(value, dtype=np.float32).reshape(-1, self.dimension)
        return known


def _each(read: ReadSentences) -> list[Vectors]:
    """Give what is kept of each sentence: its vector, and those of its clauses unless it has but one."""
    bounds = zip(read.first[:-1].tolist(), read.first[1:].tolist(), strict=True)
    return [
        np.concatenate([read.vectors[row, None], read.clauses[start:end]])
        if end - start > 1
        else read.vectors[row, None]
        for row, (start, end) in enumerate(bounds)
    ]
