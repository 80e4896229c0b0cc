"""A corpus file is read as it was written, and refused by file, line and key where it breaks the format."""

import json
import time

import pytest
from hypothesis import given, settings

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import as_record, read_corpus, read_plain, scan_corpus, write_corpus
from coding_service.errors import CorpusError, InputError, NotFoundError

from .strategies import TREE, corpora

SECRET = "Mother left the child"
GOOD = {"id": "a", "text": f"{SECRET} \U0001f476 with e\u0301lan.\r\nNo crib.", "codes": ["family"], "unknown": []}


def write(path, *records):
    path.write_bytes(b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records))
    return path


@settings(max_examples=50, deadline=None)
@given(corpora())
def test_what_is_written_is_read_again_with_extra_keys_and_exact_offsets(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    write_corpus(path, corpus)
    assert read_corpus(path, TREE) == corpus


def test_a_line_keeps_every_key_it_came_with(tmp_path):
    line = GOOD | {
        "evidence": {"family": "No crib."},
        "group": "r1",
        "meta": {"cause": "suid"},
        "must": [1, {"x": None}],
    }
    (narrative,) = read_corpus(write(tmp_path / "c.jsonl", line), TREE)
    assert as_record(narrative) == line


def test_a_quote_becomes_code_points_not_bytes_and_its_first_occurrence_counts(tmp_path):
    line = {"id": "a", "text": "👶 no crib, no crib", "codes": ["housing"], "evidence": {"housing": "no crib"}}
    (narrative,) = read_corpus(write(tmp_path / "c.jsonl", line))
    assert narrative.evidence == {"housing": ((2, 9),)}


def test_evidence_is_written_as_offsets_where_a_quote_would_name_another_place():
    first = CodedNarrative("a", "no crib, no crib", evidence={"housing": ((0, 7),)})
    second = CodedNarrative("a", "no crib, no crib", evidence={"housing": ((9, 16),)})
    assert as_record(first)["evidence"] == {"housing": "no crib"}
    assert as_record(second)["evidence"] == {"housing": [[9, 16]]}


REFUSED = {
    "unknown code": (GOOD | {"codes": ["famly"]}, "'codes'", "Did you mean 'family'?"),
    "group as a code": (GOOD | {"unknown": ["group"]}, "'unknown'", ""),
    "unknown id in evidence": (GOOD | {"evidence": {"x": "No crib."}}, "'evidence'", ""),
    "quote not in text": (GOOD | {"evidence": {"family": "left  the"}}, "'evidence'", "letter by letter"),
    "empty quote": (GOOD | {"evidence": {"family": ""}}, "'evidence'", ""),
    "end outside": (GOOD | {"evidence": {"family": [[0, 999]]}}, "[0, 999]", "code points"),
    "empty span": (GOOD | {"evidence": {"family": [[3, 3]]}}, "[3, 3]", ""),
    "negative start": (GOOD | {"evidence": {"family": [[-3, 3]]}}, "[-3, 3]", ""),
    "span of floats": (GOOD | {"evidence": {"family": [[0.0, 3]]}}, "expected a quote or", ""),
    "codes as text": (GOOD | {"codes": SECRET}, "expected a list of code ids, got str", ""),
    "codes of numbers": (GOOD | {"codes": [1]}, "expected a list of code ids", ""),
    "text of blanks": (GOOD | {"text": " \r\n"}, "'text'", ""),
    "text empty": (GOOD | {"text": ""}, "got an empty string", ""),
    "id as number": (GOOD | {"id": 7}, "'id': expected a string that is not empty, got int", ""),
    "no text": ({"id": "a", "codes": []}, "'text': the key is missing", ""),
    "no codes": ({"id": "a", "text": SECRET}, "'codes': the key is missing", ""),
    "complete as text": (GOOD | {"complete": "no"}, "expected true or false", ""),
    "another split": (GOOD | {"split": "valid"}, '"train", "dev" or "test"', ""),
    "split as list": (GOOD | {"split": ["train"]}, '"train", "dev" or "test"', ""),
    "meta as list": (GOOD | {"meta": []}, "expected an object", ""),
    "weight of nothing": (GOOD | {"weight": 0}, "a number over 0", ""),
    "weight as truth": (GOOD | {"weight": True}, "a number over 0", ""),
    "id of another line": (GOOD | {"id": "first"}, "'first' stands already on line 1", "its own id"),
    "text in place of an id": (GOOD | {"codes": [SECRET * 9]}, "'codes'", ""),
    "bad JSON": (
        b'{"id": "a", "text": "' + SECRET.encode() + b'"\n',
        "is not JSON at column",
        "one JSON object a line",
    ),
    "NaN": (b'{"id": "a", "text": "x", "codes": [], "score": NaN}\n', "is not JSON", ""),
    "half a surrogate pair": (b'{"id": "a", "text": "x \\ud800", "codes": []}\n', "surrogate", ""),
    "a huge number": (b'{"id": "a", "text": "x", "codes": [], "n": ' + b"9" * 5000 + b"}\n", "is not JSON", ""),
    "nested without end": (b"[" * 100_000 + b"\n", "is not JSON", ""),
    "a key that stands twice": (b'{"id": "a", "text": "x", "codes": [], "codes": []}\n', "'codes' stands twice", ""),
    "a list": (b"[]\n", "expected a JSON object, got list", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_line_that_breaks_the_format_is_refused_by_file_and_line_without_a_word_of_its_text(tmp_path, case):
    line, expected, remedy = REFUSED[case]
    path = write(tmp_path / "c.jsonl", GOOD | {"id": "first"}, line)
    with pytest.raises(CorpusError) as refused:
        read_corpus(path, TREE)
    assert refused.value.message.startswith(f"{path}:2: ")
    assert expected in refused.value.message
    assert remedy in refused.value.hint
    assert refused.value.hint
    assert SECRET not in str(refused.value)


def test_every_refused_line_is_listed_and_the_good_ones_are_kept(tmp_path):
    path = write(tmp_path / "c.jsonl", GOOD, b"\n", b"{}\n", GOOD | {"id": "b"}, b"nothing\n")
    narratives, problems = scan_corpus(path)
    assert [narrative.id for narrative in narratives] == ["a", "b"]
    assert [problem.message.split(":")[1] for problem in problems] == ["3", "5"]
    with pytest.raises(CorpusError, match="1 more lines are refused"):
        read_corpus(path)


def test_a_file_in_another_encoding_is_refused_by_line(tmp_path):
    latin = json.dumps({"id": "b", "text": "Zoë", "codes": []}, ensure_ascii=False).encode("latin-1")
    with pytest.raises(CorpusError, match=r"c.jsonl, line 2: byte 0xeb is not UTF-8"):
        read_corpus(write(tmp_path / "c.jsonl", GOOD, latin))


def test_a_file_that_is_not_there_or_holds_nothing_is_told(tmp_path):
    with pytest.raises(NotFoundError, match=r"no\.jsonl"):
        read_corpus(tmp_path / "no.jsonl")
    with pytest.raises(CorpusError, match="holds no narrative"):
        read_corpus(write(tmp_path / "c.jsonl", b"\n"))


def test_a_byte_order_mark_and_windows_line_ends_are_no_error(tmp_path):
    path = write(tmp_path / "c.jsonl", b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n")
    assert read_corpus(path)[0].text == GOOD["text"]


def test_a_line_without_codes_is_read_as_not_judged_where_that_is_asked_for(tmp_path):
    (narrative,) = read_corpus(write(tmp_path / "c.jsonl", {"id": "a", "text": "x"}), coded=False)
    assert (narrative.codes, narrative.complete) == ((), False)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = write(tmp_path / "c.jsonl", GOOD)
    broken = CodedNarrative("a", "x", extra={"score": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_corpus(path, [broken])
    assert read_corpus(path)[0].id == "a"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError):
        write_corpus(tmp_path / "no" / "c.jsonl", [])


def test_ten_thousand_lines_are_read_in_seconds(tmp_path):
    line = GOOD | {"text": GOOD["text"] * 10, "evidence": {"family": "No crib."}}
    path = write(tmp_path / "c.jsonl", *(line | {"id": str(number)} for number in range(10_000)))
    started = time.process_time()
    read_corpus(path, TREE)
    assert time.process_time() - started < 3


def test_plain_text_is_one_narrative_letter_by_letter(tmp_path):
    path = write(tmp_path / "note.txt", "One.\r\n\r\nTwo\u2028👶\n".encode())
    assert read_plain(path) == [CodedNarrative("note", "One.\r\n\r\nTwo\u2028👶\n", complete=False)]


def test_each_line_of_plain_text_is_a_narrative_named_by_its_line(tmp_path):
    path = write(tmp_path / "notes.txt", "One.\r\n\r\nTwo\u2028👶\n".encode())
    assert [(n.id, n.text) for n in read_plain(path, lines=True)] == [("notes:1", "One."), ("notes:3", "Two\u2028👶")]


@pytest.mark.parametrize("lines", [True, False])
def test_empty_plain_text_is_refused(tmp_path, lines):
    with pytest.raises(CorpusError, match="the text is empty"):
        read_plain(write(tmp_path / "note.txt", b" \n\n"), lines=lines)


def test_a_dash_reads_standard_input(monkeypatch, tmp_path):
    for content, read in ((json.dumps(GOOD), read_corpus), ("No crib.", read_plain)):
        path = write(tmp_path / "in", content.encode())
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            assert read("-")[0].id in {"a", "stdin"}
