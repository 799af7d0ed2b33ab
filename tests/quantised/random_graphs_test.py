"""Random networks, quantised, are right: every operator of them, and the generated C."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quantised.agreement import compare, lowered
from tests.quantised.compiled import compare_with_compiled
from tests.quantised.integer_interface import (
    differences,
    stored_inputs,
    with_integer_interface,
)
from tests.quantised.quantiser import ALL_OPTIONS, SIXTEEN_BIT_OPTIONS, Options, quantise
from tests.quantised.random_graphs import KINDS, Step, build, example_inputs

STEPS = st.lists(
    st.builds(Step, st.sampled_from(sorted(KINDS)), st.integers(0, 3), st.integers(0, 4)),
    min_size=2,
    max_size=8,
)
LEFT_IN_FLOAT = st.lists(
    st.sampled_from(["Add", "Conv", "Mul", "Relu", "Sigmoid", "Softmax", "Transpose"]),
    max_size=2,
    unique=True,
)


@settings(max_examples=60)
@given(STEPS, st.sampled_from(ALL_OPTIONS), LEFT_IN_FLOAT, st.booleans(), st.integers(0, 2**32 - 1))
def test_random_networks(
    steps: list[Step], options: Options, left_in_float: list[str], forced: bool, seed: int
) -> None:
    check(steps, options, left_in_float, forced, seed)


@settings(max_examples=20)
@given(STEPS, st.sampled_from(SIXTEEN_BIT_OPTIONS), LEFT_IN_FLOAT, st.integers(0, 2**32 - 1))
def test_random_networks_with_sixteen_bits(
    steps: list[Step], options: Options, left_in_float: list[str], seed: int
) -> None:
    check(steps, options, left_in_float, True, seed)


def check(
    steps: list[Step], options: Options, left_in_float: list[str], forced: bool, seed: int
) -> None:
    model = build(steps, seed)
    chosen = replace(options, inputs_of_movement=forced)
    quantised = quantise(model.model(), [model.inputs], chosen, left_in_float)
    inputs = example_inputs(model, seed)
    failures = compare(quantised, inputs).failures
    real, integer = lowered(quantised), with_integer_interface(quantised)
    failures += differences(quantised, inputs)
    failures += compare_with_compiled(
        [
            ("float interface", real, inputs),
            ("integer interface", integer, stored_inputs(integer, inputs)),
        ]
    )
    assert not failures, "\n".join(failures)
