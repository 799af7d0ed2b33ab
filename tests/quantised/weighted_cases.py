"""Operators with weights: convolutions and matrix products."""

from __future__ import annotations

import numpy as np

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, extents, normal, pick


def _weights(random: Generator, *shape: int) -> np.ndarray:
    """Weights whose output channels differ in magnitude, as trained ones do."""
    spread = random.uniform(0.2, 1.5, (shape[0], *[1] * (len(shape) - 1)))
    if random.random() < 0.1:
        spread.reshape(-1)[0] = 0.0  # a channel that training has switched off
    weights = random.normal(size=shape) * spread * random.choice([0.02, 1.0, 1.0, 30.0])
    return (weights / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


@case("Conv", weighted=True)
def convolution(random: Generator, operator: str) -> ModelUnderTest:
    """Groups, strides, dilations and uneven padding; 1-D and 2-D."""
    model = ModelUnderTest()
    axes = pick(random, 1, 2)
    groups = pick(random, 1, 1, 2, 3)
    channels, outputs = groups * pick(random, 1, 2, 4), groups * pick(random, 1, 3, 5)
    kernel = [pick(random, 1, 2, 3) for _ in range(axes)]
    dilations = [pick(random, 1, 1, 2) for _ in range(axes)]
    spatial = [
        int(random.integers((k - 1) * d + 1, 10)) for k, d in zip(kernel, dilations, strict=True)
    ]
    x = model.input("x", normal(random, pick(random, 1, 1, 2), channels, *spatial))
    operands = [x, model.constant("w", _weights(random, outputs, channels // groups, *kernel))]
    if random.random() < 0.7:
        operands.append(model.constant("b", normal(random, outputs)))
    attributes = (
        {"auto_pad": "SAME_UPPER"}
        if random.random() < 0.2 and max(dilations) == 1
        else {"pads": [pick(random, 0, 1) for _ in range(2 * axes)]}
    )
    model.output(
        model.node(
            "Conv",
            operands,
            "y",
            group=groups,
            strides=[pick(random, 1, 1, 2) for _ in range(axes)],
            dilations=dilations,
            kernel_shape=kernel,
            **attributes,
        )
    )
    return model


@case("Conv", weighted=True)
def depthwise_with_activation(random: Generator, operator: str) -> ModelUnderTest:
    """A depthwise convolution, one or two outputs per channel, with a Relu or a Clip behind it."""
    model = ModelUnderTest()
    channels, multiplier = pick(random, 1, 3, 8), pick(random, 1, 1, 2)
    x = model.input("x", normal(random, 1, channels, pick(random, 3, 5, 8), pick(random, 3, 6)))
    w = model.constant("w", _weights(random, channels * multiplier, 1, 3, 3))
    b = model.constant("b", normal(random, channels * multiplier))
    y = model.node(
        "Conv", [x, w, b], "convolved", group=channels, pads=[1, 1, 1, 1],
        strides=[pick(random, 1, 2)] * 2,
    )  # fmt: skip
    if random.random() < 0.5:
        model.output(model.node("Relu", [y], "y"))
    else:
        bounds = [
            model.constant("low", np.array(0.0, np.float32)),
            model.constant("high", np.array(random.choice([0.5, 6.0]), np.float32)),
        ]
        model.output(model.node("Clip", [y, *bounds], "y"))
    return model


@case("ConvTranspose", weighted=True)
def transposed_convolution(random: Generator, operator: str) -> ModelUnderTest:
    """Groups, strides, dilations, padding and output padding; 1-D and 2-D."""
    model = ModelUnderTest()
    axes = pick(random, 1, 2)
    groups = pick(random, 1, 1, 2)
    channels, outputs = groups * pick(random, 1, 2, 4), pick(random, 1, 3)
    kernel = [pick(random, 2, 3) for _ in range(axes)]
    strides = [pick(random, 1, 2) for _ in range(axes)]
    spatial = [pick(random, 3, 5) for _ in range(axes)]
    x = model.input("x", normal(random, pick(random, 1, 2), channels, *spatial))
    operands = [x, model.constant("w", _weights(random, channels, outputs, *kernel))]
    # The quantiser cannot quantise the bias per channel if there are groups.
    if groups == 1 and random.random() < 0.7:
        operands.append(model.constant("b", normal(random, outputs)))
    model.output(
        model.node(
            "ConvTranspose",
            operands,
            "y",
            group=groups,
            strides=strides,
            dilations=[pick(random, 1, 1, 2) for _ in range(axes)],
            pads=[pick(random, 0, 1) for _ in range(2 * axes)],
            output_padding=[pick(random, 0, stride - 1) for stride in strides],
        )
    )
    return model


@case("Gemm", weighted=True)
def gemm(random: Generator, operator: str) -> ModelUnderTest:
    """With and without bias, transposed weights, alpha and beta."""
    model = ModelUnderTest()
    rows, inner, columns = extents(random, 3, 12)
    transposed = pick(random, 0, 1)
    x = model.input("x", normal(random, rows, inner))
    w = _weights(random, columns, inner)
    operands = [x, model.constant("w", w if transposed else np.ascontiguousarray(w.T))]
    attributes: dict[str, float] = {}
    if random.random() < 0.7:
        operands.append(model.constant("b", normal(random, columns)))
    if random.random() < 0.3:
        attributes = {"alpha": 0.5, "beta": 1.0}
    model.output(model.node("Gemm", operands, "y", transB=transposed, **attributes))
    return model


@case("MatMul", weighted=True)
def matrix_product(random: Generator, operator: str) -> ModelUnderTest:
    """Any number of leading axes times constant weights, with a bias as a node of its own."""
    model = ModelUnderTest()
    inner, columns = extents(random, 2, 12)
    x = model.input("x", normal(random, *extents(random, pick(random, 1, 2, 3), 4), inner))
    w = model.constant("w", np.ascontiguousarray(_weights(random, columns, inner).T))
    y = model.node("MatMul", [x, w], "product")
    if random.random() < 0.5:
        y = model.node("Add", [y, model.constant("b", normal(random, columns))], "y")
    model.output(y)
    return model


@case("Einsum", weighted=True)
def einsum_product(random: Generator, operator: str) -> ModelUnderTest:
    """The form of Einsum that is a matrix product."""
    model = ModelUnderTest()
    inner, columns = extents(random, 2, 8)
    x = model.input("x", normal(random, *extents(random, 2, 4), inner))
    w = model.constant("w", np.ascontiguousarray(_weights(random, columns, inner).T))
    model.output(model.node("Einsum", [x, w], "y", equation="abk,kn->abn"))
    return model


@case("BatchNormalization", weighted=True)
def normalised_convolution(random: Generator, operator: str) -> ModelUnderTest:
    """Behind a convolution, into which it is folded, or alone."""
    model = ModelUnderTest(opset=21)
    channels = pick(random, 1, 3, 6)
    x = model.input("x", normal(random, pick(random, 1, 2), channels, 5, 4))
    if random.random() < 0.5:
        w = model.constant("w", _weights(random, channels, channels, 3, 3))
        x = model.node("Conv", [x, w], "convolved", pads=[1, 1, 1, 1])
    parameters = [
        model.constant("gamma", random.uniform(0.5, 1.5, channels).astype(np.float32)),
        model.constant("beta", normal(random, channels)),
        model.constant("mean", normal(random, channels)),
        model.constant("variance", random.uniform(0.5, 2.0, channels).astype(np.float32)),
    ]
    model.output(model.node("BatchNormalization", [x, *parameters], "y", epsilon=1e-3))
    return model


@case("MatMul")
def product_of_activations(random: Generator, operator: str) -> ModelUnderTest:
    """Both operands computed at run time, with leading axes that broadcast."""
    model = ModelUnderTest()
    rows, inner, columns = extents(random, 3, 9)
    leading = extents(random, pick(random, 0, 1, 2), 3)
    others = tuple(1 if random.random() < 0.3 else extent for extent in leading)
    if random.random() < 0.3:
        others = others[1:]
    a = model.input("a", normal(random, *leading, rows, inner))
    b = model.input("b", normal(random, *others, inner, columns))
    model.output(model.node("MatMul", [a, b], "y"))
    return model


@case("MatMul")
def scores_of_keys(random: Generator, operator: str) -> ModelUnderTest:
    """Attention as single operators: transposed keys, scaled scores, softmax, values."""
    model = ModelUnderTest()
    heads, rows, keys, size = extents(random, 4, 6)
    q = model.input("q", normal(random, 1, heads, rows, size))
    k = model.input("k", normal(random, 1, heads, keys, size))
    v = model.input("v", normal(random, 1, heads, keys, size))
    k = model.node("Transpose", [k], "transposed", perm=[0, 1, 3, 2])
    scores = model.node("MatMul", [q, k], "scores")
    scale = model.constant("scale", np.array(size**-0.5, np.float32))
    scores = model.node("Mul", [scores, scale], "scaled")
    model.output(model.node("MatMul", [model.node("Softmax", [scores], "weights"), v], "y"))
    return model


@case("Gemm")
def gemm_of_activations(random: Generator, operator: str) -> ModelUnderTest:
    """Both operands computed at run time, any of them transposed."""
    model = ModelUnderTest()
    rows, inner, columns = extents(random, 3, 9)
    flags = pick(random, 0, 1), pick(random, 0, 1)
    a = model.input("a", normal(random, *((inner, rows) if flags[0] else (rows, inner))))
    b = model.input("b", normal(random, *((columns, inner) if flags[1] else (inner, columns))))
    model.output(model.node("Gemm", [a, b], "y", transA=flags[0], transB=flags[1]))
    return model


@case("Einsum")
def einsum_of_activations(random: Generator, operator: str) -> ModelUnderTest:
    """Queries times keys, as attention is often written."""
    model = ModelUnderTest()
    batch, heads, rows, keys, size = extents(random, 5, 4)
    a = model.input("a", normal(random, batch, heads, rows, size))
    b = model.input("b", normal(random, batch, heads, keys, size))
    model.output(model.node("Einsum", [a, b], "y", equation="bhqd,bhkd->bhqk"))
    return model
