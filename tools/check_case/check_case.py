"""Runs cases (network.onnx, inputs.npz, outputs.npz) on platforms and prints what differs.

    ./bazelw run //tools:check_case -- FOLDER... --platform siracusa

A FOLDER is a case, or has cases below it. Arrays belong to the model's inputs and outputs in their
order. Integers must be equal to the bit, floats within 1e-4 relative and 1e-5 absolute. The exit
status is 1 if anything differs or cannot be run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compiler import pipeline
from compiler.errors import Code, CompileError, Problem
from compiler.ir import Array, Graph
from tools.check_case.case_folder import Case, find_cases, output_misfit, read_case
from tools.check_case.case_platforms import PLATFORMS, Platform, RunError
from tools.check_case.comparison import ShapeError, compare
from tools.check_case.toolchain import BuildError, Toolchain

SHORT_NAMES = {"qemu": "qemu_rv32"}
"""Of platforms that there are not several of."""

WORKING_DIRECTORY = "BUILD_WORKING_DIRECTORY"
"""Set by `bazel run`: where the user is."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    case: str
    platform: str
    verdict: str
    details: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="check_case", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="a case, or a folder with cases below it",
    )
    parser.add_argument(
        "--platform",
        action="append",
        choices=[*PLATFORMS, *SHORT_NAMES, "all"],
        help="where to run them; may be repeated. Default: host",
    )
    options = parser.parse_args(arguments)
    names: list[str] = options.platform or ["host"]
    names = [SHORT_NAMES.get(name, name) for name in names]
    chosen = list(PLATFORMS) if "all" in names else list(dict.fromkeys(names))
    cases, problems = _cases(options.folders)
    _print_problems(problems)
    rows: list[Row] = []
    if cases:
        try:
            toolchain = Toolchain.of_environment(Path(__file__).absolute().parents[2])
        except BuildError as error:
            _print_problems([_no_program("check_case", str(error))])
            return 1
        width = max(len(name) for name in cases.values())
        for path, name in cases.items():
            for row in check(path, name, chosen, toolchain):
                rows.append(row)
                print(
                    f"{row.case:{width}}  {row.platform:13}  {row.verdict:8}  {row.details}",
                    flush=True,
                )
        passed = sum(row.passed for row in rows)
        print(f"{passed} of {len(rows)} runs pass, of {len(cases)} cases")
    return 0 if rows and not problems and all(row.passed for row in rows) else 1


def _cases(folders: Sequence[Path]) -> tuple[dict[Path, str], list[Problem]]:
    """Cases below folders by their paths, each once, with what to call them; folders without."""
    start = Path(os.environ.get(WORKING_DIRECTORY, "."))
    cases: dict[Path, str] = {}
    problems: list[Problem] = []
    for folder in (start / folder for folder in folders):
        try:
            found = find_cases(folder)
        except CompileError as error:
            problems += error.problems
            continue
        above = folder.resolve()
        # With several folders, cases are told apart by the folder's own name.
        above = above.parent if len(folders) > 1 or found == [folder] else above
        for path in found:
            cases.setdefault(path.resolve(), str(path.resolve().relative_to(above)))
    return cases, problems


def check(path: Path, name: str, platforms: Sequence[str], toolchain: Toolchain) -> list[Row]:
    """Runs one case on platforms."""
    try:
        case = read_case(path, name)
    except CompileError as error:
        _print_problems(error.problems)
        return [Row(name, platform, _codes(error.problems)) for platform in platforms]
    except Exception as error:
        return [_defect(name, platform, error) for platform in platforms]
    return [_run(case, platform, toolchain) for platform in platforms]


def _run(case: Case, name: str, toolchain: Toolchain) -> Row:
    platform = PLATFORMS[name]
    try:
        found = _outputs(case, platform, toolchain)
        result = compare(found, case.outputs)
    except CompileError as error:
        _print_problems(error.problems)
        return Row(case.name, name, _codes(error.problems))
    except ShapeError as error:
        problem = output_misfit(case, error)
        _print_problems([problem])
        return Row(case.name, name, problem.code.code)
    except (BuildError, RunError) as error:
        problem = _no_program(f"case {case.name!r} on {name}", str(error))
        _print_problems([problem])
        return Row(case.name, name, problem.code.code)
    except Exception as error:
        return _defect(case.name, name, error)
    types = ", ".join(dict.fromkeys(array.dtype.name for array in found))
    if result.differing:
        details = (
            f"{result.differing:,} of {result.elements:,} elements ({types}) differ, by up to "
            f"{result.largest:g}"
        )
        return Row(case.name, name, "differs", details)
    return Row(
        case.name,
        name,
        "pass",
        f"{result.elements:,} elements ({types}), largest difference {result.largest:.3g}",
    )


def _defect(case: str, platform: str, error: Exception) -> Row:
    """Of a case that met a defect: whatever it is, the other cases are still to be run."""
    found = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
    advice = "report it with the case"
    _print_problems([Problem(Code.INTERNAL_ERROR, f"case {case!r}", found, advice=advice)])
    return Row(case, platform, Code.INTERNAL_ERROR.code)


def _outputs(case: Case, platform: Platform, toolchain: Toolchain) -> list[Array]:
    """What the network gives on a platform."""
    graph = _lowered(case)
    graphs = [graph]
    operands = case.operands(graph)
    inputs = [operands[name] for name in graph.inputs]
    types = [graph.values[name].type for name in graph.outputs]
    files = platform.emit(graphs)
    with tempfile.TemporaryDirectory() as folder:
        program = platform.build(
            toolchain, Path(folder), files, inputs, [type_.bytes for type_ in types]
        )
        data = platform.run(program)
    if len(data) != sum(type_.bytes for type_ in types):
        raise RunError(f"the program wrote {len(data)} bytes of outputs")
    result: list[Array] = []
    for type_ in types:
        flat = np.frombuffer(data[: type_.bytes], type_.data_type.numpy)
        result.append(flat.reshape(type_.shape))
        data = data[type_.bytes :]
    return result


def _lowered(case: Case) -> Graph:
    """The case's network. Raises CompileError.

    Whole numbers that a file stores as floats may be what they seem: they are floats where their
    integers are refused.
    """
    try:
        options = pipeline.ModelOptions(case.model, input_types=case.input_types)
        (entry,) = pipeline.lower_model(options, lambda _: None)
    except CompileError:
        floats = case.of_floats()
        if floats is None:
            raise
        options = pipeline.ModelOptions(case.model, input_types=floats.input_types)
        (entry,) = pipeline.lower_model(options, lambda _: None)
    return entry.graph


def _no_program(where: str, said: str) -> Problem:
    return Problem(
        Code.CASE_PROGRAM,
        where,
        " ".join(said.split())[:400],
        advice="run it with bazelw, which has the compilers and simulators; else report it",
    )


def _codes(problems: Sequence[Problem]) -> str:
    return ", ".join(dict.fromkeys(problem.code.code for problem in problems))


def _print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
