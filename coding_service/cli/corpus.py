"""``io-coding corpus``: check, count, split, import and export coded narratives."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coding_service.cli.groups import command_group, example
from coding_service.cli.output import (
    DEFAULT_TAXONOMY,
    Format,
    FormatOption,
    OutputOption,
    TaxonomyOption,
    print_rows,
    say,
    write_output,
)
from coding_service.corpus.tables import Columns, TableForm
from coding_service.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from coding_service.corpus import CodedNarrative
    from coding_service.corpus.check import Report
    from coding_service.corpus.stats import CorpusStats

app = command_group("Check, count, split, import and export coded narratives.")

FilesArgument = Annotated[list[str], typer.Argument(metavar="FILE...", help="Corpus files; - is standard input.")]
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A corpus file; - is standard input.")]
ShareOption = typer.Option(min=0, max=1, help="Share of the narratives, 0 to 1.")


@app.command(
    epilog=example(
        "$ io-coding corpus check training/corpus/starter.jsonl --strict --min-positives 40 --min-counters 15",
        "$ io-coding corpus check mine.jsonl --per-code --format csv",
    )
)
def check(  # noqa: PLR0913 - options
    files: FilesArgument,
    *,
    taxonomy: TaxonomyOption = DEFAULT_TAXONOMY,
    min_positives: Annotated[int, typer.Option(min=0, help="Positives that each code needs; 0 only counts.")] = 0,
    min_counters: Annotated[int, typer.Option(min=0, help="Counter-examples that each code needs.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check, too.")] = False,
    per_code: Annotated[bool, typer.Option("--per-code", help="Print counts per code in place of findings.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Prove that corpus files are sound; print what is not, and exit with 1 where something is broken.

    Checked are the format, offsets, ids, counter-examples, groups and pairs that stand in two splits,
    near-duplicates, and whether codes can be guessed from the length or the first words of a text.
    """
    from coding_service.corpus.check import check_files
    from coding_service.taxonomy.files import open_taxonomy

    report = check_files(files, open_taxonomy(taxonomy), min_positives=min_positives, min_counters=min_counters)
    rows: Sequence[Any] = report.balance if per_code else report.findings
    if rows or output_format is not Format.TABLE:
        columns = _fields(report.balance) if per_code else ("level", "rule", "narratives", "message")
        print_rows(map(asdict, rows), columns, output_format)
    _tell(report)
    if not report.passes(strict=strict):
        raise typer.Exit(1)


def _tell(report: "Report") -> None:
    levels = [str(finding.level) for finding in report.findings]
    say(f"{report.n_narratives} narratives in {report.n_groups} groups that must stay together.")
    for shortcut in report.shortcuts:
        if shortcut.n_codes:
            figure = f"{shortcut.roc_auc:.3f} over {shortcut.n_codes} codes, limit {shortcut.limit:.2f}"
            say(f"Mean ROC-AUC of {shortcut.name} alone: {figure}.")
    say(f"{levels.count('broken')} broken, {levels.count('warning')} warnings.")


def _fields(rows: Sequence[Any]) -> list[str]:
    return list(asdict(rows[0])) if rows else []


@app.command(
    epilog=example(
        "$ io-coding corpus stats training/corpus/starter.jsonl",
        "$ io-coding corpus stats a.jsonl b.jsonl --format json",
    )
)
def stats(
    files: FilesArgument, *, taxonomy: TaxonomyOption = DEFAULT_TAXONOMY, output_format: FormatOption = Format.TABLE
) -> None:
    """Count narratives, words and codes; CSV prints the counts per code, JSON one object with everything."""
    from coding_service.corpus.files import read_corpus
    from coding_service.corpus.stats import corpus_stats
    from coding_service.taxonomy.files import open_taxonomy

    tree = open_taxonomy(taxonomy)
    counts = corpus_stats([narrative for file in files for narrative in read_corpus(file, tree)], tree)
    if output_format is Format.JSON:
        print_rows([asdict(counts)], (), output_format)
        return
    if output_format is Format.TABLE:
        print_rows(_summary(counts), {"what": "what", "count": "count"}, output_format)
        typer.echo()
    print_rows(map(asdict, counts.codes), _fields(counts.codes), output_format)


def _summary(counts: "CorpusStats") -> Iterable[dict[str, Any]]:
    for key, value in asdict(counts).items():
        if isinstance(value, dict):
            for name, number in value.items():
                yield {"what": f"{key}: {name or '(none)'}", "count": number}
        elif key != "codes":
            yield {"what": key.replace("_", " "), "count": value}


@app.command(
    epilog=example("$ io-coding corpus split mine.jsonl --train 0.8 --dev 0.1 --test 0.1 --output split.jsonl")
)
def split(
    file: FileArgument,
    *,
    train: Annotated[float, ShareOption] = 0.8,
    dev: Annotated[float, ShareOption] = 0.1,
    test: Annotated[float, ShareOption] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Breaks ties; the same seed gives the same split.")] = 0,
    output: OutputOption = None,
) -> None:
    """Put each narrative into train, dev or test: by group, near-duplicates together, rare codes spread evenly."""
    from coding_service.corpus.files import read_corpus
    from coding_service.corpus.split import split_corpus

    narratives = split_corpus(read_corpus(file), {"train": train, "dev": dev, "test": test}, seed=seed)
    _write(narratives, output)
    splits = [narrative.split for narrative in narratives]
    say(", ".join(f"{name} {splits.count(name)}" for name in ("train", "dev", "test")) + ".")


def _write(narratives: Sequence["CodedNarrative"], output: Path | None, *, quotes: bool = True) -> None:
    from coding_service.corpus.files import corpus_lines

    write_output("".join(corpus_lines(narratives, quotes=quotes)), output)


@app.command(
    "import",
    epilog=example(
        "$ io-coding corpus import reviews.csv --text-column Narrative --codes-column Themes --group-column Review"
        " --output reviews.jsonl",
    ),
)
def import_table(  # noqa: PLR0913 - options
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A CSV or JSON Lines file in UTF-8; - is standard input.")
    ],
    *,
    text_column: Annotated[str, typer.Option(metavar="NAME", help="Column of the text.")],
    form: Annotated[TableForm, typer.Option("--from", help="How the file is written down.")] = TableForm.CSV,
    codes_column: Annotated[str, typer.Option(metavar="NAME", help="Column of the codes, as ids or names.")] = "",
    separator: Annotated[str, typer.Option(help="What stands between two codes of a cell.")] = ";",
    id_column: Annotated[str, typer.Option(metavar="NAME", help="Column of the id; else rows are numbered.")] = "",
    group_column: Annotated[str, typer.Option(metavar="NAME", help="Column of the review.")] = "",
    split_column: Annotated[str, typer.Option(metavar="NAME", help="Column of train, dev or test.")] = "",
    meta_column: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Column to keep in meta, such as cause; may be repeated.")
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Nobody judged the codes that a row does not list.")
    ] = False,
    taxonomy: TaxonomyOption = DEFAULT_TAXONOMY,
    output: OutputOption = None,
) -> None:
    """Turn a spreadsheet, saved as CSV, or JSON Lines of another shape into a corpus file.

    Without --codes-column nobody has coded the rows. With it, a code that a row does not list was judged absent,
    unless --incomplete says otherwise.
    """
    from coding_service.corpus.tables import read_table
    from coding_service.taxonomy.files import open_taxonomy

    columns = Columns(
        text_column,
        codes=codes_column,
        id=id_column,
        group=group_column,
        split=split_column,
        meta=tuple(meta_column or ()),
        separator=separator,
        complete=not incomplete,
    )
    narratives = read_table(file, form, columns, open_taxonomy(taxonomy))
    _write(narratives, output)
    coded = sum(bool(narrative.codes) for narrative in narratives)
    say(f"{len(narratives)} narratives, {coded} of them with codes.")


@app.command(
    epilog=example(
        "$ io-coding corpus export mine.jsonl --to csv --output mine.csv",
        "$ io-coding corpus export --from-store --output verified.jsonl",
        "$ io-coding corpus export --from-store --explain --format csv",
    )
)
def export(  # noqa: PLR0913 - options
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A corpus file; - is standard input.")] = "",
    *,
    form: Annotated[
        TableForm | None, typer.Option("--to", help="What to write: by default CSV of a file, JSON Lines of the store.")
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Write the narratives of the store with the labels people gave them.")
    ] = False,
    jurisdiction: Annotated[str, typer.Option(metavar="NAME", help="Of the store, only those of this one.")] = "",
    evaluation: Annotated[
        bool, typer.Option("--evaluation", help="Of the store, the blind half that never trains, in place of the rest.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print which label each code of the store got and why, and no text.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Write a corpus as a spreadsheet, or as JSON Lines with all evidence as offsets.

    From the store comes gold: the adjudicator's word, else what all codings agree on, else unknown. The same decisions
    give the same bytes; the fingerprint is told on standard error.
    """
    from coding_service.corpus.files import read_corpus
    from coding_service.corpus.tables import table_csv

    if from_store == bool(file) or (not from_store and (jurisdiction or evaluation or explain)):
        raise InputError(
            "A corpus comes from a file or from the store.", hint="Name a FILE, or give --from-store and its options."
        )
    if explain and (form or output):
        raise InputError(
            "--explain prints no corpus, but why each label is as it is.", hint="Leave --to and --output out."
        )
    if not explain and output_format is not Format.TABLE:
        raise InputError("--format is for --explain; a corpus is written by --to.", hint="Say --to csv or --to jsonl.")
    if explain:
        _explain(jurisdiction, output_format, evaluation=evaluation)
        return
    narratives = _from_store(jurisdiction, evaluation=evaluation) if from_store else read_corpus(file)
    if (form or (TableForm.JSONL if from_store else TableForm.CSV)) is TableForm.CSV:
        write_output("".join(table_csv(narratives)), output)
    else:
        _write(narratives, output, quotes=False)


def _from_store(jurisdiction: str, *, evaluation: bool) -> "list[CodedNarrative]":
    from coding_service.bootstrap import require_store
    from coding_service.corpus.fingerprint import corpus_fingerprint
    from coding_service.services.gold_corpus import take_corpus
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    store = require_store(Settings())
    narratives = take_corpus(store, scope_of(store, jurisdiction), evaluation=evaluation)
    if not narratives:
        raise NotFoundError("No narrative of the store has a label yet.", hint="Code some, and close the codings.")
    say(f"{len(narratives)} narratives, fingerprint {corpus_fingerprint(narratives)}.")
    return narratives


def _explain(jurisdiction: str, output_format: Format, *, evaluation: bool) -> None:
    from coding_service.bootstrap import require_store
    from coding_service.services.gold_corpus import explain_gold
    from coding_service.services.review_exchange import scope_of
    from coding_service.settings import Settings

    store = require_store(Settings())
    columns = ("narrative", "review", "code", "label", "source", "present", "absent", "trust", "why")
    print_rows(explain_gold(store, scope_of(store, jurisdiction), evaluation=evaluation), columns, output_format)
