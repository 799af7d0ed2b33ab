"""Observed values: the same extremes as onnxruntime's calibrator finds, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader
from onnxruntime.quantization.calibrate import create_calibrator

from tools.quantize import operator_handlers
from tools.quantize.calibration import Arrays, Sequences
from tools.quantize.observation import calibrated_tensors, extremes, histograms
from tools.quantize.sample_classifier import classifier, sequences

MODEL, SAMPLES = classifier(), sequences(25)
OPERATORS = operator_handlers.register()


class Reader(CalibrationDataReader):
    """Hands runs to onnxruntime's calibrator."""

    def __init__(self, data: Sequences) -> None:
        self._runs = iter([run for sequence in data for run in sequence])

    def get_next(self) -> Arrays | None:  # type: ignore[override]
        """The next run, or None at the end."""
        return next(self._runs, None)


def test_extremes_are_those_of_onnxruntimes_calibrator(tmp_path: Path) -> None:
    onnx.save(MODEL, tmp_path / "model.onnx")
    calibrator = create_calibrator(
        tmp_path / "model.onnx", OPERATORS, augmented_model_path=str(tmp_path / "augmented.onnx")
    )
    calibrator.collect_data(Reader(SAMPLES))
    expected = {
        name: tuple(float(np.asarray(end).item()) for end in data.range_value)
        for name, data in calibrator.compute_data().items()
    }
    found = extremes(MODEL, SAMPLES, {}, calibrated_tensors(MODEL, OPERATORS))
    assert {n: (float(e.lowest), float(e.highest)) for n, e in found.items()} == expected
    assert list(found) == ["x", "first_sum", "hidden", "coarse", "detail", "y"]


def test_histograms_count_every_value_but_zeros() -> None:
    found = extremes(MODEL, SAMPLES, {}, ["x", "hidden"])
    counted = histograms(MODEL, SAMPLES, {}, found)
    x = np.concatenate([run["x"] for (run,) in SAMPLES])
    assert counted["x"].counts.sum() == np.count_nonzero(x)
    assert counted["x"].limit == float(np.abs(x).max())
    hidden = counted["hidden"]
    assert 0 < hidden.counts.sum() < 25 * 16
    assert not hidden.counts[: len(hidden.counts) // 2].any(), "behind a Relu"
