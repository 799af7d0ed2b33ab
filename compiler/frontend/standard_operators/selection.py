"""Operators that choose elements by where they are, or by the largest one."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.expansion import Expansion, expansion
from compiler.ir import Array

ARG_MAX = 13
"""The operator set from which ArgMax and Hardmax work along one axis."""

NUMBERS = frozenset(TensorProto.DataType.values()) - {TensorProto.UNDEFINED, TensorProto.STRING}
"""ONNX's types of what has a 0 and a 1."""


@expansion(
    "Trilu",
    description="upper or lower triangles, constant k; types of Where",
    opset=14,
)
def expand_trilu(node: Expansion) -> None:
    """A choice between the matrix and 0 by a constant."""
    x = node.required(0, "input")
    diagonal = int(node.required_constant(1, "k").item()) if node.has(1) else 0
    shape = node.shape(x)
    if len(shape) < 2:
        raise UnsupportedForm(f"its input {x!r} has {len(shape)} axes", "2 axes and more")
    rows, columns = shape[-2:]
    ahead = np.arange(columns) - np.arange(rows)[:, None]
    kept = ahead >= diagonal if node.attribute("upper", 1) else ahead <= diagonal
    zero = node.add_constant("zero", np.zeros((), _numpy(node.element(x))))
    node.make("Where", node.add_constant("kept", kept), x, zero, output=node.output())


@expansion(
    "OneHot",
    description="constant depth; indices and values of any type that Equal and Where take",
)
def expand_one_hot(node: Expansion) -> None:
    """A choice between the two values by a comparison with 0, 1, ... on a new axis."""
    indices, values = node.required(0, "indices"), node.required(2, "values")
    depth = int(node.required_constant(1, "depth", "make the depth a constant").item())
    rank = len(node.shape(indices)) + 1
    axis = _axis(node, node.attribute("axis", -1), rank)
    if depth < 1:
        raise UnsupportedForm(f"its depth is {depth}", "positive depths")
    whole = node.make("Cast", indices, to=TensorProto.INT64)
    # -1 is the last one. What lies outside of [-depth, depth) stays outside of [0, depth).
    from_the_end = node.make("Add", whole, node.integers("depth", depth))
    negative = node.make("Less", whole, node.integers("zero", 0))
    positive = node.make("Where", negative, from_the_end, whole)
    wide = node.make("Unsqueeze", positive, node.integers("axis", axis))
    hot = node.make("Equal", wide, node.add_constant("positions", _along(depth, axis, rank)))
    off, on = (
        node.make("Gather", values, node.add_constant(role, np.array(index, np.int64)), axis=0)
        for index, role in enumerate(("off", "on"))
    )
    node.make("Where", hot, on, off, output=node.output())


@expansion("Hardmax", description="any axis; what ArgMax takes", opset=ARG_MAX)
def expand_hardmax(node: Expansion) -> None:
    """1 where the first of the largest elements is, else 0."""
    x = node.required(0, "input")
    shape = node.shape(x)
    axis = _axis(node, node.attribute("axis", -1), len(shape))
    largest = node.make("ArgMax", x, axis=axis, keepdims=1)
    positions = node.add_constant("positions", _along(shape[axis], axis, len(shape)))
    found = node.make("Equal", largest, positions)
    node.make("Cast", found, output=node.output(), to=node.element(x))


@expansion("Compress", description="a constant condition")
def expand_compress(node: Expansion) -> None:
    """A Gather of what the condition chooses."""
    x = node.required(0, "input")
    advice = "use a form whose result has the same shape for all data, such as Where or TopK"
    chosen = np.flatnonzero(node.required_constant(1, "condition", advice))
    indices = node.add_constant("indices", chosen.astype(np.int64))
    shape = node.shape(x)
    axis: int | None = None
    if any(attribute.name == "axis" for attribute in node.node.attribute):
        axis = _axis(node, node.attribute("axis", 0), len(shape))
    extent = int(np.prod(shape)) if axis is None else shape[axis]
    if chosen.size and chosen[-1] >= extent:
        raise UnsupportedForm(
            f"its condition chooses element {chosen[-1]} of {extent}", "elements that exist"
        )
    if axis is None:
        x = node.make("Reshape", x, node.integers("shape", -1))
    node.make("Gather", x, indices, output=node.output(), axis=axis or 0)


@expansion(
    "ReverseSequence",
    description="either axis as time_axis; constant and run-time sequence_lens; types of Gather",
)
def expand_reverse_sequence(node: Expansion) -> None:
    """A Gather of rows: those below a sequence's length from its end, the others where they are.

    Of constant lengths all indices are constants once they are folded.
    """
    x, lengths = node.required(0, "input"), node.required(1, "sequence_lens")
    time, batch = node.attribute("time_axis", 0), node.attribute("batch_axis", 1)
    shape = node.shape(x)
    if len(shape) < 2 or {time, batch} != {0, 1}:
        raise UnsupportedForm(
            f"its time_axis is {time}, its batch_axis is {batch}, and its input has {len(shape)} "
            "axes",
            "time and batch as axes 0 and 1, in either order",
        )
    steps, sequences = shape[time], shape[batch]
    if node.shape(lengths) != (sequences,):
        raise UnsupportedForm(
            f"its sequence_lens have shape {list(node.shape(lengths))}",
            f"one length for each of {sequences} sequences",
        )
    whole = node.make("Cast", lengths, to=TensorProto.INT64)
    within = node.make("Min", whole, node.integers("steps", steps))
    length = node.make("Unsqueeze", within, node.integers("axis", time))
    step = _along(steps, time, 2)
    last = node.make("Sub", length, node.integers("one", 1))
    reversed_ = node.make("Sub", last, node.add_constant("step", step))
    inside = node.make("Less", node.add_constant("step", step), length)
    source = node.make("Where", inside, reversed_, node.add_constant("step", step))
    # Rows of [first axis * second axis, ...].
    rows = node.make("Mul", source, node.integers("stride", shape[1] if time == 0 else 1))
    first = _along(sequences, batch, 2) * (shape[1] if batch == 0 else 1)
    rows = node.make("Add", rows, node.add_constant("sequence", first))
    rows = node.make("Reshape", rows, node.integers("all", -1))
    flat = node.make("Reshape", x, node.integers("rows", shape[0] * shape[1], *shape[2:]))
    found = node.make("Gather", flat, rows, axis=0)
    node.make("Reshape", found, node.integers("shape", *shape), output=node.output())


@expansion("EyeLike", description="any k and dtype: a constant")
def expand_eye_like(node: Expansion) -> None:
    x = node.required(0, "input")
    shape = node.shape(x)
    if len(shape) != 2:
        raise UnsupportedForm(f"its input has {len(shape)} axes", "matrices")
    given = node.attribute("dtype", node.element(x))
    if given not in NUMBERS:
        raise UnsupportedForm(f"its dtype is {given}", "types of numbers", "use float32")
    element = _numpy(given)
    size = shape[0] * shape[1] * element.itemsize
    if size > MAXIMUM_FOLDED_BYTES:
        found = f"its result would be a constant of {size:,} bytes"
        raise UnsupportedForm(found, f"at most {MAXIMUM_FOLDED_BYTES:,} bytes")
    eye = np.eye(*shape, k=node.attribute("k", 0), dtype=element)
    node.make("Identity", node.add_constant("eye", eye), output=node.output())


def _axis(node: Expansion, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise UnsupportedForm(f"its axis is {axis}", f"axes from {-rank} to {rank - 1}")
    return axis % rank


def _along(extent: int, axis: int, rank: int) -> Array:
    """0, 1, ... on an axis of a tensor of `rank` axes."""
    shape = [1] * rank
    shape[axis] = extent
    return np.arange(extent, dtype=np.int64).reshape(shape)


def _numpy(element: int) -> np.dtype[np.generic]:
    return np.dtype(helper.tensor_dtype_to_np_dtype(element))
