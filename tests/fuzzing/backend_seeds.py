"""Seeds from ONNX's own backend tests: every form of every operator, in several kinds of files.

An operator that gets support is fuzzed without anything to add here.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from compiler.frontend.expand_operators import EXPANSIONS
from compiler.frontend.import_model import SUPPORTED_OPSETS
from compiler.operators import OPERATORS
from tests.fuzzing.quantised_form import clip, quantise, quantise_weights
from tests.fuzzing.seed_model import SeedModel

MAXIMUM_BYTES = 20_000
SHARE_CONSTANT = 0.7
SHARE_QUANTISED = 0.35
RECURRENT = ("GRU", "LSTM", "RNN")
QUANTISED = ("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul")
HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
FIRST_OF_BFLOAT16 = 22
"""The operator set in which most operators got bfloat16."""


@dataclass(frozen=True)
class BackendCase:
    """A model, and data for all of its inputs."""

    name: str
    model: ModelProto
    data: tuple[Any, ...]

    @property
    def operator(self) -> str:
        return self.model.graph.node[-1].op_type


@functools.cache
def backend_cases() -> tuple[BackendCase, ...]:
    """Every backend test whose operators all have support, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    return tuple(
        BackendCase(case.name, case.model, tuple(case.data_sets[0][0]))
        for case in sorted(cases, key=lambda case: case.name)
        if case.model is not None
        and all(_has_support(node.domain, node.op_type) for node in case.model.graph.node)
        and all(entry.version in SUPPORTED_OPSETS for entry in case.model.opset_import)
        and case.model.ByteSize() <= MAXIMUM_BYTES
        and all(isinstance(array, np.ndarray) for array in case.data_sets[0][0])
    )


def _has_support(domain: str, operator: str) -> bool:
    return (domain, operator) in OPERATORS or (domain, operator) in EXPANSIONS


@functools.cache
def _by_operator() -> Mapping[str, tuple[BackendCase, ...]]:
    result: dict[str, tuple[BackendCase, ...]] = {}
    for case in backend_cases():
        result[case.operator] = (*result.get(case.operator, ()), case)
    return dict(sorted(result.items()))


def _random_case(random: Random, operators: Collection[str] = ()) -> BackendCase:
    """A case of one of the operators, which are as likely, however many forms they have."""
    cases = _by_operator()
    known = [operator for operator in operators or cases if operator in cases]
    return random.choice(cases[random.choice(known)])


def _with_constants(case: BackendCase, random: Random, share: float = SHARE_CONSTANT) -> ModelProto:
    """The case's model, often with weights instead of all inputs but one."""
    model = ModelProto()
    model.CopyFrom(case.model)
    if random.random() < share:
        kept = random.randrange(max(1, len(model.graph.input)))
        for index, (value, data) in enumerate(zip(model.graph.input, case.data, strict=False)):
            if index != kept:
                model.graph.initializer.append(numpy_helper.from_array(data, value.name))
        names = {tensor.name for tensor in model.graph.initializer}
        remaining = [value for value in model.graph.input if value.name not in names]
        del model.graph.input[:]
        model.graph.input.extend(remaining)
    return model


def plain(random: Random) -> SeedModel:
    """A backend test as it is, or with QuantizeLinear and DequantizeLinear."""
    case = _random_case(random)
    model = _with_constants(case, random)
    if random.random() < SHARE_QUANTISED:
        quantise(model, random)
    return SeedModel(case.name, model)


def recurrent(random: Random) -> SeedModel:
    """GRU, LSTM and RNN, whose weights are constants."""
    case = _random_case(random, RECURRENT)
    model = _with_constants(case, random, share=0.0)
    for value, data in zip(list(model.graph.input)[1:], case.data[1:], strict=False):
        model.graph.initializer.append(numpy_helper.from_array(data, value.name))
    del model.graph.input[1:]
    return SeedModel(case.name, model)


def integer_products(random: Random) -> SeedModel:
    """ONNX's operators on quantised tensors."""
    case = _random_case(random, QUANTISED)
    return SeedModel(case.name, _with_constants(case, random))


def _quantised(
    what: str, change: Callable[[ModelProto, Random], None], random: Random
) -> SeedModel:
    case = _random_case(random)
    model = _with_constants(case, random)
    quantise(model, random)
    change(model, random)
    return SeedModel(f"{case.name} {what}", model)


def clipped(random: Random) -> SeedModel:
    """A quantised model with a Clip between QuantizeLinear and DequantizeLinear (QCDQ)."""
    return _quantised("with fewer bits", clip, random)


def narrow_weights(random: Random) -> SeedModel:
    """A quantised model whose weights are stored integers, often of less than 8 bits."""
    return _quantised("with stored weights", quantise_weights, random)


def half_precision(random: Random) -> SeedModel:
    """A backend test in float16 or bfloat16."""
    case = _random_case(random)
    model = _with_constants(case, random)
    element = random.choice(HALVES)
    if element == TensorProto.BFLOAT16 and model.opset_import[0].version < FIRST_OF_BFLOAT16:
        element = TensorProto.FLOAT16
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = element
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            data = numpy_helper.to_array(tensor)
            with np.errstate(over="ignore"):
                half = data.astype(helper.tensor_dtype_to_np_dtype(element))
            tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))
    return SeedModel(f"{case.name} in half precision", model)
