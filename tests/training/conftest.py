"""Fixtures of the benchmarks: a data folder in the small, laid out as the real one, of words drawn by a seed."""

import json
import random
from pathlib import Path

import pytest

WORDS = {
    "fruit": ("apple", "pear", "plum", "cherry", "fig"),
    "tool": ("hammer", "saw", "drill", "chisel", "plane"),
    "water": ("river", "lake", "rain", "pond", "brook"),
}
OTHER = [f"word{number}" for number in range(400)]


def text_of(codes: list[str], draws: random.Random) -> str:
    words = draws.sample(OTHER, 14) + [word for code in codes for word in draws.sample(WORDS[code], 2)]
    draws.shuffle(words)
    return " ".join(words)


@pytest.fixture(scope="session")
def bench_data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    bench = folder / "bench" / "nhs_px"
    bench.mkdir(parents=True)
    draws = random.Random(3)
    rows = []
    for number in range(160):
        codes = [code for code in WORDS if draws.random() < 0.4]
        split = "test" if number % 4 == 0 else "train"
        rows.append({"id": f"n{number}", "text": text_of(codes, draws), "codes": codes, "split": split})
    rows.append({**rows[0], "id": "copy", "split": "train"})
    write(bench / "data.jsonl", rows)
    tree = {"things": {"name": "Things"}, **{code: {"name": code, "parent": "things"} for code in WORDS}}
    (bench / "taxonomy.json").write_text(json.dumps(tree), encoding="utf-8")
    ours = ["team.supervisory_support", "environment.practice_drift"]
    families = ["us-pa-summaries"] * 30 + ["uk-joint-inspections"] * 10 + ["us-hhs-audits"] * 5
    public = [
        {
            "id": f"p{number}",
            "text": text_of([draws.choice(list(WORDS))], draws),
            "codes": [draws.choice(ours)],
            "group": f"document {number // 2}",
            "meta": {"family": family},
        }
        for number, family in enumerate(families)
    ]
    write(folder / "real-train.jsonl", public[::2])
    write(folder / "real-dev.jsonl", public[1::2])
    return folder


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
