"""A check proves that a corpus is sound, and names what is not by rule and narrative, never by its text."""

from dataclasses import replace

import numpy as np
import pytest

from coding_service.corpus import CodedNarrative
from coding_service.corpus.check import Level, check_corpus, check_files
from coding_service.corpus.files import write_corpus
from coding_service.corpus.shortcuts import measure_shortcuts

from .strategies import TREE

WORDS = [f"word{number}" for number in range(400)]


def corpus(n=60, seed=0):
    """Narratives that differ, grouped in twos, coded at random."""
    rng = np.random.default_rng(seed)
    return [
        CodedNarrative(
            f"n{row}",
            " ".join(rng.choice(WORDS, 30)),
            tuple(code for code in TREE.code_ids if rng.random() < 0.3),
            group=f"g{row // 2}",
            split="test" if row % 6 > 3 else "train",
        )
        for row in range(n)
    ]


def with_change(**change):
    first, *rest = corpus()
    return [replace(first, **{"codes": (), **change}), *rest]


def test_a_sound_corpus_passes_even_the_strict_check():
    report = check_corpus(corpus(), TREE)
    assert (report.n_narratives, report.n_groups) == (60, 30)
    assert report.passes(strict=True), report.findings


TEXT = corpus()[0].text
BROKEN = {
    "unknown id": ({"codes": ("nowhere",)}, "ids", "'nowhere'"),
    "unknown id in meta.counter": ({"meta": {"counter": {"nowhere": TEXT[:5]}}}, "ids", "meta.counter names"),
    "present and unknown": ({"codes": ("family",), "unknown": ("family",)}, "ids", "codes and in unknown"),
    "id of another": ({"id": "n7"}, "ids", "more than one narrative"),
    "offsets outside": ({"evidence": {"family": ((0, 9999),)}}, "offsets", "[0, 9999]"),
    "offsets empty": ({"evidence": {"family": ((4, 4),)}}, "offsets", "[4, 4]"),
    "counter without its quote": ({"meta": {"counter": {"family": "nobody wrote this"}}}, "counters", "does not occur"),
    "counter of a code it carries": (
        {"codes": ("housing",), "meta": {"counter": {"family": TEXT[:5]}}},
        "counters",
        "also carries",
    ),
    "counter that is no object": ({"meta": {"counter": ["family"]}}, "counters", "no object"),
    "group in two splits": ({"split": "test"}, "groups", "'g0' stands in test and train"),
    "near-duplicate across splits": (
        {"text": corpus()[4].text + " x", "group": "g9"},
        "near-duplicates",
        "test and train",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_named_and_fails_the_check(case):
    change, rule, message = BROKEN[case]
    report = check_corpus(with_change(**change), TREE)
    found = [finding for finding in report.findings if finding.rule == rule]
    assert any(message in finding.message for finding in found), report.findings
    assert all(finding.level is Level.BROKEN for finding in found)
    assert {name for finding in found for name in finding.narratives} & {"n0", "n7"}
    assert not report.passes()
    assert not any(word in str(report.findings) for word in WORDS)


def test_a_pair_in_two_splits_is_broken_and_in_one_split_may_be_alike():
    first, second, *rest = corpus()
    alike = [replace(first, meta={"pair": "p"}), replace(second, text=first.text, group="", meta={"pair": "p"})]
    assert check_corpus([*alike, *rest], TREE).passes(strict=True)
    torn = [alike[0], replace(alike[1], split="test")]
    (finding,) = check_corpus([*torn, *rest], TREE).findings
    assert (finding.rule, finding.narratives) == ("pairs", ("n0", "n1"))


def test_near_duplicates_inside_one_split_only_warn():
    first, second, *rest = corpus()
    report = check_corpus([first, replace(second, text=first.text), *rest], TREE)
    assert [(f.level, f.narratives) for f in report.findings] == [(Level.WARNING, ("n0", "n1"))]
    assert report.passes()
    assert not report.passes(strict=True)


def test_balance_counts_positives_with_their_themes_and_counter_examples():
    narratives = [replace(narrative, codes=()) for narrative in corpus()]
    narratives[0] = replace(narratives[0], codes=("housing",))
    narratives[1] = replace(narratives[1], unknown=("police",), meta={"counter": {"housing": narratives[1].text[:9]}})
    rows = {row.code: row for row in check_corpus(narratives, TREE).balance}
    assert {code: row.positives for code, row in rows.items() if row.positives} == {"family": 1, "housing": 1}
    assert {code for code, row in rows.items() if row.unknown} == {"police", "partner", "team", "health"}
    assert {code: row.counters for code, row in rows.items() if row.counters} == {"housing": 1}


def test_minimums_that_are_not_reached_are_broken_per_code():
    report = check_corpus(corpus(), TREE, min_positives=1000, min_counters=1)
    assert len([finding for finding in report.findings if finding.rule == "balance"]) == 2 * len(TREE.code_ids)
    assert not report.passes()


def test_length_that_tells_a_code_is_flagged():
    rng = np.random.default_rng(0)
    sizes = rng.integers(5, 80, 300)
    texts = [" ".join(rng.choice(WORDS, size)) for size in sizes]
    labels = np.stack([(sizes > 30) & (sizes < 55), rng.random(300) < 0.5], axis=1).astype(np.int8)
    length, first_words = measure_shortcuts(texts, labels, np.arange(300))
    assert length.flagged
    assert length.per_code[0] > 0.9
    assert 0.4 < length.per_code[1] < 0.6
    assert not first_words.flagged


def test_beginnings_that_tell_a_code_are_flagged_and_later_words_are_not_looked_at():
    rng = np.random.default_rng(0)
    late, early = rng.random((2, 300)) < 0.5
    texts = [
        f"{'Summary' if e else 'Finding'} {' '.join(rng.choice(WORDS, 9))} {'zebra' if z else 'horse'}"
        for e, z in zip(early, late, strict=True)
    ]
    labels = np.stack([early, late], axis=1).astype(np.int8)
    length, first_words = measure_shortcuts(texts, labels, np.arange(300))
    assert first_words.per_code[0] > 0.99
    assert 0.35 < first_words.per_code[1] < 0.65
    assert first_words.flagged
    assert not length.flagged


def test_unknown_pairs_do_not_change_what_a_shortcut_can_guess():
    rng = np.random.default_rng(0)
    early = rng.random(300) < 0.5
    texts = [f"{'Summary' if e else 'Finding'} {' '.join(rng.choice(WORDS, 9))}" for e in early]
    labels = early.astype(np.int8)[:, None]
    labels[rng.random(300) < 0.5] = -1
    assert measure_shortcuts(texts, labels, np.arange(300))[1].per_code[0] > 0.99


def test_a_corpus_too_small_to_measure_is_checked_all_the_same():
    report = check_corpus([CodedNarrative("a", "No crib.", ("family",))], TREE)
    assert report.passes(strict=True)
    assert all(np.isnan(shortcut.roc_auc) and shortcut.n_codes == 0 for shortcut in report.shortcuts)
    assert check_corpus([], TREE).n_narratives == 0


def test_lines_that_break_the_format_are_findings_and_ids_must_differ_across_files(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write_corpus(first, corpus(4))
    second.write_text('{"id": "n0", "text": "No crib.", "codes": []}\nnothing\n')
    report = check_files([first, second], TREE)
    assert report.n_narratives == 5
    assert [finding.rule for finding in report.findings] == ["format", "ids"]
    assert f"{second}:2" in report.findings[0].message
    second.write_text("")
    assert [finding.message for finding in check_files([second], TREE).findings] == [
        f"{second}: there is no narrative."
    ]
