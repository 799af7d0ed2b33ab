"""The stages of a compilation, from the model's file to the generated files' contents.

`analyse` needs the model and gives what placement depends on: sizes and lifetimes, no weights; for
a cluster also operations, without the numbers in them. `place` needs only that. `emit` needs the
model and the placement. Doing all three in one process or each in its own gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
    from compiler.frontend.input_type import InputType
    from compiler.frontend.model import OnnxModel
    from compiler.schedule.problem_file import ScheduleProblem
    from compiler.schedule.program import Program
    from compiler.schedule.program_plan import ProgramPlan
    from compiler.schedule.schedule import Instrument
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
    `input_types` says what inputs hold, where the model does not. `operators` are modules that add
    operators to the compiler's own.
    """

    model: Path
    entry_points: tuple[EntryPointOptions, ...] = (EntryPointOptions(),)
    states: tuple[State, ...] = ()
    integer_io: tuple[str, ...] = ()
    input_types: tuple[tuple[str, InputType], ...] = ()
    operators: tuple[Path, ...] = ()


@dataclass(frozen=True)
class LoweredEntryPoint:
    """One entry point before and after lowering and passes."""

    model: OnnxModel
    graph: Graph


@dataclass(frozen=True)
class Schedule:
    """Plans of a network's programs, and the digest of the problem that they solve."""

    problem: str
    plans: tuple[ProgramPlan, ...]


def lower_model(
    options: ModelOptions, progress: Progress, observe: Observer | None = None
) -> list[LoweredEntryPoint]:
    """Imports and lowers the model once per entry point.

    Raises CompileError with the problems of all entry points, each problem once.
    """
    from compiler.frontend.import_model import import_model
    from compiler.lowering.lower import lower
    from compiler.operator_modules import use_operators
    from compiler.passes import run_passes

    use_operators(options.operators)
    result: list[LoweredEntryPoint] = []
    problems: dict[Problem, None] = {}
    for entry_point in options.entry_points:
        shown = f" for entry point {entry_point.name}" if entry_point.name else ""
        progress(f"importing {options.model}{shown}")
        try:
            model = import_model(
                options.model, dict(entry_point.dimensions), dict(options.input_types)
            )
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
    """The placement problem as JSON: a function of shapes and structure, not of weights."""
    return problems_to_json(problems_of(graphs))


def place(problem: str) -> str:
    """Solves a placement problem, or schedules for a cluster; JSON in, JSON out.

    Raises:
        CompileError: the network does not fit L1.
        ValueError, KeyError, TypeError: the text is no problem.
    """
    return solver_of(problem)()


def solver_of(problem: str) -> Callable[[], str]:
    """What solves a problem that is given as JSON; it raises CompileError as `place` does.

    Raises ValueError, KeyError or TypeError if the text is no problem.
    """
    from compiler.schedule.problem_file import is_schedule_problem, problem_from_json

    if is_schedule_problem(problem):
        return partial(_schedule, problem, problem_from_json(problem))
    problems = problems_from_json(problem)
    return lambda: placements_to_json([solve(entry) for entry in problems])


def _schedule(text: str, problem: ScheduleProblem) -> str:
    from compiler.schedule.plan_file import plans_to_json
    from compiler.schedule.problem_file import digest
    from compiler.schedule.schedule import plan_network

    graphs = problem.graphs
    instrument = _instrument(graphs, record_layers=problem.records_layers)
    plans = [program.plan for program in plan_network(graphs, problem.cluster, instrument)]
    return plans_to_json(digest(text), [plan for plan in plans if plan is not None])


def _instrument(graphs: Sequence[Graph], *, record_layers: bool) -> Instrument:
    """What adds steps that record layers to the program of entry point number i."""
    from compiler.codegen.cluster_layers import cluster_layers, numbers_of
    from compiler.schedule.record import record

    if not record_layers:
        return lambda _, program: program
    layers = cluster_layers(graphs)

    def recording(number: int, program: Program) -> Program:
        graph = graphs[number]
        return record(graph, program, numbers_of(layers, graph))

    return recording


def read_placements(placement: str) -> tuple[Placement, ...]:
    """Placements from JSON. Raises ValueError if the text is none."""
    return tuple(placements_from_json(placement))


def choose_kernels(graphs: Sequence[Graph], cluster: Cluster | None) -> None:
    """Gives graphs the kernels of a cluster, and its accelerator's if it has one, or of a core."""
    from compiler.target import (
        assign_accelerator,
        merge_constants,
        pack_weights,
        store_narrow_weights,
    )

    if cluster is None:
        for graph in graphs:
            store_narrow_weights.run(graph)
        return
    if cluster.accelerator is not None:
        assign_accelerator.run(graphs, cluster, cluster.accelerator)
    for graph in graphs:
        pack_weights.run(graph, cluster.cores)
    pack_weights.make_fit(graphs, cluster.l2_bytes)
    for graph in graphs:
        merge_constants.run(graph)


def analyse_cluster(
    graphs: Sequence[Graph], cluster: Cluster, *, record_layers: bool = False
) -> str:
    """What the schedule of graphs with a cluster's kernels depends on, as JSON.

    `record_layers`: whether the programs also write what every layer makes to the console
    (tilewright/layer_dump.h), with the numbers of the mapping report.
    """
    from compiler.schedule.problem_file import ScheduleProblem, problem_to_json

    return problem_to_json(ScheduleProblem(tuple(graphs), cluster, record_layers))


def read_schedule(schedule: str) -> Schedule:
    """Programs' plans from JSON. Raises ValueError, KeyError or TypeError if the text is none."""
    from compiler.schedule.plan_file import plans_from_json

    return Schedule(*plans_from_json(schedule))


def emit(
    name: str,
    graphs: Sequence[Graph],
    placements: Sequence[Placement],
    memory: int | None,
    progress: Progress,
    *,
    model_digest: str = "",
) -> tuple[GeneratedNetwork, Plan]:
    """Generates a network's files from its graphs and their placements.

    `memory`: bytes that weights, states and arena may take together, if limited.
    `model_digest`: what the program tells of its model (`compiler.frontend.model_digest`).

    Raises:
        CompileError: the placements are not those of the graphs, names collide, or the network
            does not fit the memory.
    """
    from compiler.codegen.generate import generate

    try:
        plan = plan_of(graphs, placements)
    except ValueError as error:
        raise _wrong_placement() from error
    _validate(graphs, plan)
    progress("generating code")
    network = generate(name, graphs, plan, model_digest)
    if memory is not None:
        _check_memory(graphs, placements, plan, len(network.weights), memory)
    return network, plan


def emit_cluster(
    name: str,
    graphs: Sequence[Graph],
    cluster: Cluster,
    schedule: Schedule,
    memory: int | None,
    progress: Progress,
    *,
    record_layers: bool = False,
    model_digest: str = "",
) -> tuple[GeneratedClusterNetwork, list[Program]]:
    """Generates the files of a network with a cluster's kernels, and its programs.

    `memory`: bytes that constants, states and tensors outside of L1 may take together; by default
    all of L2, where the code has to be as well.
    `record_layers`: as when it was analysed.
    `model_digest`: what the program tells of its model (`compiler.frontend.model_digest`).

    Raises:
        CompileError: the schedule is another network's, names collide, or the network does not
            fit L2.
        WrongPlan: the schedule is not one that this compiler makes.
    """
    from compiler.codegen.generate_cluster import generate_cluster
    from compiler.schedule.l2 import check_l2
    from compiler.schedule.problem_file import digest
    from compiler.schedule.schedule import planned_network

    problem = analyse_cluster(graphs, cluster, record_layers=record_layers)
    if schedule.problem != digest(problem):
        raise _wrong_placement()
    instrument = _instrument(graphs, record_layers=record_layers)
    programs = planned_network(graphs, cluster, schedule.plans, instrument)
    progress("generating code")
    network = generate_cluster(name, graphs, programs, cluster, model_digest)
    l2_bytes = cluster.l2_bytes if memory is None else memory
    states_bytes = network.plan.states_bytes
    check_l2(graphs, programs, len(network.weights), states_bytes, l2_bytes)
    return network, programs


def _wrong_placement() -> CompileError:
    return CompileError(
        [
            Problem(
                Code.BAD_OPTION,
                "the placement",
                "it belongs to another model or to other options",
                advice="analyse and place the model again with the same options",
            )
        ]
    )


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
