"""Operators of ONNX that are expressed by others compute what onnxruntime's kernels do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    interpreted,
    lowered,
    real,
)
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.operators.model_harness import run_onnxruntime

OPSET = 17


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("diagonal", [None, -2, 0, 1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_triangles(
    dtype: type[np.float32] | type[np.int64], diagonal: int | None, upper: int
) -> None:
    model = NodeModel(OPSET)
    x = model.input("x", (real(1, 2, 3, 4) * 9).astype(dtype))
    operands = [x] if diagonal is None else [x, model.constant(np.array(diagonal))]
    model.node("Trilu", *operands, upper=upper)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_one_hot(dtype: type[np.float32] | type[np.int64], constant: bool, axis: int) -> None:
    model = NodeModel(OPSET)
    # Also what counts from the end, and what is outside on either side.
    indices = model.input("indices", np.array([[0, 4, -1], [-5, 5, -6]]))
    values = np.array([2, 7]).astype(dtype)
    depth = model.constant(np.array([5]))
    given = model.constant(values) if constant else model.input("values", values)
    model.node("OneHot", indices, depth, given, axis=axis)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_hardmax(axis: int) -> None:
    model = NodeModel(OPSET)
    x = np.random.default_rng(1).integers(0, 3, (3, 4, 5)).astype(np.float32)  # with ties
    model.node("Hardmax", model.input("x", x), axis=axis)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("axis", [None, -1, 1])
def test_compress(axis: int | None) -> None:
    model = NodeModel(OPSET)
    condition = model.constant(np.array([False, True, True]))
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    model.node("Compress", model.input("x", real(1, 2, 3, 4)), condition, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("axis", [-1, 0])
def test_norm(axis: int, order: int) -> None:
    model = NodeModel(OPSET)
    x = real(1, 3, 4)
    x[1] = 0.0
    x[:, 2] = 0.0
    model.node("LpNormalization", model.input("x", x), axis=axis, p=order)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("spatial", [(4, 3), (5, 2), (6, 1)])
def test_local_response(spatial: tuple[int, ...], size: int) -> None:
    model = NodeModel(OPSET)
    x = model.input("x", real(1, 2, 4, *spatial) * 3)
    model.node("LRN", x, size=size, alpha=0.3, beta=0.6, bias=1.5)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("opset", [17, 18])
@pytest.mark.parametrize("axes", [None, [1], [-1, 0]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_log_of_a_sum_of_powers(keepdims: int, axes: list[int] | None, opset: int) -> None:
    model = NodeModel(opset)
    x = real(1, 3, 4, 5) * 90  # whose powers overflow
    x[0] = -np.inf
    x[0, 0, 0] = 1.0
    operands = [model.input("x", x)]
    attributes: dict[str, Any] = {"keepdims": keepdims}
    if axes is not None and opset >= 18:
        operands.append(model.constant(np.array(axes)))
    elif axes is not None:
        attributes["axes"] = axes
    model.node("ReduceLogSumExp", *operands, **attributes)
    expected = run_onnxruntime(model.model(), model.data)[0]
    (found,) = interpreted(lowered(model.model()), model.data)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("attributes", [{}, {"lambd": 0.7, "bias": 0.2}])
def test_shrink(attributes: dict[str, Any]) -> None:
    model = NodeModel(OPSET)
    model.node("Shrink", model.input("x", real(1, 5, 7)), **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    ("image", "block", "attributes"),
    [
        ((5, 6), (2, 3), {}),
        ((7, 6), (2, 3), {"strides": [2, 1], "pads": [1, 0, 0, 1]}),
        ((8, 9), (3, 2), {"strides": [2, 3], "dilations": [2, 1]}),
        ((9,), (3,), {"strides": [2], "pads": [1, 1]}),
    ],
)
def test_overlapping_blocks(
    image: tuple[int, ...], block: tuple[int, ...], attributes: dict[str, Any]
) -> None:
    spatial = len(image)
    strides = attributes.get("strides", [1] * spatial)
    dilations = attributes.get("dilations", [1] * spatial)
    pads = attributes.get("pads", [0] * (2 * spatial))
    blocks = 1
    for i in range(spatial):
        reach = image[i] + pads[i] + pads[spatial + i] - dilations[i] * (block[i] - 1) - 1
        blocks *= reach // strides[i] + 1
    model = NodeModel(18)
    x = model.input("x", real(1, 2, 3 * int(np.prod(block)), blocks))
    shapes = [model.constant(np.array(extents)) for extents in (image, block)]
    model.node("Col2Im", x, *shapes, **attributes)
    assert_agrees(model.model(), model.data)


POOLS: list[tuple[str, dict[str, Any]]] = [
    ("MaxPool", {"kernel_shape": [2, 3, 2]}),
    ("MaxPool", {"kernel_shape": [3, 2, 2], "strides": [2, 1, 3], "pads": [1, 0, 1, 0, 1, 1]}),
    ("MaxPool", {"kernel_shape": [2, 2, 2], "dilations": [2, 1, 3]}),
    ("MaxPool", {"kernel_shape": [2, 3, 3], "strides": [2, 2, 2], "ceil_mode": 1}),
    ("MaxPool", {"kernel_shape": [3, 3, 3], "strides": [2, 2, 2], "auto_pad": "SAME_UPPER"}),
    ("AveragePool", {"kernel_shape": [3, 1, 1], "strides": [1, 1, 1]}),
    ("AveragePool", {"kernel_shape": [3, 2, 2], "pads": [1, 1, 0, 1, 0, 1]}),
    (
        "AveragePool",
        {"kernel_shape": [3, 2, 2], "pads": [1, 1, 0, 1, 0, 1], "count_include_pad": 1},
    ),
    ("AveragePool", {"kernel_shape": [3, 3, 3], "strides": [2, 2, 2], "auto_pad": "SAME_LOWER"}),
    ("LpPool", {"kernel_shape": [3, 2, 2], "pads": [1, 1, 0, 1, 0, 1], "p": 1}),
    ("LpPool", {"kernel_shape": [3, 2, 2], "strides": [2, 2, 1]}),
    ("GlobalAveragePool", {}),
    ("GlobalLpPool", {"p": 3}),
    ("GlobalMaxPool", {}),
]


@pytest.mark.parametrize(("operator", "attributes"), POOLS)
def test_volume_pooling(operator: str, attributes: dict[str, Any]) -> None:
    model = NodeModel(OPSET)
    model.node(operator, model.input("x", real(1, 2, 3, 5, 6, 7)), **attributes)
    assert_agrees(model.model(), model.data)


def _grid() -> Array:
    """Positions inside, on the border, and far outside of the image."""
    grid = np.random.default_rng(2).uniform(-2.3, 2.3, (2, 4, 5, 2)).astype(np.float32)
    grid[0, 0, :, 0] = [-1.0, 1.0, 0.0, 40.0, -1e9]
    grid[1, 1, :, 1] = [-1.0, 1.0, 0.0, -40.0, 7.0]
    return grid


@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_grid_sample(mode: str, padding: str, aligned: int) -> None:
    model = NodeModel(16)
    grid = _grid()
    if padding != "zeros":
        # Of far positions float32 has few digits: onnxruntime's weights then do not add up to 1.
        grid = np.clip(grid, -7.0, 7.0)
    operands = [model.input("x", real(1, 2, 3, 5, 6)), model.input("grid", grid)]
    model.node("GridSample", *operands, mode=mode, padding_mode=padding, align_corners=aligned)
    assert_agrees(model.model(), model.data, tolerance=1e-4)


@pytest.mark.parametrize("aligned", [0, 1])
def test_the_nearest_pixel_is_reflected(aligned: int) -> None:
    """It is found first: between two pixels it makes a difference."""
    model = NodeModel(16)
    grid = np.array([-10, -5, -0.2, 10, 5, 0.5, -7, 3], np.float32).reshape(1, 2, 2, 2)
    operands = [model.input("x", real(1, 1, 1, 3, 2)), model.input("grid", grid)]
    mode, padding = "nearest", "reflection"
    model.node("GridSample", *operands, mode=mode, padding_mode=padding, align_corners=aligned)
    assert_agrees(model.model(), model.data)


def test_what_cannot_be_expressed_is_refused() -> None:
    model = NodeModel(20)
    x = model.input("x", real(1, 1, 1, 3, 3))
    flags = model.input("flags", np.array([True, False, True]))
    outputs = [
        model.node("LpNormalization", x, p=3),
        model.node("LRN", x, size=0),
        model.node("GridSample", x, model.input("grid", real(2, 1, 2, 2, 2)), mode="cubic"),
        model.node("Trilu", x, model.input("k", np.array(1))),
        model.node("Compress", x, flags, axis=2),
    ]
    declared = model.declared(outputs[0], real(1, 1, 1, 3, 3))
    with pytest.raises(CompileError) as caught:
        import_model(declared)
    for found in (
        "its p is 3",
        "its size is 0",
        "its mode is cubic",
        "its k 'k' is computed at run time",
        "its condition 'flags' is computed at run time",
    ):
        assert found in str(caught.value)
