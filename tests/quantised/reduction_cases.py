"""Pooling, reductions and normalisations."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, extents, normal, pick, positive


def _window(random: Generator, operator: str, axes: int) -> dict[str, Any]:
    kernel = [pick(random, 2, 3) for _ in range(axes)]
    attributes: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": [pick(random, 1, 2, 3) for _ in range(axes)],
        "pads": [pick(random, 0, 1) for _ in range(2 * axes)],
        "ceil_mode": pick(random, 0, 1),
    }
    if operator == "AveragePool":
        attributes["count_include_pad"] = pick(random, 0, 1)
    if operator == "LpPool":
        attributes["p"] = pick(random, 1, 2)
    return attributes


@case("AveragePool", "LpPool", "MaxPool")
def pooling(random: Generator, operator: str) -> ModelUnderTest:
    """1-D and 2-D, strides, padding, rounding up."""
    model = ModelUnderTest()
    axes = pick(random, 1, 2)
    shape = extents(random, 2, 4) + tuple(pick(random, 4, 6, 9) for _ in range(axes))
    x = model.input("x", normal(random, *shape))
    model.output(model.node(operator, [x], "y", **_window(random, operator, axes)))
    return model


@case("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool")
def global_pooling(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest(opset=21)  # onnxruntime has no later GlobalLpPool
    x = model.input("x", normal(random, *extents(random, pick(random, 3, 4))))
    model.output(model.node(operator, [x], "y"))
    return model


@case(
    *("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"),
    *("ReduceSum", "ReduceSumSquare"),
)
def reduction(random: Generator, operator: str) -> ModelUnderTest:
    """Any axes, also negative and all; with and without the reduced axes in the result."""
    model = ModelUnderTest()
    rank = pick(random, 2, 3, 4)
    make = positive if operator == "ReduceProd" else normal
    x = model.input("x", make(random, *extents(random, rank, 5)))
    chosen = random.permutation(rank)[: pick(random, 1, 2)]
    axes = [int(axis) - (rank if random.random() < 0.5 else 0) for axis in chosen]
    operands = [x]
    if random.random() < 0.8:
        operands.append(model.constant("axes", np.array(axes, np.int64)))
    model.output(model.node(operator, operands, "y", keepdims=pick(random, 0, 1)))
    return model


@case("ArgMax", "ArgMin")
def arg_extreme(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    rank = pick(random, 1, 3)
    x = model.input("x", normal(random, *extents(random, rank)))
    model.output(
        model.node(
            operator, [x], "y", axis=pick(random, -1, rank - 1, 0), keepdims=pick(random, 0, 1),
            select_last_index=pick(random, 0, 1),
        )
    )  # fmt: skip
    return model


@case("TopK")
def top(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    shape = extents(random, 2)
    x = model.input("x", normal(random, *shape))
    k = model.constant("k", np.array([pick(random, 1, shape[-1])], np.int64))
    attributes = {"axis": -1, "largest": pick(random, 0, 1)}
    model.nodes.append(helper.make_node("TopK", [x, k], ["values", "indices"], "top", **attributes))
    model.output("values")
    model.output("indices")
    return model


@case("CumSum")
def cumulative_sum(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, *extents(random, 3)))
    axis = model.constant("axis", np.array(pick(random, -1, 0, 1), np.int64))
    attributes = {"exclusive": pick(random, 0, 1), "reverse": pick(random, 0, 1)}
    model.output(model.node("CumSum", [x, axis], "y", **attributes))
    return model


@case("LogSoftmax", "Softmax")
def softmax(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    rank = pick(random, 1, 2, 3)
    x = model.input("x", normal(random, *extents(random, rank, 12)))
    model.output(model.node(operator, [x], "y", axis=pick(random, -1, rank - 1, 0)))
    return model


@case("LayerNormalization", weighted=True)
def layer_normalization(random: Generator, operator: str) -> ModelUnderTest:
    """With and without bias."""
    return _layer_normalization(random, -1)


# Not per channel, which the quantiser cannot do with scales of two axes.
@case("LayerNormalization")
def layer_normalization_of_two_axes(random: Generator, operator: str) -> ModelUnderTest:
    return _layer_normalization(random, -2)


def _layer_normalization(random: Generator, axis: int) -> ModelUnderTest:
    model = ModelUnderTest()
    shape = (pick(random, 1, 2, 3), pick(random, 2, 5), pick(random, 4, 9, 16))
    operands = [
        model.input("x", normal(random, *shape)),
        model.constant("gamma", random.uniform(0.5, 1.5, shape[axis:]).astype(np.float32)),
    ]
    if random.random() < 0.7:
        operands.append(model.constant("beta", normal(random, *shape[axis:])))
    model.output(model.node("LayerNormalization", operands, "y", axis=axis))
    return model


@case("RMSNormalization")
def rms_normalization(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    shape = (*extents(random, pick(random, 1, 2), 4), pick(random, 4, 9, 16))
    operands = [
        model.input("x", normal(random, *shape)),
        model.constant("gamma", random.uniform(0.5, 1.5, shape[-1:]).astype(np.float32)),
    ]
    model.output(model.node("RMSNormalization", operands, "y", axis=-1))
    return model


@case("GroupNormalization", "InstanceNormalization", weighted=True)
def channel_normalization(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest(opset=21)
    groups = pick(random, 1, 2, 3)
    channels = groups * pick(random, 1, 2)
    x = normal(random, pick(random, 1, 2), channels, *extents(random, 2, 5), 4)
    operands = [
        model.input("x", x),
        model.constant("gamma", random.uniform(0.5, 1.5, channels).astype(np.float32)),
        model.constant("beta", normal(random, channels)),
    ]
    attributes = {"num_groups": groups} if operator == "GroupNormalization" else {}
    # ONNX infers no type behind a GroupNormalization.
    model.output(model.node(operator, operands, "y", **attributes), x.shape)
    return model


@case("BatchNormalization", weighted=True)
def batch_normalization(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest(opset=21)
    channels = pick(random, 1, 3, 5)
    parameters = [
        model.constant("gamma", random.uniform(0.5, 1.5, channels).astype(np.float32)),
        model.constant("beta", normal(random, channels)),
        model.constant("mean", normal(random, channels)),
        model.constant("variance", random.uniform(0.5, 2.0, channels).astype(np.float32)),
    ]
    x = model.input("x", normal(random, 2, channels, *extents(random, pick(random, 1, 2))))
    model.output(model.node("BatchNormalization", [x, *parameters], "y"))
    return model
