"""Operators that repeat elements or regroup axes: Expand, Tile, DepthToSpace, SpaceToDepth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand
from compiler.operators.movement import Transpose, strided_copy
from compiler.operators.moves import emit_steps
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK, broadcast_strides, collapse
from compiler.operators.view import View

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class Broadcast(Operation):
    """Repeats a tensor of any element type along axes where its extent is 1.

    The operand's shape is aligned with the last axes of `shape`, as in NumPy.
    """

    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and np.broadcast_shapes(x.shape, self.shape) == self.shape
        return (TensorType(x.data_type, self.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (np.array(np.broadcast_to(x, self.shape), order="C"),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        return strided_copy(outputs[0], broadcast_strides(x.shape, self.shape), 0)


@lowering("Expand", description="any broadcast to a constant shape; all types")
def lower_expand(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _require_constant(context.required(node, 1), "shape")
    shape = _output_shape(node, context)
    _refuse_walk(x, x.shape, shape)
    emit_steps(node, context, x, [] if shape == x.shape else [(Broadcast(shape), ())])


@lowering("Tile", description="constant repeats; all types")
def lower_tile(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _require_constant(context.required(node, 1), "repeats")
    shape = _output_shape(node, context)
    if shape == x.shape:
        emit_steps(node, context, x, [])
        return
    # A repeated axis becomes (repeats, extent); the operand is broadcast along the first.
    separate, repeated = list[int](), list[int]()
    for extent, total in zip(x.shape, shape, strict=True):
        if extent != total:
            separate.append(1)
            repeated.append(total // extent)
        separate.append(extent)
        repeated.append(extent)
    _refuse_walk(x, separate, repeated)
    steps = (View(tuple(separate)), Broadcast(tuple(repeated)), View(shape))
    emit_steps(node, context, x, [(step, ()) for step in steps])


@lowering("DepthToSpace", description="modes DCR and CRD; all types")
def lower_depth_to_space(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    batch, channels, height, width = x.shape
    block = node.attribute("blocksize", 1)
    depth = channels // block**2
    if channels % block**2:
        raise UnsupportedForm(
            f"its input {x.name!r} is {x.type}, and its blocksize is {block}",
            "channels that are a multiple of the blocksize squared",
        )
    mode = node.attribute("mode", "DCR")
    if mode == "DCR":
        blocks = View((batch, block, block, depth, height, width))
        order = Transpose((0, 3, 4, 1, 5, 2))
    elif mode == "CRD":
        blocks = View((batch, depth, block, block, height, width))
        order = Transpose((0, 1, 4, 2, 5, 3))
    else:
        raise UnsupportedForm(f"its mode is {mode}", "modes DCR and CRD")
    steps = (blocks, order, View(_output_shape(node, context)))
    emit_steps(node, context, x, [(step, ()) for step in steps])


@lowering("SpaceToDepth", description="all types")
def lower_space_to_depth(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    batch, channels, height, width = x.shape
    block = node.attribute("blocksize", 1)
    if height % block or width % block:
        raise UnsupportedForm(
            f"its input {x.name!r} is {x.type}, and its blocksize is {block}",
            "a height and a width that are multiples of the blocksize",
        )
    steps = (
        View((batch, channels, height // block, block, width // block, block)),
        Transpose((0, 3, 5, 1, 2, 4)),
        View(_output_shape(node, context)),
    )
    emit_steps(node, context, x, [(step, ()) for step in steps])


def _output_shape(node: OnnxNode, context: LoweringContext) -> tuple[int, ...]:
    """The static shape of the node's result; it must have elements."""
    shape = context.model.tensors[node.output()].type.shape
    if 0 in shape:
        raise UnsupportedForm(f"its result {node.output()!r} is empty", "non-empty results")
    return shape


def _require_constant(operand: Operand, role: str) -> None:
    """The model's own word for the result's shape does not make up for values at run time."""
    if operand.constant is None:
        raise UnsupportedForm(
            f"its {role} {operand.name!r} is computed at run time", f"constant {role}"
        )


def _refuse_walk(operand: Operand, shape: Sequence[int], output: Sequence[int]) -> None:
    try:
        collapse(output, [broadcast_strides(shape, output)])
    except ValueError as error:
        raise UnsupportedForm(
            f"copying {operand.name!r} to {tuple(output)} takes {error}",
            f"up to {RANK} axes, after neighbours that are repeated together are merged",
        ) from error
