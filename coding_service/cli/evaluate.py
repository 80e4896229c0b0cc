"""``io-coding evaluate``: how good a bundle is on coded narratives."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from coding_service.cli.groups import example, single_command
from coding_service.cli.output import BundleOption, Format, FormatOption, print_rows, say, write_output
from coding_service.cli.status import status
from coding_service.cli.train import FIGURES

app = single_command()

CorpusOption = Annotated[
    list[str], typer.Option("--corpus", metavar="FILE", help="A corpus file; - is standard input; may be repeated.")
]
SplitOption = Annotated[str, typer.Option(help="Measure this split only, such as test.")]
OverlapOption = Annotated[
    bool, typer.Option("--allow-overlap", help="Measure groups that the bundle was trained on, too.")
]
DrawsOption = Annotated[int, typer.Option(min=1, help="Draws of the bootstrap, by group.")]

CODES = {
    "code": "code",
    "support": "support",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "f1_low": "low",
    "f1_high": "high",
    "kappa": "kappa",
    "average_precision": "AP",
    "ece": "ECE",
    "threshold": "threshold",
}
PER_CODE = ("code", "name", "support", "n_known", "n_suggested", *list(CODES)[2:])


@app.command(
    epilog=example(
        "$ io-coding evaluate --corpus training/corpus/starter.jsonl --split test",
        "$ io-coding evaluate --corpus ours.jsonl --bundle ours --by cause --per-code codes.tsv --format json",
    )
)
def evaluate(  # noqa: PLR0913 - options
    *,
    corpus: CorpusOption,
    bundle: BundleOption = "",
    by: Annotated[str, typer.Option(metavar="KEY", help="Figures for each group, or each value of a meta key.")] = "",
    split: SplitOption = "",
    as_listed: Annotated[
        bool, typer.Option("--as-listed", help="Score the most specific codes alone, as the corpus lists them.")
    ] = False,
    allow_overlap: OverlapOption = False,
    draws: DrawsOption = 1000,
    per_code: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures of each code to this file, tab-separated.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Measure a bundle on coded narratives.

    Told are F1 over all codes and per code, calibration, ranking and evidence, with 95 % intervals by group.
    Refused where the bundle was trained on groups of the corpus. CSV prints one row for each measured set, JSON one
    object with everything.
    """
    from coding_service.bootstrap import open_shelf
    from coding_service.services.evaluating import Options, evaluate_bundle, read_narratives
    from coding_service.settings import Settings

    shelf = open_shelf(Settings(), bundle)
    with status() as step:
        step("reading")
        measured = evaluate_bundle(
            shelf.get(),
            read_narratives(corpus, split),
            Options(by=by, as_listed=as_listed, allow_overlap=allow_overlap, draws=draws),
            step=step,
        )
    if per_code is not None:
        write_output(_tab_separated(measured["codes"]), per_code)
    if output_format is Format.JSON:
        print_rows([measured], (), output_format)
        return
    print_rows(measured["figures"], FIGURES, output_format)
    if output_format is Format.TABLE:
        typer.echo()
        print_rows(measured["codes"], CODES, output_format)
    _tell(measured)


def _tell(measured: Mapping[str, Any]) -> None:
    overlap, evidence, pairs = measured["overlap"], measured["evidence"], measured["contrast_pairs"]
    say(f"{overlap['groups']} of {overlap['of_groups']} groups trained the bundle.")
    if evidence["n_pairs"]:
        f1 = evidence["character_f1"]["point"]
        say(
            f"Evidence of {evidence['n_pairs']} right suggestions: character F1 {f1:.3f}, "
            f"{evidence['spans_on_gold']:.0%} of the shown spans touch a marked one, "
            f"{evidence['gold_touched']:.0%} of the marked spans are touched."
        )
    if pairs["n_pairs"]:
        say(
            f"Of {pairs['n_pairs']} contrast pairs, both members are right in {pairs['both_right']}; the one that "
            f"deserves the code is missed in {pairs['missed']}, the other suggested it in {pairs['over_suggested']}."
        )
    if evidence["coverage"] is not None:
        say(f"In texts of four sentences or more, evidence covers {evidence['coverage']:.0%} of the text.")


def _tab_separated(rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, PER_CODE, extrasaction="ignore", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
