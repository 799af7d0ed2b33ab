"""Makes golden data: inputs of a network with the outputs of the compiler's interpreter.

The outputs are exact: compiled networks must give the same bits. With --reference-tolerance they
are also compared with onnxruntime, whose arithmetic is another.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from compiler import pipeline
from compiler.errors import CompileError
from compiler.ir import Graph
from compiler.operator_modules import problem_of
from compiler.options import Parser, model_arguments, model_options
from compiler.output_files import write_files
from compiler.report.golden import run_golden
from tools.golden.c_source import c_source
from tools.golden.inputs import random_inputs
from tools.golden.steps import Step, steps_of


def main(arguments: list[str]) -> int:
    parser = Parser("golden", description=__doc__, parents=[model_arguments()])
    parser.add_argument("--inputs", type=Path, metavar="NPZ", help="inputs; random without")
    parser.add_argument("--steps", type=int, default=2, help="runs with random inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs")
    parser.add_argument(
        "--reference-tolerance",
        type=float,
        metavar="LSB",
        help="largest difference from onnxruntime: quantisation steps of a quantised output, "
        "absolute for a float output",
    )
    parser.add_argument("--npz", type=Path, required=True, help="golden data to write")
    parser.add_argument("--source", type=Path, required=True, help="the same as C to write")
    parser.add_argument("--report", type=Path, required=True, help="differences to write, JSON")
    try:
        return _run(parser.parse_args(arguments))
    except CompileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        print(problem, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    settings = model_options(options)
    entry_points = pipeline.lower_model(settings, lambda _: None)
    graphs = [entry_point.graph for entry_point in entry_points]
    with tempfile.TemporaryDirectory() as folder:
        inputs = options.inputs
        if inputs is None:
            inputs = Path(folder) / "inputs.npz"
            np.savez(inputs, **random_inputs(graphs, options.steps, options.seed))
        npz = run_golden(graphs, inputs)
    with np.load(io.BytesIO(npz)) as file:
        steps = steps_of({name: file[name] for name in file.files})
    report, failed = _reference_report(options, graphs, steps)
    if failed:
        return 1
    write_files(
        {
            options.npz: npz,
            options.source: c_source(steps).encode(),
            options.report: (json.dumps(report, indent=2) + "\n").encode(),
        }
    )
    return 0


def _reference_report(
    options: argparse.Namespace, graphs: list[Graph], steps: list[Step]
) -> tuple[dict[str, Any], bool]:
    """The largest differences from onnxruntime, and whether one exceeds the tolerance."""
    if options.reference_tolerance is None:
        return {"reference": None}, False
    from tools.golden.reference import differences, worst

    largest = worst(differences(options.model, graphs, steps))
    failed = False
    for difference in largest.values():
        # Written so that a difference that is no number fails.
        if not difference.amount <= options.reference_tolerance:
            failed = True
            where = f"{difference.entry_point or 'run'} step {difference.step}"
            print(
                f"{options.model}: output {difference.output!r} ({where}) differs from "
                f"onnxruntime by {difference.amount:.4g} {difference.unit}; the tolerance is "
                f"{options.reference_tolerance:g}",
                file=sys.stderr,
            )
    report = {
        "reference": "onnxruntime",
        "tolerance": options.reference_tolerance,
        "largest": [asdict(difference) for difference in largest.values()],
    }
    return report, failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
