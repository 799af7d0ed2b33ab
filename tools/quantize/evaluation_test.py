"""Accuracy, agreement and demands on a model whose answers are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.errors import Code, CompileError
from tools.quantize.calibration import CalibrationError, session
from tools.quantize.evaluation import Judge, OutputError, Quality, Verdict, load_samples
from tools.quantize.sample_classifier import CLASSES, classifier, features, sequences
from tools.quantize.static_quantization import Scheme, quantize
from tools.quantize.weight_bits import narrow_weights

MODEL = classifier()


def written(path: Path, labels: np.ndarray | None = None, count: int = 50) -> Path:
    arrays = {"x": features(count)} | ({} if labels is None else {"labels": labels})
    np.savez(path / "samples.npz", allow_pickle=False, **arrays)
    return path / "samples.npz"


def float_decisions(count: int) -> np.ndarray:
    run = session(MODEL)
    return np.array([run.run(None, {"x": row[None]})[0].argmax() for row in features(count)])


def test_accuracy_counts_right_decisions(tmp_path: Path) -> None:
    labels = float_decisions(50)
    labels[:5] = (labels[:5] + 1) % CLASSES
    judge = Judge(MODEL, load_samples(written(tmp_path, labels), MODEL, {}), {})
    quality = judge.quality(MODEL)
    assert (quality.accuracy, quality.float_accuracy) == (0.9, 0.9)
    assert (quality.agreement, quality.decisions) == (1.0, 50)
    assert quality.noise_to_signal == 0.0
    assert quality.measured("signal_to_noise_db") is None
    int8 = quantize(MODEL, sequences(50), {}, Scheme())
    coarse = judge.quality(narrow_weights(int8, MODEL, {"*": 2})[0])
    found = session(narrow_weights(int8, MODEL, {"*": 2})[0])
    decided = np.array([found.run(None, {"x": r[None]})[0].argmax() for r in features(50)])
    assert coarse.accuracy == np.mean(decided == labels) < 0.9
    assert coarse.agreement == np.mean(decided == float_decisions(50))
    assert coarse.measured("accuracy_drop") == pytest.approx(0.9 - np.mean(decided == labels))


def test_both_forms_of_files_have_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"0/0/x": features(1), "0/0/labels": np.array([3])})
    samples = load_samples(tmp_path / "a.npz", MODEL, {})
    assert samples.labels is not None and samples.labels[0].tolist() == [3]
    assert load_samples(written(tmp_path), MODEL, {}).labels is None


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (np.zeros(50), "are no integers"),
        (np.zeros((50, 2), np.int64), "shape [1, 2]; the decisions of output 'y' have [1]"),
        (np.zeros(49, np.int64), "different numbers of samples"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, labels: np.ndarray, complaint: str
) -> None:
    with pytest.raises(CalibrationError) as caught:
        Judge(MODEL, load_samples(written(tmp_path, labels), MODEL, {}), {})
    assert complaint in str(caught.value)


def test_some_runs_without_labels_are_refused(tmp_path: Path) -> None:
    arrays = {"0/0/x": features(1), "0/0/labels": np.array([3]), "1/0/x": features(1)}
    np.savez(tmp_path / "a.npz", allow_pickle=False, **arrays)
    with pytest.raises(CalibrationError, match="1 of 2 runs have no 'labels'"):
        load_samples(tmp_path / "a.npz", MODEL, {})


def test_demands_without_labels_are_refused_together(tmp_path: Path) -> None:
    judge = Judge(MODEL, load_samples(written(tmp_path), MODEL, {}), {})
    judge.check_tolerance({"agreement": 1.0, "signal_to_noise_db": 10.0})
    with pytest.raises(CompileError) as caught:
        judge.check_tolerance({"accuracy": 0.9, "accuracy_drop": 0.0, "agreement": 1.0})
    assert [problem.code for problem in caught.value.problems] == [Code.BAD_OPTION] * 2


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_demands_hold_on_the_right_side(measured: float, allowed: float) -> None:
    for name in ("accuracy", "agreement", "signal_to_noise_db"):
        assert Verdict(name, measured, allowed).holds == (measured >= allowed - 1e-6)
    assert Verdict("accuracy_drop", measured, allowed).holds == (measured <= allowed + 1e-6)


def test_the_worst_output_counts() -> None:
    outputs = {"good": OutputError(100.0, 0.1, 0.1), "bad": OutputError(100.0, 10.0, 1.0)}
    quality = Quality(outputs, 0, None, None, None)
    assert quality.measured("signal_to_noise_db") == pytest.approx(10.0)
    assert quality.noise_to_signal == pytest.approx(0.101)
    nothing = Quality({"y": OutputError(0.0, 1.0, 1.0)}, 0, None, None, None)
    assert nothing.measured("signal_to_noise_db") == -math.inf
    assert not Verdict("signal_to_noise_db", -math.inf, -100.0).holds
