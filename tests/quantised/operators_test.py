"""Every operator, quantised in every way the quantiser offers, is right."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto

from compiler.errors import CompileError
from compiler.ir import Array, Graph
from compiler.operators import OPERATORS
from tests.quantised.agreement import compare, lowered, stored_tensors
from tests.quantised.all_cases import CASES
from tests.quantised.case import Case, other_data
from tests.quantised.compiled import compare_with_compiled
from tests.quantised.quantiser import (
    ACTIVATION_OPTIONS,
    ALL_OPTIONS,
    FOUR_BIT_OPTIONS,
    SIXTEEN_BIT_OPTIONS,
    Options,
    quantise,
)


def seed(case: Case, options: Options) -> int:
    return zlib.crc32(f"{case} {options}".encode())


def check(case: Case, choices: tuple[Options, ...]) -> list[str]:
    """What is wrong with a case, each choice of options on another shape."""
    failures: list[str] = []
    networks: list[tuple[str, Graph, Mapping[str, Array]]] = []
    for options in choices:
        random = np.random.default_rng(seed(case, options))
        model = case.make(random, case.operator)
        quantised: ModelProto = quantise(model.model(), [model.inputs], options)
        for inputs in (model.inputs, other_data(model, random)):
            try:
                agreement = compare(quantised, inputs)
                graph = lowered(quantised)
            except CompileError as error:
                failures.append(f"{options}: {error}")
                break
            failures += [f"{options}: {failure}" for failure in agreement.failures]
            if not stored_tensors(quantised):
                failures.append(f"{options}: nothing is quantised")
            networks.append((str(options), graph, inputs))
    return failures + compare_with_compiled(networks)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator(case: Case) -> None:
    failures = check(case, ALL_OPTIONS if case.weighted else ACTIVATION_OPTIONS)
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator_with_sixteen_bits(case: Case) -> None:
    choices = SIXTEEN_BIT_OPTIONS
    if not case.weighted:
        choices = tuple(replace(options, per_channel=False) for options in choices)
    failures = check(case, choices)
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("case", [case for case in CASES if case.weighted], ids=str)
def test_operator_with_weights_of_four_bits(case: Case) -> None:
    failures = check(case, FOUR_BIT_OPTIONS)
    assert not failures, "\n".join(failures)


ADDED_BY_QUANTISATION = {"ConvInteger", "DequantizeLinear", "MatMulInteger", "QuantizeLinear"}
"""Statically or dynamically."""


def test_every_operator_has_a_case() -> None:
    operators = {operator for domain, operator in OPERATORS if not domain}
    assert operators - {case.operator for case in CASES} == ADDED_BY_QUANTISATION
