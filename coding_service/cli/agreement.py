"""``io-coding agreement``: how far people who coded the same narratives agree."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from coding_service.cli.groups import example, single_command
from coding_service.cli.output import Format, FormatOption, print_rows, say

app = single_command()

COLUMNS = {
    "set": "set",
    "code": "code",
    "doubly_coded": "coded twice",
    "prevalence": "prevalence",
    "kappa": "kappa",
    "kappa_low": "low",
    "kappa_high": "high",
    "alpha": "alpha",
    "alpha_low": "low",
    "alpha_high": "high",
}
SETS = "all", "blind", "shown"
WHOLE = "(whole sets)"


@app.command(
    epilog=example("$ io-coding agreement --jurisdiction north", "$ io-coding agreement --format csv > agreement.csv")
)
def agreement(
    *,
    jurisdiction: Annotated[
        str, typer.Option("--jurisdiction", metavar="NAME", help="Whose codings; by default all.")
    ] = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Measure how far independent codings of the same narratives agree.

    Codings made blind and those made with suggestions are also measured apart. Kappa compares the first two codings of
    each narrative, Krippendorff's alpha all of them; the line for whole sets uses the MASI distance. Intervals are
    bootstrapped by review. Where there is too little data it says "too few".
    """
    from coding_service.bootstrap import require_store
    from coding_service.services.agreement import measure_agreement
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    store = require_store(Settings())
    measured = measure_agreement(store, scope_of(store, jurisdiction))
    if output_format is Format.JSON:
        print_rows([measured], (), output_format)
        return
    print_rows((row for name in SETS for row in _rows(name, measured[name])), COLUMNS, output_format)
    if measured["left_out"]:
        say(f"{measured['left_out']} codings whose coder could see another's were left out.")


def _rows(name: str, measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a row for whole sets and one for each code that anybody had an opinion on twice."""
    whole = {"code": WHOLE, "doubly_coded": measured["doubly_coded"], "alpha": measured["alpha"]}
    for code in (whole, *(code for code in measured["codes"] if code["doubly_coded"])):
        yield {"set": name, **code, **_figure(code, "kappa"), **_figure(code, "alpha")}


def _figure(code: Mapping[str, Any], name: str) -> dict[str, Any]:
    figure = code.get(name)
    if not isinstance(figure, Mapping):
        return {name: figure}
    return {name: figure["point"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
