"""Compiles a model in memory, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from onnx import ModelProto

from compiler.codegen.generate import GeneratedNetwork, generate
from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.memory import Plan, plan_of, problems_of, solve
from compiler.memory.validate import validate_plan
from compiler.passes import run_passes

Result = TypeVar("Result")
STAGES: tuple[str, ...] = ("import", "lowering", "passes", "memory", "emission")


class Observer(Protocol):
    """Called with the name of a stage and what it does; returns `work()`."""

    def __call__(self, stage: str, work: Callable[[], Result]) -> Result: ...


def compile_stages(model: ModelProto, observe: Observer) -> GeneratedNetwork:
    """Compiles a model, every stage through `observe`."""
    imported = observe("import", lambda: import_model(model))
    graph = observe("lowering", lambda: lower(imported, ""))
    observe("passes", lambda: run_passes(graph))
    plan = observe("memory", lambda: _plan(graph))
    return observe("emission", lambda: _emit(graph, plan))


def _plan(graph: Graph) -> Plan:
    placements = [solve(problem) for problem in problems_of([graph])]
    plan = plan_of([graph], placements)
    violations = validate_plan([graph], plan)
    if violations:
        raise AssertionError(violations)
    return plan


def _emit(graph: Graph, plan: Plan) -> GeneratedNetwork:
    network = generate("network", [graph], plan)
    network.files()
    return network
