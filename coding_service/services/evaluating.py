"""Measures a bundle on coded narratives that it was not trained on: codes, probabilities and evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import read_corpus
from coding_service.corpus.labels import Labels, label_matrix
from coding_service.errors import ConflictError, CorpusError, InputError, TaxonomyMismatchError
from coding_service.metrics.evaluation import evaluate, evaluate_slices
from coding_service.services.contrast_quality import contrast_quality
from coding_service.services.evidence_quality import evidence_quality
from coding_service.services.figures import headline
from coding_service.services.training import group_key
from coding_service.suggesters.bundle import Bundle
from coding_service.suggestions.scores import Floats
from coding_service.taxonomy import Taxonomy

GROUP = "group"
NO_VALUE = "(none)"
_SHOWN_IDS = 3


@dataclass(frozen=True)
class Options:
    """How a bundle is measured.

    Parameters
    ----------
    by : str
        ``group`` or a key of ``meta``: figures for each of its values, besides those for all; empty for none.
    as_listed : bool
        Whether the codes are scored exactly as the corpus lists them, without the themes that they imply.
    allow_overlap : bool
        Whether narratives whose group trained the bundle may be measured, too.
    draws : int
        Draws of the bootstrap.
    """

    by: str = ""
    as_listed: bool = False
    allow_overlap: bool = False
    draws: int = 1000


@dataclass(frozen=True)
class Judged:
    """Labels and suggestions over the same narratives and codes.

    Parameters
    ----------
    labels : ndarray of shape (n_narratives, n_codes), int8
        1 present, 0 absent, -1 unknown.
    probabilities : ndarray of shape (n_narratives, n_codes)
        In [0, 1].
    suggested : ndarray of shape (n_narratives, n_codes), bool
        What is in band ``suggested``.
    """

    labels: Labels
    probabilities: Floats
    suggested: NDArray[np.bool_]


def read_narratives(paths: Sequence[str], split: str = "") -> list[CodedNarrative]:
    """Read the narratives of one split from corpus files, whatever their taxonomy.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorpusError
        If a line breaks the format, or the split is empty.
    """
    narratives = [narrative for path in paths for narrative in read_corpus(path)]
    chosen = [narrative for narrative in narratives if split in ("", narrative.split)]
    if not chosen:
        splits = sorted({narrative.split or NO_VALUE for narrative in narratives})
        raise CorpusError(f"No narrative is in split {split!r}.", hint=f"There are: {', '.join(splits)}.")
    return chosen


def evaluate_bundle(
    bundle: Bundle,
    narratives: Sequence[CodedNarrative],
    options: Options,
    *,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure a bundle.

    Parameters
    ----------
    bundle : Bundle
        The bundle.
    narratives : sequence of CodedNarrative
        Coded by its taxonomy.
    options : Options
        How.
    step : callable
        Told what is being done.

    Returns
    -------
    dict
        JSON-ready: ``bundle``, ``taxonomy``, ``as_listed``, ``overlap`` (how many groups trained the bundle),
        ``figures`` (one row for all and one for each value of ``by``), ``evidence``,
        ``contrast_pairs`` and ``codes``.

    Raises
    ------
    TaxonomyMismatchError
        If the narratives carry ids that the bundle does not know.
    ConflictError
        If some of their groups trained the bundle, and that is not allowed.
    InputError
        If no narrative has the key ``by``.
    """
    refuse_foreign(bundle, narratives)
    slices = slices_by(narratives, options.by)
    overlap = count_overlap([bundle], narratives, allowed=options.allow_overlap)
    step(f"scoring {len(narratives)} narratives")
    scores = bundle.suggest([narrative.text for narrative in narratives])
    judged = judge(bundle, scores.values, narratives, as_listed=options.as_listed)
    groups = group_names(narratives)
    step("drawing intervals")
    code_ids = bundle.taxonomy.code_ids
    whole = evaluate(
        judged.labels, judged.probabilities, judged.suggested, code_ids=code_ids, groups=groups, draws=options.draws
    ).to_dict()
    parts = evaluate_slices(
        judged.labels,
        judged.probabilities,
        judged.suggested,
        slices=slices,
        code_ids=code_ids,
        groups=groups,
        draws=1 if options.by == GROUP else options.draws,
    )
    by_value = {name: part.to_dict() for name, part in parts.items()}
    return {
        **bundle.envelope.to_dict(),
        "as_listed": options.as_listed,
        "overlap": overlap,
        "figures": [headline("all", whole), *(headline(name, part) for name, part in by_value.items())],
        "evidence": evidence_quality(narratives, scores, judged.suggested & (judged.labels == 1), bundle.taxonomy),
        "contrast_pairs": contrast_quality(
            narratives, judged.labels, judged.probabilities, judged.suggested, bundle.taxonomy
        ),
        "codes": _with_thresholds(whole["codes"], bundle),
        "by": {"key": options.by, "values": {name: part["codes"] for name, part in by_value.items()}},
    }


def refuse_foreign(bundle: Bundle, narratives: Sequence[CodedNarrative]) -> None:
    """Refuse narratives that carry ids which are no selectable codes of the bundle's taxonomy.

    Raises
    ------
    TaxonomyMismatchError
        Names the first few.
    """
    unknown = foreign_ids(bundle.taxonomy, narratives)
    if unknown:
        shown = ", ".join(map(repr, unknown[:_SHOWN_IDS]))
        raise TaxonomyMismatchError(
            f"The corpus carries {len(unknown)} ids, such as {shown}, that are no codes of {bundle.taxonomy.id!r} "
            f"{bundle.taxonomy.version}, the taxonomy of bundle {bundle.id!r}.",
            hint="Name a bundle that was trained with the taxonomy of the corpus.",
        )


def foreign_ids(taxonomy: Taxonomy, narratives: Sequence[CodedNarrative]) -> list[str]:
    """List the ids of narratives that a taxonomy does not have, sorted."""
    listed = {code_id for narrative in narratives for code_id in (*narrative.codes, *narrative.unknown)}
    return sorted(listed - set(taxonomy.code_ids))


def count_overlap(bundles: Sequence[Bundle], narratives: Sequence[CodedNarrative], *, allowed: bool) -> dict[str, int]:
    """Count the groups of narratives that a bundle was trained on.

    Returns
    -------
    dict
        ``groups`` and ``narratives`` that trained one of the bundles, and ``of_groups``, all that there are.

    Raises
    ------
    ConflictError
        If there are any and that is not allowed.
    """
    trained = {key for bundle in bundles for corpus in bundle.manifest.get("corpora", ()) for key in corpus["groups"]}
    keys = [group_key(narrative) for narrative in narratives]
    seen = [key for key in keys if key in trained]
    overlap = {"groups": len(set(seen)), "narratives": len(seen), "of_groups": len(set(keys))}
    if seen and not allowed:
        raise ConflictError(
            f"{overlap['groups']} of the {overlap['of_groups']} groups of the corpus, with {len(seen)} narratives, "
            f"trained {' or '.join(repr(bundle.id) for bundle in bundles)}: their figures would flatter.",
            hint="Measure a split that does not train, such as --split test, or say --allow-overlap.",
        )
    return overlap


def judge(
    bundle: Bundle, probabilities: Floats, narratives: Sequence[CodedNarrative], *, as_listed: bool = False
) -> Judged:
    """Set labels and suggestions of a bundle side by side.

    Parameters
    ----------
    bundle : Bundle
        The bundle.
    probabilities : ndarray of shape (n_narratives, n_codes)
        What it says of the narratives.
    narratives : sequence of CodedNarrative
        Coded by its taxonomy.
    as_listed : bool
        Whether labels stay as listed; a theme is then suggested only where no sub-theme of it is, and its probability
        is what exceeds that of its most probable sub-theme.
    """
    taxonomy = bundle.taxonomy
    labels = label_matrix(narratives, taxonomy, close=not as_listed)
    suggested = bundle.suggested(probabilities)
    if not as_listed:
        return Judged(labels, probabilities, suggested)
    below, told_below = np.zeros_like(probabilities), np.zeros_like(suggested)
    for child, parent in taxonomy.levels:
        below[:, parent] = np.maximum(below[:, parent], probabilities[:, child])
        told_below[:, parent] |= suggested[:, child]
    return Judged(labels, probabilities - below, suggested & ~told_below)


def slices_by(narratives: Sequence[CodedNarrative], key: str) -> dict[str, NDArray[np.bool_]]:
    """Find the narratives of each value of a key; none for an empty key.

    Raises
    ------
    InputError
        If no narrative has the key.
    """
    if not key:
        return {}
    values = group_names(narratives) if key == GROUP else [str(n.meta.get(key, NO_VALUE)) for n in narratives]
    if set(values) == {NO_VALUE}:
        known = sorted({name for narrative in narratives for name in narrative.meta})
        raise InputError(
            f"No narrative of the corpus has {key!r} in its meta.", hint=f"There are: {', '.join([GROUP, *known])}."
        )
    return {value: np.array([own == value for own in values]) for value in sorted(set(values))}


def group_names(narratives: Sequence[CodedNarrative]) -> list[str]:
    """Give the group of each narrative; one without is a group of its own."""
    return [narrative.unit for narrative in narratives]


def _with_thresholds(codes: Sequence[dict[str, Any]], bundle: Bundle) -> list[dict[str, Any]]:
    return [
        {**row, "name": bundle.taxonomy.get(row["code"]).name, "threshold": float(threshold)}
        for row, threshold in zip(codes, bundle.thresholds, strict=True)
    ]
