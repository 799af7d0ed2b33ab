"""Calibration data: reading the file and running a model over it with its state carried along.

The file is an ``.npz`` archive in one of two forms:

* ``INPUT``: one array per graph input, of samples along its first axis; each sample is one run
  with a batch of one, and the model has no state;
* ``SEQUENCE/RUN/INPUT``: one array per graph input and run; sequences and runs count from 0. State
  inputs are absent: they are zero in the first run of a sequence and take the matching output of
  the run before in the later ones.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

Arrays = dict[str, npt.NDArray[np.generic]]


_DATA_TYPES = {
    f"tensor({name})": np.dtype(data_type)
    for name, data_type in {
        "bool": np.bool_,
        "float": np.float32,
        "int32": np.int32,
        "int64": np.int64,
        "int8": np.int8,
        "uint8": np.uint8,
    }.items()
}


class CalibrationError(ValueError):
    """The calibration file does not fit the model."""


def load_sequences(path: Path) -> list[list[Arrays]]:
    """Returns the feeds of all runs, grouped by sequence.

    Raises:
        CalibrationError: if the file is no .npz, names mix the two forms, or runs are not numbered
            from 0.
        OSError: if it cannot be read.
    """
    try:
        with zipfile.ZipFile(path), np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise CalibrationError(f"{path.name} is no .npz file of arrays: {error}") from error
    if not arrays:
        raise CalibrationError(f"{path.name} holds no arrays")
    if all("/" not in name for name in arrays):
        runs = {name: len(np.atleast_1d(array)) for name, array in arrays.items()}
        if len(set(runs.values())) != 1:
            raise CalibrationError(f"the inputs have different numbers of samples: {runs}")
        count = next(iter(runs.values()))
        return [[{name: a[run : run + 1] for name, a in arrays.items()}] for run in range(count)]
    feeds: dict[int, dict[int, Arrays]] = {}
    for name, array in arrays.items():
        sequence, separator, rest = name.partition("/")
        run, separator_of_run, tensor = rest.partition("/")
        if not (separator and separator_of_run and sequence.isdecimal() and run.isdecimal()):
            raise CalibrationError(f"array '{name}' is not named SEQUENCE/RUN/INPUT")
        feeds.setdefault(int(sequence), {}).setdefault(int(run), {})[tensor] = array
    for number, runs_of_sequence in feeds.items():
        if sorted(runs_of_sequence) != list(range(len(runs_of_sequence))):
            raise CalibrationError(f"the runs of sequence {number} do not count from 0")
    return [[runs[run] for run in sorted(runs)] for _, runs in sorted(feeds.items())]


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Opens a model without graph optimisations, on one thread, so that results are repeatable."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


class StatefulRunner:
    """Runs a model over calibration sequences, feeding state outputs back into state inputs."""

    def __init__(self, model: onnx.ModelProto, state: Mapping[str, str]) -> None:
        """Args:
        model: the model; opened without graph optimisations.
        state: state input name to state output name.
        """
        self._session = session(model)
        inputs = {value.name: value for value in self._session.get_inputs()}
        self.output_names = [value.name for value in self._session.get_outputs()]
        self._state = dict(state)
        for source, target in self._state.items():
            if source not in inputs or target not in self.output_names:
                raise CalibrationError(f"state '{source}={target}' does not name an input=output")
        self._inputs = inputs
        self._zero = {name: np.zeros(inputs[name].shape, np.float32) for name in self._state}
        self._plain = sorted(name for name in inputs if name not in self._state)

    def feeds(self, sequences: Sequence[Sequence[Arrays]]) -> Iterator[tuple[Arrays, Arrays]]:
        """Yields, run after run, the complete feed and the outputs by name."""
        for number, sequence in enumerate(sequences):
            state = dict(self._zero)
            for run, given in enumerate(sequence):
                if sorted(given) != self._plain:
                    raise CalibrationError(
                        f"run {number}/{run} gives inputs {sorted(given)}; the model takes "
                        f"{self._plain}"
                    )
                for name, array in given.items():
                    self._check(f"{number}/{run}/{name}", array, self._inputs[name])
                feed = {**given, **state}
                values = self._session.run(self.output_names, feed)
                outputs = dict(zip(self.output_names, values, strict=True))
                state = {source: outputs[target] for source, target in self._state.items()}
                yield feed, outputs

    @staticmethod
    def _check(where: str, array: npt.NDArray[np.generic], expected: onnxruntime.NodeArg) -> None:
        """Compares an array with the graph input's type and shape (strings: any extent)."""
        fits = array.ndim == len(expected.shape) and all(
            isinstance(extent, str) or extent == found
            for extent, found in zip(expected.shape, array.shape, strict=True)
        )
        data_type = _DATA_TYPES.get(expected.type)
        if not fits or array.dtype != data_type:
            raise CalibrationError(
                f"array '{where}' is {array.dtype} {list(array.shape)}; the model takes "
                f"{data_type or expected.type} {expected.shape}"
            )
