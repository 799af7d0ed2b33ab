"""Long sums: where accumulators, tables of exponentials and means have most to hold."""

from __future__ import annotations

import numpy as np

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, normal, pick


@case("MatMul", weighted=True)
def long_product(random: Generator, operator: str) -> ModelUnderTest:
    """Thousands of products per sum, all of one sign or mixed."""
    model = ModelUnderTest()
    inner, columns = pick(random, 1500, 4096, 9000), pick(random, 1, 3)
    x = model.input("x", normal(random, pick(random, 1, 2), inner))
    weights = normal(random, inner, columns)
    model.output(model.node("MatMul", [x, model.constant("w", weights)], "y"))
    return model


@case("Conv", weighted=True)
def deep_convolution(random: Generator, operator: str) -> ModelUnderTest:
    """Hundreds of channels."""
    model = ModelUnderTest()
    channels = pick(random, 200, 515)
    x = model.input("x", normal(random, 1, channels, 3, 3))
    weights = model.constant("w", normal(random, 2, channels, 3, 3))
    bias = model.constant("b", normal(random, 2))
    model.output(model.node("Conv", [x, weights, bias], "y", pads=[1, 1, 1, 1]))
    return model


@case("LogSoftmax", "Softmax")
def long_softmax(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 2, pick(random, 1000, 5000)))
    model.output(model.node(operator, [x], "y", axis=-1))
    return model


@case("ReduceL2", "ReduceMax", "ReduceMean", "ReduceSum")
def long_reduction(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 2, pick(random, 1000, 20000)))
    axes = model.constant("axes", np.array([-1], np.int64))
    model.output(model.node(operator, [x, axes], "y"))
    return model


@case("GlobalAveragePool", "GlobalMaxPool")
def large_image(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 1, 2, 96, 96))
    model.output(model.node(operator, [x], "y"))
    return model


@case("LayerNormalization", "RMSNormalization")
def long_normalization(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    extent = pick(random, 768, 4096)
    x = model.input("x", normal(random, 2, extent))
    gamma = model.constant("gamma", random.uniform(0.5, 1.5, extent).astype(np.float32))
    model.output(model.node(operator, [x, gamma], "y", axis=-1))
    return model
