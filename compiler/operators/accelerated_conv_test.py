"""Layers for the accelerator: portable kernel, twin and the cores' operation agree to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Box, TensorType
from compiler.operators.accelerator_harness import Layer, Shape, random_conv, random_matmul
from compiler.operators.kernel_harness import assert_twin

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))
flags = st.booleans()


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    kernel = draw(st.sampled_from([1, 3]))
    depthwise = kernel == 3 and draw(flags)
    channels = draw(st.integers(2 if depthwise else 1, 40))
    shape = Shape(
        kernel,
        channels,
        channels if depthwise else draw(st.integers(1, 40)),
        draw(sizes),
        depthwise,
        weight_bits=draw(st.integers(2, 8)),
        wide_scales=draw(flags),
        unsigned_input=draw(flags),
        unsigned_output=draw(flags),
        images=draw(st.integers(1, 2)),
    )
    if kernel == 1:
        stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        ends = -((shape.size[0] - 1) % stride[0]), -((shape.size[1] - 1) % stride[1])
        return replace(shape, stride=stride, ends=ends)
    begins = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    ends = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
    least = 3 - begins[0] - ends[0], 3 - begins[1] - ends[1]
    size = max(shape.size[0], least[0]), max(shape.size[1], least[1])
    return replace(shape, begins=begins, ends=ends, size=size)


def check(layer: Layer) -> None:
    (found,) = assert_twin(layer.operation, layer.inputs)
    (expected,) = layer.reference.evaluate(layer.reference_inputs)
    assert np.array_equal(found.astype(int) - (128 if layer.recoded else 0), expected)


@settings(max_examples=60, deadline=None)
@given(shape=shapes(), seed=seeds)
def test_convolutions(shape: Shape, seed: int) -> None:
    check(random_conv(shape, seed))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.integers(1, 20), min_size=1, max_size=3),
    inner=st.integers(1, 80),
    columns=st.integers(1, 70),
    seed=seeds,
)
def test_matrix_products(rows: list[int], inner: int, columns: int, seed: int) -> None:
    check(random_matmul(tuple(rows), inner, columns, seed))


def test_outputs_use_their_range() -> None:
    layer = random_conv(Shape(3, 30, 40, (9, 9), begins=(1, 1), ends=(1, 1)), 1)
    (found,) = layer.operation.evaluate(layer.inputs)
    assert len(np.unique(found)) > 220


@settings(max_examples=60, deadline=None)
@given(shape=shapes(), seed=seeds, data=st.data())
def test_tiles_of_convolutions(shape: Shape, seed: int, data: st.DataObject) -> None:
    check_tile(random_conv(shape, seed), data)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 40), inner=st.integers(1, 40), seed=seeds, data=st.data())
def test_tiles_of_matrix_products(rows: int, inner: int, seed: int, data: st.DataObject) -> None:
    check_tile(random_matmul((rows,), inner, 40, seed), data)


def check_tile(layer: Layer, data: st.DataObject) -> None:
    """A random part of the output, computed from what the tile says, is that part of the whole."""
    types = [TensorType.of(array) for array in layer.inputs]
    (whole,) = layer.operation.evaluate(layer.inputs)
    box = Box.whole(whole.shape)
    for axis in layer.operation.tile_axes(types):
        begin = data.draw(st.integers(0, whole.shape[axis] - 1))
        end = data.draw(st.integers(begin + 1, whole.shape[axis]))
        box = box.on(axis, begin, end)
    tile = layer.operation.tile(types, box)
    parts = [
        np.ascontiguousarray(array[part.slices])
        for array, part in zip(layer.inputs, tile.inputs, strict=True)
        if part is not None
    ]
    (found,) = assert_twin(tile.operation, parts)
    assert np.array_equal(found, whole[box.slices])


@pytest.mark.parametrize(("rows", "jobs"), [(1, 1), (6, 1), (64, 1), (61, 2)])
def test_pixels_of_a_product(rows: int, jobs: int) -> None:
    layer = random_matmul((rows,), 32, 32, 0)
    types = [TensorType.of(array) for array in layer.inputs]
    kernel = layer.operation.kernel(types, layer.operation.infer(types))
    assert kernel is not None
    assert bool(kernel.parameters["rest_tiles"]) == (jobs == 2)
