"""``io-coding compare``: whether one bundle is better than another."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coding_service.cli.evaluate import DrawsOption, OverlapOption, SplitOption
from coding_service.cli.groups import example, single_command
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.cli.status import status
from coding_service.cli.train import FIGURES, JurisdictionOption
from coding_service.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from coding_service.services.frozen_gold import FrozenGold
    from coding_service.settings import Settings

app = single_command()

CODES = {
    "code": "code",
    "support": "support",
    "first_f1": "first F1",
    "second_f1": "second F1",
    "point": "difference",
    "low": "low",
    "high": "high",
    "p_value": "p",
    "p_holm": "p (Holm)",
}
JURISDICTIONS = {
    "jurisdiction": "jurisdiction",
    "n_narratives": "narratives",
    "n_groups": "reviews",
    **{key: heading for key, heading in CODES.items() if key not in {"code", "support"}},
}


@app.command(
    epilog=example(
        "$ io-coding compare starter ours --corpus held-out.jsonl --format json",
        "$ io-coding compare starter ours --from-store",
    )
)
def compare(  # noqa: PLR0913 - options
    first: Annotated[str, typer.Argument(metavar="A", help="Name or folder of a bundle.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Name or folder of another; differences are B minus A.")],
    *,
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", metavar="FILE", help="A corpus file; - is standard input; may be repeated."),
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Compare on the blind reviews of the store that never train.")
    ] = False,
    jurisdiction: JurisdictionOption = "",
    snapshot: Annotated[
        str, typer.Option(metavar="FINGERPRINT", help="Of the store, the gold as it was frozen under this fingerprint.")
    ] = "",
    split: SplitOption = "",
    allow_overlap: OverlapOption = False,
    draws: DrawsOption = 1000,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Compare two bundles on the same narratives.

    By a paired bootstrap over groups; p is two-sided, and Holm corrects it for the number of codes. Where their
    taxonomies differ, the codes that both have are compared, with --from-store also those that a migration gave another
    id. CSV prints one row for each code, JSON one object with everything.
    """
    from coding_service.bootstrap import open_shelf, require_store
    from coding_service.services.comparing import compare_bundles
    from coding_service.services.evaluating import read_narratives
    from coding_service.services.frozen_gold import FrozenGold
    from coding_service.services.shared_names import call_bundles
    from coding_service.settings import Settings

    settings = Settings()
    if from_store == bool(corpus) or (not from_store and (jurisdiction or snapshot)):
        raise InputError(
            "Narratives come from files or from the store.", hint="Give --corpus, or --from-store and its options."
        )
    with status() as step:
        step("reading")
        bundles = [open_shelf(settings, name).get() for name in (first, second)]
        gold = read_narratives(corpus, split) if corpus else _frozen(settings, jurisdiction, snapshot)
        if isinstance(gold, FrozenGold):
            bundles = call_bundles(require_store(settings), bundles, gold.taxonomy)
        result = compare_bundles(bundles[0], bundles[1], gold, allow_overlap=allow_overlap, draws=draws, step=step)
    if output_format is Format.JSON:
        print_rows([result], (), output_format)
    else:
        _print(result, output_format)


def _print(result: dict[str, Any], output_format: Format) -> None:
    if output_format is Format.TABLE:
        print_rows(result["figures"], FIGURES, output_format)
        typer.echo()
        if result["jurisdictions"]:
            print_rows(result["jurisdictions"], JURISDICTIONS, output_format)
            typer.echo()
    print_rows(result["codes"], CODES, output_format)
    for name in ("micro", "macro"):
        _tell(f"{name.capitalize()} F1", result["differences"][f"{name}_f1"])
    left_out = len(result["only_first"]) + len(result["only_second"])
    if left_out:
        say(f"{left_out} codes that only one of the two knows were left out.")


def _frozen(settings: "Settings", jurisdiction: str, snapshot: str) -> "FrozenGold":
    from coding_service.bootstrap import require_store
    from coding_service.services.frozen_gold import freeze_gold, thaw_gold
    from coding_service.services.review_exchange import scope_of

    store = require_store(settings)
    scope = scope_of(store, jurisdiction)
    frozen = thaw_gold(store, scope, snapshot) if snapshot else freeze_gold(store, scope)
    if not frozen.narratives:
        raise NotFoundError(
            "No blind review of the evaluation half has been coded yet.", hint="Code some, and close the codings."
        )
    say(f"{len(frozen.narratives)} blind narratives, snapshot {frozen.fingerprint}.")
    return frozen


def _tell(name: str, difference: dict[str, Any]) -> None:
    if difference["low"] is None:
        say(f"{name}: no interval, for there are too few groups or positives.")
        return
    low, high, p_value = difference["low"], difference["high"], difference["p_value"]
    say(f"{name}: {difference['point']:+.3f} ({low:+.3f}, {high:+.3f}), p {p_value:.3f}.")
