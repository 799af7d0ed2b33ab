"""A network of element-wise operators: onnxruntime, interpreter and generated C agree."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from compiler.codegen.interpreter_harness import check_runs
from compiler.operators.model_harness import ModelBuilder, assert_model


def test_every_element_type() -> None:
    model = ModelBuilder()
    a = model.quantised(model.input("a", (2, 3, 4)), 0.05, 3)
    b = model.quantised(model.input("b", (3, 1)), 0.04, -3)
    differs = model.node("Not", [model.node("Equal", [a, b])])
    condition = model.node("And", [model.node("Greater", [a, b]), differs])
    chosen = model.node("Where", [condition, a, model.constant(np.float32(0.3))])
    largest = model.node("Max", [model.quantised(chosen, 0.06, 0), b])
    base = model.quantised(model.node("Abs", [largest]), 0.06, -128)
    power = model.quantised(model.node("Pow", [base, model.node("Abs", [b])]), 0.1, 0)
    # A divisor above 1, so that a step of difference in the power stays below one.
    quotient = model.node("Div", [power, model.node("Exp", [model.node("Abs", [a])])])
    i = model.input("i", (2, 3), TensorProto.INT64)
    modulus = model.constant(np.array([-7, 5, 3], np.int64))
    remainder = model.node("Mod", [model.node("Neg", [i]), modulus])
    selected = model.node("Where", [model.node("Less", [i, modulus]), remainder, i])
    random = np.random.default_rng(1)
    inputs = {
        "a": random.normal(size=(2, 3, 4)).astype(np.float32),
        "b": random.normal(size=(3, 1)).astype(np.float32),
        "i": random.integers(-99, 99, (2, 3)),
    }
    graph = assert_model(model.build([quotient, selected]), inputs, step=0.1)
    graph.name = ""
    check_runs([graph], ["", ""])
