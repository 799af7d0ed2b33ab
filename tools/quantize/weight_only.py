"""Stores the weights of layers in 8 bits whose activations stay float32.

Recurrent layers are quantised so, for a state that is rounded in every step would carry the error
on. Others are on request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

RECURRENT = frozenset({"GRU", "LSTM", "RNN"})

HIGHEST = 127
"""Of the stored numbers; the zero point is 0."""


OPERATORS = frozenset({"Gemm", "MatMul"}) | RECURRENT
"""Those whose weights can be stored while their activations are real."""


def weight_operands(node: NodeProto) -> Mapping[int, int]:
    """The operands that are weights, and for each the axis that its scales are for."""
    if node.op_type in RECURRENT:
        return {1: 1, 2: 1}  # one scale for each row of a gate, common to both directions
    if node.op_type == "MatMul":
        return {1: -1}
    if node.op_type == "Gemm":
        transposed = any(entry.name == "transB" and entry.i for entry in node.attribute)
        return {1: 0 if transposed else 1}
    return {}


def store_weights(
    model: onnx.ModelProto, stored: Callable[[NodeProto], bool], *, per_channel: bool
) -> onnx.ModelProto:
    """The model with a DequantizeLinear in front of float32 weights of the layers.

    Args:
        model: a model; weights that are not constant, or quantised already, stay as they are.
        stored: whether it is to be done for a node.
        per_channel: one scale per output, else one per tensor.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    floats = {t.name: t for t in graph.initializer if t.data_type == TensorProto.FLOAT}
    made: dict[tuple[str, int | None], str] = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        for index, axis in weight_operands(node).items() if stored(node) else ():
            tensor = floats.get(node.input[index])
            if tensor is None:
                continue
            known = axis % len(tensor.dims) if per_channel and len(tensor.dims) > 1 else None
            if (tensor.name, known) not in made:
                taken = {initializer.name for initializer in graph.initializer}
                name = next(
                    name for name in _names(tensor.name) if f"{name}_quantized" not in taken
                )
                nodes.append(_dequantise(graph, tensor, name, known))
                made[tensor.name, known] = nodes[-1].output[0]
            node.input[index] = made[tensor.name, known]
        nodes.append(node)
    kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    _remove_unread(graph, {name for name, _ in made})
    return result


def _names(name: str) -> Iterator[str]:
    yield name
    count = 2
    while True:
        yield f"{name}.{count}"
        count += 1


def _dequantise(
    graph: onnx.GraphProto, tensor: TensorProto, name: str, axis: int | None
) -> NodeProto:
    data = numpy_helper.to_array(tensor)
    stored, scale = rounded(data, axis)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        f"{name}_quantized": stored,
        f"{name}_scale": scale,
        f"{name}_zero_point": np.zeros(scale.shape, np.int8),
    }
    graph.initializer.extend(numpy_helper.from_array(a, key) for key, a in arrays.items())
    attributes = {} if axis is None else {"axis": axis}
    output, node = f"{name}_dequantized", f"{name}_DequantizeLinear"
    return helper.make_node("DequantizeLinear", list(arrays), [output], node, **attributes)


def rounded(
    data: npt.NDArray[np.float32], axis: int | None
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Numbers of 8 bits and their scales, one for each index of `axis`, or one for all."""
    others = (
        tuple(other for other in range(data.ndim) if other != axis) if axis is not None else None
    )
    largest = np.abs(data).max(axis=others, initial=0.0)
    scale = (np.where(largest > 0.0, largest, 1.0) / HIGHEST).astype(np.float32)
    spread = scale if axis is None else scale.reshape(-1, *(1,) * (data.ndim - axis - 1))
    return np.clip(np.rint(data / spread), -HIGHEST, HIGHEST).astype(np.int8), scale


def _remove_unread(graph: onnx.GraphProto, names: Collection[str]) -> None:
    read = {name for node in graph.node for name in node.input}
    read.update(output.name for output in graph.output)
    kept = [t for t in graph.initializer if t.name not in names or t.name in read]
    copies = [TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del graph.initializer[:]
    graph.initializer.extend(copies)
