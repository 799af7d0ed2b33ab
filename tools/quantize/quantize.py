"""Quantises a float32 ONNX model to int8 QDQ form with onnxruntime's static quantiser.

Activations: one scale per tensor from the range seen on the calibration data; int8 symmetric (zero
point 0) unless uint8 with a zero point is asked for. Weights: int8 symmetric, one scale per output
channel unless per tensor is asked for. No graph optimisation takes place before; every float
activation between the operators of ``operator_handlers.py`` gets one
QuantizeLinear/DequantizeLinear pair. The same inputs give the same bytes.
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

from tools.quantize import operator_handlers
from tools.quantize.calibration import Arrays, CalibrationError, StatefulRunner, load_sequences
from tools.quantize.error_report import error_report
from tools.quantize.integer_interface import make_integer

# Tells the quantiser that the model is meant to be quantised as it is.
_PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")

_ACTIVATIONS = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}


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
) -> onnx.ModelProto:
    """Returns the int8 QDQ model.

    Args:
        model: float32 model.
        sequences: calibration runs, see ``calibration.py``.
        state: state input name to state output name.
        activations: "int8" (symmetric) or "uint8" (with a zero point).
        per_channel: one weight scale per output channel, else one per weight tensor.

    Raises:
        CalibrationError: if the data or the state names do not fit the model.
    """
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    entry = prepared.metadata_props.add()
    entry.key, entry.value = _PREPARED
    feeds = StatefulRunner(model, state).feeds(sequences)
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "quantized.onnx"
        quantize_static(
            prepared,
            target,
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operator_handlers.register(),
            per_channel=per_channel,
            activation_type=_ACTIVATIONS[activations],
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": activations == "int8",
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
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    try:
        sequences = load_sequences(arguments.calibration)
        state = _state(arguments.state)
        model = onnx.load(arguments.model)
        quantized = quantize(
            model, sequences, state, arguments.activations, arguments.weights == "per-channel"
        )
        report = error_report(model, quantized, sequences, state) if arguments.report else None
        make_integer(quantized, arguments.integer_io)
        onnx.checker.check_model(quantized, full_check=True)
    except CalibrationError as error:
        print(f"quantize: {error}", file=sys.stderr)
        return 1
    arguments.output.write_bytes(quantized.SerializeToString(deterministic=True))
    if report is not None:
        arguments.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
