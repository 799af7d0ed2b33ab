"""Test support: quantised layers whose weights have so many bits in the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper

from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.passes import run_passes


def number_type(bits: int) -> np.dtype[np.generic]:
    """NumPy's type of ONNX's signed integers."""
    return helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(f"INT{bits}"))


def products(bits: int, rows: int, inner: int, columns: Sequence[int]) -> Graph:
    """Matrix products one after the other, with weights of so many bits; the interface is int8."""
    random = np.random.default_rng(bits)
    model = ModelUnderTest(opset=25)
    x = model.input("x", random.normal(size=(rows, inner)).astype(np.float32))
    x = model.quantised(x, Stored(0.02))
    for index, extent in enumerate(columns):
        weights = random.integers(-(1 << bits - 1), 1 << bits - 1, (inner, extent))
        model.constant(f"w{index}", weights.astype(number_type(bits)))
        model.constant(f"scale{index}", np.full(extent, 0.05, np.float32))
        model.node("DequantizeLinear", [f"w{index}", f"scale{index}"], f"real{index}", axis=1)
        model.node("MatMul", [x, f"real{index}"], f"y{index}")
        x, inner = model.quantised(f"y{index}", Stored(0.05 * bits)), extent
    model.output(x)
    graph = lower(import_model(model.model()), "run", integer_io=["x", x])
    run_passes(graph)
    return graph


def convolution(bits: int, channels: int, extent: int) -> Graph:
    """A convolution of 3x3 with 16 outputs and weights of so many bits."""
    random = np.random.default_rng(bits)
    model = ModelUnderTest(opset=25)
    image = random.normal(size=(1, channels, extent, extent)).astype(np.float32)
    x = model.quantised(model.input("x", image), Stored(0.02))
    weights = random.integers(-(1 << bits - 1), 1 << bits - 1, (16, channels, 3, 3))
    model.constant("w", weights.astype(number_type(bits)))
    model.constant("scale", np.full(16, 0.05, np.float32))
    model.node("DequantizeLinear", ["w", "scale"], "real", axis=0)
    model.node("Conv", [x, "real"], "y", pads=[1, 1, 1, 1])
    model.output(model.quantised("y", Stored(0.3)))
    return model.graph()
