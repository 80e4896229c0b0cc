"""Counts what a corpus holds: per code, per split, per cause."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coding_service.corpus.labels import PRESENT, UNKNOWN, label_matrix
from coding_service.corpus.narrative import CodedNarrative
from coding_service.taxonomy import Taxonomy


@dataclass(frozen=True)
class CodeCounts:
    """Counts of one code.

    Parameters
    ----------
    code, name : str
        Its id and what people read.
    positives, unknown, counters : int
        Narratives that carry it, that leave it open, and that use its words without deserving it.
    groups : int
        Groups with at least one positive.
    with_evidence : int
        Narratives that say where the text tells it.
    """

    code: str
    name: str
    positives: int
    unknown: int
    counters: int
    groups: int
    with_evidence: int


@dataclass(frozen=True)
class CorpusStats:
    """Counts of a whole corpus.

    Parameters
    ----------
    narratives, groups, words : int
        How many there are; a narrative without ``group`` is a group of its own.
    median_words, longest_words : float
        Words of a narrative.
    codes_per_narrative : float
        Mean number of codes, themes of sub-themes included.
    without_code : int
        Narratives that carry no code.
    incomplete : int
        Narratives whose unlisted codes nobody judged.
    splits, causes, jurisdictions : mapping of str to int
        Narratives of each; the empty name stands for those that name none.
    codes : tuple of CodeCounts
        In the order of the taxonomy.
    """

    narratives: int
    groups: int
    words: int
    median_words: float
    longest_words: int
    codes_per_narrative: float
    without_code: int
    incomplete: int
    splits: Mapping[str, int]
    causes: Mapping[str, int]
    jurisdictions: Mapping[str, int]
    codes: tuple[CodeCounts, ...]


def corpus_stats(narratives: Sequence[CodedNarrative], taxonomy: Taxonomy) -> CorpusStats:
    """Count what a corpus holds.

    Parameters
    ----------
    narratives : sequence of CodedNarrative
        The corpus, at least one narrative.
    taxonomy : Taxonomy
        The taxonomy that it was coded with.

    Returns
    -------
    CorpusStats
        The counts.

    Raises
    ------
    CorpusError
        If a narrative carries an id that is not a selectable code of the taxonomy.
    """
    labels = label_matrix(narratives, taxonomy)
    present = labels == PRESENT
    words = np.array([len(narrative.text.split()) for narrative in narratives])
    groups = np.array([f"group {n.group}" if n.group else f"narrative {n.id}" for n in narratives])
    evidence = Counter(code for narrative in narratives for code in narrative.evidence)
    counters = Counter(code for narrative in narratives for code in narrative.counters)
    return CorpusStats(
        narratives=len(narratives),
        groups=len(np.unique(groups)),
        words=int(words.sum()),
        median_words=float(np.median(words)),
        longest_words=int(words.max()),
        codes_per_narrative=float(present.sum(axis=1).mean()),
        without_code=int((~present.any(axis=1)).sum()),
        incomplete=sum(not narrative.complete for narrative in narratives),
        splits=_tally([narrative.split for narrative in narratives]),
        causes=_tally([str(narrative.meta.get("cause", "")) for narrative in narratives]),
        jurisdictions=_tally([str(narrative.meta.get("jurisdiction", "")) for narrative in narratives]),
        codes=tuple(
            CodeCounts(
                code=code,
                name=taxonomy.nodes[code].name,
                positives=int(present[:, column].sum()),
                unknown=int((labels[:, column] == UNKNOWN).sum()),
                counters=counters[code],
                groups=len(np.unique(groups[present[:, column]])),
                with_evidence=evidence[code],
            )
            for column, code in enumerate(taxonomy.code_ids)
        ),
    )


def _tally(names: Sequence[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
