"""Conv: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.numerics.requantisation import choose_requantisation
from compiler.operators.conv import ConvFloat, ConvInt8
from compiler.operators.integer_sums import ConvSums
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.window import Window

seeds = st.integers(0, 2**32 - 1)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))

channels = st.sampled_from(
    # (groups, input channels, output channels)
    [(1, 1, 1), (1, 33, 2), (1, 3, 33), (2, 4, 6), (2, 6, 10), (3, 3, 3), (3, 3, 6), (33, 33, 33)]
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, tuple[int, int]]:
    """A window and the extents of an image; padding and unread input follow from the output's."""
    kernel, strides, dilations = draw(pairs), draw(pairs), draw(pairs)
    extents = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    begins = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    outputs = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    needed = [(outputs[a] - 1) * strides[a] + dilations[a] * (kernel[a] - 1) + 1 for a in (0, 1)]
    ends = needed[0] - extents[0] - begins[0], needed[1] - extents[1] - begins[1]
    return Window(kernel, strides, dilations, begins, ends), extents


@settings(max_examples=60, deadline=None)
@given(
    case=windows(),
    channels=channels,
    batch=st.integers(1, 2),
    small=st.booleans(),
    seed=seeds,
)
def test_integer_twin(
    case: tuple[Window, tuple[int, int]],
    channels: tuple[int, int, int],
    batch: int,
    small: bool,
    seed: int,
) -> None:
    window, extents = case
    groups, inputs, outputs = channels
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, (batch, *extents, inputs)).astype(np.int8)
    weights = random.integers(-128, 128, (outputs, *window.kernel, inputs // groups))
    sums = weights.reshape(outputs, -1)
    zero_point = int(random.integers(-128, 128))
    constants = choose_requantisation(
        random.uniform(1e-4, 0.02, outputs) * (1e-4 if small else 1.0),
        128 * np.abs(sums).sum(axis=1),
        random.integers(-3000, 3000, outputs) - zero_point * sums.sum(axis=1),
        int(random.integers(-128, 128)),
    )
    operation = ConvInt8(
        window,
        groups,
        zero_point,
        constants.shift,
        -100,
        120,
        constants.wide,
        constants.output_zero_point,
    )
    assert_twin(operation, [x, weights.astype(np.int8), constants.scale, constants.bias])


@settings(max_examples=60, deadline=None)
@given(
    case=windows(),
    channels=channels,
    batch=st.integers(1, 2),
    bias=st.booleans(),
    seed=seeds,
)
def test_float_twin(
    case: tuple[Window, tuple[int, int]],
    channels: tuple[int, int, int],
    batch: int,
    bias: bool,
    seed: int,
) -> None:
    window, extents = case
    groups, inputs, outputs = channels
    random = np.random.default_rng(seed)
    x = random.normal(size=(batch, *extents, inputs)).astype(np.float32)
    x[random.random(x.shape) < 0.2] = -0.0
    weights = random.normal(size=(outputs, *window.kernel, inputs // groups)).astype(np.float32)
    addend = np.full(outputs, -0.0, np.float32) if bias else None
    assert_twin(ConvFloat(window, groups, 0.0, 1.5), [x, weights, addend])


def test_one_spatial_axis_is_a_window_of_height_one() -> None:
    random = np.random.default_rng(1)
    window = Window((1, 3), (1, 2), (1, 1), (0, 1), (0, 1))
    x = random.normal(size=(2, 9, 4)).astype(np.float32)
    weights = random.normal(size=(5, 1, 3, 4)).astype(np.float32)
    (output,) = assert_twin(ConvFloat(window, 1, -np.inf, np.inf), [x, weights, None])
    assert output.shape == (2, 5, 5)


CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    # name: (input, weights, attributes)
    "plain": ((2, 3, 6, 5), (4, 3, 3, 3), {}),
    "padded": ((1, 3, 6, 5), (4, 3, 3, 3), {"pads": [1, 2, 0, 1]}),
    "padding as large as the kernel": ((1, 2, 3, 3), (2, 2, 2, 2), {"pads": [2, 2, 2, 2]}),
    "stride above kernel": ((1, 2, 9, 9), (3, 2, 2, 2), {"strides": [3, 4]}),
    "dilated": ((1, 2, 9, 9), (3, 2, 3, 2), {"dilations": [2, 3]}),
    "groups": ((1, 6, 5, 5), (9, 2, 3, 3), {"group": 3, "pads": [1, 1, 1, 1]}),
    "depthwise": ((1, 33, 5, 5), (33, 1, 3, 3), {"group": 33, "pads": [1, 1, 1, 1]}),
    "depthwise with multiplier": ((1, 3, 5, 5), (6, 1, 3, 3), {"group": 3, "strides": [2, 2]}),
    "one pixel": ((3, 5, 1, 1), (7, 5, 1, 1), {}),
    "same upper": ((1, 2, 7, 6), (3, 2, 4, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 1]}),
    "same lower": ((1, 2, 7, 6), (3, 2, 4, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
    "valid": ((1, 2, 7, 6), (3, 2, 4, 3), {"auto_pad": "VALID"}),
    "one axis": ((2, 3, 11), (4, 3, 3), {"pads": [2, 1], "strides": [2]}),
    "one axis, depthwise": ((1, 5, 8), (5, 1, 4), {"group": 5, "auto_pad": "SAME_UPPER"}),
}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_float_model(case: str, bias: bool) -> None:
    shape, kernel, attributes = CASES[case]
    random = np.random.default_rng(7)
    model = ModelBuilder()
    operands = [
        model.input("x", shape),
        model.constant(random.normal(size=kernel).astype(np.float32)),
    ]
    if bias:
        operands.append(model.constant(random.normal(size=kernel[0]).astype(np.float32)))
    y = model.node("Conv", operands, **attributes)
    if bias:
        y = model.node("Relu", [y])
    graph = assert_model(model.build([y]), {"x": random.normal(size=shape).astype(np.float32)})
    assert len(graph.nodes) == 3, "Relu is fused"


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_quantised_model(case: str, per_channel: bool, unsigned: bool) -> None:
    shape, kernel, attributes = CASES[case]
    random = np.random.default_rng(11)
    model = ModelBuilder()
    shift = 128 if unsigned else 0
    x = model.quantised(model.input("x", shape), 0.02, -7 + shift, unsigned)
    scale = random.uniform(0.005, 0.02, kernel[0] if per_channel else ()).astype(np.float32)
    stored = random.integers(-127, 128, kernel)
    weights = _weights(model, stored, scale, unsigned)
    bias = model.quantised_constant(
        random.integers(-2000, 2000, kernel[0]).astype(np.int32), scale * np.float32(0.02)
    )
    y = model.node("Relu", [model.node("Conv", [x, weights, bias], **attributes)])
    step = 0.0625
    y = model.quantised(y, step, -20 + shift, unsigned)
    graph = assert_model(
        model.build([y]), {"x": random.normal(size=shape).astype(np.float32) * 2}, step=step
    )
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert "ConvInt8" in kernels
    assert "ConvFloat" not in kernels


def _weights(model: ModelBuilder, stored: Array, scale: Array, unsigned: bool) -> str:
    if unsigned:
        zero_point = np.full(scale.shape, 128, np.uint8)
        return model.quantised_constant((stored + 128).astype(np.uint8), scale, zero_point)
    return model.quantised_constant(stored.astype(np.int8), scale)


def test_weights_with_zero_points() -> None:
    """Those that fit int8 after the zero point is taken off stay integer; others become float."""
    random = np.random.default_rng(3)
    for zero_point, integer in ((20, True), (100, False)):
        model = ModelBuilder()
        x = model.quantised(model.input("x", (1, 3, 5, 5)), 0.02, 3)
        weights = model.quantised_constant(
            random.integers(-100, 101, (4, 3, 3, 3)).astype(np.int8),
            np.array(0.01),
            np.array(zero_point, np.int8),
        )
        y = model.quantised(model.node("Conv", [x, weights]), 0.1, 0)
        data = random.normal(size=(1, 3, 5, 5)).astype(np.float32)
        graph = assert_model(model.build([y]), {"x": data}, step=0.1)
        assert any(isinstance(node.operation, ConvInt8) for node in graph.nodes) is integer


def test_bias_beyond_32_bits_is_computed_in_float() -> None:
    """A channel without weights may have a scale so small that its bias has no 32-bit form."""
    random = np.random.default_rng(4)
    model = ModelBuilder()
    x = model.quantised(model.input("x", (1, 2, 5, 5)), 0.02, 3)
    stored = random.integers(-100, 101, (2, 2, 3, 3)).astype(np.int8)
    weights = model.quantised_constant(stored, np.array([0.01, 1e-12]))
    bias = model.constant(np.array([0.5, -0.75], np.float32))
    y = model.quantised(model.node("Conv", [x, weights, bias]), 0.1, 0)
    data = random.normal(size=(1, 2, 5, 5)).astype(np.float32)
    graph = assert_model(model.build([y]), {"x": data}, step=0.1)
    assert any(isinstance(node.operation, ConvFloat) for node in graph.nodes)


def test_refusals_name_the_node_and_what_is_supported() -> None:
    model = ModelBuilder()
    x = model.input("x", (1, 2, 5, 5))
    first = model.node("Conv", [x, model.input("w", (3, 2, 3, 3))])
    volume = model.node(
        "Conv", [model.input("v", (1, 2, 3, 3, 3, 3)), model.input("u", (1, 2, 1, 1, 1, 1))]
    )
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([first, volume])), "run")
    text = str(caught.value)
    assert "node 'node_conv0' (Conv): its weights 'w' are computed at run time" in text
    assert "node 'node_conv1' (Conv): it has 4 spatial axes" in text


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("shape", [(1, 1, 3, 3), (9,), ()])
def test_a_bias_that_is_not_one_number_per_output(operator: str, shape: tuple[int, ...]) -> None:
    model = ModelBuilder()
    weights = model.constant(np.ones((2, 2, 3, 3), np.float32))
    bias = model.constant(np.ones(shape, np.float32))
    y = model.node(operator, [model.input("x", (1, 2, 5, 5)), weights, bias])
    y = model.node("Add", [y, model.constant(np.ones((2, 1, 1), np.float32))])
    with pytest.raises(CompileError, match="one number for each of the 2 outputs"):
        lower(import_model(model.build([y])), "run")


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_must_be_finite(operator: str, value: float) -> None:
    """Their products with the zeros of the padding are NaN, and kernels skip the padding."""
    model = ModelBuilder()
    data = np.ones((2, 2, 3, 3), np.float32)
    data[1, 0, 2, 2] = value
    weights = model.constant(data)
    y = model.node(operator, [model.input("x", (1, 2, 5, 5)), weights], pads=[1] * 4)
    with pytest.raises(CompileError, match=f"TW-0202.*{weights}.*not all finite"):
        lower(import_model(model.build([y])), "run")


def test_sums_over_padding_take_no_memory_for_it() -> None:
    """Windows that are far apart see mostly padding, which holds the zero point."""
    far = 2**20
    window = Window((3, 3), (far, far), (1, 1), (far, far), (far, far))
    operation = ConvSums(window, 1, 5)
    x = np.array([[[[1], [2]], [[3], [4]]]], np.int8)
    weights = np.arange(1, 10, dtype=np.int8).reshape(1, 3, 3, 1)
    (sums,) = operation.evaluate([x, weights, np.array([7], np.int32)])
    of_padding = 5 * 45 + 7
    seen = (1 - 5) * 1 + (2 - 5) * 2 + (3 - 5) * 4 + (4 - 5) * 5
    expected = np.full((1, 2, 2, 1), of_padding)
    expected[0, 1, 1, 0] += seen
    np.testing.assert_array_equal(sums, expected)
