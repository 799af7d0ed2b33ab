"""Windows: kernel and twin agree, tiles are parts, and a product of them is the convolution."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Box, TensorType
from compiler.operators.conv import ConvInt8
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import Window
from compiler.operators.windows import Windows

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
small = st.tuples(st.integers(1, 2), st.integers(1, 2))
pads = st.tuples(st.integers(0, 3), st.integers(0, 3))


@settings(max_examples=80, deadline=None)
@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    channels=st.integers(1, 9),
    kernel=pairs,
    strides=small,
    dilations=small,
    begins=pads,
    ends=pads,
    zero_point=st.integers(-128, 127),
    data=st.data(),
)
def test_windows(
    size: tuple[int, int],
    channels: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    begins: tuple[int, int],
    ends: tuple[int, int],
    zero_point: int,
    data: st.DataObject,
) -> None:
    window = Window(kernel, strides, dilations, begins, ends)
    size = max(size[0], window.reach(0)), max(size[1], window.reach(1))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = random.integers(-128, 128, (2, *size, channels)).astype(np.int8)
    operation = Windows(window, zero_point & 0xFF)
    (found,) = assert_twin(operation, [x])

    weights = random.integers(-128, 128, (5, *kernel, channels)).astype(np.int8)
    scale, bias = np.full(5, 3, np.uint32), np.full(5, 100, np.int32)
    conv = ConvInt8(window, 1, zero_point, 12, -128, 127, wide=False, output_zero_point=0)
    product = MatMulInt8(12, -128, 127, wide=False, output_zero_point=0)
    flat = weights.reshape(5, -1)
    (expected,) = conv.evaluate([x, weights, scale, bias])
    assert np.array_equal(product.evaluate([found, flat, scale, bias])[0], expected)

    box = Box.whole(found.shape)
    for axis in operation.tile_axes([TensorType.of(x)]):
        begin = data.draw(st.integers(0, found.shape[axis] - 1))
        box = box.on(axis, begin, data.draw(st.integers(begin + 1, found.shape[axis])))
    tile = operation.tile([TensorType.of(x)], box)
    (read,) = tile.inputs
    assert read is not None
    (part,) = assert_twin(tile.operation, [np.ascontiguousarray(x[read.slices])])
    assert np.array_equal(part, found[box.slices])
