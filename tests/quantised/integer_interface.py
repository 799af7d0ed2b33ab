"""The same network with int8 inputs and outputs, as firmware passes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph, Value
from compiler.lowering.lower import lower
from compiler.operators.quantize import Dequantize, Quantize
from compiler.passes import run_passes
from tests.quantised.agreement import interpreted, lowered, narrowed


def with_integer_interface(model: ModelProto) -> Graph:
    """The graph whose quantised inputs and outputs are int8."""
    imported = import_model(model)
    graph = lower(imported, "", integer_io={*imported.inputs, *imported.outputs})
    run_passes(graph)
    return graph


def stored_inputs(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The inputs as the caller of such a network passes them."""
    return {
        name: narrowed(inputs[name]) if parameters is None else _quantised(inputs[name], parameters)
        for name in graph.inputs
        for parameters in [_parameters(graph.values[name], inputs[name])]
    }


def _parameters(value: Value, real: Array) -> tuple[float, int] | None:
    if value.quantization is None or real.dtype != np.float32:
        return None
    return value.quantization.scale, value.quantization.zero_point


def _quantised(real: Array, parameters: tuple[float, int]) -> Array:
    return Quantize(*parameters).evaluate([real])[0]


def differences(model: ModelProto, inputs: Mapping[str, Array]) -> list[str]:
    """Outputs that do not stand for the same real values as those of the float interface."""
    real, integer = lowered(model), with_integer_interface(model)
    expected = interpreted(real, inputs)
    found = interpret(integer, stored_inputs(integer, inputs))
    failures: list[str] = []
    for real_name, name in zip(real.outputs, integer.outputs, strict=True):
        want, have = expected[real_name], found[name]
        parameters = _parameters(integer.values[name], want)
        if parameters is not None and have.dtype == np.int8:
            (have,) = Dequantize(*parameters).evaluate([have])
        if not np.array_equal(have, want):
            failures.append(f"{name} differs with an integer interface")
    return failures
