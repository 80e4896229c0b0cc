"""The one row in which every report sums up an evaluation, and the rows of all that a bundle was measured on."""

from collections.abc import Mapping
from typing import Any

CROSS_VALIDATION = "cross-validation"


def headline(name: str, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up an evaluation.

    Parameters
    ----------
    name : str
        What was measured on.
    evaluation : mapping
        As `Evaluation.to_dict` gives it.

    Returns
    -------
    dict
        Flat: ``set``, sizes, F1 with its bounds and further scores; None where undefined.
    """
    return {
        "set": name,
        "n_narratives": evaluation["n_narratives"],
        "n_groups": evaluation["n_groups"],
        "micro_f1": evaluation["micro"]["point"],
        "micro_low": evaluation["micro"]["low"],
        "micro_high": evaluation["micro"]["high"],
        "macro_f1": evaluation["macro"]["point"],
        "macro_low": evaluation["macro"]["low"],
        "macro_high": evaluation["macro"]["high"],
        "n_codes_scored": evaluation["n_codes_scored"],
        "precision": evaluation["micro_precision"],
        "recall": evaluation["micro_recall"],
        "mean_average_precision": evaluation["mean_average_precision"],
        "lrap": evaluation["lrap"],
        "exact_match": evaluation["exact_match"],
        "ece": evaluation["ece"],
    }


def headlines(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sum up everything that ``metrics.json`` of a bundle holds, families apart.

    Returns
    -------
    list of dict
        Cross-validation, then test splits, then corpora that were only measured; see `headline`.
    """
    return [
        headline(CROSS_VALIDATION, metrics["cross_validation"]),
        *(headline(f"test split of {name}", part) for name, part in metrics.get("test_splits", {}).items()),
        *(headline(name, part) for name, part in metrics.get("measured", {}).items()),
    ]
