"""Tests of the rounding of ranges, and of what it does for a model."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.calibration import Arrays
from tools.quantize.ranges import distance_to_step, round_up
from tools.quantize.static_quantization import Scheme, quantize

VALUES = st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-6)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 1.0), (1.01, 1.0625), (-1.01, -1.0625), (15.9, 16.0), (0.0, 0.0), (6.0, 6.0)],
)
def test_round_up_to_five_bits(value: float, expected: float) -> None:
    assert round_up(value, 5) == expected


@given(VALUES, st.integers(1, 24))
def test_rounding_goes_away_from_zero_by_less_than_a_step(value: float, bits: int) -> None:
    rounded = round_up(value, bits)
    assert math.copysign(1, rounded) == math.copysign(1, value)
    assert abs(value) <= abs(rounded) < abs(value) * (1 + 2.0 ** (1 - bits))
    assert round_up(rounded, bits) == rounded


@given(VALUES, st.integers(1, 8), st.floats(-0.9, 0.9))
def test_nothing_closer_than_the_distance_changes_the_result(
    value: float, bits: int, share: float
) -> None:
    moved = value * (1 + share * distance_to_step(value, bits))
    assert round_up(moved, bits) == round_up(value, bits)


def product_model(noise: float = 0.0) -> onnx.ModelProto:
    """A dense layer with a rectifier; `noise` changes the weights relatively."""
    weights = np.random.default_rng(1).normal(size=(8, 8)) * (1 + noise)
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "weights", "bias"], ["sum"], transB=1),
            helper.make_node("Relu", ["sum"], ["y"]),
        ],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(np.ones(8, np.float32), "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=12)


def sequences(count: int = 4) -> list[list[Arrays]]:
    data = np.random.default_rng(2).normal(size=(count, 1, 8)).astype(np.float32)
    return [[{"x": sample}] for sample in data]


def scales(model: onnx.ModelProto) -> dict[str, float]:
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    return {
        name: float(value)
        for name, value in constants.items()
        if name.endswith("_scale") and value.ndim == 0
    }


@pytest.mark.parametrize("activations", ["int8", "int8-asymmetric", "uint8"])
def test_scales_come_from_rounded_ranges(activations: str) -> None:
    exact = scales(quantize(product_model(), sequences(), {}, Scheme(activations)))
    rounded = scales(quantize(product_model(), sequences(), {}, Scheme(activations, range_bits=5)))
    assert rounded.keys() == exact.keys() != set()
    for name, scale in rounded.items():
        assert exact[name] <= scale <= exact[name] * (1 + 1 / 16)


def test_noise_does_not_reach_the_scales() -> None:
    noisy, clean, rounded = product_model(1e-6), product_model(), Scheme(range_bits=5)
    assert scales(quantize(noisy, sequences(), {}, Scheme())) != scales(
        quantize(clean, sequences(), {}, Scheme())
    )
    assert scales(quantize(noisy, sequences(), {}, rounded)) == scales(
        quantize(clean, sequences(), {}, rounded)
    )


def test_asymmetric_int8_leaves_a_rectifier_to_the_range() -> None:
    model = quantize(product_model(), sequences(), {}, Scheme("int8-asymmetric"))
    assert "Relu" not in {node.op_type for node in model.graph.node}
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    zero_point = constants["y_zero_point"]
    assert zero_point.dtype == np.int8
    assert zero_point == -128
