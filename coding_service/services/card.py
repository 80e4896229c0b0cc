"""Writes the model card of a bundle, README.md and its plots, from nothing but what lies in its folder."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coding_service.errors import BundleError, MissingExtraError
from coding_service.services.figures import headline, headlines
from coding_service.services.plots import PRECISION_RECALL, RELIABILITY, draw_plots
from coding_service.suggesters.bundle import CALIBRATION, CARD, METRICS, TAXONOMY, read_manifest
from coding_service.suggestions.render import FEW_EXAMPLES
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.files import taxonomy_from_dict

PLOTS = "plots"
NONE = "–"  # noqa: RUF001 - a dash for people to read

INTENDED = (
    "Suggests codes of its taxonomy for the narratives of Improvement Opportunities from critical-incident reviews in "
    "child welfare: short texts, in English, on what a system could have done better or what a family needed. Each "
    "suggestion comes with a probability and the words it rests on. A trained person reads them and decides."
)
NOT_INTENDED = (
    "Deciding without a person: a suggestion is where to look, not a finding.",
    "Judging a worker, a caregiver or a family, or predicting risk: the codes describe systems and needs.",
    "Case notes, hotline reports, news or any other text than it was trained on.",
    "Counting themes: numbers of suggestions are not numbers of themes. Count what people decided.",
)
LIMITS = (
    (
        "The figures tell how far suggestions match the labels of the corpora named here, on texts like theirs. "
        "Measure it on narratives of your own with `io-coding evaluate` before relying on it."
    ),
    (
        "The figures are not prevalence: how often a code occurs in these corpora says nothing of how often it occurs "
        "in reviews."
    ),
    (
        "Intervals cover which groups happened to be in the corpus. They do not cover how differently readers code; "
        "what is known of the readers of a corpus stands in its datasheet."
    ),
    (
        f"Where fewer than {FEW_EXAMPLES} examples of a code were seen, a suggestion says `few examples` and its "
        "probability is not to be trusted."
    ),
    "It never decides.",
)


PER_CODE = (
    "Examples are those the code was trained on, support those it was measured on. The figures are cross-validated; "
    "the threshold is the one in use."
)


@dataclass(frozen=True)
class _Content:
    """What the folder of a bundle says."""

    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    taxonomy: Taxonomy
    thresholds: Sequence[float]
    support: Sequence[float]


def render_card(folder: Path) -> None:
    """Write the card into the folder of a bundle, over an older one.

    Parameters
    ----------
    folder : Path
        Holds all files of the bundle. Without matplotlib the card comes without plots, and says so.

    Raises
    ------
    NotFoundError
        If the folder is no bundle.
    BundleError
        If a file that the card tells of cannot be read.
    """
    content = _read(folder)
    try:
        draw_plots(content.metrics["curves"], folder / PLOTS)
        plotted = True
    except (MissingExtraError, KeyError):
        plotted = False
    (folder / CARD).write_text(_card(content, folder.name, plotted=plotted), encoding="utf-8")


def _read(folder: Path) -> _Content:
    manifest = read_manifest(folder)
    try:
        taxonomy, metrics, calibration = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in (TAXONOMY, METRICS, CALIBRATION)
        )
        tree = taxonomy_from_dict(taxonomy)
        return _Content(manifest, metrics, tree, calibration["thresholds"], calibration["support"])
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(
            f"The card of {folder} cannot be written: a file of the bundle cannot be read ({type(error).__name__}).",
            hint="Restore the bundle, or train it anew.",
        ) from error


def _card(content: _Content, name: str, *, plotted: bool) -> str:
    """Lay out the sections."""
    manifest = content.manifest
    recipe = manifest.get("recipe", {})
    title = str(manifest.get("id") or name)
    sections = [
        (f"# Model card: {title}", [_opening(content)]),
        ("## Intended use", [INTENDED]),
        ("## Not intended", [_bullets(NOT_INTENDED)]),
        ("## Taxonomy", [_taxonomy(content)]),
        ("## Trained on", [_corpora(manifest.get("corpora", ()))]),
        ("## How it was measured", [_measured(content)]),
        ("## Figures", [_figures(headlines(content.metrics), "Measured on"), *_families(content.metrics)]),
        ("## Calibration and curves", [_plots(plotted=plotted)]),
        ("## Per code", [PER_CODE, _per_code(content)]),
        ("## Limits", [_bullets((*recipe.get("limits", ()), *LIMITS))]),
        ("## How it was made", [_made(manifest)]),
    ]
    return "\n\n".join("\n\n".join((heading, *paragraphs)) for heading, paragraphs in sections) + "\n"


def _opening(content: _Content) -> str:
    manifest = content.manifest
    purpose = manifest.get("recipe", {}).get("description", "")
    what = f"A trained suggester of the kind `{manifest['suggester']}` for the service io-coding."
    return f"{what} {purpose}".strip()


def _taxonomy(content: _Content) -> str:
    taxonomy = content.taxonomy
    title = f"{taxonomy.title} (`{taxonomy.id}` {taxonomy.version})"
    return f"{title}, {len(taxonomy.code_ids)} codes that a narrative can carry; sha256 `{taxonomy.sha256[:16]}`."


def _corpora(corpora: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (corpus["name"], corpus["n_narratives"], corpus["n_groups"], f"`{corpus['fingerprint'][:16]}`")
        for corpus in corpora
    ]
    return _table(("Corpus", "Narratives", "Groups", "Fingerprint"), rows)


def _measured(content: _Content) -> str:
    recipe = content.manifest.get("recipe", {})
    folds = recipe.get("folds") or content.metrics["cross_validation"].get("folds")
    left_out = recipe.get("measured_folds") or folds
    remembered = content.metrics["cross_validation"].get("remembered", 0)
    told = (
        f"{remembered} narratives, on which the encoder had been tuned, count with the scores that came with it, by "
        "siblings of it that were tuned without them. "
        if remembered
        else ""
    )
    return (
        f"The corpus was cut into {folds} folds by group, near-duplicates kept together; {left_out} of them, each "
        f"scored by a sibling that was trained on the others, make the cross-validation. {told}Calibration and "
        "thresholds behind its figures come from other narratives than those measured. Test splits and the other "
        "sets named below never train. A code counts as suggested from its threshold on, and with it the themes "
        "above it; what nobody judged is left out. Micro F1 pools all codes, macro F1 is the mean over the codes "
        "with three positives or more. ECE is the calibration error over ten bins. In brackets: 95 % intervals, "
        "resampled by group."
    )


def _figures(rows: Iterable[Mapping[str, Any]], heading: str) -> str:
    columns = (heading, "Narratives", "Groups", "Micro F1", "Macro F1", "Codes", "P", "R", "MAP", "LRAP")
    return _table(
        (*columns, "Exact", "ECE"),
        [
            (
                row["set"],
                row["n_narratives"],
                row["n_groups"],
                _interval(row["micro_f1"], row["micro_low"], row["micro_high"]),
                _interval(row["macro_f1"], row["macro_low"], row["macro_high"]),
                row["n_codes_scored"],
                *(_number(row[key]) for key in ("precision", "recall", "mean_average_precision", "lrap")),
                *(_number(row[key]) for key in ("exact_match", "ece")),
            )
            for row in rows
        ],
    )


def _families(metrics: Mapping[str, Any]) -> list[str]:
    parts = metrics["cross_validation"].get("by_family", {})
    if not parts:
        return []
    rows = [headline(name, part) for name, part in parts.items()]
    return ["Cross-validation by kind of source:", _figures(rows, "Family")]


def _plots(*, plotted: bool) -> str:
    if not plotted:
        return "The plots are missing, because matplotlib was: `pip install 'io-coding[train]'` brings it."
    return (
        f"![Reliability: share present by probability]({PLOTS}/{RELIABILITY})\n"
        f"![Precision and recall over all codes]({PLOTS}/{PRECISION_RECALL})\n\n"
        "Left: of the pairs that got a probability, the share that was present, with the number of pairs; on the "
        "dashed line they are equal; below .10 nothing is drawn. Right: precision and recall over all codes as the "
        "threshold falls."
    )


def _per_code(content: _Content) -> str:
    columns = ("Name", "Code", "Examples", "Support", "P", "R", "F1", "Kappa", "AP", "ECE", "Threshold")
    known = zip(content.taxonomy.code_ids, content.support, content.thresholds, strict=True)
    learned = {code_id: (examples, threshold) for code_id, examples, threshold in known}
    rows = [
        (
            content.taxonomy.get(row["code"]).name,
            f"`{row['code']}`",
            f"{learned[row['code']][0]:.0f}",
            row["support"],
            _number(row["precision"]),
            _number(row["recall"]),
            _interval(row["f1"], row["f1_low"], row["f1_high"]),
            *(_number(row[key]) for key in ("kappa", "average_precision", "ece")),
            _number(learned[row["code"]][1]),
        )
        for row in content.metrics["cross_validation"]["codes"]
    ]
    return _table(columns, rows)


def _made(manifest: Mapping[str, Any]) -> str:
    parameters = json.dumps(manifest["parameters"], sort_keys=True)
    versions = ", ".join(f"{library} {version}" for library, version in manifest.get("versions", {}).items())
    return _bullets(
        (
            (
                f"Recipe `{manifest.get('recipe', {}).get('name', '')}`, seed {manifest.get('seed')}, "
                f"trained {manifest.get('trained_at', '')}"
            ),
            f"Parameters `{parameters}`",
            f"Versions: {versions}",
        )
    )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _interval(point: float | None, low: float | None, high: float | None) -> str:
    return _number(point) if low is None or high is None else f"{_number(point)} ({_number(low)}, {_number(high)})"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
