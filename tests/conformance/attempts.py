"""How a conformance case is given to the compiler."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx.version_converter
from onnx import ModelProto, numpy_helper

from compiler.frontend.import_model import ONNX_DOMAINS, SUPPORTED_OPSETS
from compiler.ir import Array
from tests.conformance.cases import Case

PASSED = "passed"
PASSED_WITH_CONSTANTS = "passed, with all inputs but the first as constants"
PASSED_FOLDED = "passed, folded to a constant"
PASSES = (PASSED, PASSED_WITH_CONSTANTS, PASSED_FOLDED)
WRONG = "wrong: "
"""Begins the outcome of a case that compiles to something that is not right."""

SHAPED_BY_FIRST_INPUT = ("ConstantOfShape", "Range")
"""Operators whose output has a static shape only if all of their inputs are constants."""

INITIALIZERS_ARE_NO_INPUTS = 4
"""The first version of ONNX's format in which an initialiser need not be an input as well."""


@dataclass(frozen=True)
class Attempt:
    """One way to give a case to the compiler.

    `constants`: how many of the inputs, from the last, become initialisers.
    """

    outcome: str
    constants: int


def constants_of(case: Case, outcome: str) -> int:
    """How many inputs, from the last, are constants in the attempt with this outcome."""
    return next(a.constants for a in attempts(case) if a.outcome == outcome)


def attempts(case: Case) -> Iterator[Attempt]:
    yield Attempt(PASSED, 0)
    inputs = len(case.model.graph.input)
    initialised = bool(case.model.graph.initializer)
    if len(case.data) == 1 and not initialised:
        if inputs > 1:
            yield Attempt(PASSED_WITH_CONSTANTS, inputs - 1)
        if case.group in SHAPED_BY_FIRST_INPUT:
            yield Attempt(PASSED_FOLDED, inputs)


def with_constants(case: Case, constants: int) -> ModelProto:
    """The case's model; initialisers are no inputs, the last `constants` inputs initialisers."""
    model = ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = max(model.ir_version, INITIALIZERS_ARE_NO_INPUTS)
    initialised = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in initialised]
    kept = len(inputs) - constants
    data = case.data[0][0]
    model.graph.initializer.extend(
        numpy_helper.from_array(data[index], inputs[index].name)
        for index in range(kept, len(inputs))
    )
    del model.graph.input[:]
    model.graph.input.extend(inputs[:kept])
    return model


def converted(model: ModelProto, opsets: range = SUPPORTED_OPSETS) -> ModelProto:
    """The model in the nearest of operator sets, or as it is if ONNX cannot convert it."""
    opset = max((e.version for e in model.opset_import if e.domain in ONNX_DOMAINS), default=0)
    if opset in opsets or opset == 0:
        return model
    nearest = opsets[0] if opset < opsets[0] else opsets[-1]
    try:
        return onnx.version_converter.convert_version(model, nearest)
    except (RuntimeError, ValueError, onnx.version_converter.ConvertError):
        return model


def narrowed(array: Array) -> Array | None:
    """int64 as the int32 that networks compute with; None if that loses values."""
    if array.dtype != np.int64:
        return array
    narrow = array.astype(np.int32)
    return narrow if np.array_equal(narrow, array) else None
