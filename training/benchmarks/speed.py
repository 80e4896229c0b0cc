"""Speed of the whole suggest path beside sentence-transformers encoding the same sentences, in one run.

Each figure comes from a process of its own, held to the given number of threads; ratios compare runs of one call.
Example: python training/benchmarks/speed.py --bundle models/starter --threads 1
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "corpus" / "starter.jsonl"
WORDS = 100
N_NARRATIVES = 256
SYSTEMS = ("suggest", "encoder", "reference")
Call = Callable[[list[str]], None]


def narratives() -> list[str]:
    """Make narratives of about 100 words by joining those of the starter corpus, in its order."""
    texts, words = [], []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        words += json.loads(line)["text"].split(" ")
        while len(words) >= WORDS:
            texts.append(" ".join(words[:WORDS]))
            words = words[WORDS:]
        if len(texts) >= N_NARRATIVES:
            break
    return texts[:N_NARRATIVES]


def sentences(texts: list[str]) -> list[str]:
    from coding_service.suggesters.sentences import split_sentences

    return [text[start:end] for text in texts for start, end in split_sentences(text)]


def run_suggest(bundle: Path, threads: int, batch: int) -> Call:
    from coding_service.suggesters.bundle import read_bundle
    from coding_service.suggestions import Limits, render

    loaded = read_bundle(bundle, threads=threads)

    def call(texts: list[str]) -> None:
        for first in range(0, len(texts), batch):
            part = texts[first : first + batch]
            render([str(row) for row in range(len(part))], part, loaded.suggest(part), loaded.envelope, Limits())

    return call


def run_encoder(bundle: Path, threads: int, batch: int) -> Call:
    from coding_service.suggesters.encoder import OnnxEncoder

    encoder = OnnxEncoder(bundle / "suggester" / "encoder", threads=threads)

    def call(texts: list[str]) -> None:
        for first in range(0, len(texts), batch):
            encoder.encode(sentences(texts[first : first + batch]))

    return call


def run_reference(_: Path, threads: int, batch: int) -> Call:
    import torch

    from coding_service.suggesters.encoder_torch import PACKAGED, load_model

    torch.set_num_threads(threads)
    model = load_model(PACKAGED)

    def call(texts: list[str]) -> None:
        for first in range(0, len(texts), batch):
            model.encode(sentences(texts[first : first + batch]), batch_size=32, show_progress_bar=False)

    return call


def measure(system: str, bundle: Path, threads: int, batch: int, rounds: int) -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    begun = time.perf_counter()
    call = {"suggest": run_suggest, "encoder": run_encoder, "reference": run_reference}[system](bundle, threads, batch)
    texts = narratives()
    call(texts[:1])
    cold = time.perf_counter() - begun
    call(texts[:32])
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        call(texts)
        seconds.append(time.perf_counter() - started)
    single = []
    for text in texts[:100]:
        started = time.perf_counter()
        call([text])
        single.append((time.perf_counter() - started) * 1000)
    return {
        "narratives_per_second": round(len(texts) / min(seconds), 1),
        "ms_per_narrative": round(1000 * min(seconds) / len(texts), 2),
        "ms_single_p50": round(statistics.median(single), 2),
        "cold_start_seconds": round(cold, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("models/starter"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--system", choices=SYSTEMS, help="measure one in this process and print JSON")
    given = parser.parse_args()
    if given.system:
        print(json.dumps(measure(given.system, given.bundle, given.threads, given.batch, given.rounds)))
        return
    rows = {}
    for system in SYSTEMS:
        command = [sys.executable, __file__, "--system", system, "--bundle", str(given.bundle)]
        command += ["--threads", str(given.threads), "--batch", str(given.batch), "--rounds", str(given.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{system}: not measured ({done.stderr.strip().splitlines()[-1][:120]})", file=sys.stderr)
            continue
        rows[system] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{'system':<12}" + "".join(f"{name:>24}" for name in next(iter(rows.values()))))
    for system, figures in rows.items():
        print(f"{system:<12}" + "".join(f"{value:>24}" for value in figures.values()))
    if "reference" in rows:
        ratio = rows["suggest"]["narratives_per_second"] / rows["reference"]["narratives_per_second"]
        print(f"whole suggest path against the reference: {ratio:.2f} times its throughput")


if __name__ == "__main__":
    main()
