"""RotaryEmbedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, Quantization, TensorType
from compiler.numerics.requantisation import half
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext
    from compiler.lowering.operand import Operand

HEADER = "tilewright/rotary_embedding.h"
TABLE_BITS = 14
"""Most fractional bits of the int16 tables: those of a sine, 2^14 being 1."""
DROPPED_BITS = 6
"""Of a rotated value, before it is multiplied by the scale."""
MAXIMUM_SHIFT = 22
"""Of the requantisation: the shifted output zero point must leave room for the product."""
MAXIMUM_ERROR = 0.5
"""Bound of the error before rounding, in output steps, up to which integers are used."""


@dataclass(frozen=True)
class RotaryLayout:
    """Where the vectors to rotate lie, and which of their elements form pairs.

    `heads`: number of heads; `tokens_first`: x is [batch, tokens, heads * head_size], not
    [batch, heads, tokens, head_size]; `rotary_size`: leading elements of a vector that rotate;
    `interleaved`: pairs are neighbours, not elements of the two halves.
    """

    heads: int
    tokens_first: bool
    rotary_size: int
    interleaved: bool

    def extents(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(batch, tokens, head_size)."""
        if self.tokens_first:
            return shape[0], shape[1], shape[2] // self.heads
        return shape[0], shape[2], shape[3]

    def split(self, x: Array) -> Array:
        """x as [batch, tokens, heads, head_size] (a view)."""
        batch, tokens, head_size = self.extents(x.shape)
        if self.tokens_first:
            return x.reshape(batch, tokens, self.heads, head_size)
        return x.transpose(0, 2, 1, 3)

    def join(self, y: Array, shape: tuple[int, ...]) -> Array:
        """The inverse of `split`."""
        return np.ascontiguousarray(y if self.tokens_first else y.transpose(0, 2, 1, 3)).reshape(
            shape
        )

    @property
    def pairs(self) -> tuple[slice, slice]:
        """The first and the second elements of all pairs."""
        if self.interleaved:
            return slice(0, self.rotary_size, 2), slice(1, self.rotary_size, 2)
        middle = self.rotary_size // 2
        return slice(0, middle), slice(middle, self.rotary_size)

    def rows(self, cache: Array, positions: Array | None, shape: tuple[int, ...]) -> Array:
        """The cache rows of all tokens: [batch, tokens, 1, pairs]."""
        batch, tokens, _ = self.extents(shape)
        rows = cache.reshape(-1, self.rotary_size // 2)
        if positions is not None:
            rows = rows[np.clip(positions.reshape(-1), 0, rows.shape[0] - 1)]
        return rows.reshape(batch, tokens, 1, self.rotary_size // 2)

    def parameters(self, x: TensorType, cache: TensorType) -> dict[str, int]:
        batch, tokens, head_size = self.extents(x.shape)
        return {
            "batch": batch,
            "heads": self.heads,
            "tokens": tokens,
            "head_size": head_size,
            "rotary_size": self.rotary_size,
            "head_stride": head_size if self.tokens_first else tokens * head_size,
            "token_stride": self.heads * head_size if self.tokens_first else head_size,
            "interleaved": int(self.interleaved),
            "cache_rows": cache.elements // (self.rotary_size // 2),
        }

    def check(self, inputs: Sequence[TensorType | None]) -> TensorType:
        """x, after asserting that the other operands fit it."""
        x, cosine, sine, positions = inputs
        assert x is not None and cosine is not None and sine is not None
        batch, tokens, _ = self.extents(x.shape)
        assert cosine == sine and cosine.elements % (self.rotary_size // 2) == 0
        if positions is None:
            assert cosine.elements == batch * tokens * (self.rotary_size // 2)
        else:
            assert positions.data_type is DataType.INT32
            assert positions.elements == batch * tokens
        return x


@dataclass(frozen=True)
class RotaryEmbeddingInt8(Operation):
    """Rotation of int8 pairs by angles from int16 tables (docs/numerics.md).

    Inputs: x int8 [batch, heads, tokens, head_size] or [batch, tokens, heads * head_size];
    cosine and sine int16 [..., rotary_size / 2], where `one` is 1; optional positions int32
    [batch, tokens], the table row of each token (limited to existing rows).
    Output: int8, shaped like x.
    """

    layout: RotaryLayout
    input_zero_point: int
    output_zero_point: int
    one: int
    scale: int
    shift: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        return (TensorType(DataType.INT8, self.layout.check(inputs).shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, cosine, sine, positions = inputs
        assert x is not None and cosine is not None and sine is not None
        first, second = self.layout.pairs
        c = self.layout.rows(cosine, positions, x.shape).astype(np.int32)
        s = self.layout.rows(sine, positions, x.shape).astype(np.int32)
        d = self.layout.split(x).astype(np.int32) - np.int32(self.input_zero_point)
        rotated = d * np.int32(self.one)
        rotated[..., first] = d[..., first] * c - d[..., second] * s
        rotated[..., second] = d[..., first] * s + d[..., second] * c
        kept = (rotated + np.int32(half(DROPPED_BITS))) >> DROPPED_BITS
        steps = (kept * np.int32(self.scale) + np.int32(self._bias)) >> self.shift
        return (self.layout.join(np.clip(steps, -128, 127).astype(np.int8), x.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x, cosine = inputs[:2]
        assert x is not None and cosine is not None
        parameters = {
            **self.layout.parameters(x, cosine),
            "input_zero_point": self.input_zero_point,
            "one": self.one,
            "scale": self.scale,
            "shift": self.shift,
            "bias": self._bias,
        }
        return Kernel("tw_rotary_embedding_s8", HEADER, parameters)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        return 2 * self.layout.check(inputs).elements

    @property
    def _bias(self) -> int:
        return (self.output_zero_point << self.shift) + half(self.shift)


@dataclass(frozen=True)
class RotaryEmbeddingFloat(Operation):
    """Rotation of float32 pairs; operands as `RotaryEmbeddingInt8`, all of them float32."""

    layout: RotaryLayout

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        return (TensorType(DataType.FLOAT32, self.layout.check(inputs).shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, cosine, sine, positions = inputs
        assert x is not None and cosine is not None and sine is not None
        first, second = self.layout.pairs
        c = self.layout.rows(cosine, positions, x.shape)
        s = self.layout.rows(sine, positions, x.shape)
        split = self.layout.split(x)
        y = split.copy()
        y[..., first] = c * split[..., first] - s * split[..., second]
        y[..., second] = s * split[..., first] + c * split[..., second]
        return (self.layout.join(y, x.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x, cosine = inputs[:2]
        assert x is not None and cosine is not None
        return Kernel("tw_rotary_embedding_f32", HEADER, self.layout.parameters(x, cosine))

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        return 2 * self.layout.check(inputs).elements


def integer_form(
    layout: RotaryLayout, cosine: Array, sine: Array, source: Quantization, target: Quantization
) -> tuple[RotaryEmbeddingInt8, Array, Array] | None:
    """The integer operation and its int16 tables; None if its precision does not suffice."""
    bits = TABLE_BITS
    largest = max(1.0, float(np.abs(cosine).max()), float(np.abs(sine).max()))
    while bits > DROPPED_BITS and not np.rint(largest * 2.0**bits) <= 32767:
        bits -= 1
    ratio = source.scale / target.scale
    # Rounding the tables, the dropped bits, and the scale (of which at least 11 bits are kept).
    error = ratio * (255 * 2.0**-bits + 2.0 ** (DROPPED_BITS - 1 - bits)) + 255 * 2.0**-12
    if not error <= MAXIMUM_ERROR:
        return None
    tables = [np.rint(cache.astype(np.float64) * 2.0**bits) for cache in (cosine, sine)]
    reach = float((np.abs(tables[0]) + np.abs(tables[1])).max())
    kept = (255 * max(reach, 2.0**bits) + half(DROPPED_BITS)) / 2.0**DROPPED_BITS + 1
    shift = MAXIMUM_SHIFT
    while True:
        scale = np.rint(ratio * 2.0 ** (shift + DROPPED_BITS - bits))
        if kept * scale + 129 * 2.0**shift < 2**31:
            break
        shift -= 1
    operation = RotaryEmbeddingInt8(
        layout, source.zero_point, target.zero_point, 1 << bits, int(scale), shift
    )
    return operation, tables[0].astype(np.int16), tables[1].astype(np.int16)


@lowering("RotaryEmbedding", description="3D or 4D; int8 (constant caches) or float32")
def lower_rotary_embedding(node: OnnxNode, context: LoweringContext) -> None:
    x, cosine, sine = (context.required(node, index) for index in range(3))
    positions = context.operand(node, 3)
    tokens_first = len(x.shape) == 3
    heads = node.attribute("num_heads", 0) if tokens_first else x.shape[1]
    if heads < 1:
        raise UnsupportedForm(
            f"its input {x.name!r} is {x.type} and num_heads is not given",
            "[batch, heads, tokens, head size], or [batch, tokens, hidden size] with num_heads",
            "set the attribute num_heads",
        )
    head_size = x.shape[-1] // heads if tokens_first else x.shape[-1]
    rotary_size = node.attribute("rotary_embedding_dim", 0) or head_size
    if not 0 < rotary_size <= head_size:
        raise UnsupportedForm(
            f"it rotates {rotary_size} elements of heads with {head_size}",
            "as many elements as a head has, or fewer",
            "correct the attribute rotary_embedding_dim",
        )
    interleaved = node.attribute("interleaved", 0)
    if interleaved not in (0, 1):
        raise UnsupportedForm(f"its attribute 'interleaved' is {interleaved}", "0 and 1")
    layout = RotaryLayout(heads, tokens_first, rotary_size, bool(interleaved))
    if rotary_size % 2 or cosine.shape[-1:] != (rotary_size // 2,):
        raise UnsupportedForm(
            f"it rotates {rotary_size} elements and its cache {cosine.name!r} is {cosine.type}",
            "caches with half as many columns as elements rotate",
        )
    _check_caches(x, cosine, sine, positions, layout)
    position_name = None if positions is None else context.plain(positions)
    result = context.result(node)
    if x.is_int8 and x.quantization is not None and result.quantization is not None:
        form = None
        if cosine.constant is not None and sine.constant is not None:
            form = integer_form(
                layout, cosine.constant, sine.constant, x.quantization, result.quantization
            )
        if form is not None:
            operation, cosine_table, sine_table = form
            inputs = [
                context.stored(x),
                context.constant(node, "cosine", cosine_table),
                context.constant(node, "sine", sine_table),
                position_name,
            ]
            context.emit_stored(node, operation, inputs, result)
            return
    inputs = [context.plain(x), context.plain(cosine), context.plain(sine), position_name]
    context.emit_plain(node, RotaryEmbeddingFloat(layout), inputs, result)


def _check_caches(
    x: Operand, cosine: Operand, sine: Operand, positions: Operand | None, layout: RotaryLayout
) -> None:
    batch, tokens, _ = layout.extents(x.shape)
    rows = prod(cosine.shape[:-1])
    if cosine.shape != sine.shape or (positions is None and rows != batch * tokens):
        raise UnsupportedForm(
            f"its input is {x.type}, its caches are {cosine.type} and {sine.type}",
            "two caches of one shape; without positions, with a row for each token",
        )
    if not rows and batch * tokens:
        raise UnsupportedForm(
            f"its caches are {cosine.type}, which has no rows",
            "caches with a row for each position",
        )
    if positions is not None and (
        positions.type.data_type not in (DataType.INT64, DataType.INT32)
        or prod(positions.shape) != batch * tokens
    ):
        raise UnsupportedForm(
            f"its positions {positions.name!r} are {positions.type}",
            f"int64 positions of {batch * tokens} tokens",
        )
