"""Speed of the whole suggest path beside sentence-transformers encoding the same sentences, in one run.

Forms of the encoder: `int8`, as it is served on most chips; `fp32`, the same weights widened to 32 bits, in ONNX
Runtime; `openvino`, those in OpenVINO with bf16, where it is installed. Each figure comes from a process of its own,
held to the given number of threads; ratios compare runs of one call. F1, on the starter corpus's test split, stands
beside each form, so that no speed is bought in silence.
Example: python training/benchmarks/speed.py --bundle models/starter --threads 1 --batch 32
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
from tempfile import NamedTemporaryFile

CORPUS = Path(__file__).parents[1] / "corpus" / "starter.jsonl"
WORDS = 100
N_NARRATIVES = 256
FORMS = ("int8", "fp32", "openvino")
REFERENCE = "sentence-transformers"
SYSTEMS = (*(f"suggest {form}" for form in FORMS), *(f"encoder {form}" for form in FORMS), REFERENCE)
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


def take_form(form: str) -> None:
    """Let every encoder that is opened from now on run in a form."""
    from coding_service.suggesters import encoders
    from coding_service.suggesters.encoder import Graph, OnnxGraph

    def wide(path: Path, threads: int) -> Graph:
        from coding_service.suggesters.widening import widen

        with NamedTemporaryFile(suffix=".onnx") as handle:
            handle.write(widen(path))
            handle.flush()
            return OnnxGraph(Path(handle.name), threads)

    def engine() -> Callable[[Path, int], Graph]:
        if form == "openvino":
            from coding_service.suggesters.encoder_openvino import OpenVinoGraph

            return OpenVinoGraph
        return wide if form == "fp32" else OnnxGraph

    encoders.choose_engine = engine


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
    from coding_service.suggesters.encoders import open_encoder

    encoder = open_encoder(str(bundle / "suggester" / "encoder"), threads=threads, serving=True)

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


def f1(bundle: Path) -> dict[str, float]:
    """Give micro and macro F1 of a bundle on the starter corpus's test split."""
    from coding_service.corpus.files import read_corpus
    from coding_service.services.training import measure
    from coding_service.suggesters.bundle import read_bundle

    loaded = read_bundle(bundle)
    tested = [each for each in read_corpus(CORPUS, loaded.taxonomy) if each.split == "test"]
    figures = measure(loaded, tested)
    return {f"{name}_f1": round(figures[name]["point"], 4) for name in ("micro", "macro")}


def measure(system: str, given: argparse.Namespace) -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])
    what, _, form = system.partition(" ")
    run = {"suggest": run_suggest, "encoder": run_encoder}.get(what, run_reference)
    if form:
        take_form(form)
    begun = time.perf_counter()
    call = run(given.bundle, given.threads, given.batch)
    texts = narratives()
    call(texts[:1])
    cold = time.perf_counter() - begun
    call(texts[:32])
    seconds = []
    for _ in range(given.rounds):
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
        **(f1(given.bundle) if what == "suggest" else {}),
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
        print(json.dumps(measure(given.system, given)))
        return
    rows: dict[str, dict[str, float]] = {}
    for system in SYSTEMS:
        command = [sys.executable, __file__, "--system", system, "--bundle", str(given.bundle)]
        command += ["--threads", str(given.threads), "--batch", str(given.batch), "--rounds", str(given.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{system}: not measured ({done.stderr.strip().splitlines()[-1][:120]})", file=sys.stderr)
            continue
        rows[system] = json.loads(done.stdout.strip().splitlines()[-1])
    names = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    print(
        f"{'threads ' + str(given.threads) + ', batch ' + str(given.batch):<24}"
        + "".join(f"{name:>24}" for name in names)
    )
    for system, figures in rows.items():
        print(f"{system:<24}" + "".join(f"{figures.get(name, ''):>24}" for name in names))
    if REFERENCE in rows:
        own, others = rows["suggest int8"]["narratives_per_second"], rows[REFERENCE]["narratives_per_second"]
        print(f"whole suggest path as served against {REFERENCE}: {own / others:.2f} times its throughput")


if __name__ == "__main__":
    main()
