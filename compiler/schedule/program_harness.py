"""What every test of programs asks of them."""

from __future__ import annotations

from compiler.codegen.interpreter_harness import random_inputs
from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.schedule.byte_execution import ByteExecution
from compiler.schedule.program import Program
from compiler.schedule.validate import validate


def check(graph: Graph, program: Program, budget: int) -> None:
    """Asserts that a program is valid in `budget` bytes of L1 and gives the interpreter's bits."""
    assert program.l1_bytes <= budget
    assert validate(graph, program, budget) == []
    for seed in range(2):
        inputs = random_inputs(graph, graph.inputs, seed)
        found = ByteExecution(graph, program, inputs).run()
        for name, wanted in interpret(graph, inputs).items():
            assert found[name].tobytes() == wanted.tobytes(), name
