"""Resize: kernel equals NumPy twin, lowering equals onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.resize import COORDINATES, MODES, ROUNDINGS, Interpolate

SCALES = [(1.0, 1.0, 2.0, 3.0), (1.0, 1.0, 0.6, 1.5), (1.0, 1.0, 0.2, 1.0), (1.0, 2.0, 1.0, 0.5)]


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    outputs=st.integers(1, 9),
    taps=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(shape: list[int], outputs: int, taps: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    axis = int(random.integers(len(shape)))
    x = random.normal(size=shape).astype(np.float32)
    indices = random.integers(0, shape[axis], (outputs, taps)).astype(np.int32)
    weights = random.random((outputs, taps), np.float32)
    assert_twin(Interpolate(axis), [x, indices, weights])


def resized(
    scales: tuple[float, ...] | None, sizes: list[int] | None, integer: bool, **attributes: Any
) -> ModelBuilder:
    model = ModelBuilder(19)
    x = model.input("x", (2, 3, 5, 4))
    operand = model.quantised(x, 0.02, -7) if integer else x
    scale = "" if scales is None else model.constant(np.array(scales, np.float32))
    inputs = [operand, "", scale, *([] if sizes is None else [model.constant(np.array(sizes))])]
    y = model.node("Resize", inputs, **attributes)
    model.quantised(y, 0.02, -7)
    return model


DATA = np.random.default_rng(3).normal(size=(2, 3, 5, 4)).astype(np.float32)


def last_output(model: ModelBuilder) -> str:
    return model.nodes[-1].output[0]


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("scales", SCALES)
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("coordinates", COORDINATES)
def test_nearest(coordinates: str, rounding: str, scales: tuple[float, ...], integer: bool) -> None:
    attributes = {"coordinate_transformation_mode": coordinates, "nearest_mode": rounding}
    model = resized(scales, None, integer, mode="nearest", **attributes)
    graph = assert_model(model.build([last_output(model)]), {"x": DATA})
    assert sum(type(n.operation).__name__ == "Dequantize" for n in graph.nodes) == 1


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("scales", SCALES[:3])
@pytest.mark.parametrize("coordinates", COORDINATES)
def test_linear(coordinates: str, scales: tuple[float, ...], integer: bool) -> None:
    model = resized(
        scales, None, integer, mode="linear", coordinate_transformation_mode=coordinates
    )
    assert_model(model.build([last_output(model)]), {"x": DATA}, step=0.02)


@pytest.mark.parametrize("attributes", [{}, {"cubic_coeff_a": -0.5}, {"exclude_outside": 1}])
@pytest.mark.parametrize("scales", SCALES[:3])
@pytest.mark.parametrize("coordinates", COORDINATES)
def test_cubic(coordinates: str, scales: tuple[float, ...], attributes: dict[str, Any]) -> None:
    model = resized(
        scales,
        None,
        False,
        mode="cubic",
        coordinate_transformation_mode=coordinates,
        **attributes,
    )
    assert_model(model.build([model.nodes[-3].output[0]]), {"x": DATA})


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("sizes", [[2, 3], [3, 8], [9, 2]])
def test_antialias(sizes: list[int], mode: str) -> None:
    model = resized(None, sizes, False, mode=mode, antialias=1, axes=[2, 3])
    assert_model(model.build([model.nodes[-3].output[0]]), {"x": DATA})


@pytest.mark.parametrize("mode", MODES)
def test_sizes(mode: str) -> None:
    model = resized(None, [7, 10], False, mode=mode, axes=[2, 3])
    assert_model(model.build([model.nodes[-3].output[0]]), {"x": DATA})


def test_sizes_at_run_time_are_refused() -> None:
    model = ModelBuilder()
    x = model.input("x", (1, 1, 4, 4))
    sizes = model.input("sizes", (4,), TensorProto.INT64)
    proto = model.build([model.node("Resize", [x, "", "", sizes])])
    shape = proto.graph.output[0].type.tensor_type.shape.dim
    for dimension, extent in zip(shape, (1, 1, 8, 8), strict=True):
        dimension.dim_value = extent  # the model's own word for what comes out
    with pytest.raises(CompileError, match="its sizes are computed at run time"):
        lower(import_model(proto), "run")


@pytest.mark.parametrize("mode", MODES)
def test_nothing_does_not_become_something(mode: str) -> None:
    model = ModelBuilder()
    sizes = model.constant(np.array([1, 1, 7, 8]))
    y = model.node("Resize", [model.input("x", (1, 1, 0, 2)), "", "", sizes], mode=mode)
    with pytest.raises(CompileError, match="its input 'x' is float32"):
        lower(import_model(model.build([y])), "run")


def test_integers_are_not_interpolated() -> None:
    model = ModelBuilder()
    x = model.input("x", (1, 1, 4, 4), TensorProto.INT8)
    scales = model.constant(np.array([1, 1, 2, 2], np.float32))
    y = model.node("Resize", [x, "", scales], mode="linear")
    with pytest.raises(CompileError, match="interpolated"):
        lower(import_model(model.build([y])), "run")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"mode": "lanczos"}, "its mode is lanczos"),
        ({"coordinate_transformation_mode": "half_pixel_symmetric"}, "half_pixel_symmetric"),
        ({"mode": "nearest", "antialias": 1}, "its antialias is 1"),
    ],
)
def test_refusals(attributes: dict[str, Any], message: str) -> None:
    model = resized(SCALES[0], None, False, **attributes)
    with pytest.raises(CompileError, match=message):
        lower(import_model(model.build([last_output(model)])), "run")
