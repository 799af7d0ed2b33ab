"""Refuses attributes that ONNX does not define, before ONNX's own shape inference meets them.

The inference takes some of them for valid, and others end it with the process.
"""

from __future__ import annotations

from collections.abc import Iterator

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_structure import node_name

ONNX_DOMAINS = ("", "ai.onnx")

FLAGS = frozenset(
    {
        *("allowzero", "antialias", "ceil_mode", "count_include_pad", "exclude_outside"),
        *("exclusive", "fmod", "interleaved", "is_causal", "keepdims", "largest"),
        *("noop_with_empty_axes", "reverse", "saturate", "select_last_index", "sorted"),
        *("storage_order", "training_mode", "transA", "transB"),
    }
)
"""Attributes that are 0 or 1; what another value means differs between implementations."""

AXES = frozenset({"axes", "axis"})

COUNTS_OF_AXES = frozenset({"batch_dims"})

MAXIMUM_RANK = 64
"""Axes that any tensor may have: as many as NumPy's."""


def check_attributes(proto: ModelProto) -> None:
    """Raises CompileError (TW-0101) with all attributes of ONNX operators that mean nothing."""
    nodes = [*_nodes(proto.graph), *(node for f in proto.functions for node in f.node)]
    problems = [problem for node in nodes for problem in attribute_problems(node)]
    if problems:
        raise CompileError(problems)


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """The nodes of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from _nodes(inner)


def attribute_problems(node: NodeProto) -> Iterator[Problem]:
    """What is wrong with the attributes of a node, if it is one of ONNX."""
    if node.domain not in ONNX_DOMAINS:
        return
    padding = {attribute.name: attribute for attribute in node.attribute}
    if "auto_pad" in padding and "pads" in padding and any(padding["pads"].ints):
        kind = padding["auto_pad"].s
        if kind not in (b"", b"NOTSET"):
            found = f"it has pads {list(padding['pads'].ints)} and auto_pad {kind!r}"
            yield _problem(node, found, "pads or auto_pad, but not both")
    for attribute in node.attribute:
        name, is_int = attribute.name, attribute.type == AttributeProto.INT
        values = [attribute.i] if is_int else list(attribute.ints)
        found = f"its attribute {name!r} is"
        if name in FLAGS and (wrong := [value for value in values if value not in (0, 1)]):
            yield _problem(node, f"{found} {wrong[0]}", "0 and 1")
        elif name in AXES and (wrong := [value for value in values if not _is_axis(value)]):
            supported = f"axes from {-MAXIMUM_RANK} to {MAXIMUM_RANK - 1}"
            yield _problem(node, f"{found} {wrong[0]}", supported)
        elif name in COUNTS_OF_AXES and (
            wrong := [value for value in values if not 0 <= value < MAXIMUM_RANK]
        ):
            yield _problem(node, f"{found} {wrong[0]}", f"0 to {MAXIMUM_RANK - 1}")
        elif (node.op_type, name) == ("Split", "num_outputs") and values != [len(node.output)]:
            outputs = len(node.output)
            yield _problem(node, f"{found} {values}, and it has {outputs} outputs", f"{outputs}")


def _is_axis(value: int) -> bool:
    return -MAXIMUM_RANK <= value < MAXIMUM_RANK


def _problem(node: NodeProto, found: str, supported: str) -> Problem:
    return Problem(
        Code.INVALID_MODEL,
        f"node {node_name(node)} ({node.op_type})",
        found,
        supported,
        "export the model again",
    )
