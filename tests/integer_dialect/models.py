"""Small models in the integer dialect of the PULP tools, with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from onnx import ModelProto

from tests.integer_dialect.builder import Builder
from tests.integer_dialect.inventory import INVENTORY, TYPES

Built = tuple[ModelProto, Mapping[str, str]]


def convolutions() -> Built:
    """Convolutions of bytes with and without sign, by channel, depthwise, pooled, then a Gemm."""
    b = Builder("convolutions", 1)
    x = b.input("image", "uint8", 1, 3, 9, 9)
    y = b.node("Conv", x, b.integers(-128, 128, 8, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
    muls, adds = b.random.integers(20, 60, (8, 1, 1)), b.random.integers(-9999, 999999, (8, 1, 1))
    y = b.requantised(y, muls, adds, signed=False)
    y = b.node("Conv", y, b.integers(-128, 128, 8, 1, 3, 3), group=8, pads=[0, 1, 2, 1])
    y = b.requantised(y, b.random.integers(-90, 90, (1, 8, 1, 1)), 31000)
    y = b.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = b.node("Flatten", y)
    y = b.node("Gemm", y, b.integers(-100, 100, 10, 32), b.integers(-999, 999, 10), transB=1)
    y = b.requantised(y, b.random.integers(50, 90, 10), b.random.integers(-999, 999, 10))
    return b.model((y, 2)), b.types


def attention() -> Built:
    """Two heads with biases behind their products, and a residual sum."""
    b = Builder("attention", 2, domain="")
    x = b.input("tokens", "int8", 1, 6, 16)

    def projected() -> str:
        product = b.node("MatMul", x, b.integers(-60, 60, 16, 16))
        biased = b.node("Add", b.integers(-3000, 3000, 16), product)
        return b.requantised(biased, 257)

    def heads(value: str, *order: int) -> str:
        split = b.node("Reshape", value, b.constant([1, 6, 2, 8], np.int64))
        return b.node("Transpose", split, perm=order)

    query, key = heads(projected(), 0, 2, 1, 3), heads(projected(), 0, 2, 3, 1)
    value = heads(projected(), 0, 2, 1, 3)
    scores = b.requantised(b.node("MatMul", query, key), 514, -20000)
    weights = b.own("iSoftmax", scores, coeffA=1, coeffB=173, coeffC=15599, log2=127, n_levels=256)
    mixed = b.requantised(b.node("MatMul", weights, value), 300)
    joined = b.node("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = b.node("Reshape", joined, b.constant([1, 6, 16], np.int64))
    out = b.requantised(b.node("MatMul", joined, b.integers(-40, 40, 16, 16)), 400)
    total = b.requantised(b.node("Add", out, b.requantised(x, 40000)), 50000)
    weight, bias = b.integers(100000, 300000, 16), b.integers(-9999, 9999, 16)
    y = b.own("iLayerNorm", total, weight, bias, D=16384, n_levels=256)
    return b.model((y, 3)), b.types


def gated_block() -> Built:
    """A block of a language model with a cache that grows, and a gate of two products."""
    b = Builder("gated_block", 3)
    x = b.input("token", "int8", 1, 1, 16)
    cache = b.input("cache", "int8", 1, 4, 5, 4)
    b.types["cache"] = "int8[1,4,5,4]"
    b.inputs[1].type.tensor_type.shape.dim[2].Clear()
    weight = b.integers(1000000, 4000000, 16)
    normal = b.own("iRMSNorm", x, weight, D=65536, n_levels=256)
    key = b.requantised(b.node("MatMul", normal, b.integers(-90, 90, 16, 16)), 190)
    key = b.node("Reshape", key, b.constant([1, 1, 4, 4], np.int64))
    key = b.node("Transpose", key, perm=[0, 2, 1, 3])
    grown = b.requantised(b.node("Concat", cache, key, axis=-2), 65536)
    scores = b.node("MatMul", key, b.node("Transpose", grown, perm=[0, 1, 3, 2]))
    scores = b.own(
        "TrueIntegerDiv", b.requantised(scores, 400), Delta=16384, eps=1, eta=200000, y=2
    )
    scores = b.requantised(scores, 4)
    mixed = b.own("iSoftmax", scores, coeffA=1, coeffB=68, coeffC=2418, log2=50, n_levels=256)
    mixed = b.requantised(b.node("MatMul", b.requantised(mixed, 32921), grown), 828)
    mixed = b.node("Reshape", mixed, b.constant([1, 1, 16], np.int64))
    gate = b.requantised(b.node("MatMul", normal, b.integers(-60, 60, 16, 24)), 123)
    gate = b.own("iHardswish", gate, one_over_six=42, three=181, six=362)
    up = b.requantised(b.node("MatMul", normal, b.integers(-60, 60, 16, 24)), 151)
    product = b.requantised(b.node("Mul", b.requantised(gate, 7), up), 1383)
    down = b.requantised(b.node("MatMul", product, b.integers(-60, 60, 24, 16)), 148)
    y = b.requantised(b.node("Add", down, mixed), 43142)
    return b.model((y, 3), (grown, 4)), b.types


def functions() -> Built:
    """What is left of the dialect: shifts for exponentials, GELU, means, quotients, iNoNorm."""
    b = Builder("functions", 4)
    x = b.input("x", "int8", 2, 3, 24)
    d = b.input("divisors", "uint8", 2, 3, 1)
    gelu = b.requantised(b.own("iGELU", x, b=-71, one=6500), 900, shift=20)
    mean = b.node("IntegerMean", gelu, axes=[2], keepdims=1)
    b.nodes[-1].domain = b.domain
    halved = b.node("ReduceMean", gelu, axes=[1], keepdims=0)
    powers = b.own("ITAMax", x, n_levels=256)
    partial = b.own("ITAPartialMax", x, n_levels=256, group_width=5)
    quotient = b.own("IntegerDiv", b.node("Mul", x, x), d, Delta=256, eps=1, eta=100)
    plain = b.own(
        "iNoNorm", x, b.integers(-500, 500, 24), b.integers(-9999, 9999, 24), D=4096, mul=3
    )
    whole = [(name, 3) for name in (gelu, mean, powers, partial, quotient, plain)]
    return b.model(*whole, (halved, 2)), b.types


def wide_numbers() -> Built:
    """Factors and addends that leave 32 bits, results of 16 bits, constants for each row."""
    b = Builder("wide_numbers", 5, domain="ai.onnx.contrib", opset=13)
    x = b.input("x", "int8", 7, 20)
    y = b.node(
        "Gemm", x, b.integers(-128, 128, 20, 9), b.integers(-99, 99, 7, 9), alpha=2.0, beta=3.0
    )
    rows, adds = b.random.integers(2**20, 2**26, (7, 1)), b.random.integers(-(2**24), 2**24, (7, 1))
    first = b.requantised(y, rows, adds * 2**14, shift=34)
    sums = b.node("MatMul", x, b.integers(-128, 128, 20, 9))
    other = b.node("MatMul", x, b.integers(-128, 128, 20, 9))
    second = b.requantised(other, 13 * 2**20, 39 * 2**24, shift=33)
    third = b.requantised(sums, b.random.integers(1, 2**16, 9), 77, shift=12, levels=65536)
    signal = b.node("Reshape", x, b.constant([1, 5, 28], np.int64))
    fourth = b.node("Conv", signal, b.integers(-128, 128, 6, 5, 3), b.integers(-999, 999, 6))
    adds = b.random.integers(-(2**24), 2**24, (6, 1)) * 64
    fifth = b.requantised(fourth, b.random.integers(2**22, 2**26, (6, 1)), adds, shift=36)
    matrices = [(name, 2) for name in (first, second, third)]
    return b.model(*matrices, (fourth, 3), (fifth, 3)), b.types


def inventory(type_: str) -> Built:
    """All operators that have operands of a type."""
    b = Builder(f"inventory_{type_}", 6, opset=13)
    found = [entry for entry in INVENTORY.values() if type_ in entry.types]
    return b.model(*[(entry.build(b, type_), entry.rank) for entry in found]), b.types


MODELS: Mapping[str, Callable[[], Built]] = {
    **{
        build.__name__: build
        for build in (attention, convolutions, functions, gated_block, wide_numbers)
    },
    **{f"inventory_{type_}": partial(inventory, type_) for type_ in TYPES},
}
