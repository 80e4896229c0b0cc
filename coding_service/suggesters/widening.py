"""Widens the 8-bit weights of an exported encoder to 32 bits, for engines and comparisons that take no rounded ones."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coding_service.errors import MissingExtraError

try:
    import onnx
    from onnx import numpy_helper
except ImportError as error:
    raise MissingExtraError(
        f"This needs {error.name}, which is not installed.", hint="Run `pip install 'io-coding[openvino]'`."
    ) from error

ROUNDING = "DynamicQuantizeLinear"


def widen(path: Path) -> bytes:
    """Give a graph without 8-bit steps: each product of rounded numbers becomes one of 32-bit numbers.

    Parameters
    ----------
    path : Path
        A file that `encoder.quantise` wrote.

    Returns
    -------
    bytes
        An ONNX file of the same function but for the rounding of activations.
    """
    model = onnx.load(path)
    graph, steps = model.graph, list(model.graph.node)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    rounded = {node.output[0]: node.input[0] for node in steps if node.op_type == ROUNDING}
    readers = {name: node for node in steps for name in node.input}
    makers = {name: node for node in steps for name in node.output}
    nodes, dropped = [], {id(node) for node in steps if node.op_type == ROUNDING}

    def keep_wide(name: str, zero: str, scale: NDArray[Any]) -> str:
        weights = (stored[name].astype(np.float32) - stored[zero].astype(np.float32)) * scale.astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(weights, f"{name}_wide"))
        return f"{name}_wide"

    for node in steps:
        if node.op_type == "MatMulInteger":
            # The integers are turned into numbers, and those multiplied by the scales of both sides.
            cast = readers[node.output[0]]
            product = readers[cast.output[0]]
            scales = makers[next(name for name in product.input if name != cast.output[0])]
            (scale,) = (stored[name] for name in scales.input if name in stored)
            wide = keep_wide(node.input[1], node.input[3], scale)
            nodes.append(onnx.helper.make_node("MatMul", [rounded[node.input[0]], wide], product.output))
            dropped |= {id(cast), id(product), id(scales)}
        elif node.op_type == "QAttention":
            values, weights, bias, _, scale, mask, _, zero = node.input[:8]
            inputs = [rounded[values], keep_wide(weights, zero, stored[scale]), bias, mask]
            nodes.append(onnx.helper.make_node("Attention", inputs, node.output, domain=node.domain))
            nodes[-1].attribute.extend(node.attribute)
        else:
            nodes.append(node)
    kept = [node for node in nodes if id(node) not in dropped]
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    return bytes(model.SerializeToString())
