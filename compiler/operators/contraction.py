"""Sums of products over common axes of two tensors: MatMul, Gemm and Einsum, as matrix products.

Axes have labels, as in Einsum. A label of both operands and the result is a batch; one of both
operands alone is summed over; one of a single operand is a row or a column of the matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Operation, TensorType
from compiler.lowering.operand import Operand, QuantizedConstant
from compiler.operators.batched_matmul import BatchedMatMulFloat, batch_fits, choose_int8
from compiler.operators.matmul_lowering import emit_matmul
from compiler.operators.movement import Transpose
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK
from compiler.operators.view import View

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One operand with a label for each axis; no label twice."""

    operand: Operand
    labels: Labels

    @property
    def extents(self) -> Mapping[str, int]:
        return dict(zip(self.labels, self.operand.shape, strict=True))

    def order(self, wanted: Sequence[str]) -> tuple[int, ...]:
        """The permutation that brings the axes into the order of `wanted`."""
        return tuple(self.labels.index(label) for label in wanted if label in self.labels)


@dataclass(frozen=True)
class Contraction:
    """A product of matrices; `left` gives the rows, `right` the columns.

    The result's axes are batch, rows, columns, in this order.
    """

    left: Side
    right: Side
    batch: Labels
    rows: Labels
    columns: Labels
    inner: Labels

    def shape(self, side: Side) -> tuple[int, ...]:
        """[batch..., rows or columns, inner] of an operand, absent batches with extent 1."""
        extents = side.extents
        own = self.rows if side is self.left else self.columns
        return (
            *(extents.get(label, 1) for label in self.batch),
            prod(extents[label] for label in own),
            prod(extents[label] for label in self.inner),
        )

    @property
    def result_shape(self) -> tuple[int, ...]:
        """[batch..., rows, columns]; or [rows..., columns] if the columns are constant."""
        left, right = self.shape(self.left), self.shape(self.right)
        if self.right.operand.constant is not None and not self.batch:
            return (*(self.left.extents[label] for label in self.rows), right[-2])
        batch = np.broadcast_shapes(left[:-2], right[:-2])
        return (*(int(extent) for extent in batch), left[-2], right[-2])

    def permutation(self, side: Side) -> tuple[int, ...]:
        """The order of an operand's axes in `shape`."""
        own = self.rows if side is self.left else self.columns
        return side.order((*self.batch, *own, *self.inner))


def contraction(left: Side, right: Side, output: Labels) -> Contraction:
    """Plans a product. Raises UnsupportedForm if it is none.

    Axes of one operand alone that the result does not have must have extent 1.
    """
    if output and output[-1] in left.labels and output[-1] not in right.labels:
        left, right = right, left
    inner = tuple(x for x in left.labels if x in right.labels and x not in output)
    summed = {*inner, *output}
    alone = [
        tuple(x for x in side.labels if x not in summed and side.extents[x] == 1)
        for side in (left, right)
    ]
    assert len(summed) + sum(map(len, alone)) == len({*left.labels, *right.labels})
    columns = len(output)
    while columns > 0 and output[columns - 1] not in left.labels:
        columns -= 1
    rows = columns
    while rows > 0 and output[rows - 1] not in right.labels:
        rows -= 1
    for label in (*inner, *output):
        extents = {side.extents[label] for side in (left, right) if label in side.labels}
        if len(extents - {1}) > 1 or (label in inner and len(extents) > 1):
            raise UnsupportedForm(
                f"axis {label!r} has the extents {sorted(extents)}", "equal extents"
            )
    return Contraction(
        left,
        right,
        output[:rows],
        (*output[rows:columns], *alone[0]),
        (*output[columns:], *alone[1]),
        inner,
    )


def emit_contraction(
    node: OnnxNode,
    context: LoweringContext,
    plan: Contraction,
    *,
    factor: float = 1.0,
    bias: Operand | None = None,
) -> None:
    """Emits `factor * (left x right) + bias` as the node's result.

    `bias` is constant, one value per column, and only for a constant right operand without batch.
    Integer if everything is quantised, else float32.
    """
    left, right = plan.left, plan.right
    _check(plan)
    result = context.result(node, fuse_clip=True)
    then = None if result.shape == plan.result_shape else View(result.shape)
    if right.operand.constant is not None and not plan.batch:
        weights = _scaled(_matrix(right.operand, plan), factor)
        rows = (*(left.extents[label] for label in plan.rows), plan.shape(left)[-1])
        steps = _steps(left.operand.shape, plan.permutation(left), rows)
        emit_matmul(node, context, left.operand, steps, weights, bias, result, then)
        return
    if bias is not None:
        # It was an addition of its own, until the weights were found to be no constants.
        found = f"its weights {right.operand.name!r} are none that can be dequantised here"
        raise UnsupportedForm(found, "constant weights")
    a, b, y = left.operand.quantization, right.operand.quantization, result.quantization
    if left.operand.is_int8 and right.operand.is_int8 and a and b and y:
        operation = choose_int8(a, b, y, factor, plan.shape(left)[-1], result.clip)
        if operation is not None:
            inputs = [_arranged(node, context, plan, side, stored=True) for side in (left, right)]
            context.emit_stored(node, operation, inputs, result, then)
            return
    inputs = [_arranged(node, context, plan, side, stored=False) for side in (left, right)]
    product = BatchedMatMulFloat(factor, result.minimum, result.maximum)
    context.emit_plain(node, product, inputs, result, then)


def contraction_value(
    node: OnnxNode, context: LoweringContext, plan: Contraction, factor: float
) -> str:
    """Emits `factor * (left x right)` in float32; returns a value [batch..., rows, columns]."""
    _check(plan)
    sides = (plan.left, plan.right)
    inputs = [_arranged(node, context, plan, side, stored=False) for side in sides]
    return context.emit_value(node, "product", BatchedMatMulFloat(factor, -inf, inf), inputs)


def _check(plan: Contraction) -> None:
    """Refuses what no kernel computes."""
    left, right = plan.left, plan.right
    problem = batch_fits(plan.shape(left), plan.shape(right))
    if problem is not None:
        raise UnsupportedForm(
            f"its operands {left.operand.name!r} and {right.operand.name!r} broadcast over "
            f"{problem}",
            f"batches that leave up to {RANK} axes, after neighbours have been merged",
        )


def _steps(
    shape: tuple[int, ...], permutation: tuple[int, ...], wanted: tuple[int, ...]
) -> list[Operation]:
    """A transpose and a view, as far as they are needed."""
    steps: list[Operation] = []
    if permutation != tuple(range(len(shape))):
        steps.append(Transpose(permutation))
        shape = tuple(shape[axis] for axis in permutation)
    if shape != wanted:
        steps.append(View(wanted))
    return steps


def _arranged(
    node: OnnxNode, context: LoweringContext, plan: Contraction, side: Side, stored: bool
) -> str:
    """The operand as a value [batch..., rows or columns, inner], as int8 if `stored`."""
    role = "rows" if side is plan.left else "columns"
    operand, order, shape = side.operand, plan.permutation(side), plan.shape(side)
    if operand.constant is not None:
        data = operand.constant.astype(np.float32)
        if stored:
            assert operand.weights is not None
            data = operand.weights.stored
        return context.constant(node, role, _permuted(data, order, shape))
    value = context.stored(operand) if stored else context.plain(operand)
    for step in _steps(operand.shape, order, shape):
        value = context.emit_value(node, role, step, [value])
    return value


def _permuted(data: Array, order: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(data.transpose(order).reshape(shape))


def _matrix(operand: Operand, plan: Contraction) -> Operand:
    """The constant right operand as [columns, inner]; quantised per channel if its columns are."""
    assert operand.constant is not None
    constant = _permuted(operand.constant, plan.permutation(plan.right), plan.shape(plan.right))
    weights = None if operand.weights is None else _weight_matrix(operand.weights, plan)
    return replace(operand, type=TensorType.of(constant), constant=constant, weights=weights)


def _weight_matrix(weights: QuantizedConstant, plan: Contraction) -> QuantizedConstant | None:
    """The same for the stored values.

    None if scales are for an axis that is summed over, or for blocks of any but the only such axis.
    """
    order, shape = plan.permutation(plan.right), plan.shape(plan.right)
    stored = _permuted(weights.stored, order, shape)
    if weights.scale.size == 1 or weights.axis is None:
        return QuantizedConstant(stored, weights.scale, weights.zero_point, None)
    label = plan.right.labels[weights.axis]
    if weights.block:
        if (label,) != plan.inner:
            return None
        blocks = (shape[0], weights.scale.shape[weights.axis])
        scale, zero_point = (
            _permuted(data, order, blocks) for data in (weights.scale, weights.zero_point)
        )
        return QuantizedConstant(stored, scale, zero_point, 1, weights.block)
    if label not in plan.columns:
        return None
    along = [1] * weights.stored.ndim
    along[weights.axis] = -1

    def of_columns(data: Array) -> Array:
        everywhere = np.broadcast_to(data.reshape(along), weights.stored.shape)
        return np.ascontiguousarray(_permuted(everywhere, order, shape)[:, 0])

    return QuantizedConstant(
        stored, of_columns(weights.scale), of_columns(weights.zero_point), axis=0
    )


def _scaled(operand: Operand, factor: float) -> Operand:
    """A constant times a factor; if that is positive, quantised weights only change their scale.

    Raises UnsupportedForm if finite numbers become infinite, so that sums would be no numbers.
    """
    if factor == 1.0:
        return operand
    assert operand.constant is not None
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = operand.constant * np.float32(factor)
    if np.any(np.isfinite(operand.constant) & ~np.isfinite(scaled)):
        found = f"its operand {operand.name!r} times {factor:g} is larger than float32 has it"
        raise UnsupportedForm(found, "smaller factors")
    weights = operand.weights
    if weights is not None:
        weights = replace(weights, scale=weights.scale * factor) if factor > 0 else None
    return replace(operand, constant=scaled, weights=weights)


@lowering(
    "MatMul",
    description="any ranks, batches broadcast up to 6 axes, both operands at run time or constant; "
    "int8 or float32",
)
def lower_matmul(node: OnnxNode, context: LoweringContext) -> None:
    left, right = context.required(node, 0), context.required(node, 1)
    rank = max(len(left.shape), len(right.shape))
    batch = tuple(f"batch {axis}" for axis in range(rank - 2))
    left_labels = ("row", "inner") if len(left.shape) > 1 else ("inner",)
    right_labels = ("inner", "column") if len(right.shape) > 1 else ("inner",)
    output = (*batch, *left_labels[:-1], *right_labels[1:])
    plan = contraction(
        Side(left, (*batch[rank - len(left.shape) :], *left_labels)),
        Side(right, (*batch[rank - len(right.shape) :], *right_labels)),
        output,
    )
    # A third operand is the bias that `fold_biases` found behind the node.
    emit_contraction(node, context, plan, bias=context.operand(node, 2))
