"""Makes float32 of float16 and bfloat16: no target computes with these.

float32 holds every number of both types exactly, so constants keep their values. What the file
would round to 11 or 8 bits after each operator keeps the 24 bits of float32.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    TypeProto,
    numpy_helper,
)

from compiler.frontend.check_structure import damaged_tensor

HALF = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})

TYPE_ATTRIBUTES = frozenset({"dtype", "precision", "softmax_precision", "stash_type", "to"})
"""Attributes of operators that are element types."""


def widen_half_precision(proto: ModelProto) -> None:
    """Declares and stores as float32 whatever is float16 or bfloat16; inputs and outputs too.

    Tensors whose data is damaged stay as they are: `initializers` reports them.
    """
    for graph in _graphs(proto):
        for tensor in graph.initializer:
            _widen_tensor(tensor)
        for value in (*graph.input, *graph.output, *graph.value_info):
            _widen_type(value.type)
    for function in proto.functions:
        for value in function.value_info:
            _widen_type(value.type)
    for node in _nodes(proto):
        for attribute in node.attribute:
            _widen_attribute(attribute)


def _graphs(proto: ModelProto) -> Iterator[GraphProto]:
    """The model's graph, and those that are attributes of nodes."""
    yield proto.graph
    for node in _nodes(proto):
        for attribute in node.attribute:
            yield from _inner(attribute)


def _nodes(proto: ModelProto) -> Iterator[NodeProto]:
    """All nodes of the model, its functions, and the graphs that are attributes of nodes."""
    waiting = [*proto.graph.node, *(node for f in proto.functions for node in f.node)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [n for a in node.attribute for graph in _inner(a) for n in graph.node]


def _inner(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _widen_attribute(attribute: AttributeProto) -> None:
    if attribute.HasField("t"):
        _widen_tensor(attribute.t)
    for tensor in attribute.tensors:
        _widen_tensor(tensor)
    if attribute.name in TYPE_ATTRIBUTES and attribute.i in HALF:
        attribute.i = TensorProto.FLOAT


def _widen_tensor(tensor: TensorProto) -> None:
    if tensor.data_type in HALF and damaged_tensor(tensor, tensor.name) is None:
        data = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))


def _widen_type(type_: TypeProto) -> None:
    if type_.HasField("tensor_type") and type_.tensor_type.elem_type in HALF:
        type_.tensor_type.elem_type = TensorProto.FLOAT
