"""Attention: operations. `attention_lowering.py` reads the ONNX operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, Reach, TensorType, Tile
from compiler.ir.operation import ParameterValue
from compiler.numerics import elementary
from compiler.numerics.elementary import ordered_sum
from compiler.operators.attention_weights import (
    LARGEST_WEIGHT,
    MAXIMUM_ENTRIES,
    WeightTable,
    weight_table,
)

HEADER = "tilewright/attention.h"
MAXIMUM_CORES = 9
"""TW_MAXIMUM_CORES of tilewright/parallel.h: for how many the scratch memory holds scores."""
ROWS_AT_A_TIME = 2
"""Most rows of scores that one core needs at a time."""
MAXIMUM_KEYS = 4096
MAXIMUM_OFFSET = 2**27 - 1
"""Of positions; see tilewright/attention.h."""
MAXIMUM_HEAD_SIZE = 32768
"""Of the integer form: differences of scores must fit int32."""
MAXIMUM_SCALE_RATIO = 2.0**13
"""Largest s_v / s_y of the integer form: the mean's rounding is then a quarter output step."""
WORD = 4
"""Bytes of the vectors that tw_attention_word_s8 and tw_attention_words_s8 are for."""


@dataclass(frozen=True)
class AttentionLayout:
    """Heads and axes of all four tensors, and which keys a query attends to.

    `tokens_first`: tensors are [batch, rows, heads * size], not [batch, heads, rows, size].
    `keys`: most keys that a query attends to. The number of attended keys is further limited to
    positions + position_offset, to valid_keys, and, if `causal`, to the query's own index plus one
    (plus valid_keys - queries, if given); see tilewright/attention.h.
    """

    query_heads: int
    key_heads: int
    tokens_first: bool
    keys: int
    position_offset: int = 1
    causal: bool = False

    def size(self, type_: TensorType | Array, heads: int) -> int:
        """Elements of one head's vector."""
        return type_.shape[-1] // heads if self.tokens_first else type_.shape[-1]

    def rows(self, type_: TensorType | Array) -> int:
        return type_.shape[1 if self.tokens_first else 2]

    def split(self, x: Array, heads: int) -> Array:
        """x as [batch, heads, rows, size] (a view)."""
        if not self.tokens_first:
            return x
        batch, rows, hidden = x.shape
        return x.reshape(batch, rows, heads, hidden // heads).transpose(0, 2, 1, 3)

    def join(self, y: Array) -> Array:
        """[batch, key heads, group, queries, size] as the output's layout."""
        batch, _, _, rows, size = y.shape
        y = y.reshape(batch, self.query_heads, rows, size)
        if self.tokens_first:
            y = y.transpose(0, 2, 1, 3).reshape(batch, rows, self.query_heads * size)
        return np.ascontiguousarray(y)

    def grouped(self, query: Array) -> Array:
        """The query as [batch, key heads, queries per key head, queries, size]."""
        split = self.split(query, self.query_heads)
        batch, heads, rows, size = split.shape
        return split.reshape(batch, self.key_heads, heads // self.key_heads, rows, size)

    def output_shape(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        """The output's shape, after asserting that the operands fit each other."""
        query, key, value, positions, valid = inputs[:5]
        assert query is not None and key is not None and value is not None
        rank = 3 if self.tokens_first else 4
        assert len(query.shape) == len(key.shape) == len(value.shape) == rank
        assert self.query_heads % self.key_heads == 0
        assert self.size(query, self.query_heads) == self.size(key, self.key_heads)
        assert query.shape[0] == key.shape[0] == value.shape[0]
        assert self.rows(key) == self.rows(value) >= self.keys
        assert positions is None or positions.data_type is DataType.INT32
        assert valid is None or valid == TensorType(DataType.INT32, (query.shape[0],))
        size = self.size(value, self.key_heads)
        if self.tokens_first:
            return (*query.shape[:2], self.query_heads * size)
        return (*query.shape[:3], size)

    def attended(self, inputs: Sequence[Array | None]) -> Array:
        """Number of keys of each query: int64 [batch or 1, 1, 1, queries, 1]."""
        query, _, _, positions, valid = inputs[:5]
        assert query is not None
        rows = self.rows(query)
        count = np.full((1, rows), self.keys, np.int64)
        if positions is not None:
            shape = position_shape(positions.shape)
            bound = positions.reshape(shape).astype(np.int64) + self.position_offset
            count = np.minimum(count, bound)
        if valid is not None:
            count = np.minimum(count, valid[:, None].astype(np.int64))
        if self.causal:
            bound = np.arange(1, rows + 1)[None]
            if valid is not None:
                bound = bound + valid[:, None].astype(np.int64) - rows
            count = np.minimum(count, bound)
        return np.maximum(count, 0)[:, None, None, :, None]

    def parameters(self, inputs: Sequence[TensorType | None]) -> dict[str, ParameterValue]:
        query, key, value, positions = inputs[:4]
        assert query is not None and key is not None and value is not None
        queries, capacity = self.rows(query), self.rows(key)
        head_size, value_size = self.size(query, self.query_heads), self.size(value, self.key_heads)
        batch_extent, row_extent = (1, 1) if positions is None else position_shape(positions.shape)
        result: dict[str, ParameterValue] = {
            "batch": query.shape[0],
            "query_heads": self.query_heads,
            "key_heads": self.key_heads,
            "queries": queries,
            "keys": self.keys,
            "key_capacity": capacity,
            "head_size": head_size,
            "value_size": value_size,
            "position_batch_stride": row_extent if batch_extent > 1 else 0,
            "position_row_stride": 1 if row_extent > 1 else 0,
            "position_offset": self.position_offset,
            "causal": int(self.causal),
        }
        for name, heads, rows, size in (
            ("query", self.query_heads, queries, head_size),
            ("key", self.key_heads, capacity, head_size),
            ("value", self.key_heads, capacity, value_size),
            ("output", self.query_heads, queries, value_size),
        ):
            result[f"{name}_head_stride"] = size if self.tokens_first else rows * size
            result[f"{name}_row_stride"] = heads * size if self.tokens_first else size
        return result

    def reach(self, inputs: Sequence[TensorType | None]) -> dict[int, Reach]:
        """Keys and values that no query attends to are never read."""
        if inputs[3] is None:
            return {}
        reach = Reach(1 if self.tokens_first else 2, 3, self.position_offset)
        return {1: reach, 2: reach}

    def within(
        self, inputs: Sequence[TensorType | None], extents: Mapping[int, int]
    ) -> tuple[AttentionLayout, tuple[Box | None, ...]]:
        """The layout with fewer keys, and the parts of the operands that it reads."""
        assert extents.keys() == {1, 2} and extents[1] == extents[2]
        axis = 1 if self.tokens_first else 2
        whole = [None if type_ is None else Box.whole(type_.shape) for type_ in inputs]
        parts = (
            part.on(axis, 0, extents[index]) if part is not None and index in extents else part
            for index, part in enumerate(whole)
        )
        return replace(self, keys=min(self.keys, extents[1])), tuple(parts)

    def tile_axes(self) -> tuple[int, ...]:
        """Heads, if they are an axis of their own and no two queries share a key."""
        return () if self.tokens_first or self.query_heads != self.key_heads else (1,)

    def tile(
        self, inputs: Sequence[TensorType | None], box: Box
    ) -> tuple[AttentionLayout, tuple[Box | None, ...]]:
        """The layout of some heads, and the parts of the operands that they read."""
        heads = (box.begin[1], box.end[1])
        whole = [None if type_ is None else Box.whole(type_.shape) for type_ in inputs]
        parts = (
            part.on(1, *heads) if part is not None and index < 3 and not self.tokens_first else part
            for index, part in enumerate(whole)
        )
        if self.tokens_first:
            return self, tuple(parts)
        count = heads[1] - heads[0]
        ratio = self.query_heads // self.key_heads
        assert ratio == 1 or count == self.query_heads
        return replace(self, query_heads=count, key_heads=count // ratio), tuple(parts)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        query, _, value = inputs[:3]
        assert query is not None and value is not None
        sizes = self.size(query, self.query_heads) + self.size(value, self.key_heads)
        return query.shape[0] * self.query_heads * self.rows(query) * self.keys * sizes


def position_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """(batch, queries) extents, 1 if broadcast, of positions shaped [[[batch, 1,] queries,] 1]."""
    assert len(shape) <= 4 and shape[-1:] in ((), (1,)) and shape[-3:-2] in ((), (1,))
    return (shape[-4] if len(shape) == 4 else 1), (shape[-2] if len(shape) >= 2 else 1)


@dataclass(frozen=True)
class AttentionInt8(Operation):
    """Attention with int8 operands and 15-bit weights, in integers (docs/numerics.md).

    Inputs: query, key, value int8, laid out as `layout` says; optional positions int32 [queries,
    1] or broadcastable to it, see `position_shape`; optional valid_keys int32 [batch]; the table of
    `weights`. `sums_fit`: weighted sums of centred values fit int32.
    Output: int8, shaped like the query with the value's size.
    """

    layout: AttentionLayout
    query_zero_point: int
    value_zero_point: int
    output_zero_point: int
    weights: WeightTable
    sums_fit: bool
    output_scale: int
    output_shift: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        assert inputs[5] == TensorType(DataType.UINT16, (self.weights.entries,))
        return (TensorType(DataType.INT8, self.layout.output_shape(inputs)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        query, key, value = inputs[:3]
        table = inputs[5]
        assert query is not None and key is not None and value is not None and table is not None
        layout = self.layout
        count = layout.attended(inputs)
        used = max(1, int(count.max()))
        q = layout.grouped(query)
        k = layout.split(key, layout.key_heads)[:, :, None, :used]
        v = layout.split(value, layout.key_heads)[:, :, None, :used]
        # Sums of integers below 2^24 are exact in float32, below 2^53 in float64.
        exact = np.float32 if q.shape[-1] <= 512 else np.float64
        centred = q.astype(exact) - exact(self.query_zero_point)
        score = np.matmul(centred, k.astype(exact).swapaxes(-1, -2)).astype(np.int64)
        attended: Array = np.arange(used) < count
        score = np.where(attended, score, -(2**62))
        weight = self.weights.of(score.max(axis=-1, keepdims=True) - score, table)
        weight *= attended
        total = np.maximum(weight.sum(axis=-1, keepdims=True), 1)
        shift = np.maximum(np.frexp(total.astype(np.float64))[1] - 16, 0).astype(np.int64)
        divisor = (total + ((1 << shift) >> 1)) >> shift
        reciprocal = ((1 << 31) + divisor // 2) // divisor
        sums = np.matmul(weight.astype(np.float64), v.astype(np.float64)).astype(np.int64)
        sums -= self.value_zero_point * total
        factor = reciprocal * self.output_scale >> 17
        steps = ((sums >> shift) * factor + (1 << self.output_shift - 1)) >> self.output_shift
        steps = np.where(count == 0, 0, steps) + self.output_zero_point
        return (layout.join(np.clip(steps, -128, 127).astype(np.int8)),)

    def reach(self, inputs: Sequence[TensorType | None]) -> Mapping[int, Reach]:
        return self.layout.reach(inputs)

    def within(self, inputs: Sequence[TensorType | None], extents: Mapping[int, int]) -> Tile:
        layout, parts = self.layout.within(inputs, extents)
        operation = replace(self, layout=layout)
        return Tile(operation, parts, Box.whole(layout.output_shape(inputs)))

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return self.layout.tile_axes()

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        layout, parts = self.layout.tile(inputs, box)
        return Tile(replace(self, layout=layout), parts, box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        query = inputs[0]
        assert query is not None
        parameters = {
            **self.layout.parameters(inputs),
            "value_zero_point": self.value_zero_point,
            "output_zero_point": self.output_zero_point,
            "weight_limit": self.weights.limit,
            "weight_bits": self.weights.bits,
            "output_scale": self.output_scale,
            "output_shift": self.output_shift,
        }
        if self._is_of_words(parameters):
            parameters["heads"] = self.layout.query_heads
            implied = ("batch", "query_heads", "key_heads", "key_capacity")
            implied += ("head_size", "value_size", "key_row_stride", "value_row_stride")
            for name in (*implied, "position_batch_stride"):
                del parameters[name]
            if self.layout.rows(query) > 1 and self.weights.bits == 0:
                del parameters["weight_bits"]
                return Kernel("tw_attention_words_s8", HEADER, parameters)
            return Kernel("tw_attention_word_s8", HEADER, parameters)
        parameters["query_zero_point"] = self.query_zero_point
        parameters["weight_drop"] = self.weights.drop
        rows = min(self.layout.rows(query), ROWS_AT_A_TIME)
        scratch = MAXIMUM_CORES * rows * self.layout.keys * 4
        return Kernel("tw_attention_s8", HEADER, parameters, scratch)

    def _is_of_words(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Whether tw_attention_word_s8 can do it; see tilewright/attention.h."""
        return (
            parameters["head_size"] == parameters["value_size"] == WORD
            and parameters["key_row_stride"] == parameters["value_row_stride"] == WORD
            and parameters["batch"] == 1
            and self.layout.query_heads == self.layout.key_heads
            and self.query_zero_point == 0
            and self.weights.drop == 0
            and self.output_shift > 32
            and self.sums_fit
        )

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        return self.layout.multiply_accumulates(inputs)


@dataclass(frozen=True)
class AttentionFloat(Operation):
    """Attention in float32, operands as `AttentionInt8`. Sums run in ascending order."""

    layout: AttentionLayout
    scale: float

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        return (TensorType(DataType.FLOAT32, self.layout.output_shape(inputs)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        query, key, value = inputs[:3]
        assert query is not None and key is not None and value is not None
        layout = self.layout
        count = layout.attended(inputs)
        used = max(1, int(count.max()))
        q = layout.grouped(query)
        k = layout.split(key, layout.key_heads)[:, :, None, :used]
        v = layout.split(value, layout.key_heads)[:, :, None, :used]
        attended: Array = np.arange(used) < count
        with np.errstate(all="ignore"):
            score = ordered_sum(q[..., :, None, :] * k[..., None, :, :], -1) * np.float32(
                self.scale
            )
            largest = np.where(attended, score, np.float32(-np.inf)).max(axis=-1, keepdims=True)
            weight = np.where(attended, elementary.exp(score - largest), np.float32(0.0))
            total = ordered_sum(weight, -1)[..., None]
            inverse = np.where(count == 0, np.float32(0.0), np.float32(1.0) / total)
            products = weight[..., None] * v[..., None, :, :]
            products = np.where(attended[..., None], products, np.float32(0.0))
            return (layout.join(ordered_sum(products, -2) * inverse),)

    def reach(self, inputs: Sequence[TensorType | None]) -> Mapping[int, Reach]:
        return self.layout.reach(inputs)

    def within(self, inputs: Sequence[TensorType | None], extents: Mapping[int, int]) -> Tile:
        layout, parts = self.layout.within(inputs, extents)
        operation = replace(self, layout=layout)
        return Tile(operation, parts, Box.whole(layout.output_shape(inputs)))

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return self.layout.tile_axes()

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        layout, parts = self.layout.tile(inputs, box)
        return Tile(replace(self, layout=layout), parts, box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {**self.layout.parameters(inputs), "scale": self.scale}
        scratch = MAXIMUM_CORES * self.layout.keys * 4
        return Kernel("tw_attention_f32", HEADER, parameters, scratch)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        return self.layout.multiply_accumulates(inputs)


def integer_form(
    layout: AttentionLayout,
    head_size: int,
    score_factor: float,
    query_zero_point: int,
    value_zero_point: int,
    output_zero_point: int,
    value_ratio: float,
    queries: int = 1,
) -> tuple[AttentionInt8, Array] | None:
    """The integer operation and its table; None if its range or precision do not suffice.

    `score_factor`: s_q * s_k * scale, real scores per integer one; `value_ratio`: s_v / s_y;
    `queries`: per head, for which the table is chosen.
    """
    if head_size > MAXIMUM_HEAD_SIZE or value_ratio > MAXIMUM_SCALE_RATIO or score_factor < 0:
        return None
    # Beyond 32 halvings per step every key but the best has weight zero: no need to tell how much.
    halvings = min(score_factor / np.log(2.0), 32.0)
    # Copying an entry takes a quarter of a cycle, a weight from two tables 7 cycles of a core more.
    count = layout.query_heads * queries * layout.keys
    weights = weight_table(halvings, head_size, min(count, MAXIMUM_ENTRIES))
    output_shift = 50
    while np.rint(value_ratio * 2.0 ** (output_shift - 14)) >= 2**31:
        output_shift -= 1
    largest_sum = layout.keys * LARGEST_WEIGHT * (128 + abs(value_zero_point))
    operation = AttentionInt8(
        layout,
        query_zero_point,
        value_zero_point,
        output_zero_point,
        weights,
        largest_sum < 2**31,
        int(np.rint(value_ratio * 2.0 ** (output_shift - 14))),
        output_shift,
    )
    return operation, weights.build(halvings)
