"""The sentence suggester: sentences are encoded, scored per code and pooled; evidence falls out of their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import UNKNOWN, label_matrix
from coding_service.suggesters.arrays import load_arrays, save_arrays
from coding_service.suggesters.blend import choose_blend, held_out
from coding_service.suggesters.embeddings import CachedEncoder
from coding_service.suggesters.encoder import Encoder, ReadSentences
from coding_service.suggesters.encoders import open_encoder, save_encoder
from coding_service.suggesters.heads import Heads, Rows, fit_heads
from coding_service.suggesters.lexical import LexicalSuggester
from coding_service.suggesters.parameters import read_parameters
from coding_service.suggesters.priors import definition_rows, prior_heads
from coding_service.suggesters.quotes import quote_heads
from coding_service.suggesters.sentence_labels import SentenceLabels, label_sentences
from coding_service.suggesters.sentences import split_sentences
from coding_service.suggesters.tuning import Blend, Remembered
from coding_service.suggestions import Scores
from coding_service.suggestions.scores import Floats, Spans
from coding_service.taxonomy import Taxonomy

ENCODER = "encoder"
LEXICAL = "lexical"
HEADS = "heads.safetensors"
HEAD_ARRAYS = ("sentence_weights", "sentence_intercepts", "narrative_weights", "narrative_intercepts")


@dataclass(frozen=True)
class SentenceParameters:
    """Parameters of the sentence suggester."""

    encoder: str = "starter"
    """``starter`` for the encoder of the shipped bundle, a folder, or the hub name of a sentence-transformers model."""
    strength: Annotated[float, Field(gt=0)] = 3.0
    """Inverse of the regularisation of the heads."""
    rounds: Annotated[int, Field(ge=1, le=10)] = 2
    """Times that the telling sentence of a positive narrative without evidence is looked for."""
    blend: Blend | None = None
    """Weights of the best sentence, the narrative read at once and its words; left out, chosen on a held-out
    fifth, where that holds enough to tell."""


@dataclass(frozen=True)
class _Read:
    """Narratives cut into sentences and encoded; sentences are rows, those of one narrative together."""

    spans: tuple[Spans, ...]
    first: NDArray[np.int64]
    sentences: ReadSentences

    def of(self, matrix: Any, row: int) -> Any:
        """Give the rows of a per-sentence array that belong to one narrative."""
        return matrix[self.first[row] : self.first[row + 1]]

    def quotes(self) -> tuple[Spans, ...]:
        """Give the words that tell each code, as offsets in the narratives; empty where none were looked for."""
        runs = self.sentences.runs
        if runs is None:
            return ()
        return tuple(self.of(runs, row) + cuts[:, :1, None] for row, cuts in enumerate(self.spans))


@dataclass(frozen=True)
class Learned:
    """What ``fit`` leaves behind."""

    sentence: Heads
    narrative: Heads
    lexical: LexicalSuggester
    quote: Heads | None = None
    """Tells the words of a sentence; comes with an encoder that was tuned on quotes."""


class SentenceSuggester:
    """Blends three readings of a narrative: its most telling sentence, all of it at once, and its words."""

    name: ClassVar[str] = "sentence"

    def __init__(
        self,
        options: SentenceParameters,
        cache: Path | None = None,
        *,
        encoder: Encoder | None = None,
        learned: Learned | None = None,
    ) -> None:
        self._options = options
        self._cache = cache
        self._encoder = encoder
        blank = Heads.blank(0, 0)
        self._learned = learned or Learned(blank, blank, LexicalSuggester.from_parameters({}))

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], *, cache: Path | None = None) -> Self:
        """See `Suggester.from_parameters`."""
        return cls(read_parameters(SentenceParameters, parameters, cls.name), cache)

    def parameters(self) -> dict[str, Any]:
        """See `Suggester.parameters`."""
        return asdict(self._options)

    @property
    def encoder(self) -> Encoder:
        """The encoder, opened on first use."""
        if self._encoder is None:
            encoder = open_encoder(self.encoder_source)
            self._encoder = encoder if self._cache is None else CachedEncoder(encoder, self._cache)
        return self._encoder

    @property
    def encoder_source(self) -> str:
        """Reference of the encoder."""
        return self._options.encoder

    def recall(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy) -> Remembered:
        """Tell which pairs the encoder was tuned on, with honest scores where it kept some."""
        return self.encoder.tuning.recall([narrative.text for narrative in narratives], taxonomy)

    def fit(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:
        """See `Suggester.fit`."""
        blend = self._options.blend or self._choose_blend(narratives, taxonomy, seed)
        self._options = replace(self._options, blend=blend)
        texts = [narrative.text for narrative in narratives]
        read, labels = self._read(texts), label_matrix(narratives, taxonomy)
        trust = np.array([narrative.weight for narrative in narratives])
        # What the encoder was tuned on has already shaped its heads: counting it twice would only make them surer, and
        # leaving it out would let a few new narratives undo it.
        seen = self.recall(narratives, taxonomy).seen
        told = label_sentences(narratives, np.where(seen, UNKNOWN, labels).astype(np.int8), read.spans, taxonomy)
        sentence = self._fit_sentences(read, told, np.repeat(seen, np.diff(read.first), axis=0), trust, taxonomy)
        # A reading that the blend leaves out would only take time.
        narrative = Heads.blank(self.encoder.dimension, len(taxonomy.code_ids))
        if blend[1]:
            whole = Rows(self.encoder.encode(texts), labels, trust)
            narrative = fit_heads(whole, sentence, strength=self._options.strength)
        lexical = LexicalSuggester.from_parameters({})
        if blend[2]:
            lexical.fit(narratives, taxonomy, seed=seed)
        self._learned = Learned(sentence, narrative, lexical, quote_heads(self.encoder.tuning, taxonomy))
        return self

    def _choose_blend(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, seed: int) -> Blend:
        """Take the blend that came with a tuned encoder, or choose one on a held-out fifth."""
        tuning = self.encoder.tuning
        if tuning.blend is not None and tuning.columns(taxonomy).all():
            return tuning.blend
        inner, outer = held_out(narratives, seed)
        trial = type(self)(replace(self._options, blend=(1.0, 1.0, 1.0)), self._cache, encoder=self.encoder)
        trial.fit([narratives[row] for row in inner], taxonomy, seed=seed)
        rest = [narratives[row] for row in outer]
        return choose_blend(trial.readings([narrative.text for narrative in rest]), label_matrix(rest, taxonomy))

    def _fit_sentences(
        self, read: _Read, labels: SentenceLabels, seen: NDArray[np.bool_], trust: Floats, taxonomy: Taxonomy
    ) -> Heads:
        prior, defined = prior_heads(self.encoder, taxonomy), definition_rows(self.encoder, taxonomy)
        phrases = np.where(self.encoder.tuning.columns(taxonomy), UNKNOWN, defined.labels).astype(np.int8)
        vectors, counts = read.sentences.vectors, np.diff(read.first)
        weights = np.concatenate([np.repeat(trust, counts), defined.weights])
        features = np.concatenate([vectors, defined.features])
        held = np.concatenate([seen, np.zeros(phrases.shape, dtype=bool)]) if seen.any() else None
        fitted = prior
        for _ in range(self._options.rounds if labels.open_pairs else 1):
            settled = labels.settle(fitted.logits(vectors), read.first)
            rows = Rows(features, np.concatenate([settled, phrases]), weights, held)
            fitted = fit_heads(rows, prior, strength=self._options.strength)
        return fitted

    def locate(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy) -> NDArray[np.int8]:
        """Label all sentences, a code without evidence as present in the one that heads over the encoder choose.

        Parameters
        ----------
        narratives : sequence of CodedNarrative
            Cut as `split_sentences` cuts them.
        taxonomy : Taxonomy
            Its codes are the columns.

        Returns
        -------
        ndarray of shape (n_sentences, n_codes), int8
            See `label_sentences`.
        """
        read = self._read([narrative.text for narrative in narratives])
        told = label_sentences(narratives, label_matrix(narratives, taxonomy), read.spans, taxonomy)
        trust = np.array([narrative.weight for narrative in narratives])
        heads = self._fit_sentences(read, told, np.zeros(told.labels.shape, dtype=bool), trust, taxonomy)
        return told.settle(_told(heads, read.sentences), read.first)

    def score(self, texts: Sequence[str]) -> Scores:
        """See `Suggester.score`."""
        read = self._read(texts, quote=self._learned.quote)
        told = _told(self._learned.sentence, read.sentences)
        scores = expit(told)
        return Scores(
            expit(np.tensordot(np.array(self._blend), self._readings(read, told, texts), axes=1)),
            read.spans,
            tuple(read.of(scores, row) for row in range(len(texts))),
            read.quotes(),
        )

    @property
    def _blend(self) -> Blend:
        return self._options.blend or (1.0, 0.0, 0.0)

    def readings(self, texts: Sequence[str]) -> Floats:
        """Give the log odds of the three readings, shape (3, n_narratives, n_codes); 0 if the blend leaves one out."""
        read = self._read(texts)
        return self._readings(read, _told(self._learned.sentence, read.sentences), texts)

    def _readings(self, read: _Read, told: Floats, texts: Sequence[str]) -> Floats:
        readings = np.zeros((3, len(texts), told.shape[1]))
        for row in range(len(texts)):
            own = read.of(told, row)
            readings[0, row] = own.max(axis=0) if len(own) else self._learned.sentence.intercepts
        if self._blend[1]:
            readings[1] = self._learned.narrative.logits(self.encoder.encode(texts))
        if self._blend[2]:
            readings[2] = self._learned.lexical.logits(texts)
        return readings

    def _read(self, texts: Sequence[str], *, quote: Heads | None = None) -> _Read:
        spans = tuple(split_sentences(text) for text in texts)
        sentences = [text[start:end] for text, cuts in zip(texts, spans, strict=True) for start, end in cuts]
        first = np.concatenate([[0], np.cumsum([len(cuts) for cuts in spans])]).astype(np.int64)
        return _Read(spans, first, self.encoder.read(sentences, quote))

    def save(self, folder: Path) -> None:
        """See `Suggester.save`."""
        arrays = (
            self._learned.sentence.weights.astype(np.float32),
            self._learned.sentence.intercepts,
            self._learned.narrative.weights.astype(np.float32),
            self._learned.narrative.intercepts,
        )
        save_arrays(folder / HEADS, dict(zip(HEAD_ARRAYS, arrays, strict=True)))
        (folder / LEXICAL).mkdir()
        self._learned.lexical.save(folder / LEXICAL)
        save_encoder(self.encoder_source, folder / ENCODER)

    @classmethod
    def load(cls, folder: Path, taxonomy: Taxonomy, parameters: Mapping[str, Any], *, threads: int = 0) -> Self:
        """See `Suggester.load`."""
        encoder = open_encoder(str(folder / ENCODER), threads=threads, serving=True)
        return cls(
            read_parameters(SentenceParameters, parameters, cls.name),
            encoder=encoder,
            learned=read_learned(folder, encoder, taxonomy),
        )


def read_learned(folder: Path, encoder: Encoder, taxonomy: Taxonomy) -> Learned:
    """Read what ``save`` wrote beside the encoder."""
    sentence, sentence_offsets, narrative, narrative_offsets = load_arrays(folder / HEADS, *HEAD_ARRAYS)
    return Learned(
        sentence=Heads(sentence, sentence_offsets),
        narrative=Heads(narrative, narrative_offsets),
        lexical=LexicalSuggester.load(folder / LEXICAL, taxonomy, {}),
        quote=quote_heads(encoder.tuning, taxonomy),
    )


def _told(heads: Heads, read: ReadSentences) -> Floats:
    """Give the log odds that each sentence tells each code: half by its whole, half by the clause that tells most.

    In the mean of a long sentence, a theme of few words drowns; a clause alone may have lost what it is about.
    """
    whole = heads.logits(read.vectors)
    if not len(whole):
        return whole
    return np.asarray((whole + np.maximum.reduceat(heads.logits(read.clauses), read.first[:-1], axis=0)) / 2)
