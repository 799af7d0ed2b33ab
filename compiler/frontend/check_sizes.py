"""Refuses tensors that no target can hold, before anything of their size is allocated."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from onnx import TypeProto, helper

from compiler.errors import Code, CompileError, Problem

MAXIMUM_BYTES = 2**31 - 1
"""Of one tensor: offsets into it are int32_t in kernels, and ptrdiff_t has 32 bits on targets."""

MAXIMUM_FOLDED_BYTES = 2**28
"""Of one constant that the compiler computes itself."""


def check_sizes(types: Mapping[str, TypeProto.Tensor], limit: int = MAXIMUM_BYTES) -> None:
    """Raises CompileError with all tensors of static shape that take more bytes (TW-0109), or to
    which ONNX's shape inference gives negative extents (TW-0101)."""
    problems = [
        _negative(name, shape)
        for name, proto in types.items()
        if (shape := static_shape(proto)) is not None and min(shape, default=0) < 0
    ]
    problems += [
        too_large(name, shape, limit)
        for name, proto in types.items()
        if (shape := static_shape(proto)) is not None
        and min(shape, default=0) >= 0
        and prod(shape) * element_bytes(proto.elem_type) > limit
    ]
    if problems:
        raise CompileError(problems)


def _negative(name: str, shape: list[int]) -> Problem:
    return Problem(
        Code.INVALID_MODEL,
        f"tensor {name!r}",
        f"its shape is {shape}: a window is larger than what it slides over",
        "extents of at least 0",
        "reduce kernel_shape or dilations, or pad the input",
    )


def too_large(name: str, shape: list[int], limit: int = MAXIMUM_BYTES) -> Problem:
    return Problem(
        Code.TENSOR_TOO_LARGE,
        f"tensor {name!r}",
        f"its shape is {shape}: {prod(shape):,} elements",
        f"tensors of at most {limit:,} bytes",
        "reduce its extents",
    )


def static_shape(proto: TypeProto.Tensor) -> list[int] | None:
    """The shape, if all of it is known."""
    if not proto.HasField("shape"):
        return None
    if any(not dimension.HasField("dim_value") for dimension in proto.shape.dim):
        return None
    return [int(dimension.dim_value) for dimension in proto.shape.dim]


def element_bytes(element_type: int) -> int:
    """Bytes of one element; 1 for what NumPy does not have."""
    try:
        return helper.tensor_dtype_to_np_dtype(element_type).itemsize
    except (KeyError, ValueError, TypeError):
        return 1
