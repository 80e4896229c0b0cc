"""``io-coding compare``: whether one bundle is better than another."""

from typing import Annotated, Any

import typer

from coding_service.cli.evaluate import CorpusOption, DrawsOption, OverlapOption, SplitOption
from coding_service.cli.groups import example, single_command
from coding_service.cli.output import Format, FormatOption, print_rows, say
from coding_service.cli.status import status
from coding_service.cli.train import FIGURES

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


@app.command(epilog=example("$ io-coding compare starter ours --corpus held-out.jsonl --format json"))
def compare(  # noqa: PLR0913 - options
    first: Annotated[str, typer.Argument(metavar="A", help="Name or folder of a bundle.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Name or folder of another; differences are B minus A.")],
    *,
    corpus: CorpusOption,
    split: SplitOption = "",
    allow_overlap: OverlapOption = False,
    draws: DrawsOption = 1000,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Compare two bundles on the same narratives, by a paired bootstrap over groups.

    Where their taxonomies differ, the codes that both have are compared. CSV prints one row for each code, JSON one
    object with everything.
    """
    from coding_service.bootstrap import open_shelf
    from coding_service.services.comparing import compare_bundles
    from coding_service.services.evaluating import read_narratives
    from coding_service.settings import Settings

    settings = Settings()
    with status() as step:
        step("reading")
        result = compare_bundles(
            open_shelf(settings, first).get(),
            open_shelf(settings, second).get(),
            read_narratives(corpus, split),
            allow_overlap=allow_overlap,
            draws=draws,
            step=step,
        )
    if output_format is Format.JSON:
        print_rows([result], (), output_format)
        return
    if output_format is Format.TABLE:
        print_rows(result["figures"], FIGURES, output_format)
        typer.echo()
    print_rows(result["codes"], CODES, output_format)
    for name in ("micro_f1", "macro_f1"):
        _tell(name.replace("_f1", " F1").capitalize(), result["differences"][name])
    left_out = len(result["only_first"]) + len(result["only_second"])
    if left_out:
        say(f"{left_out} codes that only one of the two knows were left out.")


def _tell(name: str, difference: dict[str, Any]) -> None:
    if difference["low"] is None:
        say(f"{name}: no interval, for there are too few groups or positives.")
        return
    low, high, p_value = difference["low"], difference["high"], difference["p_value"]
    say(f"{name}: {difference['point']:+.3f} ({low:+.3f}, {high:+.3f}), p {p_value:.3f}.")
