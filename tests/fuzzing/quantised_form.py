"""Puts models into the forms that quantisers write: QDQ, QCDQ, and weights of a few bits."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

SCALES = (0.02, 0.05, 0.5)
NARROW = (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4, TensorProto.UINT4)
FIRST_OF_INT4 = 21
"""The operator set in which DequantizeLinear got int4."""

Array = npt.NDArray[Any]


def quantise(model: ModelProto, random: Random) -> None:
    """Puts a QuantizeLinear and a DequantizeLinear behind every float tensor of the model."""
    graph = model.graph
    element = random.choice([np.int8, np.uint8])
    floats = [v.name for v in graph.input if v.type.tensor_type.elem_type == TensorProto.FLOAT]
    floats += [t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT]
    for name in floats:
        _read_instead(graph.node, name, f"{name}_real")
        parameters = _parameters(model, name, random.choice(SCALES), random.randrange(100), element)
        graph.node.insert(
            0,
            helper.make_node("DequantizeLinear", [f"{name}_stored", *parameters], [f"{name}_real"]),
        )
        graph.node.insert(
            0, helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_stored"])
        )
    for value in graph.output:
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            continue
        inner = f"{value.name}_inner"
        for node in graph.node:
            for index, made in enumerate(node.output):
                if made == value.name:
                    node.output[index] = inner
        parameters = _parameters(model, inner, 0.05, random.randrange(100), element)
        graph.node.append(
            helper.make_node("QuantizeLinear", [inner, *parameters], [f"{inner}_stored"])
        )
        graph.node.append(
            helper.make_node("DequantizeLinear", [f"{inner}_stored", *parameters], [value.name])
        )


def _parameters(
    model: ModelProto, name: str, scale: float, zero_point: int, element: Any
) -> list[str]:
    scales = helper.make_tensor(f"{name}_scale", TensorProto.FLOAT, [], [scale])
    zero = numpy_helper.from_array(np.array(zero_point, element), f"{name}_zero")
    model.graph.initializer.extend([scales, zero])
    return [scales.name, zero.name]


def _read_instead(nodes: Any, old: str, new: str) -> None:
    for node in nodes:
        for index, operand in enumerate(node.input):
            if operand == old:
                node.input[index] = new


def clip(model: ModelProto, random: Random) -> None:
    """Puts a Clip to fewer bits, or to a symmetric range, behind QuantizeLinear nodes."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "QuantizeLinear"]:
        if random.random() < 0.3:
            continue
        element = numpy_helper.to_array(constants[node.input[2]]).dtype
        bits, narrow = random.choice([2, 3, 4, 6, 7, 8]), random.random() < 0.5
        signed = element == np.int8
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
        low = (-high if narrow else -high - 1) if signed else 0
        stored = node.output[0]
        bounds = [f"{stored}_low", f"{stored}_high"]
        for name, bound in zip(bounds, (low, high), strict=True):
            model.graph.initializer.append(numpy_helper.from_array(np.array(bound, element), name))
        node.output[0] = f"{stored}_wide"
        position = list(model.graph.node).index(node) + 1
        clipped = helper.make_node("Clip", [f"{stored}_wide", *bounds], [stored])
        model.graph.node.insert(position, clipped)


def quantise_weights(model: ModelProto, random: Random) -> None:
    """Stores quantised weights as integers, often of 4 bits, with one scale, or one for a row."""
    graph = model.graph
    elements = NARROW if model.opset_import[0].version >= FIRST_OF_INT4 else NARROW[:2]
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in [n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] in weights]:
        data = numpy_helper.to_array(weights[node.input[0]])
        reader = next(n for n in graph.node if node.output[0] in n.input)
        if data.size and data.ndim and np.isfinite(data).all():
            _store(model, node, reader, data, random.choice(elements), random)


def _store(
    model: ModelProto,
    quantise: NodeProto,
    dequantise: NodeProto,
    data: Array,
    element: int,
    random: Random,
) -> None:
    name = quantise.output[0]
    bits = 4 if element in (TensorProto.INT4, TensorProto.UINT4) else 8
    signed = element in (TensorProto.INT4, TensorProto.INT8)
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    zero_point = 0 if signed else 2 ** (bits - 1)
    by_row = random.random() < 0.5
    largest = np.abs(data).reshape(len(data), -1).max(1) if by_row else np.abs(data).max()
    scale = np.asarray(np.maximum(largest, 1e-3) / (high - zero_point), np.float32)
    spread = scale.reshape(-1, *(1,) * (data.ndim - 1)) if by_row else scale
    stored = np.clip(np.rint(data / spread) + zero_point, -high - 1 if signed else 0, high)
    dtype = helper.tensor_dtype_to_np_dtype(element)
    zeros = np.full(scale.shape, zero_point)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(stored.astype(dtype), name),
            numpy_helper.from_array(scale, f"{name}_scale"),
            numpy_helper.from_array(zeros.astype(dtype), f"{name}_zero"),
        ]
    )
    model.graph.node.remove(quantise)
    dequantise.input[1:] = [f"{name}_scale", f"{name}_zero"]
    if by_row:
        dequantise.attribute.append(helper.make_attribute("axis", 0))
