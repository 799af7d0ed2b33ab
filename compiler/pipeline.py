"""The stages of a compilation, from the model's file to the generated files' contents.

`analyse` needs the model and gives what placement depends on: sizes and lifetimes, no weights.
`place` needs only that. `emit` needs the model and the placement. Doing all three in one process
or each in its own gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph, State, Value
from compiler.memory import (
    Placement,
    Plan,
    placements_from_json,
    placements_to_json,
    plan_of,
    problems_from_json,
    problems_of,
    problems_to_json,
    solve,
)

if TYPE_CHECKING:
    from compiler.codegen.generate import GeneratedNetwork
    from compiler.codegen.generate_cluster import GeneratedClusterNetwork
    from compiler.frontend.model import OnnxModel
    from compiler.schedule.program import Program
    from compiler.target.soc import Cluster

ALL_TENSORS = "all"

Progress = Callable[[str], None]
Observer = Callable[[str, str, Graph], None]
"""Called as observe(entry point, name of the pass, graph) after lowering and after every pass."""


@dataclass(frozen=True)
class EntryPointOptions:
    """One way to run the model: its name, empty if it is the only one, and its dimensions."""

    name: str = ""
    dimensions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ModelOptions:
    """What to make of a model; the same for all stages.

    `integer_io` names inputs and outputs that the caller passes as int8, or is ("all",).
    """

    model: Path
    entry_points: tuple[EntryPointOptions, ...] = (EntryPointOptions(),)
    states: tuple[State, ...] = ()
    integer_io: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoweredEntryPoint:
    """One entry point before and after lowering and passes."""

    model: OnnxModel
    graph: Graph


def lower_model(
    options: ModelOptions, progress: Progress, observe: Observer | None = None
) -> list[LoweredEntryPoint]:
    """Imports and lowers the model once per entry point.

    Raises CompileError with the problems of all entry points, each problem once.
    """
    from compiler.frontend.import_model import import_model
    from compiler.lowering.lower import lower
    from compiler.passes import run_passes

    result: list[LoweredEntryPoint] = []
    problems: dict[Problem, None] = {}
    for entry_point in options.entry_points:
        shown = f" for entry point {entry_point.name}" if entry_point.name else ""
        progress(f"importing {options.model}{shown}")
        try:
            model = import_model(options.model, dict(entry_point.dimensions))
            integer_io = _integer_io(model, options.integer_io)
            progress(f"lowering {len(model.nodes)} nodes{shown}")
            graph = lower(model, entry_point.name, states=options.states, integer_io=integer_io)
            _check_integer_io(model, graph, options.integer_io)
            if observe is not None:
                observe(entry_point.name, "lower", graph)
            notify = _observer(observe, entry_point.name)
            run_passes(graph, notify)
        except CompileError as error:
            problems.update(dict.fromkeys(error.problems))
            continue
        result.append(LoweredEntryPoint(model, graph))
    if not problems:
        problems.update(dict.fromkeys(_state_problems([entry.graph for entry in result])))
    if problems:
        raise CompileError(list(problems))
    return result


def _state_problems(graphs: Sequence[Graph]) -> Iterator[Problem]:
    """States that entry points share but do not have in the same form."""
    values: dict[str, tuple[str, Value]] = {}
    for graph in graphs:
        for state in graph.states:
            value = graph.values[state.input]
            first_name, first = values.setdefault(state.input, (graph.name, value))
            if (first.type, first.quantization) != (value.type, value.quantization):
                yield Problem(
                    Code.BAD_STATE,
                    f"state {state.input!r}",
                    f"it is {_form(first)} in entry point {first_name!r} and {_form(value)} in "
                    f"{graph.name!r}",
                    "one shape, type, scale and zero point in all entry points",
                    "give the state dimensions that no entry point changes",
                )


def _form(value: Value) -> str:
    if value.quantization is None:
        return str(value.type)
    scale, zero_point = value.quantization.scale, value.quantization.zero_point
    return f"{value.type} with scale {scale:g} and zero point {zero_point}"


def _observer(observe: Observer | None, entry_point: str) -> Callable[[str, Graph], None] | None:
    if observe is None:
        return None
    return lambda name, graph: observe(entry_point, name, graph)


def _integer_io(model: OnnxModel, names: Sequence[str]) -> list[str]:
    interface = list(dict.fromkeys([*model.inputs, *model.outputs]))
    if ALL_TENSORS in names:
        return interface
    unknown = [name for name in names if name not in interface]
    if unknown:
        raise CompileError(
            [
                Problem(
                    Code.BAD_OPTION,
                    f"--integer-io {name}",
                    "the model has no input or output of this name",
                    f"all, {', '.join(interface)}",
                )
                for name in unknown
            ]
        )
    return list(names)


def _check_integer_io(model: OnnxModel, graph: Graph, names: Sequence[str]) -> None:
    """Refuses tensors that were asked for by name, but are not quantised where they should be."""
    values = dict(zip(model.inputs, graph.inputs, strict=True))
    values.update(zip(model.outputs, graph.outputs, strict=True))
    problems = [
        Problem(
            Code.UNSUPPORTED_QUANTIZATION,
            f"--integer-io {name}",
            f"the model has {graph.values[values[name]].type} there",
            "inputs that only QuantizeLinear nodes read, all with the same parameters; outputs "
            "that a DequantizeLinear makes",
            "quantise the tensor, or leave the option out",
        )
        for name in names
        if name != ALL_TENSORS and graph.values[values[name]].type.data_type.is_float
    ]
    if problems:
        raise CompileError(problems)


def analyse(graphs: Sequence[Graph]) -> str:
    """The placement problem as JSON: a function of shapes and structure, not of weights, but for
    whether these fit into 4 or 2 bits. The graphs get the operations of a single core."""
    _store_narrow_weights(graphs)
    return problems_to_json(problems_of(graphs))


def _store_narrow_weights(graphs: Sequence[Graph]) -> None:
    from compiler.target import store_narrow_weights

    for graph in graphs:
        store_narrow_weights.run(graph)


def place(problem: str) -> str:
    """Solves a placement problem; JSON in, JSON out. Raises ValueError if it is not one."""
    return placements_to_json([solve(entry) for entry in problems_from_json(problem)])


def read_placements(placement: str) -> tuple[Placement, ...]:
    """Placements from JSON. Raises ValueError if the text is none."""
    return tuple(placements_from_json(placement))


def emit(
    name: str,
    graphs: Sequence[Graph],
    placements: Sequence[Placement],
    memory: int | None,
    progress: Progress,
) -> tuple[GeneratedNetwork, Plan]:
    """Generates a network's files from its graphs and their placements.

    The graphs get the operations of a single core, unless `analyse` has done that.
    `memory`: bytes that weights, states and arena may take together, if limited.

    Raises:
        CompileError: the placements are not those of the graphs, names collide, or the network
            does not fit the memory.
    """
    from compiler.codegen.generate import generate

    _store_narrow_weights(graphs)
    try:
        plan = plan_of(graphs, placements)
    except ValueError as error:
        raise CompileError(
            [
                Problem(
                    Code.BAD_OPTION,
                    "the placement",
                    "it belongs to another model or to other options",
                    advice="analyse and place the model again with the same options",
                )
            ]
        ) from error
    _validate(graphs, plan)
    progress("generating code")
    network = generate(name, graphs, plan)
    if memory is not None:
        _check_memory(graphs, placements, plan, len(network.weights), memory)
    return network, plan


def emit_cluster(
    name: str,
    graphs: Sequence[Graph],
    cluster: Cluster,
    memory: int | None,
    progress: Progress,
    *,
    record_layers: bool = False,
) -> tuple[GeneratedClusterNetwork, list[Program]]:
    """Schedules a network for a cluster and generates its files; the graphs get its kernels.

    `memory`: bytes that constants, states and tensors outside of L1 may take together; by default
    all of L2, where the code has to be as well. What does not fit is tried again with weights
    stored with as few bits as they need.
    `record_layers`: whether the programs also write what every layer makes to the console
    (tilewright/layer_dump.h), with the numbers of the mapping report.

    Raises:
        CompileError: names collide, or the network does not fit.
    """
    from compiler.target import assign_accelerator, pack_weights

    if cluster.accelerator is not None:
        assign_accelerator.run(graphs, cluster, cluster.accelerator)
    for graph in graphs:
        pack_weights.run(graph, cluster.cores)
    try:
        return _scheduled(name, graphs, cluster, memory, progress, record_layers)
    except CompileError as error:
        unfit = all(problem.code is Code.DOES_NOT_FIT for problem in error.problems)
        if not unfit:
            raise
        narrowed = [pack_weights.narrow(graph) for graph in graphs]
        if not any(narrowed):
            raise
    return _scheduled(name, graphs, cluster, memory, progress, record_layers)


def _scheduled(
    name: str,
    graphs: Sequence[Graph],
    cluster: Cluster,
    memory: int | None,
    progress: Progress,
    record_layers: bool,
) -> tuple[GeneratedClusterNetwork, list[Program]]:
    """`emit_cluster` for graphs whose operations are those of the cluster."""
    from compiler.codegen.cluster_layers import cluster_layers, numbers_of
    from compiler.codegen.generate_cluster import generate_cluster
    from compiler.schedule.l2 import check_l2
    from compiler.schedule.record import record
    from compiler.schedule.schedule import schedule_network

    progress("scheduling tiles")
    layers = cluster_layers(graphs) if record_layers else []

    def instrument(number: int, program: Program) -> Program:
        graph = graphs[number]
        return record(graph, program, numbers_of(layers, graph)) if record_layers else program

    programs = schedule_network(graphs, cluster, instrument)
    progress("generating code")
    network = generate_cluster(name, graphs, programs, cluster)
    l2_bytes = cluster.l2_bytes if memory is None else memory
    states_bytes = network.plan.states_bytes
    check_l2(graphs, programs, len(network.weights), states_bytes, l2_bytes)
    return network, programs


def _validate(graphs: Sequence[Graph], plan: Plan) -> None:
    from compiler.memory.validate import validate

    for graph, memory_map in zip(graphs, plan.maps, strict=True):
        violations = validate(graph, memory_map)
        if violations:
            raise AssertionError(f"the memory plan is wrong: {'; '.join(map(str, violations))}")


def _check_memory(
    graphs: Sequence[Graph],
    placements: Sequence[Placement],
    plan: Plan,
    weights_bytes: int,
    memory: int,
) -> None:
    if weights_bytes + plan.states_bytes + plan.arena_bytes <= memory:
        return
    rest = memory - weights_bytes - plan.states_bytes
    if rest > 0:
        plan_of(graphs, placements, capacity=rest)
    needed = weights_bytes + plan.states_bytes + plan.arena_bytes
    raise CompileError(
        [
            Problem(
                Code.DOES_NOT_FIT,
                "the network",
                f"weights take {weights_bytes:,} bytes, states {plan.states_bytes:,} and the "
                f"arena {plan.arena_bytes:,}; {memory:,} bytes are available",
                f"at least {needed:,} bytes",
                "quantise the model to int8, or make it smaller",
            )
        ]
    )
