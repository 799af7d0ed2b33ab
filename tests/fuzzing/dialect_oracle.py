"""Whether a compiled model of the integer dialect is right: Python's integers are the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx.defs
from onnx import ModelProto, TensorProto, numpy_helper

from compiler.ir import Array, Graph
from tests.fuzzing.oracle import INTEGER_LIMIT, NOT_COMPARED, Failure, difference
from tests.integer_dialect import semantics

EQUAL_INTEGERS = "equal to the integer dialect's semantics"

STORED: Mapping[str, frozenset[int]] = {
    "int8": frozenset({TensorProto.INT8}),
    "uint8": frozenset({TensorProto.UINT8}),
    "int16": frozenset({TensorProto.INT16}),
    "uint16": frozenset({TensorProto.UINT16}),
    "int32": frozenset({TensorProto.INT32, TensorProto.INT64}),
}
"""Types of ONNX that say which integers an input holds; int64 is narrowed."""

ALSO_INTEGERS = frozenset({"ConvInteger", "MatMulInteger"})
"""Operators of ONNX that the dialect has for integers in float32."""

MAXIMUM_ELEMENTS = 20_000
"""Of all tensors: the judge computes one number after the other."""

UNREAD = frozenset(
    {"allowzero", "auto_pad", "ceil_mode", "noop_with_empty_axes", "storage_order", "saturate"}
)
"""Attributes of ONNX's operators that the semantics do not have, for no file of the dialect has."""


def is_dialect(content: bytes, types: Mapping[str, str]) -> bool:
    """Whether a model is one of the dialect, and not of ONNX alone.

    It has operators that ONNX does not have, or an input holds other numbers than it declares.
    """
    model = ModelProto.FromString(content)
    declared = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    return any(
        not onnx.defs.has(node.op_type) or node.op_type in ALSO_INTEGERS
        for node in model.graph.node
    ) or any(
        type_ in STORED and declared.get(name, 0) not in STORED[type_]
        for name, type_ in types.items()
        if name in declared
    )


def judge_dialect(
    content: bytes, names: Sequence[str], graph: Graph, found: Mapping[str, Array]
) -> str:
    """`EQUAL_INTEGERS`, or `NOT_COMPARED` if the semantics have nothing about the model.

    `names`: the model's inputs; `found` holds the lowered graph's inputs and outputs.

    Raises:
        Failure: a result differs.
    """
    model = ModelProto.FromString(content)
    data = {name: found[value] for name, value in zip(names, graph.inputs, strict=True)}
    elements = sum(value.type.elements for value in graph.values.values())
    if elements > MAXIMUM_ELEMENTS or not _has_meaning(model):
        return NOT_COMPARED
    try:
        with np.errstate(all="ignore"):
            expected = semantics.run(model, data)
    # Written for valid files alone, it has many exceptions: that says nothing about the compiler.
    except Exception:
        return NOT_COMPARED
    terms = max((array.size for array in data.values()), default=1)
    for output, value, want in zip(model.graph.output, graph.outputs, expected, strict=True):
        have = found[value]
        if have.dtype == np.float32:
            want = np.asarray(want).astype(np.float32)
        problem = difference(np.asarray(want), have, stored=False, terms=terms)
        if problem:
            raise Failure(f"{output.name[:40]!r} {problem}")
    return EQUAL_INTEGERS


def _has_meaning(model: ModelProto) -> bool:
    stored = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    if any(data.dtype.kind == "f" and not np.all(np.abs(data) < INTEGER_LIMIT) for data in stored):
        return False  # no integers that the semantics could compute with
    attributes = [(node.op_type, a.name) for node in model.graph.node for a in node.attribute]
    return not any(
        name in UNREAD or (operator, name) == ("MaxPool", "dilations")
        for operator, name in attributes
    )
