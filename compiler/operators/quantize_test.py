"""Conversions between float32 and integers: kernels equal twins, lowered models onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import DataType, Operation
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.operators.quantize import Dequantize, Quantize, Recode

STORED = st.sampled_from([DataType.INT8, DataType.INT16, DataType.UINT16])
SCALES = st.floats(2.0**-20, 2.0**10, width=32)


def zero_point(data: st.DataObject, stored: DataType) -> int:
    range_ = np.iinfo(stored.numpy)
    return data.draw(st.integers(range_.min, range_.max))


@given(STORED, SCALES, st.data())
def test_quantize_twin(stored: DataType, scale: float, data: st.DataObject) -> None:
    floats = st.floats(width=32) | st.integers(-70000, 70000).map(lambda i: (i + 0.5) * scale)
    x = np.array(data.draw(st.lists(floats, min_size=1, max_size=40)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        assert_twin(Quantize(scale, zero_point(data, stored), stored), [x])


@given(STORED, SCALES, st.data())
def test_dequantize_twin(stored: DataType, scale: float, data: st.DataObject) -> None:
    range_ = np.iinfo(stored.numpy)
    values = st.integers(range_.min, range_.max)
    x = np.array(data.draw(st.lists(values, min_size=1, max_size=40)), stored.numpy)
    assert_twin(Dequantize(scale, zero_point(data, stored)), [x])


@pytest.mark.parametrize("to", [DataType.INT8, DataType.UINT8])
def test_recode_twin(to: DataType) -> None:
    source = DataType.UINT8 if to is DataType.INT8 else DataType.INT8
    assert_twin(Recode(to), [np.arange(256).astype(np.uint8).view(source.numpy)])


def test_extremes_saturate() -> None:
    x = np.array([np.nan, -np.inf, np.inf, -3e38, 3e38, 0.5, 1.5, -0.5], np.float32)
    (stored,) = assert_twin(Quantize(1.0, 5, DataType.UINT16), [x])
    assert stored.tolist() == [0, 0, 65535, 0, 65535, 5, 7, 5]
    (stored,) = assert_twin(Quantize(1.0, -5, DataType.INT16), [x])
    assert stored.tolist() == [-32768, -32768, 32767, -32768, 32767, -5, -3, -5]


def operations(model: ModelUnderTest) -> list[Operation]:
    return [node.operation for node in model.graph().nodes]


@pytest.mark.parametrize(
    "stored", [Stored(1e-4, -7, DataType.INT16), Stored(1e-4, 40000, DataType.UINT16)]
)
def test_sixteen_bits_are_computed_with_in_float(stored: Stored) -> None:
    """A function between two 16-bit tensors; results are those of onnxruntime."""
    model = ModelUnderTest()
    x = model.input("x", np.linspace(-4, 4, 77, dtype=np.float32))
    y = model.node("Tanh", [model.quantised(x, stored)], "y")
    model.output(model.quantised(y, stored))
    ((found, expected),) = model.run()
    assert np.abs(found - expected).max() <= 1.01 * stored.scale
    kinds = [type(operation).__name__ for operation in operations(model)]
    assert kinds == ["Quantize", "Dequantize", "Elementary", "Quantize", "Dequantize"]


def test_sixteen_bits_next_to_eight() -> None:
    """A tensor is quantised to 16 bits, and once more to 8, as between parts of a mixed model."""
    wide, narrow = Stored(1e-4, 123, DataType.UINT16), Stored(0.03, 5)
    model = ModelUnderTest()
    x = model.input("x", np.linspace(-3, 5, 77, dtype=np.float32))
    real = model.quantised(model.quantised(x, wide), narrow)
    model.output(model.node("Relu", [real], "y"))
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("data_type", [DataType.INT16, DataType.UINT16])
def test_sixteen_bit_inputs_and_outputs(data_type: DataType) -> None:
    """The model's interface itself has 16 bits."""
    model = ModelUnderTest()
    scale = model.constant("scale", np.array(0.25, np.float32))
    zero = model.constant("zero", np.array(3, data_type.numpy))
    x = model.input("x", np.arange(-20, 20).astype(data_type.numpy))
    real = model.node("DequantizeLinear", [x, scale, zero], "real")
    y = model.node("Abs", [real], "absolute")
    model.output(model.node("QuantizeLinear", [y, scale, zero], "y"))
    ((found, expected),) = model.run()
    assert found.dtype == data_type.numpy and np.array_equal(found, expected)


def test_sixteen_bit_constants() -> None:
    """Weights of 16 bits, per tensor and per channel, next to an int8 activation."""
    random = np.random.default_rng(1)
    for axes in ([], [3]):
        model = ModelUnderTest()
        names = [
            model.constant("w", random.integers(-30000, 30000, (4, 3)).astype(np.int16)),
            model.constant("scale", np.full(axes, 1e-5, np.float32)),
            model.constant("zero", np.zeros(axes, np.int16)),
        ]
        w = model.node("DequantizeLinear", names, "real", axis=1)
        x = model.quantised(
            model.input("x", random.normal(size=(2, 4)).astype(np.float32)), Stored(0.02)
        )
        model.output(model.node("MatMul", [x, w], "y"))
        ((found, expected),) = model.run()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_integers_that_an_operator_makes_are_no_real_numbers() -> None:
    model = ModelUnderTest()
    magnitude = model.node("Abs", [model.input("x", np.array([1, -2], np.int32))], "magnitude")
    model.output(model.quantised(magnitude, Stored(0.5, 3, DataType.INT8)))
    with pytest.raises(CompileError, match=r"TW-0301.*its operand 'magnitude' is int32\[2\]"):
        model.graph()


def test_other_types_are_refused() -> None:
    model = ModelUnderTest()
    x = model.input("x", np.ones(4, np.float32))
    scale = model.constant("scale", np.array(0.5, np.float32))
    zero = model.constant("zero", np.array(0, np.int32))
    stored = model.input("stored", np.ones(4, np.int32))
    real = model.node("DequantizeLinear", [stored, scale, zero], "real")
    model.output(model.node("Add", [x, real], "y"))
    with pytest.raises(CompileError, match="the activation 'stored' is int32") as caught:
        lower(import_model(model.model()), "run")
    assert "int8, uint8, int16 and uint16" in str(caught.value)
