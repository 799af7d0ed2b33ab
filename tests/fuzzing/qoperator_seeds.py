"""Seeds for operators on quantised tensors: QOperator files, and dynamically quantised ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np

from compiler.operators.registry import CONTRIB_DOMAIN
from tests.fuzzing import backend_seeds
from tests.fuzzing.seed_builder import SeedBuilder
from tests.fuzzing.seed_model import SeedModel

BYTES = (np.int8, np.uint8)
OWN_KERNEL = ("QLinearReduceMean",)
"""Operators for which onnxruntime has no kernel."""
SHARE_OF_BACKEND = 0.1

Build = Callable[[SeedBuilder, Any], None]
"""Adds a node to a model with operands of a type, int8 or uint8."""


def _conv(operator: str) -> Build:
    def build(b: SeedBuilder, t: Any) -> None:
        groups = b.one_of(1, 1, 2, 4)
        channels, outputs = 4, 4 * b.number(1, 2)
        spatial = [b.number(3, 7) for _ in range(b.one_of(1, 2, 2))]
        taps = [b.number(1, 3) for _ in spatial]
        attributes: dict[str, Any] = {"group": groups}
        attributes["strides"] = [b.number(1, 2) for _ in spatial]
        if b.chance():
            attributes["pads"] = [b.number(0, tap - 1) for tap in taps * 2]
        w = (outputs, channels // groups, *taps)
        if operator == "ConvInteger":
            x = b.given(b.integers(np.uint8, 1, channels, *spatial))
            operands = [x, b.constant(b.integers(t, *w)), b.constant(np.array(99, np.uint8))]
            operands += [b.constant(np.array(3, t))] if b.chance() else []
        else:
            operands = [*b.quantised(t, 1, channels, *spatial)]
            operands += [*b.quantised_weights(np.int8, *w, rows=outputs), *b.parameters(t)]
            bias = b.random.integers(-9999, 9999, outputs).astype(np.int32)
            operands += [b.constant(bias)] if b.chance() else []
        b.node(operator, *operands, **attributes)

    return build


def _matmul(b: SeedBuilder, t: Any) -> None:
    rows, inner, columns = (b.number(1, 8) for _ in range(3))
    a = b.quantised(t, *([2] if b.chance() else []), rows, inner)
    w = b.quantised_weights(np.int8, inner, columns, rows=columns)
    other = w if b.chance(0.7) else b.quantised(t, inner, columns)
    b.node("QLinearMatMul", *a, *other, *b.parameters(t))


def _gemm(b: SeedBuilder, _: Any) -> None:
    rows, inner, columns = (b.number(1, 8) for _ in range(3))
    turned = b.number(0, 1)
    a = b.quantised(np.uint8, rows, inner)
    w = b.quantised_weights(np.int8, *((columns, inner) if turned else (inner, columns)))
    c = b.constant(b.random.integers(-999, 999, columns).astype(np.int32)) if b.chance() else ""
    y = b.parameters(np.uint8) if b.chance() else ()
    b.contrib("QGemm", *a, *w, c, *y, alpha=b.one_of(1.0, 0.5), transB=turned)


def _arithmetic(operator: str) -> Build:
    def build(b: SeedBuilder, t: Any) -> None:
        shape = [b.number(1, 5) for _ in range(b.number(1, 4))]
        second = [extent if b.chance(0.7) else 1 for extent in shape][b.number(0, len(shape) - 1) :]
        other = b.quantised(t, *second) if b.chance() else b.quantised_weights(t, *second)
        b.contrib(operator, *b.quantised(t, *shape), *other, *b.parameters(t))

    return build


def _function(operator: str, attributes: Callable[[SeedBuilder], dict[str, Any]]) -> Build:
    def build(b: SeedBuilder, t: Any) -> None:
        # Channels first or last, each axis has room for a window.
        shape = (1, b.number(3, 4), b.number(3, 6), b.number(3, 6))
        operands = [*b.quantised(t, *shape), *b.parameters(t)]
        b.contrib(operator, *operands, **attributes(b))

    return build


def _pool(b: SeedBuilder) -> dict[str, Any]:
    taps = [b.number(1, 3), b.number(1, 3)]
    attributes: dict[str, Any] = {"kernel_shape": taps, "channels_last": b.number(0, 1)}
    if b.chance():
        attributes["pads"] = [b.number(0, tap - 1) for tap in taps * 2]
        attributes["count_include_pad"] = b.number(0, 1)
    return attributes | ({"strides": [2, 1]} if b.chance() else {})


def _choice(b: SeedBuilder, t: Any) -> None:
    condition = b.given(b.random.random((b.one_of(1, 3), 1)) > 0.5)
    operands = [*b.quantised(t, 3, 4), *b.quantised(t, 3, 4), *b.parameters(t)]
    b.contrib("QLinearWhere", condition, *operands)


def _concatenation(b: SeedBuilder, t: Any) -> None:
    parts = [b.quantised(t, 2, b.number(1, 4), 3) for _ in range(b.number(1, 4))]
    operands = [name for part in parts for name in part]
    b.contrib("QLinearConcat", *b.parameters(t), *operands, axis=b.one_of(1, -2))


def _integer_matmul(b: SeedBuilder, t: Any) -> None:
    rows, inner, columns = (b.number(1, 8) for _ in range(3))
    a, w = b.given(b.integers(np.uint8, rows, inner)), b.integers(t, inner, columns)
    zero = b.constant(np.array(b.number(0, 255), np.uint8))
    other = b.constant(w) if b.chance(0.7) else b.given(w)
    zeros = [zero, b.constant(np.array(b.number(0, 9), t))] if b.chance(0.7) else []
    b.node("MatMulInteger", a, other, *zeros)


def _dynamic(b: SeedBuilder, _: Any) -> None:
    b.node("DynamicQuantizeLinear", b.given(b.real(b.number(1, 5), b.number(1, 9))), outputs=3)


def _dynamic_product(operator: str) -> Build:
    def build(b: SeedBuilder, t: Any) -> None:
        inner, columns = b.number(1, 8), b.number(1, 8)
        wide = (columns,) if b.chance() else ()
        w, scale = b.constant(b.integers(t, inner, columns)), b.random.random(wide)
        scale = b.constant(np.asarray(scale, np.float32))
        bias = b.weights(columns) if b.chance() else ""
        zeros = b.constant(np.full(wide, 0 if t is np.int8 else 99, t))
        if operator == "DynamicQuantizeMatMul":
            b.contrib(operator, b.given(b.real(2, 3, inner)), w, scale, zeros, bias)
            return
        a = b.given(b.integers(np.uint8, 2, 3, inner))
        first = [b.constant(np.float32(0.25)), scale, b.constant(np.array(9, np.uint8))]
        b.contrib(operator, a, w, *first, zeros, bias)

    return build


def _attention(b: SeedBuilder, _: Any) -> None:
    tokens, width, heads, size = b.number(1, 5), b.number(1, 7), b.number(1, 3), b.number(1, 4)
    total = 3 * heads * size
    operands = [b.given(b.integers(np.uint8, 2, tokens, width))]
    operands += [b.constant(b.integers(np.int8, width, total)), b.weights(total)]
    operands += [b.constant(np.float32(scale)) for scale in (0.02, 0.01)]
    mask = b.given((b.random.random((2, tokens)) > 0.3).astype(np.int32)) if b.chance() else ""
    zeros = [np.array(128, np.uint8), np.array(0, np.int8)]
    operands += [mask, *map(b.constant, zeros)]
    b.contrib("QAttention", *operands, num_heads=heads, unidirectional=b.number(0, 1))


def _on_bytes(b: SeedBuilder, t: Any) -> None:
    x = b.given(b.integers(t, 1, 3, 7, 6))
    y = b.node("MaxPool", x, kernel_shape=[2, 3], pads=[1, 1, 0, 0], strides=[2, 1])
    if b.chance():
        y = b.node("Clip", y, *map(b.constant, (np.array(7, t), np.array(99, t))))
    b.node("Relu", y) if t is np.int8 else b.node("Identity", y)


def _own_domain(b: SeedBuilder, t: Any) -> None:
    t = b.one_of(t, np.int16, np.uint16)
    parameters = b.parameters(t)
    y = b.contrib("QuantizeLinear", b.given(b.real(3, 5)), *parameters)
    b.contrib("DequantizeLinear", y, *parameters)


QOPERATORS: Mapping[str, Build] = {
    "ConvInteger": _conv("ConvInteger"),
    "DequantizeLinear": _own_domain,
    "DynamicQuantizeLinear": _dynamic,
    "DynamicQuantizeMatMul": _dynamic_product("DynamicQuantizeMatMul"),
    "MatMulInteger": _integer_matmul,
    "MatMulIntegerToFloat": _dynamic_product("MatMulIntegerToFloat"),
    "QAttention": _attention,
    "QGemm": _gemm,
    "QLinearAdd": _arithmetic("QLinearAdd"),
    "QLinearAveragePool": _function("QLinearAveragePool", _pool),
    "QLinearConcat": _concatenation,
    "QLinearConv": _conv("QLinearConv"),
    "QLinearGlobalAveragePool": _function(
        "QLinearGlobalAveragePool", lambda b: {"channels_last": b.number(0, 1)}
    ),
    "QLinearLeakyRelu": _function("QLinearLeakyRelu", lambda b: {"alpha": b.one_of(0.2, 0.01)}),
    "QLinearMatMul": _matmul,
    "QLinearMul": _arithmetic("QLinearMul"),
    "QLinearReduceMean": _function(
        "QLinearReduceMean", lambda b: {"axes": [2, 3], "keepdims": b.number(0, 1)}
    ),
    "QLinearSigmoid": _function("QLinearSigmoid", lambda _: {}),
    "QLinearSoftmax": _function(
        "QLinearSoftmax", lambda b: b.one_of({"axis": -1, "opset": 13}, {"axis": 1, "opset": 11})
    ),
    "QLinearWhere": _choice,
    "bytes": _on_bytes,
}
"""What makes a model of an operator."""


def qoperator(random: Random) -> SeedModel:
    """A model of an operator on quantised tensors."""
    if random.random() < SHARE_OF_BACKEND:
        return backend_seeds.integer_products(random)
    operator = random.choice(list(QOPERATORS))
    builder = SeedBuilder.drawn(random)
    element = random.choice(BYTES)
    QOPERATORS[operator](builder, element)
    name = f"{operator} of {element.__name__}"
    if operator not in OWN_KERNEL:
        return SeedModel(name, builder.model())
    keep = builder.nodes[-1].attribute[1].i
    shape = builder.data["x0"].shape[:2] + ((1, 1) if keep else ())
    result = np.zeros(shape, element)
    assert builder.nodes[-1].domain == CONTRIB_DOMAIN
    return SeedModel(name, builder.declared(builder.nodes[-1].output[0], result))
