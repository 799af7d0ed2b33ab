"""The command line's options, as the pipeline takes them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.input_type import InputType
from compiler.ir import State
from compiler.pipeline import EntryPointOptions, ModelOptions

DIMENSION = re.compile(r"([^=,]+)=([0-9]+)")

DESCRIPTION = """\
Compiles an ONNX model to C99 for a microcontroller.

  python -m compiler MODEL.onnx --output DIR        does everything

The stages by themselves, for incremental builds:

  python -m compiler analyse MODEL.onnx --output NET.problem.json
  python -m compiler place NET.problem.json --output NET.placement.json
  python -m compiler emit MODEL.onnx --placement NET.placement.json --output DIR

For a chip with a cluster, MODEL.onnx is followed by --soc SOC.yaml.

The compiler's own arithmetic on given inputs, bit for bit that of the generated C:

  python -m compiler interpret MODEL.onnx --inputs IN.npz --output OUT.npz

An argument @FILE stands for the lines of FILE. Each command has its own --help. Problems go to
standard error, with codes that docs/errors.md explains, and the exit status is 1.
"""


class Parser(argparse.ArgumentParser):
    """Reports bad options like every other problem."""

    def error(self, message: str) -> NoReturn:
        raise CompileError([bad_option("command line", message, f"see {self.prog} --help")])


def bad_option(where: str, found: str, supported: str = "", advice: str = "") -> Problem:
    return Problem(Code.BAD_OPTION, where, found, supported, advice)


def model_arguments() -> Parser:
    """A model and what to make of it; parent of every command that reads one."""
    parser = Parser(add_help=False, parents=[network_arguments()])
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    return parser


def network_arguments() -> Parser:
    """The options that say what to make of a model."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--entry-point",
        action="append",
        default=[],
        metavar="NAME[:DIMENSION=EXTENT,...]",
        help="a C function that runs the model with its symbolic dimensions set; may be repeated. "
        "Entry points share weights and states. Default: one without a name",
    )
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        metavar="INPUT=OUTPUT",
        help="what the model gives as OUTPUT is its INPUT in the next run, kept in the network's "
        "memory; may be repeated",
    )
    parser.add_argument(
        "--integer-io",
        action="append",
        default=[],
        metavar="TENSOR",
        help="pass this input or output of a quantised model as int8; may be repeated; "
        "'all' for all of them",
    )
    parser.add_argument(
        "--input-type",
        action="append",
        default=[],
        metavar="INPUT=TYPE",
        help="what an input holds, such as int8 or int8[1,16,0,4]: of models that store integers "
        "as float32, or leave extents open; may be repeated",
    )
    add_operator_modules(parser)
    return parser


def add_operator_modules(parser: argparse.ArgumentParser) -> None:
    """For every command that reads a model, or operations from a file."""
    parser.add_argument(
        "--operators",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.py",
        help="a module that adds operators, see docs/adding_an_operator.md; may be repeated",
    )


def model_options(arguments: argparse.Namespace) -> ModelOptions:
    """Raises CompileError with everything that is wrong with the options."""
    problems: list[Problem] = []
    entry_points = _entry_points(arguments.entry_point, problems)
    states = _states(arguments.state, problems)
    input_types = _input_types(arguments.input_type, problems)
    if problems:
        raise CompileError(problems)
    integer_io = tuple(arguments.integer_io)
    operators = tuple(arguments.operators)
    return ModelOptions(arguments.model, entry_points, states, integer_io, input_types, operators)


def _input_types(
    texts: Sequence[str], problems: list[Problem]
) -> tuple[tuple[str, InputType], ...]:
    result: dict[str, InputType] = {}
    for text in texts:
        name, _, spelt = text.rpartition("=")
        try:
            given = InputType.parse(spelt)
        except ValueError as error:
            problems.append(bad_option(f"--input-type {text}", str(error), "INPUT=TYPE"))
            continue
        if not name or name in result:
            found = f"{name!r} is given twice" if name else "it names no input"
            problems.append(bad_option(f"--input-type {text}", found, "INPUT=TYPE"))
        result[name] = given
    return tuple(result.items())


def _entry_points(texts: Sequence[str], problems: list[Problem]) -> tuple[EntryPointOptions, ...]:
    result: list[EntryPointOptions] = []
    for text in texts:
        where = f"--entry-point {text}"
        name, _, rest = text.partition(":")
        dimensions: dict[str, int] = {}
        for item in filter(None, rest.split(",")):
            match = DIMENSION.fullmatch(item)
            if match is None:
                problems.append(bad_option(where, f"{item!r} is no DIMENSION=EXTENT"))
            elif match[1] in dimensions:
                problems.append(bad_option(where, f"{match[1]!r} is given twice"))
            else:
                dimensions[match[1]] = int(match[2])
        if any(name == other.name for other in result):
            problems.append(bad_option(where, "another entry point has this name"))
        result.append(EntryPointOptions(name, tuple(sorted(dimensions.items()))))
    if len(result) > 1 and any(not entry_point.name for entry_point in result):
        problems.append(
            bad_option("--entry-point", "one of several has no name", "NAME:DIMENSION=EXTENT")
        )
    return tuple(result) or (EntryPointOptions(),)


def _states(texts: Sequence[str], problems: list[Problem]) -> tuple[State, ...]:
    result: list[State] = []
    for text in texts:
        source, separator, target = text.partition("=")
        if not separator or not source or not target:
            problems.append(bad_option(f"--state {text}", "it is no INPUT=OUTPUT"))
            continue
        for role, tensor, other in (
            ("input", source, [state.input for state in result]),
            ("output", target, [state.output for state in result]),
        ):
            if tensor in other:
                problems.append(
                    bad_option(f"--state {text}", f"{role} {tensor!r} is a state already")
                )
        result.append(State(source, target))
    return tuple(result)


def network_name(name: str | None, model: Path) -> str:
    """The network's name in C: as given, or the file's name with other characters replaced."""
    if name is not None:
        return name
    stem = re.sub(r"[^A-Za-z0-9]+", "_", model.stem).strip("_")
    return stem if stem[:1].isalpha() else f"network_{stem}".rstrip("_")
