"""The command line; `python -m compiler --help` documents it."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from compiler import pipeline
from compiler.errors import Code, CompileError, Problem
from compiler.operator_modules import problem_of, use_operators
from compiler.options import (
    DESCRIPTION,
    Parser,
    add_operator_modules,
    model_arguments,
    model_options,
    network_name,
)
from compiler.output_files import read_text, write_files

if TYPE_CHECKING:
    from compiler.ir import Graph
    from compiler.memory import Placement
    from compiler.target.soc import Cluster

Result = TypeVar("Result")
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells give it."""

TRACEBACK_VARIABLE = "TILEWRIGHT_TRACEBACK"
"""Set in the environment, an internal error shows where it happened."""

PROGRAM = "python -m compiler"
FILE_OPTIONS = {
    "header": "{}.h",
    "source": "{}.c",
    "weights": "{}_weights.bin",
    "assembly": "{}_weights.S",
    "mapping": "{}.mapping.json",
    "mapping-text": "{}.mapping.txt",
    "memory-map": "{}.memory.json",
    "memory-page": "{}.memory.html",
}
"""Options of `emit` for single files, and the names of these files in an output folder."""


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit status."""
    try:
        _run(arguments)
    except CompileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except RecursionError:
        print(_internal_error("the model is nested too deeply"), file=sys.stderr)
        return 1
    # Whatever it is, its user cannot read a traceback, and can report a code.
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        print(problem_of(error) or _internal_error(_located(error)), file=sys.stderr)
        return 1
    return 0


def _internal_error(found: str) -> Problem:
    return Problem(
        Code.INTERNAL_ERROR,
        "the compiler",
        found,
        advice=f"report this with the model and the command; {TRACEBACK_VARIABLE}=1 shows more",
    )


def _located(error: Exception) -> str:
    """The exception in one line, with the module and line that raised it."""
    message = " ".join(str(error).split())[:400]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" (in {Path(frames[-1].filename).stem}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {message}{where}"


def _run(arguments: Sequence[str]) -> None:
    arguments = [part for argument in arguments for part in _expanded(argument)]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(DESCRIPTION, end="")
        return
    command = COMMANDS.get(arguments[0])
    if command is None:
        COMMANDS["compile"](arguments)
    else:
        command(arguments[1:])


def _expanded(argument: str) -> list[str]:
    """The lines of FILE if it is `@FILE`, which is how Bazel passes long command lines."""
    return read_text(Path(argument[1:])).splitlines() if argument.startswith("@") else [argument]


def _compile(arguments: list[str]) -> None:
    parser = Parser(f"{PROGRAM}", parents=[model_arguments()])
    _add_network_options(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    options = parser.parse_args(arguments)
    cluster = _cluster(options)
    entry_points = _lowered(options, cluster, _observer(options))
    _progress("placing tensors")
    placement = pipeline.place(_problem(options, entry_points, cluster))
    files = _emit(options, entry_points, cluster, _read_placement(placement, cluster))
    write_files({options.output / name: data for name, data in files.items()})


def _analyse(arguments: list[str]) -> None:
    parser = Parser(f"{PROGRAM} analyse", parents=[model_arguments()])
    _add_cluster_options(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="NET.problem.json")
    options = parser.parse_args(arguments)
    cluster = _cluster(options)
    problem = _problem(options, _lowered(options, cluster), cluster)
    write_files({options.output: problem.encode()})


def _place(arguments: list[str]) -> None:
    parser = Parser(f"{PROGRAM} place")
    parser.add_argument("problem", type=Path, metavar="NET.problem.json")
    parser.add_argument("--output", type=Path, required=True, metavar="NET.placement.json")
    add_operator_modules(parser)
    options = parser.parse_args(arguments)
    use_operators(options.operators)
    _progress("placing tensors")
    text = read_text(options.problem)
    solver = _parsed(options.problem, "placement problem", lambda: pipeline.solver_of(text))
    write_files({options.output: solver().encode()})


def _emit_command(arguments: list[str]) -> None:
    from compiler.schedule.program_plan import WrongPlan

    parser = Parser(f"{PROGRAM} emit", parents=[model_arguments()])
    _add_network_options(parser)
    parser.add_argument("--placement", type=Path, required=True, metavar="NET.placement.json")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write all files there")
    for name, file in FILE_OPTIONS.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=file.format("NET"))
    options = parser.parse_args(arguments)
    cluster = _cluster(options)
    text = read_text(options.placement)
    placed = _parsed(options.placement, "placement", lambda: _read_placement(text, cluster))
    entry_points = _lowered(options, cluster, _observer(options))
    try:
        files = _emit(options, entry_points, cluster, placed)
    except WrongPlan as error:
        raise CompileError(
            [
                Problem(
                    Code.BAD_OPTION,
                    str(options.placement),
                    f"another version of the compiler made it: {error}",
                    advice="analyse and place the model again",
                )
            ]
        ) from error
    name = network_name(options.name, options.model)
    outputs: dict[Path, bytes] = {}
    if options.output is not None:
        outputs.update({options.output / file: data for file, data in files.items()})
    for option, file in FILE_OPTIONS.items():
        path: Path | None = getattr(options, option.replace("-", "_"))
        if path is not None:
            outputs[path] = files[file.format(name)]
    if not outputs:
        parser.error("nothing to write: give --output or a file")
    write_files(outputs)


def _interpret(arguments: list[str]) -> None:
    from compiler.report.golden import run_golden

    parser = Parser(f"{PROGRAM} interpret", parents=[model_arguments()])
    parser.add_argument("--inputs", type=Path, required=True, metavar="IN.npz")
    parser.add_argument("--output", type=Path, required=True, metavar="OUT.npz")
    options = parser.parse_args(arguments)
    entry_points = pipeline.lower_model(model_options(options), _progress)
    graphs = [entry_point.graph for entry_point in entry_points]
    _progress("interpreting")
    write_files({options.output: run_golden(graphs, options.inputs)})


COMMANDS: Mapping[str, Callable[[list[str]], None]] = {
    "compile": _compile,
    "analyse": _analyse,
    "place": _place,
    "emit": _emit_command,
    "interpret": _interpret,
}


def _add_cluster_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--soc",
        type=Path,
        metavar="SOC.yaml",
        help="the chip; if it has a cluster of cores, the network runs on that",
    )
    parser.add_argument(
        "--engines",
        choices=("all", "cores"),
        default="all",
        help="what of the cluster computes: cores alone, or its accelerator as well",
    )
    parser.add_argument(
        "--record-layers",
        action="store_true",
        help="on a cluster: code that writes what every layer makes to the console, see "
        "tilewright/layer_dump.h; elsewhere a macro does so, TILEWRIGHT_HOOKS",
    )


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", help="the network's name in C; default: from the file's name")
    _add_cluster_options(parser)
    parser.add_argument(
        "--memory",
        type=int,
        metavar="BYTES",
        help="fail if weights, states and arena take more than this together",
    )
    parser.add_argument(
        "--dump-ir",
        type=Path,
        metavar="DIR",
        help="write the graph after every pass as text and as ONNX for Netron",
    )


def _lowered(
    options: argparse.Namespace,
    cluster: Cluster | None,
    observe: pipeline.Observer | None = None,
) -> list[pipeline.LoweredEntryPoint]:
    """The entry points, with the kernels that they will run."""
    entry_points = pipeline.lower_model(model_options(options), _progress, observe)
    pipeline.choose_kernels([entry_point.graph for entry_point in entry_points], cluster)
    return entry_points


def _problem(
    options: argparse.Namespace,
    entry_points: Sequence[pipeline.LoweredEntryPoint],
    cluster: Cluster | None,
) -> str:
    graphs = [entry_point.graph for entry_point in entry_points]
    if cluster is None:
        return pipeline.analyse(graphs)
    return pipeline.analyse_cluster(graphs, cluster, record_layers=options.record_layers)


Placed = Sequence["Placement"] | pipeline.Schedule
"""Where tensors of a network are in one memory, or how it runs on a cluster."""


def _read_placement(text: str, cluster: Cluster | None) -> Placed:
    return pipeline.read_placements(text) if cluster is None else pipeline.read_schedule(text)


def _emit(
    options: argparse.Namespace,
    entry_points: Sequence[pipeline.LoweredEntryPoint],
    cluster: Cluster | None,
    placed: Placed,
) -> dict[str, bytes]:
    """Contents of all files, by name."""
    from compiler.frontend.model_digest import model_digest
    from compiler.report.files import report_files

    digest = model_digest(options.model)
    name = network_name(options.name, options.model)
    graphs = [entry_point.graph for entry_point in entry_points]
    if isinstance(placed, pipeline.Schedule):
        assert cluster is not None
        from compiler.report.cluster_files import cluster_report_files

        scheduled, programs = pipeline.emit_cluster(
            name,
            graphs,
            cluster,
            placed,
            options.memory,
            _progress,
            record_layers=options.record_layers,
            model_digest=digest,
        )
        models = [entry_point.model for entry_point in entry_points]
        return {
            **scheduled.files(),
            **cluster_report_files(models, graphs, scheduled, programs, cluster),
        }
    network, plan = pipeline.emit(
        name, graphs, placed, options.memory, _progress, model_digest=digest
    )
    models = [entry_point.model for entry_point in entry_points]
    return {**network.files(), **report_files(models, network, plan)}


def _cluster(options: argparse.Namespace) -> Cluster | None:
    """The cluster that the network runs on, if the chip has one."""
    path: Path | None = options.soc
    if path is None:
        return None
    from compiler.target.soc import soc_of_text

    try:
        cluster = soc_of_text(read_text(path)).cluster
    except ValueError as error:
        found = f"the file does not describe a chip: {error}"
        advice = "complete it as docs/adding_a_soc.md says"
        raise CompileError([Problem(Code.BAD_OPTION, str(path), found, advice=advice)]) from error
    if cluster is None or options.engines == "all":
        return cluster
    return replace(cluster, accelerator=None)


def _observer(options: argparse.Namespace) -> pipeline.Observer | None:
    folder: Path | None = options.dump_ir
    if folder is None:
        return None
    number: dict[str, int] = {}

    def observe(entry_point: str, name: str, graph: Graph) -> None:
        from compiler.report.graph_dump import onnx_of, text_of

        index = number[entry_point] = number.get(entry_point, -1) + 1
        prefix = f"{entry_point}." if entry_point else ""
        stem = f"{prefix}{index:02}_{name}"
        write_files(
            {
                folder / f"{stem}.txt": text_of(graph).encode(),
                folder / f"{stem}.onnx": onnx_of(graph),
            }
        )

    return observe


def _parsed(path: Path, what: str, read: Callable[[], Result]) -> Result:
    """What `read` gives; its ValueError becomes a problem with the file."""
    try:
        return read()
    except (ValueError, KeyError, TypeError) as error:
        raise CompileError(
            [
                Problem(
                    Code.BAD_OPTION,
                    str(path),
                    f"the file is no {what}",
                    advice="make it again with the same options",
                )
            ]
        ) from error


def _progress(message: str) -> None:
    if sys.stderr.isatty():
        print(message, file=sys.stderr)
