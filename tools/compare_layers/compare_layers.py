"""Names the first layer whose result differs between two of onnxruntime, interpreter and dumps.

Exit status: 0 no difference, 1 a difference, 2 something is wrong with the options or a file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compiler import pipeline
from compiler.errors import Code, CompileError, Problem
from compiler.ir import Array, Graph
from compiler.options import Parser, model_options, network_arguments
from compiler.report.golden import read_inputs
from tools.compare_layers.comparison import Tolerance, UnlikeRuns, compare
from tools.compare_layers.console import ConsoleReader
from tools.compare_layers.dump import Dump, DumpError, read_dump_file
from tools.compare_layers.interpreter_source import interpreter
from tools.compare_layers.recording import INTERPRETER, ONNXRUNTIME, Recording, Step
from tools.compare_layers.report import report
from tools.golden.inputs import random_inputs

DUMP = "dump:"
SHOWN_ELEMENTS = 8
ZIP_BEGIN = b"PK"

DIFFERENCE, TROUBLE = 1, 2


@dataclass
class Sources:
    """What the two sides are made from; read once for both."""

    options: argparse.Namespace
    graphs: list[Graph] = field(default_factory=list[Graph])
    steps: list[Step] = field(default_factory=list[Step])
    names: list[str] = field(default_factory=list[str])
    dumps: dict[str, Recording] = field(default_factory=dict[str, Recording])
    inputs: dict[str, Array] = field(default_factory=dict[str, Array])

    def read(self) -> None:
        """Reads dumps, then the model and inputs if a side runs it.

        Raises:
            CompileError, DumpError: a file or an option is wrong.
        """
        sides = [self.options.first, self.options.second]
        for side in sides:
            if side.startswith(DUMP):
                self._read_dump(side)
        if all(side.startswith(DUMP) for side in sides):
            return
        if self.options.model is None:
            raise _problem("--model", "it is missing: onnxruntime and interpreter run the model")
        entry_points = pipeline.lower_model(model_options(self.options), lambda _: None)
        self.graphs = [entry_point.graph for entry_point in entry_points]
        with tempfile.TemporaryDirectory() as folder:
            path = self.options.inputs or self._written_inputs(Path(folder))
            for name, graph, inputs in read_inputs(self.graphs, path):
                self.names.append(name)
                self.steps.append(Step(graph, inputs))

    def _read_dump(self, side: str) -> None:
        path = Path(side.removeprefix(DUMP))
        dump, mapping, inputs = _read_dump(path, self.options.mapping)
        self.dumps[side] = dump.recording(_label(path), mapping)
        self.inputs = self.inputs or inputs

    def _written_inputs(self, folder: Path) -> Path:
        """The inputs that a dump brings; without one, random ones as `golden_data` draws them."""
        arrays: Mapping[str, Array] = self.inputs
        if not arrays and self.dumps:
            raise _problem(
                "--inputs", "it is missing: the dump does not say on which inputs it was made"
            )
        arrays = arrays or random_inputs(self.graphs, self.options.steps, self.options.seed)
        np.savez(folder / "inputs.npz", **arrays)  # pyright: ignore[reportArgumentType]
        return folder / "inputs.npz"

    def recordings(self) -> tuple[Recording, Recording]:
        """Both sides."""
        reference = None
        sides = (self.options.first, self.options.second)
        if ONNXRUNTIME in sides:
            # Only where it is needed: it takes as long to load as everything else.
            from tools.compare_layers.onnxruntime_source import onnxruntime

            reference = onnxruntime(self.options.model, self.steps)

        def of(side: str) -> Recording:
            if side.startswith(DUMP):
                return self.dumps[side]
            if side == ONNXRUNTIME:
                assert reference is not None
                return reference
            return interpreter(self.steps, reference if self.options.isolate else None)

        first, second = map(of, sides)
        return first, second


def main(arguments: Sequence[str]) -> int:
    try:
        return _run(_parser().parse_args(arguments))
    except CompileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
    except (DumpError, UnlikeRuns) as error:
        print(_problem("compare_layers", str(error)), file=sys.stderr)
    return TROUBLE


def _parser() -> Parser:
    parser = Parser("compare_layers", description=__doc__, parents=[network_arguments()])
    side = f"{ONNXRUNTIME}, {INTERPRETER} or {DUMP}FILE"
    parser.add_argument("first", metavar="A", type=_side, help=side)
    parser.add_argument("second", metavar="B", type=_side, help=side)
    parser.add_argument("--model", type=Path, metavar="MODEL.onnx")
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="NET.mapping.json",
        help="report of the network whose console output is a side",
    )
    parser.add_argument(
        "--inputs",
        type=Path,
        metavar="NPZ",
        help="inputs, or golden data; by default those of a dump, and random ones without a dump",
    )
    parser.add_argument("--steps", type=int, default=2, help="runs with random inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs")
    parser.add_argument(
        "--tolerance-lsb",
        type=float,
        metavar="LSB",
        help="of quantised values; 1 with onnxruntime, else 0",
    )
    parser.add_argument(
        "--relative-tolerance", type=float, help="of float32 values; 1e-4 with onnxruntime, else 0"
    )
    parser.add_argument(
        "--absolute-tolerance", type=float, help="added to it; 1e-5 with onnxruntime, else 0"
    )
    parser.add_argument(
        "--tolerance-ulp",
        type=int,
        metavar="ULP",
        default=0,
        help="of float32 values, in units in the last place, where that is more; default 0",
    )
    parser.add_argument(
        "--isolate",
        action="store_true",
        help="every layer of the interpreter reads onnxruntime's results: "
        "differences do not add up from layer to layer",
    )
    parser.add_argument(
        "--elements", type=int, default=SHOWN_ELEMENTS, help="how many to show, default %(default)s"
    )
    return parser


def _side(text: str) -> str:
    if text in (ONNXRUNTIME, INTERPRETER) or text.startswith(DUMP):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not onnxruntime, interpreter or {DUMP}FILE")


def _run(options: argparse.Namespace) -> int:
    both = {options.first, options.second}
    if options.isolate and both != {INTERPRETER, ONNXRUNTIME}:
        raise _problem("--isolate", "it is for interpreter and onnxruntime")
    inputs = Sources(options)
    inputs.read()
    comparison = compare(*inputs.recordings(), _tolerance(options))
    print(report(comparison, options.elements, inputs.names), end="")
    return DIFFERENCE if comparison.first_different is not None else 0


def _tolerance(options: argparse.Namespace) -> Tolerance:
    exact = ONNXRUNTIME not in (options.first, options.second)

    def chosen(given: float | None, usual: float) -> float:
        return given if given is not None else 0.0 if exact else usual

    return Tolerance(
        chosen(options.tolerance_lsb, 1.0),
        chosen(options.relative_tolerance, 1e-4),
        chosen(options.absolute_tolerance, 1e-5),
        options.tolerance_ulp,
    )


def _label(path: Path) -> str:
    """What to call a dump: the test that made it, or the file."""
    if path.name == "outputs.zip" and path.parent.name == "test.outputs":
        return path.parent.parent.name
    return str(path)


def _read_dump(
    path: Path, mapping_path: Path | None
) -> tuple[Dump, dict[str, Any], dict[str, Array]]:
    """A dump from an npz file, or from what firmware wrote to its console."""
    try:
        data = path.read_bytes()
        if data.startswith(ZIP_BEGIN):
            return read_dump_file(path)
        if mapping_path is None:
            raise _problem("--mapping", f"it is missing: {path} is what a console showed")
        mapping = json.loads(mapping_path.read_text(encoding="utf-8"))
        network = mapping["network"]
    except OSError as error:
        raise CompileError(
            [Problem(Code.UNREADABLE_FILE, str(error.filename), error.strerror or "")]
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _problem(str(mapping_path), "it is no mapping report") from error
    reader = ConsoleReader()
    reader.text(data)
    dumps = reader.dumps()
    if network not in dumps:
        raise DumpError(f"{path} has no layers of network {network!r}")
    return dumps[network], mapping, {}


def _problem(where: str, found: str) -> CompileError:
    return CompileError([Problem(Code.BAD_OPTION, where, found)])


if __name__ == "__main__":
    # `bazel run` starts programs elsewhere and names the folder that it was called from.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    sys.exit(main(sys.argv[1:]))
