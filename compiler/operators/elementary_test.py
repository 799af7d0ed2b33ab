"""Elementary functions: kernels equal twins, twins float64, lowered nodes onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from compiler.ir import Array, DataType
from compiler.operators.elementary import TWINS, Elementary
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)

CONSTANTS = {
    "elu": (("alpha", 1.3),),
    "swish": (("alpha", 1.7),),
    "hard_sigmoid": (("alpha", 0.2), ("beta", 0.5)),
}
NODES: list[tuple[str, dict[str, Any]]] = [
    ("Acos", {}),
    ("Acosh", {}),
    ("Asin", {}),
    ("Asinh", {}),
    ("Atan", {}),
    ("Atanh", {}),
    ("Ceil", {}),
    ("Cos", {}),
    ("Cosh", {}),
    ("Elu", {"alpha": 0.7}),
    ("Erf", {}),
    ("Exp", {}),
    ("Floor", {}),
    ("Gelu", {}),
    ("Gelu", {"approximate": "tanh"}),
    ("HardSigmoid", {}),
    ("HardSigmoid", {"alpha": 0.5, "beta": 0.4}),
    ("HardSwish", {}),
    ("Log", {}),
    ("Mish", {}),
    ("Reciprocal", {}),
    ("Round", {}),
    ("Sigmoid", {}),
    ("Sin", {}),
    ("Sinh", {}),
    ("Softplus", {}),
    ("Sqrt", {}),
    ("Swish", {}),
    ("Swish", {"alpha": 1.702}),
    ("Tan", {}),
    ("Tanh", {}),
]


DOMAINS: dict[str, Callable[[Array], Array]] = {
    **dict.fromkeys(("Log", "Sqrt", "Reciprocal"), np.abs),
    **dict.fromkeys(("Acos", "Asin", "Atanh"), lambda x: np.float32(0.95) * np.tanh(x)),
    "Acosh": lambda x: np.abs(x) + np.float32(1.3),
    "Tan": lambda x: np.float32(1.4) * np.tanh(x),
}
"""Arguments of which the function is a finite number, from any ones."""


def values() -> Array:
    """float32 numbers of all magnitudes, both signs, and every special one."""
    random = np.random.default_rng(1)
    bits = random.integers(0, 2**32, 20000, dtype=np.uint64).astype(np.uint32).view(np.float32)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38, 1.1754942e-38]
    edges = [
        88.7,
        88.73,
        89.0,
        -87.3,
        -87.4,
        -103.9,
        -104.0,
        0.625,
        1.0,
        4.0,
        -0.625,
        20.0,
        -20.0,
        0.5,
        1.5,
        -2.5,
    ]
    edges += [8388607.5, -8388607.5, 8388608.0]
    return np.concatenate(
        [
            bits,
            random.uniform(-110, 110, 20000).astype(np.float32),
            random.normal(0, 2, 20000).astype(np.float32),
            np.nextafter(np.array(edges, np.float32), np.float32(np.inf)),
            np.array(edges, np.float32),
            np.array(special, np.float32),
        ]
    )


@pytest.mark.parametrize("function", TWINS)
def test_twin(function: str) -> None:
    assert_twin(Elementary(function, CONSTANTS.get(function, ())), [values()])


@pytest.mark.parametrize(("operator", "attributes"), NODES)
@pytest.mark.parametrize("form", [DataType.INT8, DataType.UINT8])
def test_table_equals_onnxruntime(
    operator: str, attributes: dict[str, Any], form: DataType
) -> None:
    for magnitude in (0.1, 2.0, 30.0):
        x = np.linspace(-magnitude, magnitude, 511, dtype=np.float32)
        x = DOMAINS.get(operator, np.asarray)(x)
        if operator in ("Log", "Reciprocal"):
            x += np.float32(0.05)
        model = ModelUnderTest()
        source = Stored.covering(x, form)
        operand = model.quantised(model.input("x", x), source)
        model.node(operator, [operand], "y", **attributes)
        assert_quantised_group(model, "y", Stored(max(magnitude, 1.0) / 100, 5, form))
        assert model.operations() == ["Table"]


@pytest.mark.parametrize(("operator", "attributes"), NODES)
def test_float_equals_onnxruntime(operator: str, attributes: dict[str, Any]) -> None:
    # onnxruntime's Elu is exp(x) - 1, which loses digits near 0.
    for magnitude in (1.0, 10.0) if operator == "Elu" else (1e-3, 1.0, 10.0):
        x = (np.random.default_rng(3).normal(size=1000) * magnitude).astype(np.float32)
        x = DOMAINS.get(operator, np.asarray)(x)
        if operator in ("Log", "Reciprocal"):
            x += np.float32(1e-6)
        model = ModelUnderTest()
        model.node(operator, [model.input("x", x)], "y", **attributes)
        assert_float(model, "y")


def test_undefined_values_become_the_lowest_step() -> None:
    model = ModelUnderTest()
    operand = model.quantised(model.input("x", np.array([-1, 0, 1], np.float32)), Stored(0.01))
    model.output(model.quantised(model.node("Log", [operand], "y"), Stored(0.01)))
    graph = model.graph()
    (table,) = (v.constant for v in graph.constants() if v.name.endswith("table"))
    assert table is not None
    assert np.all(table[:129] == -128)


@pytest.mark.parametrize("operator", ["Acos", "Acosh", "Asin", "Atanh"])
@pytest.mark.parametrize("steps", [10, 20, 50, 100])
def test_the_end_of_a_domain_is_where_float32_has_it(operator: str, steps: int) -> None:
    """As many steps of 1 / steps are 1 in float32, and may be a little more or less."""
    x = np.arange(-128, 128, dtype=np.float32) / np.float32(steps)
    source = Stored(float(np.float32(1) / np.float32(steps)))
    model = ModelUnderTest()
    model.node(operator, [model.quantised(model.input("x", x), source)], "y")
    assert_quantised_group(model, "y", Stored(0.05, 5))
    assert model.operations() == ["Table"]
