"""Runs a network in NumPy on given inputs, over several steps: expected values for tests."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from compiler.array_archive import DamagedArchiveError, read_arrays
from compiler.errors import Code, CompileError, Problem
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.memory import interface_inputs, interface_outputs


def run_golden(graphs: Sequence[Graph], inputs: Path) -> bytes:
    """An npz file with the inputs of the npz file `inputs`, and the outputs they give.

    Keys are `<step>/<entry point>/input/<tensor>` and `.../output/<tensor>`; steps run in the
    order of their names, and states live from one to the next. Keys without a slash are one step
    of the network's first entry point.

    Raises:
        CompileError: the file cannot be read, or a tensor is missing or of another type.
    """
    states = initial_states(graphs)
    results: dict[str, Array] = {}
    for step, graph, given in read_inputs(graphs, inputs):
        entry_point = graph.name
        carried = {state.input: states[state.input] for state in graph.states}
        outputs = interpret(graph, {**given, **carried})
        states.update({state.input: outputs[state.output] for state in graph.states})
        for role, names, tensors in (
            ("input", interface_inputs(graph), given),
            ("output", interface_outputs(graph), outputs),
        ):
            for name in names:
                results[f"{step}/{entry_point}/{role}/{name}"] = tensors[name]
    return _npz(results)


def read_inputs(
    graphs: Sequence[Graph], path: Path
) -> Iterator[tuple[str, Graph, dict[str, Array]]]:
    """The runs that an npz file has inputs for: step, entry point, inputs; keys as above.

    Raises:
        CompileError: as `run_golden`, when the run's turn comes.
    """
    by_name = {graph.name: graph for graph in graphs}
    for (step, entry_point), given in _steps(_read(path), graphs[0].name).items():
        graph = by_name.get(entry_point)
        if graph is None:
            known = ", ".join(by_name)
            raise _problem(path, f"{entry_point!r} is no entry point", f"entry points: {known}")
        _check(path, graph, given)
        yield step, graph, given


def initial_states(graphs: Sequence[Graph]) -> dict[str, Array]:
    """What the states hold after `<net>_reset`: real zero, by the name of the state's input."""
    result: dict[str, Array] = {}
    for graph in graphs:
        for state in graph.states:
            value = graph.values[state.input]
            zero = value.quantization.zero_point if value.quantization is not None else 0
            result[state.input] = np.full(value.type.shape, zero, value.type.data_type.numpy)
    return result


def _read(path: Path) -> dict[str, Array]:
    try:
        return read_arrays(path)
    except (OSError, DamagedArchiveError) as error:
        is_damaged = isinstance(error, DamagedArchiveError)
        reason = f"it is no .npz file: {error}" if is_damaged else str(error.strerror)
        raise CompileError([Problem(Code.UNREADABLE_FILE, str(path), reason)]) from error


def _steps(
    arrays: Mapping[str, Array], entry_point: str
) -> dict[tuple[str, str], dict[str, Array]]:
    """Inputs by step and entry point, in the order in which they run."""
    result: dict[tuple[str, str], dict[str, Array]] = {}
    for key, array in arrays.items():
        parts = key.split("/", 3)
        if len(parts) == 4 and parts[2] in ("input", "output"):
            if parts[2] == "input":
                result.setdefault((parts[0], parts[1]), {})[parts[3]] = array
        else:
            result.setdefault(("000", entry_point), {})[key] = array
    return dict(sorted(result.items()))


def _check(path: Path, graph: Graph, given: Mapping[str, Array]) -> None:
    wanted = interface_inputs(graph)
    for name in wanted:
        type_ = graph.values[name].type
        if name not in given:
            raise _problem(path, f"it has no input {name!r}", f"inputs: {', '.join(wanted)}")
        array = given[name]
        if array.dtype != type_.data_type.numpy or array.shape != type_.shape:
            found = f"{array.dtype.name}{list(array.shape)}"
            raise _problem(path, f"input {name!r} is {found}", str(type_))


def _problem(path: Path, found: str, supported: str) -> CompileError:
    return CompileError([Problem(Code.BAD_OPTION, str(path), found, supported)])


def _npz(arrays: Mapping[str, Array]) -> bytes:
    memory = io.BytesIO()
    np.savez(memory, **arrays)  # pyright: ignore[reportArgumentType]
    return memory.getvalue()
