"""The shipped encoder in OpenVINO: the same network without rounded activations, chosen where the chip is made for it."""

import sys

import numpy as np
import pytest

from coding_service.paths import data_root
from coding_service.suggesters import encoders
from coding_service.suggesters.encoder import WEIGHTS, ExportedEncoder, OnnxGraph
from coding_service.suggesters.encoders import STARTER_FOLDER, choose_engine
from coding_service.suggesters.quotes import quote_heads

SHIPPED = data_root().joinpath(*STARTER_FOLDER)
SENTENCES = [
    "The baby slept on a couch.",
    "Contacts of March and April were not entered until the day before the hearing, six weeks after they were made.",
    "Court.",
    "Mom had no way to get to the clinic and nobody offered a ride.",
] * 12


@pytest.fixture(scope="module")
def both():
    pytest.importorskip("openvino", reason="openvino comes with the openvino extra")
    pytest.importorskip("onnx", reason="onnx comes with the openvino extra")
    from coding_service.suggesters.encoder_openvino import OpenVinoGraph

    if not (SHIPPED / WEIGHTS).is_file():
        pytest.skip("models/starter is not there; make it by `io-coding train`")
    return ExportedEncoder(SHIPPED, threads=1), ExportedEncoder(SHIPPED, threads=1, engine=OpenVinoGraph)


def test_both_engines_mean_the_same(both):
    """Guarantee: rows stay in order in batches of mixed length, and vectors differ by the rounding of activations."""
    eight_bits, openvino = both
    first, second = eight_bits.encode(SENTENCES), openvino.encode(SENTENCES)
    assert second.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(second, axis=1), 1, atol=1e-3)
    assert (first * second).sum(axis=1).min() > 0.96
    assert (second[0] @ first[:4].T).argmax() == 0


def test_a_sentence_hardly_depends_on_its_neighbours(both):
    _, openvino = both
    alone = openvino.encode(SENTENCES[:1])
    assert float(alone[0] @ openvino.encode(SENTENCES)[0]) > 0.9995
    assert openvino.encode([]).shape == (0, openvino.dimension)


def test_words_are_told_by_both(both, taxonomy_of_release):
    """Guarantee: evidence mostly names the same words, whatever engine reads."""
    eight_bits, openvino = both
    heads = quote_heads(eight_bits.tuning, taxonomy_of_release)
    if heads is None:
        pytest.skip("the shipped encoder was not tuned on quotes")
    first, second = (encoder.read(SENTENCES[:4], heads).runs for encoder in (eight_bits, openvino))
    assert (first == second).all(axis=2).mean() > 0.8


@pytest.fixture
def taxonomy_of_release():
    from coding_service.taxonomy.files import find_taxonomy

    return find_taxonomy("io-themes")


@pytest.mark.parametrize(
    ("told", "installed", "chosen"),
    [("fpu amx_bf16 amx_int8", True, True), ("fpu avx512_bf16", True, False), ("amx_bf16", False, False)],
    ids=["chip and package", "another chip", "no package"],
)
def test_the_engine_is_chosen_by_chip_and_package(tmp_path, monkeypatch, told, installed, chosen):
    (tmp_path / "cpuinfo").write_text(f"flags : {told}\n")
    monkeypatch.setattr(encoders, "find_spec", lambda _: object() if installed else None)
    assert (choose_engine(tmp_path / "cpuinfo") is not OnnxGraph) is chosen


def test_where_nothing_is_told_of_the_chip_onnx_runtime_runs(tmp_path):
    assert choose_engine(tmp_path / "nothing") is OnnxGraph


def test_openvino_that_does_not_work_stops_no_server(tmp_path, monkeypatch, caplog):
    """Guarantee: what only makes the encoder faster gives way to ONNX Runtime, and says so."""
    if not (SHIPPED / WEIGHTS).is_file():
        pytest.skip("models/starter is not there; make it by `io-coding train`")
    (tmp_path / "cpuinfo").write_text("amx_bf16")
    monkeypatch.setattr(encoders, "find_spec", lambda _: object())
    monkeypatch.setitem(sys.modules, "coding_service.suggesters.encoder_openvino", None)
    graph = choose_engine(tmp_path / "cpuinfo")(SHIPPED / WEIGHTS, 1)
    assert isinstance(graph, OnnxGraph)
    assert "ONNX Runtime does" in caplog.text
