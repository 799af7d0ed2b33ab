"""Quantises a float32 ONNX model to int8 QDQ form with onnxruntime's static quantiser.

Activations: one scale per tensor from the range seen on the calibration data; int8 symmetric (zero
point 0) unless int8 or uint8 with a zero point is asked for. Weights: int8 symmetric, one scale per
output channel unless per tensor is asked for; 4 or 2 bits where ``--weight-bits`` says so. No graph
optimisation takes place before; every float activation between the operators of
``operator_handlers.py`` gets one QuantizeLinear/DequantizeLinear pair. The same inputs give the
same bytes on one machine; with ``--range-bits`` on all machines.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.calibrate import save_tensors_data

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.read_model import read_model
from tools.quantize import operator_handlers, ranges
from tools.quantize.calibration import Arrays, CalibrationError, StatefulRunner, load_sequences
from tools.quantize.error_report import error_report
from tools.quantize.integer_interface import make_integer
from tools.quantize.weight_bits import narrow_weights

# Tells the quantiser that the model is meant to be quantised as it is.
_PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")

# Type, and whether the range is symmetric, so that the zero point is 0.
_ACTIVATIONS = {
    "int8": (QuantType.QInt8, True),
    "int8-asymmetric": (QuantType.QInt8, False),
    "uint8": (QuantType.QUInt8, False),
}


class _Feeds(CalibrationDataReader):
    """Hands the complete feeds of all runs to the calibrator."""

    def __init__(self, feeds: Iterator[tuple[Arrays, Arrays]]) -> None:
        self._feeds = feeds

    def get_next(self) -> Arrays | None:  # type: ignore[override]
        """Returns the next feed, or None at the end."""
        return next((feed for feed, _ in self._feeds), None)


def quantize(
    model: onnx.ModelProto,
    sequences: Sequence[Sequence[Arrays]],
    state: Mapping[str, str],
    activations: str = "int8",
    per_channel: bool = True,
    range_bits: int | None = None,
) -> onnx.ModelProto:
    """Returns the int8 QDQ model.

    Args:
        model: float32 model.
        sequences: calibration runs, see ``calibration.py``.
        state: state input name to state output name.
        activations: "int8" (symmetric), "int8-asymmetric" or "uint8" (with a zero point).
        per_channel: one weight scale per output channel, else one per weight tensor.
        range_bits: significant bits of the activations' ranges, see ``ranges.py``.

    Raises:
        CalibrationError: if the data or the state names do not fit the model.
    """
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    entry = prepared.metadata_props.add()
    entry.key, entry.value = _PREPARED
    feeds = StatefulRunner(model, state).feeds(sequences)
    onnxruntime.set_default_logger_severity(3)
    operators = operator_handlers.register()
    activation_type, symmetric = _ACTIVATIONS[activations]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "quantized.onnx"
        # Given to the quantiser as what an earlier calibration has found.
        found = Path(folder) / "ranges.json"
        if range_bits is not None:
            collected = ranges.collect(prepared, _Feeds(feeds), operators)
            save_tensors_data(ranges.rounded(collected, range_bits), found)
        quantize_static(
            prepared,
            target,
            _Feeds(feeds),
            calibration_cache_path=None if range_bits is None else found,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operators,
            per_channel=per_channel,
            activation_type=activation_type,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": symmetric,
                "WeightSymmetric": True,
            },
        )
        quantized = onnx.load(target)
    del quantized.metadata_props[:]
    del quantized.graph.value_info[:]
    onnx.checker.check_model(quantized, full_check=True)
    return quantized


def _state(pairs: Sequence[str]) -> dict[str, str]:
    state: dict[str, str] = {}
    for pair in pairs:
        source, separator, target = pair.partition("=")
        if not separator:
            raise CalibrationError(f"--state '{pair}' is not of the form INPUT=OUTPUT")
        state[source] = target
    return state


def _weight_bits(pairs: Sequence[str]) -> dict[str, int]:
    bits: dict[str, int] = {}
    for pair in pairs:
        pattern, separator, number = pair.rpartition("=")
        if not separator or number not in ("8", "4", "2"):
            raise CalibrationError(
                f"--weight-bits '{pair}' is not of the form LAYERS=BITS, with 8, 4 or 2 bits"
            )
        bits.pop(pattern, None)  # the order is that of the last ones
        bits[pattern] = int(number)
    return bits


def _refused(problems: Sequence[Problem]) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="float32 ONNX model")
    parser.add_argument("--calibration", type=Path, required=True, help="calibration .npz")
    parser.add_argument("--output", type=Path, required=True, help="int8 ONNX model to write")
    parser.add_argument("--report", type=Path, help="error report to write, JSON")
    parser.add_argument(
        "--state", action="append", default=[], metavar="INPUT=OUTPUT",
        help="an input that takes an output of the run before; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--integer-io", action="append", default=[], metavar="NAME",
        help="graph input or output to hand over as int8; may be repeated",
    )  # fmt: skip
    parser.add_argument("--activations", choices=sorted(_ACTIVATIONS), default="int8")
    parser.add_argument("--weights", choices=("per-channel", "per-tensor"), default="per-channel")
    parser.add_argument(
        "--weight-bits", action="append", default=[], metavar="LAYERS=BITS",
        help="bits of the weights of layers whose names match a pattern such as 'encoder/*': 8, 4 "
        "or 2; may be repeated, the last one that matches counts",
    )  # fmt: skip
    parser.add_argument(
        "--range-bits", type=int, choices=range(1, 25), metavar="BITS",
        help="round ranges of activations up to so many significant bits: results of float32 sums, "
        "which differ from processor to processor, then give the same model on all of them",
    )  # fmt: skip
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    try:
        sequences = load_sequences(arguments.calibration)
        state = _state(arguments.state)
        model = read_model(arguments.model)
        quantized = quantize(
            model,
            sequences,
            state,
            arguments.activations,
            arguments.weights == "per-channel",
            arguments.range_bits,
        )
        quantized, narrowed = narrow_weights(quantized, model, _weight_bits(arguments.weight_bits))
        report = error_report(model, quantized, sequences, state) if arguments.report else None
        if report is not None:
            report["weight_bits"] = narrowed
        make_integer(quantized, arguments.integer_io)
        onnx.checker.check_model(quantized, full_check=True)
    except CalibrationError as error:
        return _refused([Problem(Code.CALIBRATION, "quantize", str(error))])
    except CompileError as error:
        return _refused(error.problems)
    except OSError as error:
        where, reason = str(error.filename), error.strerror or str(error)
        return _refused([Problem(Code.UNREADABLE_FILE, where, reason, advice="check the path")])
    arguments.output.write_bytes(quantized.SerializeToString(deterministic=True))
    if report is not None:
        arguments.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
