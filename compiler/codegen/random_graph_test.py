"""Random networks with random repetition, against the interpreter."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.codegen.interpreter_harness import check_runs
from compiler.codegen.sample_networks import NetworkBuilder, WriteRow
from compiler.ir import DataType, Graph, TensorType
from compiler.operators.copy import Copy
from compiler.operators.view import View

WIDTH = 8
HISTORY = 3
KINDS = ("matmul", "wide matmul", "table", "copy", "view", "history", "output")


@dataclass(frozen=True)
class Action:
    """One node: what it computes, and how many values back it reads."""

    kind: str
    back: int


ACTIONS = st.lists(st.builds(Action, st.sampled_from(KINDS), st.integers(1, 5)), max_size=9)
PROGRAMS = st.lists(st.tuples(ACTIONS, st.integers(1, 6)), min_size=1, max_size=4)
"""Stretches of actions, each repeated."""


def build(program: list[tuple[list[Action], int]]) -> Graph:
    builder = NetworkBuilder("")
    row = TensorType(DataType.INT8, (1, WIDTH))
    values = [builder.input(f"input{index}", row) for index in range(2)]
    for stretch, (actions, repetitions) in enumerate(program):
        for repetition in range(repetitions):
            for index, action in enumerate(actions):
                name = f"stretch{stretch}.{repetition}/{action.kind}_{index}"
                x = values[-min(action.back, len(values))]
                values.append(_apply(builder, name, action.kind, x))
    builder.output(builder.node("last", Copy(), values[-1:], "result"))
    return builder.graph


def _apply(builder: NetworkBuilder, name: str, kind: str, x: str) -> str:
    if kind == "table":
        return builder.table(name, x)
    if kind == "copy":
        return builder.node(name, Copy(), [x])
    if kind == "view":
        flat = builder.node(f"{name}/flat", View((WIDTH,)), [x])
        return builder.node(name, View((1, WIDTH)), [flat])
    if kind == "output":
        result = builder.node(name, Copy(), [x])
        builder.output(result)
        return result
    if kind == "history":
        type_ = TensorType(DataType.INT8, (HISTORY, WIDTH))
        history = builder.input(f"{name}/memory", type_)
        updated = builder.node(name, WriteRow(), [history, x])
        builder.output(updated)
        builder.state(history, updated)
        seen = builder.node(f"{name}/flat", View((1, HISTORY * WIDTH)), [updated])
        return builder.matmul(f"{name}/read", seen, WIDTH)
    return builder.matmul(name, x, WIDTH, wide=kind == "wide matmul")


@settings(max_examples=20, deadline=None)
@given(PROGRAMS)
def test_random_networks_equal_the_interpreter(program: list[tuple[list[Action], int]]) -> None:
    check_runs([build(program)], ["", "", "reset", ""])
