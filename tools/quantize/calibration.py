"""Calibration data: reading the file and running a model over it with its state carried along.

The file is an ``.npz`` archive in one of two forms:

* ``INPUT``: one array per graph input, of samples along its first axis; each sample is one run
  with a batch of one, and the model has no state;
* ``SEQUENCE/RUN/INPUT``: one array per graph input and run; sequences and runs count from 0. State
  inputs are absent: they are zero in the first run of a sequence and take the matching output of
  the run before in the later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from compiler.array_archive import DamagedArchiveError, read_arrays
from compiler.errors import Code, CompileError, Problem

Arrays = dict[str, npt.NDArray[np.generic]]
Sequences = Sequence[Sequence[Arrays]]

_RUNTIME_ERRORS = (
    *(runtime_errors.Fail, runtime_errors.InvalidArgument, runtime_errors.InvalidGraph),
    *(runtime_errors.NotImplemented, runtime_errors.RuntimeException),
)


class CalibrationError(CompileError):
    """Calibration data, or options that name parts of the model, do not fit the model."""

    def __init__(self, found: str, where: str = "quantize", advice: str = "") -> None:
        super().__init__([Problem(Code.CALIBRATION, where, found, advice=advice)])


def load_sequences(path: Path) -> list[list[Arrays]]:
    """Returns the feeds of all runs, grouped by sequence.

    Raises:
        CalibrationError: if the file is no .npz, names mix the two forms, or runs are not numbered
            from 0.
        OSError: if it cannot be read.
    """
    try:
        arrays = read_arrays(path)
    except DamagedArchiveError as error:
        raise CalibrationError(f"it is no .npz file of arrays: {error}", path.name) from error
    if not arrays:
        raise CalibrationError("it holds no arrays", path.name, "store one array per input")
    if all("/" not in name for name in arrays):
        runs = {name: len(np.atleast_1d(array)) for name, array in arrays.items()}
        if len(set(runs.values())) != 1:
            raise CalibrationError(
                f"the inputs have different numbers of samples: {runs}", path.name
            )
        count = next(iter(runs.values()))
        return [
            [{name: np.atleast_1d(a)[run : run + 1] for name, a in arrays.items()}]
            for run in range(count)
        ]
    feeds: dict[int, dict[int, Arrays]] = {}
    for name, array in arrays.items():
        sequence, separator, rest = name.partition("/")
        run, separator_of_run, tensor = rest.partition("/")
        if not (separator and separator_of_run and sequence.isdecimal() and run.isdecimal()):
            raise CalibrationError(f"array '{name}' is not named SEQUENCE/RUN/INPUT", path.name)
        feeds.setdefault(int(sequence), {}).setdefault(int(run), {})[tensor] = array
    for number, runs_of_sequence in feeds.items():
        if sorted(runs_of_sequence) != list(range(len(runs_of_sequence))):
            raise CalibrationError(f"the runs of sequence {number} do not count from 0", path.name)
    return [[runs[run] for run in sorted(runs)] for _, runs in sorted(feeds.items())]


def check_sequences(
    model: onnx.ModelProto, state: Mapping[str, str], sequences: Sequences, file: str
) -> None:
    """Compares data and states with the model; all problems are found at once.

    Args:
        model: the model to feed.
        state: state input name to state output name.
        sequences: what `load_sequences` returns.
        file: name of the data in messages.

    Raises:
        CompileError: names, shapes or types differ, there are no data, or some are NaN or infinite.
    """
    inputs = graph_inputs(model)
    problems = list(_state_problems(inputs, {value.name for value in model.graph.output}, state))
    plain = {name: value for name, value in inputs.items() if name not in state}
    # What is wrong with an input, and the runs in which it is.
    found: dict[tuple[Code, str, str], list[str]] = {}
    for number, sequence in enumerate(sequences):
        for run, given in enumerate(sequence):
            for code, complaint, advice in _complaints(given, plain):
                found.setdefault((code, complaint, advice), []).append(f"{number}/{run}")
    runs = sum(map(len, sequences))
    if not runs:
        problems.append(Problem(Code.CALIBRATION, file, "it holds no samples"))
    for (code, complaint, advice), where in found.items():
        times = f"in run {where[0]}" + (f" and {len(where) - 1} more" if len(where) > 1 else "")
        problems.append(Problem(code, file, f"{complaint} ({times} of {runs})", advice=advice))
    if problems:
        raise CompileError(problems)


def graph_inputs(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """Inputs that a run has to give."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return {value.name: value for value in model.graph.input if value.name not in constants}


def _state_problems(
    inputs: Mapping[str, onnx.ValueInfoProto], outputs: set[str], state: Mapping[str, str]
) -> Iterator[Problem]:
    for source, target in state.items():
        pair = f"state '{source}={target}'"
        if source not in inputs or target not in outputs:
            yield Problem(Code.CALIBRATION, pair, "it does not name an input=output of the model")
        elif any(not isinstance(extent, int) for extent in _shape(inputs[source])):
            yield Problem(
                Code.CALIBRATION,
                pair,
                f"its shape {_shown(_shape(inputs[source]))} is open, so that no first value is "
                "known",
                advice="export the model with a fixed shape of the state",
            )


def _complaints(
    given: Arrays, expected: Mapping[str, onnx.ValueInfoProto]
) -> Iterator[tuple[Code, str, str]]:
    names = f"the model takes {sorted(expected)}"
    for name in sorted(expected.keys() - given.keys()):
        yield Code.CALIBRATION, f"input '{name}' has no array", names
    for name in sorted(given.keys() - expected.keys()):
        yield Code.CALIBRATION, f"array '{name}' is no input", names
    for name, value in expected.items():
        array = given.get(name)
        if array is None:
            continue
        shape = _shape(value)
        data_type = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        fits = array.ndim == len(shape) and all(
            not isinstance(extent, int) or extent == length
            for extent, length in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype != data_type:
            yield (
                Code.CALIBRATION,
                f"input '{name}' is {array.dtype} {list(array.shape)}; the model takes "
                f"{data_type} {_shown(shape)}",
                "the first axis of a plain array counts samples, each of which is a batch of one",
            )
        elif np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            yield (
                Code.CALIBRATION_VALUES,
                f"input '{name}' holds NaN or infinite numbers",
                "remove these samples",
            )


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [
        entry.dim_value if entry.HasField("dim_value") else entry.dim_param or "?"
        for entry in value.type.tensor_type.shape.dim
    ]


def _shown(shape: Sequence[int | str]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Opens a model without graph optimisations, on one thread, so that results are repeatable.

    Raises:
        CompileError: onnxruntime does not take it.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except _RUNTIME_ERRORS as error:
        absent = isinstance(error, runtime_errors.NotImplemented)
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_OPERATOR if absent else Code.INVALID_MODEL,
                    "the model",
                    f"onnxruntime, which calibrates, does not take it: {_message(error)}",
                    advice="quantise it with the tool that made it, and import the QDQ model",
                )
            ]
        ) from error


def _message(error: Exception) -> str:
    """Without the kind and number of the error, in one line."""
    return " ".join(str(error).rpartition("] : ")[2].split())


def with_outputs(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """A copy that also gives these float32 tensors."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    present = {value.name for value in copy.graph.output}
    for name in names:
        if name not in present:
            copy.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return copy


class StatefulRunner:
    """Runs a model over sequences that fit it, feeding state outputs back into state inputs."""

    def __init__(self, model: onnx.ModelProto, state: Mapping[str, str]) -> None:
        """Args:
        model: the model; opened without graph optimisations.
        state: state input name to state output name.
        """
        self._session = session(model)
        self.output_names = [value.name for value in self._session.get_outputs()]
        self._state = dict(state)
        self._zero = {
            value.name: np.zeros(value.shape, np.float32)
            for value in self._session.get_inputs()
            if value.name in self._state
        }

    def feeds(self, sequences: Sequences) -> Iterator[tuple[Arrays, Arrays]]:
        """Yields, run after run, the complete feed and the outputs by name.

        Raises:
            CalibrationError: onnxruntime refuses a run, such as one with an index out of bounds.
        """
        for number, sequence in enumerate(sequences):
            state = dict(self._zero)
            for run, given in enumerate(sequence):
                feed = {**given, **state}
                try:
                    values = self._session.run(self.output_names, feed)
                except _RUNTIME_ERRORS as error:
                    raise CalibrationError(
                        f"the model cannot be run on it: {_message(error)}", f"run {number}/{run}"
                    ) from error
                outputs = dict(zip(self.output_names, values, strict=True))
                state = {source: outputs[target] for source, target in self._state.items()}
                yield feed, outputs
