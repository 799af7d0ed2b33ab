"""Models restated where a judge's own result hangs on the order or the rounding of its arithmetic.

The compiled model computes such a result as documented, and the judges in another way that ONNX
allows; restated, the same judges say which results are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

JUMPS: Mapping[str, Sequence[int]] = {
    **dict.fromkeys(("Cast", "Ceil", "Floor", "Round", "Sign"), (0,)),
    **dict.fromkeys(("Greater", "GreaterOrEqual", "Less", "LessOrEqual"), (0, 1)),
}
"""Monotonic functions that jump, and which of their operands decide where."""

EXACT = frozenset(
    {
        *("Abs", "Ceil", "Clip", "Concat", "DepthToSpace", "DequantizeLinear", "Expand", "Flatten"),
        *("Floor", "Gather", "GatherElements", "GatherND", "GlobalMaxPool", "Identity", "Max"),
        *("MaxPool", "Min", "Neg", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape", "Round"),
        *("Sign", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
        *("Where",),
    }
)
"""Operators that choose among numbers or round them to integers: no two implementations differ."""


def with_maxima_of_nan(model: ModelProto) -> ModelProto | None:
    """The model with every float32 MaxPool NaN where its window has a NaN; None if it has no such.

    onnxruntime and ONNX's reference compare such windows in an order of their own, and forget the
    NaN or what came before it. IEEE 754's maximum is NaN.
    """
    types = _element_types(model)
    pools = [
        node
        for node in model.graph.node
        if node.op_type == "MaxPool" and types.get(node.input[0]) == TensorProto.FLOAT
    ]
    if not pools:
        return None
    restated = ModelProto()
    restated.CopyFrom(model)
    del restated.graph.node[:]
    for node in model.graph.node:
        restated.graph.node.extend(_maxima_of_nan(node) if node in pools else [node])
    return restated


def _maxima_of_nan(pool: NodeProto) -> Iterator[NodeProto]:
    x, y = pool.input[0], pool.output[0]
    yield _constant(f"{y}/lowest", -np.inf)
    yield _constant(f"{y}/nan", np.nan)
    yield helper.make_node("IsNaN", [x], [f"{y}/is_nan"])
    yield helper.make_node("Where", [f"{y}/is_nan", f"{y}/lowest", x], [f"{y}/numbers"])
    yield helper.make_node("Cast", [f"{y}/is_nan"], [f"{y}/flags"], to=TensorProto.FLOAT)
    for operand, result in (("numbers", "largest"), ("flags", "largest_flag")):
        node = NodeProto()
        node.CopyFrom(pool)
        node.input[0] = f"{y}/{operand}"
        del node.output[:]
        node.output.append(f"{y}/{result}")
        yield node
    yield _constant(f"{y}/half", 0.5)
    yield helper.make_node("Greater", [f"{y}/largest_flag", f"{y}/half"], [f"{y}/any_nan"])
    yield helper.make_node("Where", [f"{y}/any_nan", f"{y}/nan", f"{y}/largest"], [y])


def multiplies_reals(model: ModelProto) -> bool:
    """Whether an operator for integers may have real operands: the tools of the integer dialect
    have such nodes, which are products; ONNX does not, and its reference cuts fractions off."""
    types = _element_types(model)
    types.update((tensor.name, tensor.data_type) for tensor in model.graph.initializer)
    return any(
        node.op_type in ("ConvInteger", "MatMulInteger")
        and any(types.get(name, TensorProto.FLOAT) == TensorProto.FLOAT for name in node.input[:2])
        for node in model.graph.node
    )


def rounded_operands(model: ModelProto) -> Iterator[tuple[int, str]]:
    """(index of the node, tensor) of what jumps and may be rounded otherwise elsewhere."""
    types = _element_types(model)
    inexact = _inexact(model)
    for index, node in enumerate(model.graph.node):
        for position in JUMPS.get(node.op_type, ()):
            name = node.input[position]
            # Of operators that ONNX does not have no type is known.
            if name in inexact and types.get(name, TensorProto.FLOAT) == TensorProto.FLOAT:
                yield index, name


def _inexact(model: ModelProto) -> set[str]:
    """Results of arithmetic, and what is made of them, in whatever order nodes are."""
    found: set[str] = set()
    count = -1
    while len(found) > count:
        count = len(found)
        for node in model.graph.node:
            if node.op_type not in EXACT | JUMPS.keys() or found & set(node.input):
                found |= set(node.output)
    return found


def shifted(model: ModelProto, index: int, name: str, distance: float) -> ModelProto:
    """The model in which one node reads a tensor that is larger by `distance`."""
    moved = ModelProto()
    moved.CopyFrom(model)
    nodes = list(moved.graph.node)
    for position, operand in enumerate(nodes[index].input):
        if operand == name:
            nodes[index].input[position] = f"{name}/shifted"
    amount = f"{name}/distance"
    add = helper.make_node("Add", [name, amount], [f"{name}/shifted"])
    nodes[index:index] = [_constant(amount, distance), add]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del moved.graph.node[:]
    moved.graph.node.extend(copies)
    return moved


def showing(model: ModelProto, name: str) -> ModelProto:
    """The model with a tensor inside of it as its only output."""
    shown = ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.append(helper.make_empty_tensor_value_info(name))
    return shown


def _constant(name: str, value: float) -> NodeProto:
    data = numpy_helper.from_array(np.array(value, np.float32), name)
    return helper.make_node("Constant", [], [name], value=data)


def _element_types(model: ModelProto) -> dict[str, int]:
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*graph.input, *graph.output, *graph.value_info]
    return {value.name: int(value.type.tensor_type.elem_type) for value in values}
