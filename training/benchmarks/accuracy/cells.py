"""Runs one system on one set in a process of its own, and keeps what it scored under a hash of all that decided it."""

import hashlib
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import mkdtemp

import numpy as np

from coding_service.corpus.files import write_corpus
from coding_service.corpus.labels import label_matrix
from coding_service.taxonomy.files import dump_taxonomy
from training.benchmarks.accuracy.registry import FOLDER, System
from training.benchmarks.accuracy.sets import LearningSet
from training.benchmarks.accuracy.splits import SEED, Part, few_of
from training.benchmarks.accuracy.systems.task import Task, Variant, read_variants

DONE, OVER, FAILED = "done", "over the limit", "failed"
KILOBYTES = 1024
PATIENCE = 8
DRAWING = Path(__file__).with_name("splits.py")
"""What decides which few texts are drawn."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM")
_AT_WORK: set[subprocess.Popen[bytes]] = set()
"""Processes of `run_child`, in whichever thread."""
_ENDING = threading.Event()


@dataclass(frozen=True)
class Cell:
    """What one system did on one set; its score matrices lie beside it in a file of the same name.

    Seconds are those that its one core really worked, whatever else the machine did; `train_seconds` and
    `score_seconds` are by variant, summed over the parts of the set. `wall_seconds` and `load_average`, taken when the
    cell began, tell how busy the machine was.
    """

    set: str
    system: str
    key: str
    status: str
    variants: tuple[str, ...] = ()
    train_seconds: tuple[float, ...] = ()
    score_seconds: tuple[float, ...] = ()
    n_fit: int = 0
    n_test: int = 0
    peak_mb: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    load_average: float = 0.0
    versions: dict[str, str] | None = None
    message: str = ""
    gpu: bool = False


@dataclass(frozen=True)
class Desk:
    """Where cells are kept and how long a core may work on one training of a cell; by the clock it may take `PATIENCE` times as long."""

    folder: Path
    limit_seconds: float = 3600.0
    python: str = sys.executable
    gpu: bool = False
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)


def cell_key(given: LearningSet, system: System, versions: dict[str, str], *, gpu: bool = False) -> str:
    """Name a cell by its data, its code with its options, and what it ran with."""
    options = dict(system.options)
    if "recipe" in options:
        options["recipe"] = Path(options["recipe"]).read_text(encoding="utf-8")
    drawn = [system.few, DRAWING.read_text(encoding="utf-8")] if system.few else 0
    told = [given.fingerprint, system.code_hash(), versions, options, drawn, platform.machine()]
    told += ["gpu"] if gpu else []
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def cell_path(folder: Path, set_name: str, system_name: str) -> Path:
    """Give the place of a cell; a newer one replaces it."""
    return folder / set_name / f"{system_name.replace(', ', '-').replace(' ', '-')}.json"


def read_cell(path: Path) -> Cell | None:
    """Read a cell, if there is one."""
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return Cell(**{name: tuple(value) if isinstance(value, list) else value for name, value in content.items()})


def read_scores(path: Path, variant: str, n_parts: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the score matrices of a variant: for each part, of the fifth laid aside and of the test side."""
    with np.load(path.with_suffix(".npz")) as scores:
        return [(scores[f"{variant}/{part}/tune"], scores[f"{variant}/{part}/test"]) for part in range(n_parts)]


def run_cell(given: LearningSet, name: str, system: System, desk: Desk) -> Cell:
    """Give the cell of a system on a set, from the cache where it was run with the same data, code and versions."""
    path = cell_path(desk.folder, given.name, name)
    try:
        versions = system.versions(desk.python)
    except FileNotFoundError as error:
        desk.say(f"{given.name} / {name}: {error}")
        return Cell(given.name, name, "", FAILED, message=str(error))
    key = cell_key(given, system, versions, gpu=desk.gpu)
    known = read_cell(path)
    if known is not None and known.key == key:
        desk.say(f"{given.name} / {name}: kept from before")
        return known
    desk.say(f"{given.name} / {name}: running")
    path.parent.mkdir(parents=True, exist_ok=True)
    begun, load = time.perf_counter(), os.getloadavg()[0]
    scratch = Path(mkdtemp(prefix="cell-", dir=path.parent))
    blank = Cell(given.name, name, key, FAILED, load_average=round(load, 2), versions=versions, gpu=desk.gpu)
    try:
        cell, variants = _run_parts(given, system, replace(blank, status=DONE), scratch, desk)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    cell = replace(cell, wall_seconds=round(time.perf_counter() - begun, 1))
    if cell_key(given, system, versions, gpu=desk.gpu) != key:
        cell = replace(cell, status=FAILED, message="its code was changed while it ran")
    if cell.status == DONE:
        sides = {
            f"{variant.name}/{part}/{side}": getattr(variant, side)
            for part, own in enumerate(variants)
            for variant in own
            for side in ("tune", "test")
        }
        np.savez_compressed(path.with_suffix(".npz"), **sides)
    if cell.status != FAILED:
        path.write_text(json.dumps(asdict(cell), indent=1) + "\n", encoding="utf-8")
    told = f"{cell.cpu_seconds:.0f} s of work in {cell.wall_seconds:.0f} s"
    desk.say(f"{given.name} / {name}: {cell.status}, {told} {cell.message}")
    return cell


def _run_parts(
    given: LearningSet, system: System, cell: Cell, scratch: Path, desk: Desk
) -> tuple[Cell, list[list[Variant]]]:
    """Run the parts of a set, as many at a time as there are cores, each on one of its own."""
    cores: SimpleQueue[int] = SimpleQueue()
    for core in sorted(os.sched_getaffinity(0)):
        cores.put(core)

    def run(number: int) -> tuple[int, Ended, list[Variant]]:
        folder = scratch / str(number)
        folder.mkdir()
        n_fit = _lay_out(given, given.parts[number], system, folder, scratch)
        command = [system.python(desk.python), str(FOLDER / system.script), str(folder)]
        core = cores.get()
        try:
            ended = run_child(command, folder / "log.txt", desk.limit_seconds, core, gpu=desk.gpu)
        finally:
            cores.put(core)
        variants = read_variants(folder) if ended.status == DONE else []
        shutil.rmtree(folder)
        return n_fit, ended, variants

    with ThreadPoolExecutor(cores.qsize()) as workers:
        done = list(workers.map(run, range(len(given.parts))))
    worst = next((ended for _, ended, _ in done if ended.status != DONE), done[0][1])
    cell = replace(
        cell,
        status=worst.status,
        message=worst.message,
        n_fit=sum(n_fit for n_fit, _, _ in done),
        n_test=sum(len(part.test) for part in given.parts),
        peak_mb=max(ended.usage.ru_maxrss // KILOBYTES for _, ended, _ in done),
        cpu_seconds=round(sum(ended.usage.ru_utime + ended.usage.ru_stime for _, ended, _ in done), 1),
    )
    if cell.status != DONE:
        return cell, []
    # A setting that cannot learn from one of the parts is no setting of the whole.
    found = [variants for _, _, variants in done]
    by_name = [{variant.name: variant for variant in own} for own in found]
    names = tuple(name for name in by_name[0] if all(name in own for own in by_name))
    train, score = (
        tuple(round(sum(getattr(own[name], kind) for own in by_name), 2) for name in names)
        for kind in ("train_seconds", "score_seconds")
    )
    return replace(cell, variants=names, train_seconds=train, score_seconds=score), found


def _lay_out(given: LearningSet, part: Part, system: System, folder: Path, scratch: Path) -> int:
    """Write what a system may see; the embeddings that ours keeps are shared by the parts of one cell and no more."""
    fit = list(part.fit)
    if system.few:
        fit = few_of(fit, label_matrix(fit, given.taxonomy, close=given.closed), system.few)
    taxonomy = given.taxonomy
    if not given.closed:
        # Where codes count as they are listed, no theme is implied.
        taxonomy = replace(taxonomy, codes=tuple(replace(code, parent=None) for code in taxonomy.codes))
    codes = [
        {"id": code_id, "name": taxonomy.get(code_id).name, "definition": taxonomy.get(code_id).definition}
        for code_id in taxonomy.code_ids
    ]
    Task(
        folder,
        codes,
        [narrative.text for narrative in fit],
        label_matrix(fit, taxonomy, close=given.closed),
        [narrative.text for narrative in part.tune],
        [narrative.text for narrative in part.test],
        {**system.options, "seed": SEED, "cache": str(scratch / "cache")},
    ).write()
    write_corpus(folder / "fit.jsonl", fit)
    (folder / "taxonomy.yaml").write_text(dump_taxonomy(taxonomy), encoding="utf-8")
    return len(fit)


@dataclass(frozen=True)
class Ended:
    """How a process ended, what it used, and the last line that it wrote."""

    status: str
    usage: resource.struct_rusage
    message: str = ""


def end_children_on_sigterm() -> None:
    """End with SIGTERM what `run_child` started, too: alone, each would work on for up to an hour, for nobody."""

    def stop(number: int, _: object) -> None:
        _ENDING.set()
        for child in tuple(_AT_WORK):
            child.kill()
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)


def run_child(command: list[str], log: Path, seconds: float, core: int | None = None, *, gpu: bool = False) -> Ended:
    """Run a process on one core, by default the last, until that has worked for so many seconds; it sees no GPU unless told."""
    environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"HF_HUB_OFFLINE": "1"} | ({} if gpu else {"CUDA_VISIBLE_DEVICES": ""})
    with log.open("wb") as handle:
        child = subprocess.Popen(command, stdout=handle, stderr=subprocess.STDOUT, env=environment)
    os.sched_setaffinity(child.pid, {max(os.sched_getaffinity(0)) if core is None else core})
    worked = max(int(seconds), 1)
    resource.prlimit(child.pid, resource.RLIMIT_CPU, (worked, worked + 5))
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(worked * PATIENCE, stop)
    timer.start()
    _AT_WORK.add(child)
    if _ENDING.is_set():
        child.kill()
    try:
        _, code, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        timer.cancel()
        _AT_WORK.discard(child)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode == 0:
        return Ended(DONE, usage)
    if late.is_set() or child.returncode == -signal.SIGXCPU or usage.ru_utime + usage.ru_stime >= worked:
        return Ended(OVER, usage)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Ended(FAILED, usage, "".join(lines[-1:])[:300])
