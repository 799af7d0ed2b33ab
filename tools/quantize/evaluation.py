"""How good a quantised model's answers are: against labels, and against the float model's.

A decision is the index of the largest element along the last axis of the first output that is no
state, or that output itself if it holds integers; a sample has one, or one for each position of a
sequence. Evaluation data have the form of
calibration data (``calibration.py``), and beside the inputs may have the right decisions as array
``labels``: one integer for each sample, or in the other form one array for each run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from compiler.errors import Code, CompileError, Problem
from tools.quantize.calibration import (
    Arrays,
    CalibrationError,
    Sequences,
    StatefulRunner,
    check_sequences,
    graph_inputs,
    load_sequences,
)

LABELS = "labels"

TOLERANCES = {
    "accuracy": "share of decisions that are the labels', at least",
    "accuracy_drop": "accuracy of the float model minus that of the quantised one, at most",
    "agreement": "share of decisions that are the float model's, at least",
    "signal_to_noise_db": "signal to noise of the output that has most noise, at least",
}
"""What can be demanded of a quantised model."""

Decisions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """Runs of a model.

    Attributes:
        sequences: see ``calibration.py``.
        labels: the right decisions of each run, or None.
        file: name of the data.
    """

    sequences: Sequences
    labels: Sequence[npt.NDArray[np.generic]] | None
    file: str

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(map(len, self.sequences))


def load_samples(path: Path, model: onnx.ModelProto, state: Mapping[str, str]) -> Samples:
    """Reads evaluation data.

    Raises:
        CompileError: they do not fit the model.
        OSError: the file cannot be read.
    """
    sequences = load_sequences(path)
    labels: list[npt.NDArray[np.generic]] = []
    if LABELS not in graph_inputs(model):
        runs = [run for sequence in sequences for run in sequence]
        labelled = [LABELS in run for run in runs]
        if any(labelled) and not all(labelled):
            raise CalibrationError(
                f"{labelled.count(False)} of {len(runs)} runs have no '{LABELS}'", path.name
            )
        labels = [run.pop(LABELS) for run in runs if LABELS in run]
    if any(not np.issubdtype(array.dtype, np.integer) for array in labels):
        raise CalibrationError(f"'{LABELS}' are no integers", path.name)
    check_sequences(model, state, sequences, path.name)
    return Samples(sequences, labels or None, path.name)


@dataclass(frozen=True)
class OutputError:
    """What quantisation does to an output.

    Attributes:
        signal, noise: sums of squares of the float model's output and of the difference from it.
        largest: the largest difference.
    """

    signal: float
    noise: float
    largest: float

    @property
    def signal_to_noise_db(self) -> float | None:
        """None if there is no signal or no noise."""
        return decibels(self.signal, self.noise)

    @property
    def noise_to_signal(self) -> float:
        """Infinite where there is noise without signal."""
        if self.noise == 0.0:
            return 0.0
        return self.noise / self.signal if self.signal else math.inf


@dataclass(frozen=True)
class Quality:
    """What comes out of a quantised model.

    Attributes:
        outputs: errors by output, but for states.
        decisions: how many there are.
        agreement: share of decisions that are the float model's; None without decisions.
        accuracy, float_accuracy: share of decisions that are the labels'; None without labels.
    """

    outputs: Mapping[str, OutputError]
    decisions: int
    agreement: float | None
    accuracy: float | None
    float_accuracy: float | None

    @property
    def noise_to_signal(self) -> float:
        """Summed over all outputs."""
        return sum(error.noise_to_signal for error in self.outputs.values())

    def measured(self, tolerance: str) -> float | None:
        """The value that a key of `TOLERANCES` is about; None: there is no noise."""
        if tolerance == "signal_to_noise_db":
            worst = max((error.noise_to_signal for error in self.outputs.values()), default=0.0)
            return -math.inf if math.isinf(worst) else decibels(1.0, worst)
        if tolerance == "accuracy_drop":
            assert self.accuracy is not None and self.float_accuracy is not None
            return self.float_accuracy - self.accuracy
        return self.accuracy if tolerance == "accuracy" else self.agreement


@dataclass(frozen=True)
class Verdict:
    """Whether a demand holds."""

    tolerance: str
    measured: float | None
    allowed: float

    @property
    def holds(self) -> bool:
        """Differences below a millionth, which come from rounding, do not count."""
        if self.measured is None:
            return True
        if self.tolerance == "accuracy_drop":
            return self.measured <= self.allowed + 1e-6
        return self.measured >= self.allowed - 1e-6


def decibels(signal: float, noise: float) -> float | None:
    """The ratio of two powers; None if one of them is 0."""
    return 10.0 * math.log10(signal / noise) if signal > 0.0 and noise > 0.0 else None


class Judge:
    """Compares quantised models with the float model on the same samples."""

    def __init__(
        self, float_model: onnx.ModelProto, samples: Samples, state: Mapping[str, str]
    ) -> None:
        """Runs the float model.

        Raises:
            CompileError: labels are not of the decisions' shape.
        """
        self.samples = samples
        self._state = dict(state)
        states = set(state.values())
        self._names = [v.name for v in float_model.graph.output if v.name not in states]
        self._expected = self._answers(float_model)
        self._decided = self._decisions(self._expected)
        self._check_labels()

    @property
    def has_decisions(self) -> bool:
        """Whether there is more than one possible decision."""
        return self._decided is not None

    def quality(self, model: onnx.ModelProto) -> Quality:
        """Runs a model with the same inputs and outputs."""
        found = self._answers(model)
        errors = {name: self._error(name, found) for name in self._names}
        decided, labels = self._decisions(found), self.samples.labels
        if decided is None or self._decided is None:
            return Quality(errors, 0, None, None, None)
        agreement = _share(decided, self._decided)
        if labels is None:
            count = sum(array.size for array in decided)
            return Quality(errors, count, agreement, None, None)
        return Quality(
            errors,
            sum(array.size for array in decided),
            agreement,
            _share(decided, labels),
            _share(self._decided, labels),
        )

    def verdicts(self, quality: Quality, tolerance: Mapping[str, float]) -> list[Verdict]:
        """Compares what was measured with what is demanded, in the order of `TOLERANCES`."""
        return [
            Verdict(name, quality.measured(name), tolerance[name])
            for name in TOLERANCES
            if name in tolerance
        ]

    def check_tolerance(self, tolerance: Mapping[str, float]) -> None:
        """Refuses demands that the samples cannot show.

        Raises:
            CompileError: labels are missing, or an output has no decisions.
        """
        problems = [
            Problem(
                Code.BAD_OPTION,
                f"tolerance '{name}'",
                f"{self.samples.file} has no array '{LABELS}'",
                advice="add the right class of each sample, or demand 'agreement' with the float "
                "model",
            )
            for name in tolerance
            if name.startswith("accuracy") and self.samples.labels is None
        ]
        problems += [
            Problem(
                Code.BAD_OPTION,
                f"tolerance '{name}'",
                "the model's first output has one element, which is no choice among classes",
                advice="demand 'signal_to_noise_db'",
            )
            for name in tolerance
            if name != "signal_to_noise_db" and not self.has_decisions
        ]
        if problems:
            raise CompileError(problems)

    def _answers(self, model: onnx.ModelProto) -> list[Arrays]:
        runner = StatefulRunner(model, self._state)
        return [
            {name: outputs[name] for name in self._names}
            for _, outputs in runner.feeds(self.samples.sequences)
        ]

    def _error(self, name: str, found: Sequence[Arrays]) -> OutputError:
        signal = noise = largest = 0.0
        for expected, other in zip(self._expected, found, strict=True):
            x = expected[name].astype(np.float64)
            difference = other[name].astype(np.float64) - x
            signal += float((x * x).sum())
            noise += float((difference * difference).sum())
            largest = max(largest, float(np.abs(difference).max(initial=0.0)))
        return OutputError(signal, noise, largest)

    def _decisions(self, answers: Sequence[Arrays]) -> list[Decisions] | None:
        if not self._names:
            return None
        first = [run[self._names[0]] for run in answers]
        if all(np.issubdtype(array.dtype, np.integer) for array in first):
            return [array.astype(np.int64) for array in first]
        if any(array.ndim == 0 or array.shape[-1] < 2 for array in first):
            return None
        return [array.argmax(axis=-1) for array in first]

    def _check_labels(self) -> None:
        labels = self.samples.labels
        if labels is None:
            return
        decided = self._decided or [np.zeros(0, np.int64)] * len(labels)
        for number, (given, expected) in enumerate(zip(labels, decided, strict=True)):
            if given.shape != expected.shape:
                raise CalibrationError(
                    f"'{LABELS}' of run {number} have the shape {list(given.shape)}; the decisions "
                    f"of output '{self._names[0]}' have {list(expected.shape)}",
                    self.samples.file,
                    "give one class for each sample",
                )


def _share(
    found: Sequence[npt.NDArray[np.generic]], expected: Sequence[npt.NDArray[np.generic]]
) -> float:
    same = sum(int((a == b).sum()) for a, b in zip(found, expected, strict=True))
    return same / max(1, sum(array.size for array in found))
