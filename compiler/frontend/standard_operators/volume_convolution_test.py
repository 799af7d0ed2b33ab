"""Conv over three spatial axes computes what onnxruntime does, also quantised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    assert_refused,
    operations,
    real,
    stored,
)

FORMS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 5, 6, 7), (4, 3, 3, 3, 3), {}),
    ((1, 3, 5, 6, 7), (4, 3, 1, 3, 3), {"pads": [0, 1, 1, 0, 1, 1]}),
    ((1, 3, 5, 6, 7), (4, 3, 3, 1, 1), {"pads": [1, 0, 0, 1, 0, 0]}),
    ((2, 2, 5, 6, 7), (4, 2, 2, 3, 2), {"strides": [2, 1, 3], "pads": [1, 0, 2, 0, 1, 1]}),
    ((1, 2, 7, 6, 7), (3, 2, 3, 2, 2), {"dilations": [2, 1, 3]}),
    ((1, 2, 9, 6, 7), (3, 2, 3, 2, 2), {"dilations": [3, 2, 1], "strides": [2, 2, 2]}),
    ((2, 4, 5, 6, 7), (6, 2, 3, 3, 3), {"group": 2, "pads": [1] * 6}),
    ((1, 4, 5, 6, 7), (4, 1, 3, 3, 3), {"group": 4}),
    ((1, 4, 5, 6, 7), (8, 1, 2, 2, 2), {"group": 4, "strides": [2, 2, 2]}),
    ((1, 2, 6, 6, 7), (3, 2, 2, 2, 2), {"strides": [2, 2, 2]}),
    ((1, 2, 7, 6, 7), (3, 2, 3, 2, 2), {"strides": [3, 2, 2]}),
    ((1, 2, 5, 6, 7), (3, 2, 5, 6, 7), {}),
    ((1, 2, 1, 6, 7), (3, 2, 1, 1, 1), {}),
]


def volume(
    x: tuple[int, ...], w: tuple[int, ...], *, biased: bool = True, **attributes: Any
) -> NodeModel:
    """A model of one Conv."""
    model = NodeModel(17)
    operands = [model.input("x", real(1, *x)), model.constant(real(2, *w))]
    if biased:
        operands.append(model.constant(real(3, w[0])))
    model.node("Conv", *operands, **attributes)
    return model


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("x", "w", "attributes"), FORMS)
def test_forms(
    x: tuple[int, ...], w: tuple[int, ...], attributes: dict[str, Any], biased: bool
) -> None:
    model = volume(x, w, biased=biased, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("policy", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("strides", [[1, 1, 1], [2, 2, 2], [3, 1, 2]])
@pytest.mark.parametrize("kernel", [(3, 3, 3), (2, 3, 4), (1, 2, 1)])
def test_padding_that_follows_from_extents(
    kernel: tuple[int, int, int], strides: list[int], policy: str
) -> None:
    model = volume(
        (1, 2, 7, 6, 5), (3, 2, *kernel), auto_pad=policy, strides=strides, kernel_shape=kernel
    )
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(("x", "w", "attributes"), FORMS)
def test_quantised(x: tuple[int, ...], w: tuple[int, ...], attributes: dict[str, Any]) -> None:
    """What is stored in bytes is taken; the sums are real numbers."""
    model = NodeModel(17)

    def parameters(scale: float, zero: int) -> tuple[str, str]:
        return model.constant(scale), model.constant(np.array(zero, np.int8))

    given = parameters(0.03, 5)
    activations = model.node("QuantizeLinear", model.input("x", real(1, *x)), *given)
    factors = model.constant(np.linspace(0.005, 0.02, w[0], dtype=np.float32))
    zeros = model.constant(np.zeros(w[0], np.int8))
    weights = model.constant(stored(2, np.int8, *w))
    model.node(
        "Conv",
        model.node("DequantizeLinear", activations, *given),
        model.node("DequantizeLinear", weights, factors, zeros, axis=0),
        **attributes,
    )
    model.node("QuantizeLinear", model.nodes[-1].output[0], *parameters(0.2, -3))
    assert_agrees(model.model(), model.data, steps=1)


def test_planes_of_separate_windows_are_not_copied() -> None:
    model = volume((1, 2, 6, 6, 7), (3, 2, 2, 2, 2), strides=[2, 2, 2])
    assert "Gather" not in operations(model)
    assert "Gather" in operations(volume((1, 2, 6, 6, 7), (3, 2, 2, 2, 2)))


def test_other_forms_are_refused() -> None:
    x = (1, 2, 5, 6, 7)
    negative = volume(x, (3, 2, 3, 3, 3), pads=[1, 0, 0, -1, 0, 0])
    assert_refused(negative, "TW-0101", "pads must not contain negative values")
    model = NodeModel(17)
    model.node("Conv", model.input("x", real(1, *x)), model.input("w", real(2, 3, 2, 3, 3, 3)))
    assert_refused(model, "computed at run time", "constant weights", "as a constant")
    assert_refused(volume(x, (3, 2, 7, 3, 3)), "TW-0101")
    long = volume((1, 1, 40_000, 1, 1), (1, 1, 10_000, 1, 1))
    assert_refused(long, "TW-0202", "30,001 windows of 10,000 planes")
