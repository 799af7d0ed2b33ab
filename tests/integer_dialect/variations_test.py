"""Random models: the interpreter gives what they mean, and generated C the same."""

from __future__ import annotations

import os

import numpy as np
import pytest

from compiler.codegen.generate import generate
from compiler.codegen.network_harness import compile_together
from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.memory import plan
from compiler.passes import run_passes
from tests.integer_dialect import semantics
from tests.integer_dialect.builder import drawn
from tests.integer_dialect.variations import Variation

CASES_VARIABLE = "TILEWRIGHT_VARIATIONS"
CASES = int(os.environ.get(CASES_VARIABLE, "400"))
COMPILED = 40
"""How many are compiled."""


def lowered(seed: int) -> tuple[Graph, dict[str, Array], list[Array]]:
    """The network of a seed, inputs, and what it must give. Raises CompileError."""
    model, types = Variation(seed).build()
    inputs = {name: InputType.parse(text) for name, text in types.items()}
    graph = lower(import_model(model, inputs=inputs), "run")
    run_passes(graph)
    random = np.random.default_rng(seed)
    data = {
        name: drawn(random, value.type.data_type.value, value.type.shape)
        for name in graph.inputs
        for value in [graph.values[name]]
    }
    return graph, data, semantics.run(model, data)


def test_interpreter() -> None:
    refused: list[str] = []
    others: list[Problem] = []
    for seed in range(CASES):
        try:
            graph, inputs, (expected,) = lowered(seed)
        except CompileError as error:
            refused.append(f"seed {seed}: {error}")
            others += [p for p in error.problems if p.code is not Code.UNSUPPORTED_FORM]
            continue
        (have,) = interpret(graph, inputs).values()
        assert have.shape == expected.shape, f"seed {seed}"
        assert np.array_equal(have, expected), f"seed {seed}"
    assert not others, others[0]
    assert len(refused) < CASES / 20, "\n".join(refused)


def test_generated_code() -> None:
    cases = []
    for seed in range(2 * COMPILED):
        try:
            graph, inputs, _ = lowered(seed)
        except CompileError:
            continue
        cases.append((seed, graph, inputs))
    cases = cases[:COMPILED]
    networks = compile_together([generate(f"net{i}", [g], plan([g])) for i, g, _ in cases])
    for (seed, graph, inputs), network in zip(cases, networks, strict=True):
        expected = interpret(graph, inputs)
        found = network.run("run", inputs)
        for name in graph.outputs:
            assert np.array_equal(found[name], expected[name]), f"seed {seed}"


@pytest.mark.parametrize("seed", [0])
def test_models_are_the_same_again(seed: int) -> None:
    models = [Variation(seed).build()[0].SerializeToString(deterministic=True) for _ in range(2)]
    assert models[0] == models[1]
