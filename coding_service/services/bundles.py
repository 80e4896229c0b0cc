"""What can be told of the bundles on the shelf without loading them."""

import json
from collections.abc import Mapping
from typing import Any

from coding_service.errors import BundleError, CodingError
from coding_service.services.shelf import Jurisdiction, Shelf
from coding_service.suggesters.bundle import METRICS

_PER_CODE = {"codes", "by_family"}


def list_bundles(shelf: Shelf, jurisdiction: Jurisdiction = None) -> list[dict[str, Any]]:
    """Sum up each bundle that may be served to a jurisdiction, by name.

    Returns
    -------
    list of dict
        Keys ``id``, ``current``, ``suggester``, ``taxonomy``, ``trained_at``, ``micro_f1``, ``macro_f1`` and
        ``problem``, the code of the error for a bundle whose manifest or metrics cannot be read.
    """
    return [_summary(shelf, name, jurisdiction) for name in shelf.names(jurisdiction)]


def describe_bundle(shelf: Shelf, name: str, jurisdiction: Jurisdiction = None) -> dict[str, Any]:
    """Tell of one bundle that may be served to a jurisdiction.

    Returns
    -------
    dict
        Keys ``id``, ``current``, ``manifest`` and ``metrics``: the figures over all codes, by cross-validation and
        on the test split of each corpus.

    Raises
    ------
    NotFoundError
        If there is no such bundle.
    BundleError
        If its manifest or its metrics cannot be read.
    """
    manifest = shelf.manifest(name, jurisdiction)
    corpora = [_without(corpus, {"groups"}) for corpus in manifest["corpora"]]
    return {
        "id": name,
        "current": name == shelf.current(jurisdiction),
        "manifest": {**manifest, "corpora": corpora},
        "metrics": _headline(shelf, name),
    }


def _summary(shelf: Shelf, name: str, jurisdiction: Jurisdiction) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": name,
        "current": name == shelf.current(jurisdiction),
        **dict.fromkeys(("suggester", "taxonomy", "trained_at", "micro_f1", "macro_f1", "problem")),
    }
    try:
        manifest = shelf.manifest(name)
        figures = _headline(shelf, name)["cross_validation"]
    except CodingError as error:
        return row | {"problem": error.code}
    return row | {
        "suggester": manifest["suggester"],
        "taxonomy": {"id": manifest["taxonomy"]["id"], "version": manifest["taxonomy"]["version"]},
        "trained_at": manifest["trained_at"],
        "micro_f1": figures["micro"]["point"],
        "macro_f1": figures["macro"]["point"],
    }


def _headline(shelf: Shelf, name: str) -> dict[str, Any]:
    path = shelf.path(name) / METRICS
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        return {
            "cross_validation": _without(metrics["cross_validation"], _PER_CODE),
            "test_splits": {
                corpus: _without(figures, _PER_CODE) for corpus, figures in metrics.get("test_splits", {}).items()
            },
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"The metrics of bundle {name!r} cannot be read.", hint="Restore the bundle, or train it anew."
        ) from error


def _without(content: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}
