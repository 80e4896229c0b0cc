"""The cache of sentence vectors: right under several processes, and empty of words."""

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from coding_service.suggesters.clauses import RULE
from coding_service.suggesters.embeddings import CHUNK, CachedEncoder
from tests.fakes import HashingEncoder

SENTENCES = [f"sentence number {row} tells of a crib" for row in range(CHUNK + 40)]


def encode_shared(folder, first):
    """What each of the processes does: encode overlapping halves, twice."""
    part = SENTENCES[first : first + len(SENTENCES) // 2]
    for _ in range(2):
        vectors = CachedEncoder(HashingEncoder(), folder).encode(part)
    return first, vectors


def test_processes_share_one_cache(tmp_path):
    """Guarantee: processes that write the same sentences at once neither fail nor get a wrong vector."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.starmap(encode_shared, [(tmp_path, first) for first in (0, 100, 200, 0)])
    for first, vectors in results:
        expected = HashingEncoder().encode(SENTENCES[first : first + len(SENTENCES) // 2])
        np.testing.assert_array_equal(vectors, expected)


def test_a_process_that_begins_while_another_writes_waits(tmp_path):
    """Guarantee: a cold cache that two begin at once makes neither fail."""
    encoder = HashingEncoder()
    with (
        closing(sqlite3.connect(tmp_path / f"embeddings-{encoder.sha256[:16]}-{RULE}.sqlite")) as other,
        ThreadPoolExecutor(1) as worker,
    ):
        other.execute("BEGIN IMMEDIATE")
        asked = worker.submit(CachedEncoder(encoder, tmp_path).encode, SENTENCES[:2])
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.3)
        other.rollback()
        assert asked.result(timeout=30).shape == (2, encoder.dimension)


def test_each_sentence_is_encoded_once(tmp_path):
    encoder = HashingEncoder()
    cached = CachedEncoder(encoder, tmp_path / "new" / "folder")
    twice = [*SENTENCES, *SENTENCES]
    np.testing.assert_array_equal(cached.encode(twice), HashingEncoder().encode(twice))
    cached.encode(SENTENCES[:3])
    assert sorted(encoder.encoded) == sorted(SENTENCES)


def test_clauses_are_kept_with_their_sentence(tmp_path):
    """Guarantee: read cold or from the cache, in any order, a sentence has the clauses that its encoder gives."""
    sentences = [
        "the crib was gone, the police never came, nobody asked",
        "one clause",
        "no bed, no heat",
        "one clause",
    ]
    for order in (sentences, sentences[::-1]):
        expected = HashingEncoder().read(order)
        for _ in range(2):
            found = CachedEncoder(HashingEncoder(), tmp_path).read(order)
            np.testing.assert_array_equal(found.first, expected.first)
            np.testing.assert_array_equal(found.clauses, expected.clauses)
            np.testing.assert_array_equal(found.vectors, expected.vectors)


def test_no_sentences_give_an_empty_matrix(tmp_path):
    assert CachedEncoder(HashingEncoder(), tmp_path).encode([]).shape == (0, 16)


def test_encoders_do_not_mix(tmp_path):
    """Guarantee: another encoder has vectors of its own."""
    other = HashingEncoder()
    other.sha256 = "f" * 64
    CachedEncoder(HashingEncoder(), tmp_path).encode(SENTENCES[:1])
    CachedEncoder(other, tmp_path).encode(SENTENCES[:1])
    assert len(other.encoded) == 1


def test_it_answers_for_its_encoder(tmp_path):
    encoder = HashingEncoder({"sleep": (np.zeros(16), 0.0)})
    cached = CachedEncoder(encoder, tmp_path)
    assert (cached.sha256, cached.dimension) == (encoder.sha256, encoder.dimension)
    assert cached.tuning is encoder.tuning


def test_no_word_reaches_the_disk(tmp_path):
    CachedEncoder(HashingEncoder(), tmp_path).encode(["Mother slept on the couch \ud800"])
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert content
    assert b"couch" not in content
