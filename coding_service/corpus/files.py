"""Reads and writes corpus files and plain text; names file and line of what breaks the format, never the text."""

import difflib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from coding_service.corpus.narrative import CodedNarrative, Span
from coding_service.errors import CorpusError
from coding_service.taxonomy import Taxonomy
from coding_service.text_file import decode, read_text, write_text

SPLITS: Final = ("train", "dev", "test")
STDIN: Final = "-"
_LONGEST_NAME: Final = 80


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


_SHAPES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "id": (_is_text, "a string that is not empty"),
    "text": (_is_text, "a string that is not empty"),
    "codes": (_are_ids, "a list of code ids"),
    "unknown": (_are_ids, "a list of code ids"),
    "evidence": (lambda value: isinstance(value, dict), "an object of code id to quote or [[start, end], ...]"),
    "group": (lambda value: isinstance(value, str), "a string"),
    "complete": (lambda value: isinstance(value, bool), "true or false"),
    "split": (lambda value: value == "" or value in SPLITS, '"train", "dev" or "test"'),
    "meta": (lambda value: isinstance(value, dict), "an object"),
    "weight": (_is_weight, "a number over 0"),
}


def read_corpus(path: Path | str, taxonomy: Taxonomy | None = None, *, coded: bool = True) -> list[CodedNarrative]:
    """Read every narrative of a corpus file.

    Parameters
    ----------
    path : Path or str
        A JSON Lines file in UTF-8; ``-`` is standard input.
    taxonomy : Taxonomy or None
        Where given, every id must be one of its selectable codes.
    coded : bool
        Whether each line must have ``codes``; if not, a line without them is read as one that nobody judged.

    Returns
    -------
    list of CodedNarrative
        In the order of the file; a quote has become the offsets of its first occurrence.

    Raises
    ------
    CorpusError
        If a line breaks the format, or there is no narrative; names the first such line.
    NotFoundError
        If there is no such file.
    """
    narratives, problems = scan_corpus(path, taxonomy, coded=coded)
    if problems:
        first = problems[0]
        more = (
            f" {len(problems) - 1} more lines are refused; `io-coding corpus check` lists them." if problems[1:] else ""
        )
        raise CorpusError(first.message, hint=first.hint + more)
    if not narratives:
        raise CorpusError(f"{source_name(path)}: holds no narrative.", hint="Give a file with one JSON object a line.")
    return narratives


def scan_corpus(
    path: Path | str, taxonomy: Taxonomy | None = None, *, coded: bool = True
) -> tuple[list[CodedNarrative], list[CorpusError]]:
    """Read the lines of a corpus file that keep to the format, and list what is wrong with the others.

    Parameters
    ----------
    path, taxonomy, coded
        As in `read_corpus`.

    Returns
    -------
    tuple of (list of CodedNarrative, list of CorpusError)
        The good lines, and one error for each other line.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    narratives: list[CodedNarrative] = []
    problems: list[CorpusError] = []
    line_of: dict[str, int] = {}
    for number, where, line in _lines(path):
        if not line.strip():
            continue
        try:
            narrative = _parse(where, line, taxonomy, coded=coded)
            if narrative.id in line_of:
                seen = f"{_shown(narrative.id)} stands already on line {line_of[narrative.id]}"
                _refuse(where, "id", seen, "Give each narrative its own id.")
        except CorpusError as problem:
            problems.append(problem)
        else:
            line_of[narrative.id] = number
            narratives.append(narrative)
    return narratives, problems


def read_plain(path: Path | str, *, lines: bool = False) -> list[CodedNarrative]:
    """Read plain text as narratives that nobody has coded.

    Parameters
    ----------
    path : Path or str
        A text file in UTF-8; ``-`` is standard input.
    lines : bool
        Whether each line that is not blank is a narrative; else the whole file is one.

    Returns
    -------
    list of CodedNarrative
        Named after the file, and after the number of the line where each line is one.

    Raises
    ------
    CorpusError
        If the text is not UTF-8, or empty.
    NotFoundError
        If there is no such file.
    """
    name = Path(source_name(path)).stem
    texts = [(number, text) for number, _, text in _lines(path)]
    if not any(text.strip() for _, text in texts):
        raise CorpusError(f"{source_name(path)}: the text is empty.", hint="Give at least one word.")
    if not lines:
        return [CodedNarrative(id=name, text="\n".join(text for _, text in texts), complete=False)]
    return [
        CodedNarrative(id=f"{name}:{number}", text=text.removesuffix("\r"), complete=False)
        for number, text in texts
        if text.strip()
    ]


def write_corpus(path: Path | str, narratives: Iterable[CodedNarrative]) -> None:
    """Write a corpus file; the file is whole or untouched, whenever the process ends.

    Parameters
    ----------
    path : Path or str
        The file, replaced if it is there.
    narratives : iterable of CodedNarrative
        What to write, one a line.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_text(Path(path), "".join(corpus_lines(narratives)))


def corpus_lines(narratives: Iterable[CodedNarrative], *, quotes: bool = True) -> Iterator[str]:
    """Give each narrative as a line of a corpus file, line feed included; see `as_record`."""
    for narrative in narratives:
        yield json.dumps(as_record(narrative, quotes=quotes), ensure_ascii=False, allow_nan=False) + "\n"


def as_record(narrative: CodedNarrative, *, quotes: bool = True) -> dict[str, Any]:
    """Give a narrative as the JSON object of its line; keys that hold their default are left out.

    Parameters
    ----------
    narrative : CodedNarrative
        The narrative.
    quotes : bool
        Whether evidence is quoted where the quote names the same place; else it is always offsets.

    Returns
    -------
    dict
        The object.
    """
    optional = {
        "evidence": {
            code: _evidence(narrative.text, spans) if quotes else [list(span) for span in spans]
            for code, spans in narrative.evidence.items()
        },
        "group": narrative.group,
        "split": narrative.split,
        "meta": narrative.meta,
    }
    return {
        "id": narrative.id,
        "text": narrative.text,
        "codes": list(narrative.codes),
        "unknown": list(narrative.unknown),
        **{key: value for key, value in optional.items() if value},
        **({} if narrative.complete else {"complete": False}),
        **({} if narrative.weight == 1.0 else {"weight": narrative.weight}),
        **narrative.extra,
    }


def source_name(path: Path | str) -> str:
    """Name a file in messages: its path, or ``stdin`` for ``-``."""
    return "stdin" if str(path) == STDIN else str(path)


def read_content(path: Path | str) -> str:
    """Read a UTF-8 file, or standard input for ``-``; line ends stay as they are.

    Raises
    ------
    CorpusError
        If it cannot be read or is not UTF-8.
    NotFoundError
        If there is no such file.
    """
    if str(path) == STDIN:
        return decode(sys.stdin.buffer.read(), source_name(path), error=CorpusError)
    return read_text(Path(path), error=CorpusError)


def _lines(path: Path | str) -> Iterator[tuple[int, str, str]]:
    """Give number, place and text of each line; only a line feed ends one, since JSON may hold U+2028 as it is."""
    for number, line in enumerate(read_content(path).split("\n"), 1):
        yield number, f"{source_name(path)}:{number}", line


def _refuse(where: str, key: str, problem: str, hint: str) -> NoReturn:
    raise CorpusError(f"{where}: {key!r}: {problem}.", hint=hint)


def _shown(name: str) -> str:
    """Show an id, but never a text that came in its place."""
    return repr(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME // 4] + "...")


def _parse(where: str, line: str, taxonomy: Taxonomy | None, *, coded: bool) -> CodedNarrative:
    record = _load(where, line)
    for key, (holds, expected) in _SHAPES.items():
        if key in record:
            if not holds(record[key]):
                kind = "an empty string" if record[key] == "" else type(record[key]).__name__
                _refuse(where, key, f"expected {expected}, got {kind}", "Correct the value.")
        elif key in ("id", "text") or (key == "codes" and coded):
            _refuse(where, key, f"the key is missing, expected {expected}", "Add it.")
    spans = {code: _spans(where, record["text"], code, told) for code, told in record.get("evidence", {}).items()}
    if taxonomy is not None:
        for key in ("codes", "unknown", "evidence"):
            _check_ids(where, key, record.get(key, ()), taxonomy)
    return CodedNarrative(
        id=record["id"],
        text=record["text"],
        codes=tuple(record.get("codes", ())),
        unknown=tuple(record.get("unknown", ())),
        evidence=spans,
        group=record.get("group", ""),
        complete=record.get("complete", "codes" in record),
        split=record.get("split", ""),
        meta=record.get("meta", {}),
        weight=float(record.get("weight", 1)),
        extra={key: value for key, value in record.items() if key not in _SHAPES},
    )


def _load(where: str, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_constant=_no_constant, object_pairs_hook=partial(_unique, where))
        if "\\u" in line:
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{where}: a \\u escape is half of a surrogate pair.", hint="Write the character itself, in UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        place = f" at column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
        raise CorpusError(f"{where}: is not JSON{place}.", hint="Write one JSON object a line.") from error
    if not isinstance(record, dict):
        raise CorpusError(
            f"{where}: expected a JSON object, got {type(record).__name__}.", hint="Write one object a line."
        )
    return record


def _unique(where: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice, which would silently drop what the first one said."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise CorpusError(f"{where}: the key {_shown(twice)} stands twice.", hint="Keep one of them.")
    return record


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _spans(where: str, text: str, code: str, told: Any) -> tuple[Span, ...]:
    if isinstance(told, str):
        start = text.find(told)
        if not told or start < 0:
            _refuse(
                where,
                "evidence",
                f"the quote for {_shown(code)} does not occur in the text",
                "Copy it from the text letter by letter, or give offsets [[start, end], ...].",
            )
        return ((start, start + len(told)),)
    if not isinstance(told, list) or not all(_is_pair(pair) for pair in told):
        _refuse(where, "evidence", f"expected a quote or [[start, end], ...] for {_shown(code)}", "Correct the value.")
    for start, end in told:
        if not 0 <= start < end <= len(text):
            _refuse(
                where,
                "evidence",
                f"[{start}, {end}] for {_shown(code)} is empty or outside the text of {len(text)} characters",
                "Count Unicode code points from 0; the end is not included.",
            )
    return tuple((start, end) for start, end in told)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(offset) is int for offset in value)  # noqa: PLR2004 a pair


def _check_ids(where: str, key: str, ids: Iterable[str], taxonomy: Taxonomy) -> None:
    for code in ids:
        if code not in taxonomy.index:
            close = difflib.get_close_matches(code[:_LONGEST_NAME], taxonomy.code_ids, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "Run `io-coding taxonomy show` for its codes."
            _refuse(
                where, key, f"{_shown(code)} is no selectable code of taxonomy {taxonomy.id!r} {taxonomy.version}", hint
            )


def _evidence(text: str, spans: Sequence[Span]) -> str | list[list[int]]:
    if len(spans) == 1:
        start, end = spans[0]
        if start < end and text.find(text[start:end]) == start:
            return text[start:end]
    return [list(span) for span in spans]
