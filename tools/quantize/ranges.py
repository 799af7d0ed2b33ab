"""Ranges of activations on the calibration data, rounded so that machines agree about them.

Processors add up float32 products in different orders, so the largest activation of a model
differs from one to the other in its last bits, and with it every scale and the rounding of every
bias. A range rounded up to a few significant bits is the same everywhere, unless it lies within
the noise of a step: `distance_to_step` says how far it is from there.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import TensorData, TensorsData, create_calibrator


def collect(
    model: onnx.ModelProto, reader: CalibrationDataReader, operators: Sequence[str]
) -> TensorsData:
    """The smallest and largest value of every activation that `operators` read or write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        calibrator = create_calibrator(
            path,
            operators,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod.MinMax,
        )
        calibrator.collect_data(reader)
        return calibrator.compute_data()


def rounded(ranges: TensorsData, bits: int) -> TensorsData:
    """The same ranges, each end rounded away from zero to a number of `bits` significant bits."""
    return TensorsData(
        ranges.calibration_method,
        {
            name: TensorData(
                lowest=_array(data.range_value[0], bits), highest=_array(data.range_value[1], bits)
            )
            for name, data in ranges.items()
        },
    )


def _array(end: object, bits: int) -> np.ndarray:
    return np.array(round_up(float(np.asarray(end).item()), bits), np.float32)


def round_up(value: float, bits: int) -> float:
    """The nearest number of `bits` significant bits that is not closer to zero."""
    fraction, exponent = math.frexp(value)
    steps = math.ldexp(fraction, bits)
    return math.ldexp(math.copysign(math.ceil(abs(steps)), steps), exponent - bits)


def distance_to_step(value: float, bits: int) -> float:
    """Relative change of `value` after which `round_up` would give another number."""
    steps = abs(math.ldexp(math.frexp(value)[0], bits))
    return abs(steps - round(steps)) / steps if steps else math.inf
