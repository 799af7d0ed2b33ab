"""Pooling: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Quantization
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.pooling import AveragePoolFloat, MaxPool, choose_average
from compiler.operators.window import Window

seeds = st.integers(0, 2**32 - 1)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, tuple[int, ...]]:
    """A window and a shape such that every window meets the input."""
    kernel, strides, dilations = draw(pairs), draw(pairs), draw(pairs)
    begins, ends, extents = [0, 0], [0, 0], [1, 1]
    for axis in (0, 1):
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        extents[axis] = draw(st.integers(dilations[axis], 7))
        begins[axis] = draw(st.integers(0, reach - 1))
        last = draw(st.integers(0, (extents[axis] - 1 + begins[axis]) // strides[axis]))
        ends[axis] = last * strides[axis] + reach - extents[axis] - begins[axis]
    window = Window(kernel, strides, dilations, (begins[0], begins[1]), (ends[0], ends[1]))
    shape = draw(st.integers(1, 2)), *extents, draw(st.sampled_from([1, 3, 33]))
    return window, shape


@settings(max_examples=60, deadline=None)
@given(case=windows(), integer=st.booleans(), seed=seeds)
def test_max_twin(case: tuple[Window, tuple[int, ...]], integer: bool, seed: int) -> None:
    window, shape = case
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, shape).astype(np.int8)
    if integer:
        assert_twin(MaxPool(window), [x])
    else:
        real = x * np.float32(0.5)
        special = random.choice([-np.inf, np.inf, np.nan, -0.0, 0.0], shape).astype(np.float32)
        assert_twin(MaxPool(window), [np.where(random.random(shape) < 0.3, special, real)])


@pytest.mark.parametrize("position", range(9))
def test_the_maximum_is_nan_if_any_element_is(position: int) -> None:
    model = ModelBuilder()
    y = model.node("GlobalMaxPool", [model.input("x", (1, 1, 3, 3))])
    graph = lower(import_model(model.build([y])), "run")
    x = np.arange(9, dtype=np.float32)
    x[position] = np.nan
    (found,) = interpret(graph, {"x": x.reshape(1, 1, 3, 3)}).values()
    assert np.isnan(found).all()


@settings(max_examples=80, deadline=None)
@given(case=windows(), include=st.booleans(), integer=st.booleans(), seed=seeds)
def test_average_twin(
    case: tuple[Window, tuple[int, ...]], include: bool, integer: bool, seed: int
) -> None:
    window, shape = case
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, shape).astype(np.int8)
    ends = max(0, window.ends[0]), max(0, window.ends[1])
    counted = (window.begins, ends) if include else ((0, 0), (0, 0))
    if not integer:
        assert_twin(AveragePoolFloat(window, counted), [x * np.float32(0.37)])
        return
    zero_points = random.integers(-128, 128, 2)
    operation, scale, bias = choose_average(
        window,
        counted,
        (shape[1], shape[2]),
        Quantization(float(random.uniform(0.001, 0.1)), int(zero_points[0])),
        Quantization(float(random.uniform(0.001, 0.1)), int(zero_points[1])),
    )
    assert_twin(operation, [x, scale, bias])


@pytest.mark.parametrize("side", [1, 7, 57, 112])
def test_global_mean_is_within_three_quarters_of_a_step(side: int) -> None:
    """Half a step of rounding, and a quarter that the rounded scale may cause."""
    random = np.random.default_rng(2)
    x = random.integers(-128, 128, (1, side, side, 8)).astype(np.int8) // (1 + np.arange(8))
    x = x.astype(np.int8)
    window = Window((side, side), (1, 1), (1, 1), (0, 0), (0, 0))
    source, target = Quantization(0.1, -3), Quantization(0.013, 9)
    operation, scale, bias = choose_average(window, ((0, 0), (0, 0)), (side, side), source, target)
    (found,) = operation.evaluate([x, scale, bias])
    exact = (x.astype(np.float64).mean(axis=(1, 2)) + 3) * 0.1 / 0.013 + 9
    assert np.abs(found.reshape(8) - np.clip(exact, -128, 127)).max() <= 0.75


CASES: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "max": ("MaxPool", (2, 3, 6, 5), {"kernel_shape": [3, 2]}),
    "max, padded": ("MaxPool", (1, 3, 6, 5), {"kernel_shape": [3, 3], "pads": [1, 2, 0, 1]}),
    "max, ceil": (
        "MaxPool",
        (1, 2, 8, 7),
        {"kernel_shape": [3, 3], "strides": [2, 3], "ceil_mode": 1},
    ),
    "max, ceil, padded": (
        "MaxPool",
        (1, 2, 7, 7),
        {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    ),
    "max, dilated": ("MaxPool", (1, 2, 9, 9), {"kernel_shape": [3, 2], "dilations": [2, 3]}),
    "max, stride above kernel": (
        "MaxPool",
        (1, 2, 9, 9),
        {"kernel_shape": [1, 2], "strides": [4, 3]},
    ),
    "max, same": (
        "MaxPool",
        (1, 2, 7, 6),
        {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"},
    ),
    "max, one axis": ("MaxPool", (1, 33, 9), {"kernel_shape": [3], "pads": [1, 1], "strides": [2]}),
    "max, global": ("GlobalMaxPool", (2, 3, 5, 4), {}),
    "average": ("AveragePool", (2, 3, 6, 5), {"kernel_shape": [3, 2]}),
    "average, padded": (
        "AveragePool",
        (1, 3, 6, 5),
        {"kernel_shape": [3, 3], "pads": [1, 2, 0, 1]},
    ),
    "average, padding counts": (
        "AveragePool",
        (1, 3, 6, 5),
        {"kernel_shape": [3, 3], "pads": [1, 2, 0, 1], "count_include_pad": 1},
    ),
    "average, ceil": (
        "AveragePool",
        (1, 2, 8, 7),
        {"kernel_shape": [3, 3], "strides": [2, 3], "ceil_mode": 1},
    ),
    "average, ceil, padding counts": (
        "AveragePool",
        (1, 2, 8, 8),
        {
            "kernel_shape": [3, 3],
            "strides": [2, 2],
            "pads": [1, 0, 0, 0],
            "ceil_mode": 1,
            "count_include_pad": 1,
        },
    ),
    "average, dilated": (
        "AveragePool",
        (1, 2, 9, 9),
        {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [1, 1, 1, 1]},
    ),
    "average, same": (
        "AveragePool",
        (1, 2, 7, 6),
        {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    "average, one axis": ("AveragePool", (1, 33, 9), {"kernel_shape": [4], "pads": [2, 1]}),
    "average, global": ("GlobalAveragePool", (2, 33, 7, 7), {}),
    "average, global, one axis": ("GlobalAveragePool", (2, 3, 7), {}),
    "average, global, one pixel": ("GlobalAveragePool", (2, 3, 1, 1), {}),
}


def opset(attributes: dict[str, Any]) -> int:
    """The first one that has the attributes, or whose shape inference is right for them."""
    if "ceil_mode" in attributes:
        return 22
    return 19 if "dilations" in attributes else 17


@pytest.mark.parametrize("case", CASES)
def test_float_model(case: str) -> None:
    operator, shape, attributes = CASES[case]
    model = ModelBuilder(opset(attributes))
    y = model.node(operator, [model.input("x", shape)], **attributes)
    assert_model(model.build([y]), {"x": data(shape)})


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_quantised_model(case: str, unsigned: bool) -> None:
    operator, shape, attributes = CASES[case]
    model = ModelBuilder(opset(attributes))
    shift = 128 if unsigned else 0
    x = model.quantised(model.input("x", shape), 0.02, -7 + shift, unsigned)
    y = model.quantised(model.node(operator, [x], **attributes), 0.013, 11 + shift, unsigned)
    graph = assert_model(model.build([y]), {"x": data(shape)}, step=0.013)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert "MaxPool" in kernels or "AveragePoolInt8" in kernels
    assert kernels.count("Dequantize") == 1, "no float in between"


def test_refusals() -> None:
    model = ModelBuilder()
    x = model.input("x", (1, 2, 5, 5))
    outputs = [
        model.node("MaxPool", [x], outputs=2, kernel_shape=[2, 2]) + "_1",
        model.node("AveragePool", [model.input("v", (1, 2, 3, 3, 3, 3))], kernel_shape=[2] * 4),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    text = str(caught.value)
    assert "node 'node_maxpool0' (MaxPool): its output Indices is used" in text
    assert "node 'node_averagepool1' (AveragePool): it has 4 spatial axes" in text


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)


def test_windows_that_do_not_fit_give_nothing() -> None:
    window = Window((3, 3), (1, 1), (1, 1), (0, 0), (0, 0))
    quantization = Quantization(0.02, 3)
    operation, *constants = choose_average(
        window, ((0, 0), (0, 0)), (2, 3), quantization, quantization
    )
    (y,) = operation.evaluate([np.ones((1, 2, 3, 4), np.int8), *constants])
    assert y.shape == (1, 0, 1, 4)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
def test_windows_larger_than_the_input_are_refused(operator: str) -> None:
    """Implementations that round (2 - 3) / 2 towards zero have one, others none."""
    model = ModelBuilder()
    y = model.node(operator, [model.input("x", (1, 2, 2, 5))], kernel_shape=[3, 3], strides=[2, 2])
    with pytest.raises(CompileError, match=rf"TW-0202.*{operator}.*windows span 3 of 2 elements"):
        lower(import_model(model.build([y])), "run")
