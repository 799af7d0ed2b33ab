"""What onnxruntime's quantisers make of small models: QOperator form, and dynamic quantisation."""

from __future__ import annotations

import functools
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from tests.onnxruntime_operators.float_models import FLOAT_MODELS, Array, feeds

PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")
"""Tells the quantiser that the model is meant to be quantised as it is."""

CALIBRATION_RUNS = 8

TYPES: Mapping[str, tuple[QuantType, QuantType]] = {
    "int8": (QuantType.QInt8, QuantType.QInt8),
    "uint8": (QuantType.QUInt8, QuantType.QInt8),
    "unsigned": (QuantType.QUInt8, QuantType.QUInt8),
}
"""Of activations and weights."""


class _Feeds(CalibrationDataReader):
    def __init__(self, runs: list[dict[str, Array]]) -> None:
        self._runs = iter(runs)

    def get_next(self) -> dict[str, Array] | None:  # type: ignore[override]
        """The next run's inputs, or None at the end."""
        return next(self._runs, None)


@functools.cache
def quantised_model(name: str, types: str, per_channel: bool = False) -> onnx.ModelProto:
    """A model in QOperator form; `types` is one of `TYPES`, or `dynamic`."""
    model = FLOAT_MODELS[name]()
    entry = model.metadata_props.add()
    entry.key, entry.value = PREPARED
    onnxruntime.set_default_logger_severity(3)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "model.onnx", Path(folder) / "quantised.onnx"
            onnx.save(model, source)
            if types == "dynamic":
                quantize_dynamic(source, target, per_channel=per_channel)
            else:
                activations, weights = TYPES[types]
                quantize_static(
                    source,
                    target,
                    _Feeds(feeds(model, CALIBRATION_RUNS)),
                    quant_format=QuantFormat.QOperator,
                    per_channel=per_channel,
                    activation_type=activations,
                    weight_type=weights,
                )
            return onnx.load(target)
    finally:
        root.setLevel(level)
