"""ConvTranspose: the lowered graph equals onnxruntime, and its operations equal their kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.operators.conv import ConvInt8
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    # name: (input, weights, attributes)
    "plain": ((1, 3, 4, 5), (3, 2, 3, 2), {}),
    "stride": ((2, 3, 4, 5), (3, 2, 3, 3), {"strides": [2, 3]}),
    "output padding": (
        (1, 3, 4, 5),
        (3, 2, 3, 3),
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    ),
    "more padding than reach": ((1, 2, 6, 6), (2, 2, 2, 2), {"pads": [2, 1, 2, 3]}),
    "dilation": ((1, 2, 4, 4), (2, 3, 3, 2), {"dilations": [2, 3], "strides": [1, 2]}),
    "groups": ((1, 6, 3, 4), (6, 2, 3, 3), {"group": 3, "strides": [2, 2]}),
    "depthwise": ((1, 4, 3, 4), (4, 1, 2, 2), {"group": 4, "strides": [2, 2]}),
    "one axis": ((2, 3, 7), (3, 4, 3), {"strides": [2], "pads": [1, 0]}),
    "same upper": ((1, 2, 4, 5), (2, 3, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "same lower": ((1, 2, 4, 5), (2, 3, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    "valid": ((1, 2, 4, 5), (2, 3, 3, 3), {"strides": [2, 2], "auto_pad": "VALID"}),
    "output shape": ((1, 2, 4, 5), (2, 3, 3, 3), {"strides": [2, 2], "output_shape": [8, 10]}),
}


def assert_float(
    shape: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, Any]
) -> None:
    random = np.random.default_rng(5)
    model = ModelBuilder()
    outputs = weights[1] * attributes.get("group", 1)
    constants = [
        model.constant(random.normal(size=s).astype(np.float32)) for s in (weights, (outputs,))
    ]
    y = model.node("ConvTranspose", [model.input("x", shape), *constants], **attributes)
    data = random.normal(size=shape).astype(np.float32)
    assert_model(model.build([y]), {"x": data})


def quantised(
    shape: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, Any], per_channel: bool
) -> tuple[Graph, Array]:
    random = np.random.default_rng(6)
    model = ModelBuilder()
    x = model.quantised(model.input("x", shape), 0.02, -7)
    stored = random.integers(-127, 128, weights).astype(np.int8)
    scale = random.uniform(0.005, 0.02, weights[1] if per_channel else ())
    operands = [x, model.quantised_constant(stored, np.asarray(scale), axis=1)]
    y = model.quantised(model.node("ConvTranspose", operands, **attributes), 0.05, 3)
    data = random.normal(size=shape).astype(np.float32)
    return assert_model(model.build([y]), {"x": data}, step=0.05), data


@pytest.mark.parametrize("case", CASES)
def test_float(case: str) -> None:
    assert_float(*CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_int8(case: str) -> None:
    shape, weights, attributes = CASES[case]
    # onnxruntime wants one scale per output channel, which axis 1 only has without groups.
    graph, _ = quantised(shape, weights, attributes, "group" not in attributes)
    assert sum(isinstance(node.operation, ConvInt8) for node in graph.nodes) == 1


@settings(deadline=None, max_examples=40)
@given(
    extents=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_any_geometry(
    extents: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: list[int],
) -> None:
    for a in (0, 1):
        reach = dilations[a] * (kernel[a] - 1)
        assume(strides[a] * (extents[a] - 1) + 1 + reach - pads[a] - pads[a + 2] > 0)
        assume(pads[a] <= reach + strides[a] * (extents[a] - 1))
    attributes = {"strides": strides, "dilations": dilations, "pads": pads}
    assert_float((1, 2, *extents), (2, 2, *kernel), attributes)


def test_kernels_equal_their_twins() -> None:
    graph, data = quantised(*CASES["groups"], False)
    values: dict[str, Array] = {"x": data}
    for node in graph.nodes:
        inputs = [
            None if n is None else values.get(n, graph.values[n].constant) for n in node.inputs
        ]
        values[node.outputs[0]] = assert_twin(node.operation, inputs)[0]


def test_refusals() -> None:
    model = ModelBuilder()
    x, w = model.input("x", (1, 2, 3, 3)), model.input("w", (2, 2, 2, 2))
    y = model.node("ConvTranspose", [x, w])
    with pytest.raises(CompileError, match="weights 'w' are computed at run time"):
        lower(import_model(model.build([y])), "run")


def test_weights_that_do_not_fit() -> None:
    model = ModelBuilder()
    weights = model.constant(np.ones((1, 2, 2, 2), np.float32))
    y = model.node("ConvTranspose", [model.input("x", (1, 2, 3, 3)), weights])
    with pytest.raises(CompileError, match=r"its weights have shape \[1, 2, 2, 2\]"):
        lower(import_model(model.build([y])), "run")
