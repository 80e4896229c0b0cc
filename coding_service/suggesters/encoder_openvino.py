"""Runs an encoder by OpenVINO in bf16, which is faster where the chip multiplies bf16 matrices (AMX).

The only file that imports openvino. It needs no weights of its own: the 8-bit ones of the bundle are widened when the
encoder is opened, and run with 8 bits of mantissa instead of activations in 8 bits.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.errors import MissingExtraError
from coding_service.suggesters.widening import widen

try:
    import openvino
except ImportError as error:
    raise MissingExtraError(
        f"This needs {error.name}, which is not installed.", hint="Run `pip install 'io-coding[openvino]'`."
    ) from error

BATCH = 32
WINDOW = 512
"""Sentences whose outputs are held at a time."""


class OpenVinoGraph:
    """The network in OpenVINO, sentences of like length in one call.

    Parameters
    ----------
    path : Path
        The ONNX file.
    threads : int
        Threads that share a call.
    """

    def __init__(self, path: Path, threads: int) -> None:
        core = openvino.Core()
        model = core.read_model(widen(path))
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._compiled = core.compile_model(model, "CPU", settings)

    def run(self, read: Sequence[Any], *outputs: str) -> Iterator[list[NDArray[np.float32]]]:
        """See `Graph.run`."""
        for first in range(0, len(read), WINDOW):
            yield from self._run_window(read[first : first + WINDOW], outputs)

    def _run_window(self, read: Sequence[Any], outputs: Sequence[str]) -> list[list[NDArray[np.float32]]]:
        done: list[list[NDArray[np.float32]]] = [[] for _ in read]
        order = sorted(range(len(read)), key=lambda row: len(read[row].ids))
        # Requests are not shared between threads, and one is cheap to make.
        request = self._compiled.create_infer_request()
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            width = len(read[rows[-1]].ids)
            ids, mask = (np.zeros((len(rows), width), dtype=np.int64) for _ in range(2))
            for place, row in enumerate(rows):
                own = read[row].ids
                ids[place, : len(own)], mask[place, : len(own)] = own, 1
            found = request.infer({"input_ids": ids, "attention_mask": mask})
            values = [np.array(found[self._compiled.output(name)]) for name in outputs]
            for place, row in enumerate(rows):
                done[row] = [value[place : place + 1] for value in values]
        return done
