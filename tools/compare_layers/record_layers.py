"""Runs firmware whose networks dump their layers: keeps the dumps, passes everything else on.

A dump becomes FOLDER/NETWORK.layers.npz, in a test the folder of undeclared outputs. With golden
data, the layers are compared with the interpreter's; a difference is told on standard output
behind what the firmware wrote, and the exit code is that of the firmware, or 1 if that is 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compiler import pipeline
from compiler.errors import CompileError
from compiler.ir import Array
from compiler.options import Parser, model_options, network_arguments
from compiler.report.golden import read_inputs
from tools.compare_layers.comparison import Tolerance, UnlikeRuns, compare
from tools.compare_layers.console import ConsoleReader, own_output
from tools.compare_layers.dump import DUMP_SUFFIX, Dump, DumpError, dump_file
from tools.compare_layers.interpreter_source import interpreter
from tools.compare_layers.recording import Recording, Step
from tools.compare_layers.report import report

READ_BYTES = 65536
SHOWN_ELEMENTS = 8
OUTPUTS_VARIABLE = "TEST_UNDECLARED_OUTPUTS_DIR"


def main(arguments: list[str]) -> int:
    parser = Parser("record_layers", description=__doc__, parents=[network_arguments()])
    parser.add_argument(
        "--mapping", type=Path, action="append", default=[], help="report of a network; repeated"
    )
    parser.add_argument("--model", type=Path, help="what the only network was compiled from")
    parser.add_argument("--golden", type=Path, help="golden data that the firmware runs")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        default=Path(os.environ.get(OUTPUTS_VARIABLE, ".")),
    )
    parser.add_argument("command", nargs="+")
    code = 0
    try:
        options = parser.parse_args(arguments)
        reader = ConsoleReader()
        code = _run(options.command, reader)
        return code or int(_differ(options, reader.dumps()))
    except CompileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
    except (DumpError, UnlikeRuns) as error:
        _tell(str(error))
    return code or 1


def _run(command: Sequence[str], reader: ConsoleReader) -> int:
    """Runs the firmware; its exit code, negative if a signal ended it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    for text in own_output(reader, _chunks(process.stdout.fileno())):
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    return process.wait()


def _differ(options: argparse.Namespace, dumps: Mapping[str, Dump]) -> bool:
    """Keeps the dumps, and says whether one differs from the interpreter."""
    inputs = _arrays(options.golden)
    differs = False
    for path in options.mapping:
        mapping: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        network = mapping["network"]
        if network not in dumps:
            raise DumpError(f"the firmware has dumped no layer of network {network!r}")
        target = options.output / f"{network}{DUMP_SUFFIX}"
        target.write_bytes(dump_file(dumps[network], mapping, inputs))
        recording = dumps[network].recording("firmware", mapping)
        _tell(f"{target.name}: {recording.values} layer results in {len(recording.runs)} runs")
        if options.golden is not None:
            differs = _differs(options, recording) or differs
    return differs


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, READ_BYTES):
        yield chunk


def _arrays(path: Path | None) -> Mapping[str, Array]:
    if path is None:
        return {}
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _differs(options: argparse.Namespace, recording: Recording) -> bool:
    """Compares with the interpreter on the golden inputs and tells the result."""
    entry_points = pipeline.lower_model(model_options(options), lambda _: None)
    graphs = [entry_point.graph for entry_point in entry_points]
    runs = list(read_inputs(graphs, options.golden))
    expected = interpreter([Step(graph, inputs) for _, graph, inputs in runs])
    comparison = compare(expected, recording, Tolerance())
    text = report(comparison, SHOWN_ELEMENTS, [name for name, _, _ in runs])
    if comparison.first_different is None:
        _tell(text.rstrip())
        return False
    # On standard output, where tests look for it.
    print(text, end="", flush=True)
    return True


def _tell(text: str) -> None:
    print(f"record_layers: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
