"""The options of the quantiser's command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compiler.errors import Code, CompileError, Problem
from tools.quantize.evaluation import TOLERANCES
from tools.quantize.range_methods import METHODS, RangeMethod
from tools.quantize.static_quantization import ACTIVATIONS, Scheme


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        scheme: of activations and weights.
        state: state input name to state output name.
        weight_bits: bits by pattern of names of layers.
        weight_bits_search: numbers of bits to choose from beside 8; none: no search.
        tolerance: demands by their name in `TOLERANCES`.
    """

    scheme: Scheme = field(default_factory=Scheme)
    state: Mapping[str, str] = field(default_factory=dict)
    weight_bits: Mapping[str, int] = field(default_factory=dict)
    weight_bits_search: tuple[int, ...] = ()
    tolerance: Mapping[str, float] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares files and options."""
    parser.add_argument("--model", type=Path, required=True, help="float32 ONNX model")
    parser.add_argument("--calibration", type=Path, required=True, help="calibration .npz")
    parser.add_argument("--output", type=Path, required=True, help="int8 ONNX model to write")
    parser.add_argument("--report", type=Path, help="error report to write, JSON")
    parser.add_argument("--name", help="the model's name in the report")
    parser.add_argument(
        "--evaluation", type=Path,
        help="evaluation .npz, perhaps with labels; without one the models are compared on the "
        "calibration data",
    )  # fmt: skip
    parser.add_argument(
        "--state", action="append", default=[], metavar="INPUT=OUTPUT",
        help="an input that takes an output of the run before; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--integer-io", action="append", default=[], metavar="NAME",
        help="graph input or output to hand over as int8; may be repeated",
    )  # fmt: skip
    parser.add_argument("--activations", choices=sorted(ACTIVATIONS), default="int8")
    parser.add_argument("--weights", choices=("per-channel", "per-tensor"), default="per-channel")
    parser.add_argument(
        "--weight-bits", action="append", default=[], metavar="LAYERS=BITS",
        help="bits of the weights of layers whose names match a pattern such as 'encoder/*': 8, 4 "
        "or 2; may be repeated, the last one that matches counts",
    )  # fmt: skip
    parser.add_argument(
        "--weight-bits-search", action="append", default=[], type=int, choices=(4, 2),
        help="bits that weights may get, as long as the tolerance holds; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--tolerance", action="append", default=[], metavar="NAME=NUMBER",
        help="; ".join(f"{name}: {meaning}" for name, meaning in TOLERANCES.items()),
    )  # fmt: skip
    parser.add_argument(
        "--calibration-method", choices=METHODS, default="min-max",
        help="how the ranges of activations follow from the calibration data",
    )  # fmt: skip
    parser.add_argument(
        "--percentile", default="99.99", metavar="PERCENT",
        help="values of an activation that the method 'percentile' keeps in its range",
    )  # fmt: skip
    parser.add_argument(
        "--allow-constant", action="append", default=[], metavar="TENSORS",
        help="activations that may be constant on the calibration data; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--float-layers", action="append", default=[], metavar="LAYERS",
        help="nodes that stay float32; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--weight-only-layers", action="append", default=[], metavar="LAYERS",
        help="nodes whose weights are quantised, but not their activations; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--range-bits", type=int, choices=range(1, 25), metavar="BITS",
        help="round ranges of activations up to so many significant bits: results of float32 sums, "
        "which differ from processor to processor, then give the same model on all of them",
    )  # fmt: skip


def options_of(arguments: argparse.Namespace) -> Options:
    """What was asked for.

    Raises:
        CompileError: an option is malformed; all of them.
    """
    problems: list[Problem] = []
    state = _pairs("--state", arguments.state, "INPUT=OUTPUT", problems)
    tolerance = _tolerance(arguments.tolerance, problems)
    percentile = _number(arguments.percentile)
    if percentile is None or not 0 < percentile <= 100:
        problems.append(
            _malformed(f"--percentile '{arguments.percentile}'", "it is no number in 0 … 100")
        )
    weight_bits = _weight_bits(arguments.weight_bits, problems)
    if arguments.weight_bits_search and not tolerance:
        problems.append(
            _malformed(
                "--weight-bits-search",
                "nothing says how much worse the model may become",
                'give a tolerance, such as agreement=0.99 (attribute: {"agreement": 0.99})',
            )
        )
    if problems:
        raise CompileError(problems)
    return Options(
        scheme=Scheme(
            activations=arguments.activations,
            per_channel=arguments.weights == "per-channel",
            method=RangeMethod(arguments.calibration_method, percentile or 100.0),
            range_bits=arguments.range_bits,
            allow_constant=tuple(arguments.allow_constant),
            float_layers=tuple(arguments.float_layers),
            weight_only_layers=tuple(arguments.weight_only_layers),
        ),
        state=state,
        weight_bits=weight_bits,
        weight_bits_search=tuple(dict.fromkeys(arguments.weight_bits_search)),
        tolerance=tolerance,
    )


def _pairs(option: str, pairs: Sequence[str], form: str, problems: list[Problem]) -> dict[str, str]:
    result: dict[str, str] = {}
    for pair in pairs:
        source, separator, target = pair.partition("=")
        if not (source and separator and target):
            problems.append(_malformed(f"{option} '{pair}'", f"it is not of the form {form}"))
        result[source] = target
    return result


def _tolerance(pairs: Sequence[str], problems: list[Problem]) -> dict[str, float]:
    result: dict[str, float] = {}
    for name, text in _pairs("--tolerance", pairs, "NAME=NUMBER", problems).items():
        number = _number(text)
        if name not in TOLERANCES:
            problems.append(
                _malformed(
                    f"--tolerance '{name}'",
                    "there is no such measure",
                    "demand one of " + ", ".join(TOLERANCES),
                )
            )
        elif number is None:
            problems.append(_malformed(f"--tolerance '{name}={text}'", "it is no number"))
        elif name != "signal_to_noise_db" and not 0 <= number <= 1:
            problems.append(
                _malformed(f"--tolerance '{name}={text}'", "it is a share, from 0 to 1")
            )
        else:
            result[name] = number
    return result


def _weight_bits(pairs: Sequence[str], problems: list[Problem]) -> dict[str, int]:
    bits: dict[str, int] = {}
    for pair in pairs:
        pattern, separator, number = pair.rpartition("=")
        if not separator or number not in ("8", "4", "2"):
            problems.append(
                _malformed(
                    f"--weight-bits '{pair}'",
                    "it is not of the form LAYERS=BITS, with 8, 4 or 2 bits",
                )
            )
            continue
        bits.pop(pattern, None)  # the order is that of the last ones
        bits[pattern] = int(number)
    return bits


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _malformed(where: str, found: str, advice: str = "") -> Problem:
    return Problem(Code.BAD_OPTION, where, found, advice=advice)
