"""Quantises a float32 ONNX model to int8 QDQ form and reports what that does to it.

See ``static_quantization.py`` for the form, ``weight_bits.py`` for weights of 4 and 2 bits,
``mixed_precision.py`` for their choice, and docs/quantisation.md. The same inputs give the same
bytes on one machine; with ``--range-bits`` the model is the same on all machines.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.read_model import read_model
from tools.quantize.calibration import Sequences, load_sequences
from tools.quantize.check_tolerance import problems
from tools.quantize.evaluation import Judge, Samples, load_samples
from tools.quantize.integer_interface import make_integer
from tools.quantize.layer_errors import layer_errors
from tools.quantize.mixed_precision import Choice, Models, choose_bits
from tools.quantize.options import Options, add_arguments, options_of
from tools.quantize.report_content import Findings, report_content
from tools.quantize.static_quantization import quantize
from tools.quantize.weight_bits import bits_of_layers, matching_bits, weight_groups


@dataclass(frozen=True)
class Result:
    """An int8 model whose inputs and outputs are still float32, and the report about it."""

    model: onnx.ModelProto
    report: dict[str, Any] | None


def quantized(
    model: onnx.ModelProto,
    sequences: Sequences,
    options: Options,
    *,
    evaluation: Samples | None = None,
    file: str = "calibration data",
    name: str = "model",
    report: bool = True,
) -> Result:
    """Quantises, chooses bits, and compares.

    Args:
        model: float32 model.
        sequences: calibration data.
        options: what is asked for.
        evaluation: what to compare on; by default the calibration data.
        file: name of the calibration data in messages.
        name: the model's name in the report.
        report: whether to make one.

    Raises:
        CompileError: data or options do not fit the model.
    """
    state = options.state
    int8 = quantize(model, sequences, state, options.scheme, file)
    models = Models(int8, model, weight_groups(int8))
    bits = matching_bits(models.groups, options.weight_bits)
    calibration = Samples(sequences, None, file)
    judge = None
    if report or options.weight_bits_search:
        judge = Judge(model, evaluation or calibration, state)
        judge.check_tolerance(options.tolerance)
    choice: Choice | None = None
    if options.weight_bits_search and judge:
        choice = choose_bits(
            models,
            bits,
            options.weight_bits_search,
            Judge(model, calibration, state),
            judge,
            options.tolerance,
        )
        bits = dict(choice.bits)
    stored = models.narrowed(bits, widened=False)
    if not report or judge is None:
        return Result(stored, None)
    narrowed = models.narrowed(bits)
    quality = judge.quality(narrowed)
    findings = Findings(
        name=name,
        scheme=options.scheme,
        calibration_runs=calibration.runs,
        samples=judge.samples,
        evaluated=evaluation is not None,
        layers=layer_errors(model, narrowed, judge.samples.sequences, state, bits),
        quality=quality,
        verdicts=judge.verdicts(quality, options.tolerance),
        weight_bits=bits_of_layers(models.groups, bits),
        choice=choice,
    )
    return Result(stored, report_content(findings))


def _refused(found: Sequence[Problem]) -> int:
    for problem in found:
        print(problem, file=sys.stderr)
    return 1


def _files(arguments: argparse.Namespace, options: Options) -> Mapping[Path, bytes]:
    """What is to be written.

    With a report it says whether the tolerance holds, and `check_tolerance.py` fails if it does
    not: there is something to read then.

    Raises:
        CompileError: data or options do not fit the model, or without a report the tolerance does
            not hold.
    """
    model = read_model(arguments.model)
    result = quantized(
        model,
        load_sequences(arguments.calibration),
        options,
        evaluation=arguments.evaluation
        and load_samples(arguments.evaluation, model, options.state),
        file=arguments.calibration.name,
        name=arguments.name or arguments.output.stem,
        report=bool(arguments.report or options.tolerance),
    )
    if not arguments.report and result.report and (missed := list(problems(result.report))):
        raise CompileError(missed)
    make_integer(result.model, arguments.integer_io)
    onnx.checker.check_model(result.model, full_check=True)
    files = {arguments.output: result.model.SerializeToString(deterministic=True)}
    if arguments.report:
        files[arguments.report] = (json.dumps(result.report, indent=2) + "\n").encode()
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    try:
        for path, content in _files(arguments, options_of(arguments)).items():
            path.write_bytes(content)
    except CompileError as error:
        return _refused(error.problems)
    except OSError as error:
        where, reason = str(error.filename), error.strerror or str(error)
        return _refused([Problem(Code.UNREADABLE_FILE, where, reason, advice="check the path")])
    return 0


if __name__ == "__main__":
    sys.exit(main())
