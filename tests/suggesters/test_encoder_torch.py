"""The road through sentence-transformers: a saved model is loaded by folder, and exported it says the same without torch."""

import json
import shutil

import numpy as np
import pytest

from coding_service.errors import BundleError
from tests.suggesters.narratives import make_taxonomy

pytest.importorskip("torch", reason="torch comes with the encoder extra")
pytest.importorskip("onnx", reason="onnx comes with the encoder extra")
pytest.importorskip("sentence_transformers", reason="sentence-transformers comes with the encoder extra")

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "baby",
    "slept",
    "on",
    "couch",
    "court",
    "was",
    "adjourned",
    "mother",
]
SENTENCES = ["the baby slept on the couch", "court was adjourned", "mother"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny model with random weights, saved as sentence-transformers saves one."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    parts, folder = tmp_path_factory.mktemp("parts"), tmp_path_factory.mktemp("saved")
    (parts / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(parts / "vocab.txt")).save_pretrained(parts)
    sizes = {"vocab_size": len(WORDS), "hidden_size": 32, "intermediate_size": 64}
    config = BertConfig(**sizes, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=512)
    BertModel(config).save_pretrained(parts)
    SentenceTransformer(str(parts), device="cpu").save(str(folder))
    return folder


def test_a_folder_is_loaded(saved):
    from coding_service.suggesters.encoders import open_encoder

    encoder = open_encoder(str(saved))
    vectors = encoder.encode(SENTENCES)
    assert vectors.shape == (3, encoder.dimension) == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 32)


@pytest.mark.parametrize(("eight_bits", "least"), [(False, 0.9999), (True, 0.98)])
def test_exported_it_says_the_same(saved, tmp_path, eight_bits, least):
    """Guarantee: the torch-free form gives the vectors of the original, up to its rounding, of clauses as well."""
    from sentence_transformers import SentenceTransformer

    from coding_service.suggesters.encoder import ExportedEncoder
    from coding_service.suggesters.encoder_torch import SentenceTransformerEncoder, export_encoder

    export_encoder(str(saved), tmp_path / "exported", eight_bits=eight_bits)
    exported = ExportedEncoder(tmp_path / "exported", threads=1)
    published = SentenceTransformer(str(saved), device="cpu").encode(SENTENCES, normalize_embeddings=True)
    assert (exported.encode(SENTENCES) * published).sum(axis=1).min() > least
    long = "the baby slept on the couch, and the mother was on court; the court was adjourned"
    ours, theirs = exported.read([long, *SENTENCES]), SentenceTransformerEncoder(str(saved)).read([long, *SENTENCES])
    assert ours.first.tolist() == theirs.first.tolist() == [0, 3, 4, 5, 6]
    assert (ours.vectors * theirs.vectors).sum(axis=1).min() > least
    assert (ours.clauses * theirs.clauses).sum(axis=1).min() > least
    assert json.loads((tmp_path / "exported" / "encoder.json").read_text())["dimension"] == 32


def test_tuning_learns_codes_and_the_words_that_tell_them(saved, tmp_path):
    """Guarantee: an encoder tuned on a few sentences scores them right, and finds the quoted words, without torch."""
    from coding_service.corpus import CodedNarrative
    from coding_service.suggesters.encoder import ExportedEncoder
    from coding_service.suggesters.encoder_torch import tune_encoder
    from coding_service.suggesters.quotes import quote_heads
    from coding_service.suggesters.tuned import TunedParameters, tuning_rows
    from coding_service.suggesters.tuning import Tuning, by_code

    taxonomy = make_taxonomy()
    told, quote = "the mother was on court the baby slept on the couch", "slept on the couch"
    at = told.index(quote)
    corpus = [
        CodedNarrative(f"{row}", text, codes=codes, evidence={code: ((at, at + len(quote)),) for code in codes})
        for row in range(20)
        for text, codes in ((told, ("sleep",)), ("court was adjourned the mother was on court", ()))
    ]
    options = TunedParameters(encoder=str(saved), epochs=20, learning_rate=3e-3, head_rate=3e-2)
    rows = tuning_rows(corpus, taxonomy, lambda: pytest.fail("Every place is known."))
    heads = tune_encoder(options, rows, taxonomy, tmp_path / "tuned", seed=1)
    encoder, column = ExportedEncoder(tmp_path / "tuned", threads=1), taxonomy.index["sleep"]
    tuning = Tuning(heads=by_code(heads.sentences, taxonomy), quotes=by_code(heads.quotes, taxonomy))
    marks = quote_heads(tuning, taxonomy)
    read = encoder.read([corpus[0].text, corpus[1].text, ""], marks)
    np.testing.assert_array_equal(read.vectors[:2], encoder.encode([corpus[0].text, corpus[1].text]))
    runs, scores = read.runs, heads.sentences.logits(read.vectors)[:, column]
    assert scores[0] > 0 > scores[1]
    assert runs[0, column].tolist() == [at, at + len(quote)]
    assert runs.shape == (3, len(taxonomy.code_ids), 2)


def test_a_model_that_does_not_pool_by_the_mean_is_refused(saved, tmp_path):
    """Guarantee: what would be served otherwise than it was published is refused, by name."""
    from coding_service.suggesters.encoders import open_encoder

    folder = shutil.copytree(saved, tmp_path / "first-piece")
    path = folder / "1_Pooling" / "config.json"
    content = json.loads(path.read_text())
    content |= {"pooling_mode": "cls"} if "pooling_mode" in content else {}
    content |= {name: name.endswith("cls_token") for name in content if name.startswith("pooling_mode_")}
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError, match=r"first-piece.*plain mean"):
        open_encoder(str(folder))


def test_what_cannot_be_loaded_is_told(tmp_path):
    from coding_service.suggesters.encoders import open_encoder

    with pytest.raises(BundleError, match="cannot be loaded"):
        open_encoder(str(tmp_path / "nothing"))
