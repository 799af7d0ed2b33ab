"""How much of a float model's output a quantised network keeps, from end to end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from compiler.codegen.interpreter_harness import generated
from compiler.codegen.network_harness import CompiledNetwork
from compiler.ir import Array, State
from compiler.pipeline import EntryPointOptions, ModelOptions, lower_model
from tools.quantize.calibration import session

Run = Callable[[Mapping[str, Array]], Array]
"""Computes the output that is compared."""


@dataclass(frozen=True)
class Agreement:
    """Two sets of outputs, rows of scores.

    Attributes:
        top: share of rows with the same largest score.
        signal_to_noise: ratio of the first one's power to the power of their difference, in dB;
            infinite if they are equal.
    """

    top: float
    signal_to_noise: float

    def __str__(self) -> str:
        return f"top-1 {100 * self.top:.2f} %, {self.signal_to_noise:.1f} dB"


@dataclass(frozen=True)
class Comparison:
    """A float model, its quantised version in onnxruntime, and the latter compiled.

    Attributes:
        rows: number of compared rows of scores.
        onnxruntime: float model against the quantised one in onnxruntime, without optimisations.
        compiled: float model against the compiled quantised one.
        between: quantised model in onnxruntime against compiled.
    """

    rows: int
    onnxruntime: Agreement
    compiled: Agreement
    between: Agreement

    @staticmethod
    def of(real: Array, stored: Array, compiled: Array) -> Comparison:
        """Compares outputs, all [rows, scores]."""
        return Comparison(
            len(real), agreement(real, stored), agreement(real, compiled),
            agreement(stored, compiled),
        )  # fmt: skip


def agreement(expected: Array, found: Array) -> Agreement:
    """Compares rows of scores, [rows, scores]."""
    wide = expected.astype(np.float64)
    noise = float(((wide - found) ** 2).sum())
    ratio = 10 * math.log10(float((wide**2).sum()) / noise) if noise else math.inf
    same = expected.argmax(axis=1) == found.argmax(axis=1)
    return Agreement(float(same.mean()), ratio)


def outputs(run: Run, feeds: Sequence[Mapping[str, Array]]) -> Array:
    """The output of every feed, one row of scores each."""
    return np.concatenate([run(feed).reshape(1, -1) for feed in feeds])


def in_onnxruntime(model: Path) -> Run:
    """The model's first output, without graph optimisations."""
    opened = session(onnx.load(model))
    name = opened.get_outputs()[0].name
    return lambda feed: np.asarray(opened.run([name], dict(feed))[0])


def compiled(
    model: Path,
    dimensions: Mapping[str, int] | None = None,
    states: Sequence[State] = (),
) -> CompiledNetwork:
    """The model as C, compiled for this machine; states live in the network."""
    entry_point = EntryPointOptions("", tuple((dimensions or {}).items()))
    options = ModelOptions(model, (entry_point,), tuple(states))
    graphs = [entry.graph for entry in lower_model(options, lambda _: None)]
    return CompiledNetwork(generated("network", graphs))


def run_compiled(network: CompiledNetwork, output: str) -> Run:
    """One output of a compiled network; int64 inputs are narrowed as the compiler does."""

    def run(feed: Mapping[str, Array]) -> Array:
        narrow = {
            name: data.astype(np.int32) if data.dtype == np.int64 else data
            for name, data in feed.items()
        }
        return network.run("", narrow)[output]

    return run


def compare_models(real: Path, stored: Path, feeds: Sequence[Mapping[str, Array]]) -> Comparison:
    """Compares the first output of a float model and its quantised version, both without state."""
    output = onnx.load(stored).graph.output[0].name
    return Comparison.of(
        outputs(in_onnxruntime(real), feeds),
        outputs(in_onnxruntime(stored), feeds),
        outputs(run_compiled(compiled(stored), output), feeds),
    )


def digits_feeds(path: Path) -> list[dict[str, Array]]:
    """The test images of models/digits as inputs of its networks."""
    with np.load(path) as data:
        images = data["images"].astype(np.float32) / 16
    return [{"image": image[None, None]} for image in images]


def sample_feeds(path: Path) -> list[dict[str, Array]]:
    """Inputs from an archive with one array per input, samples along the first axis."""
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files}
    return list(_samples(arrays))


def _samples(arrays: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    for index in range(min(len(array) for array in arrays.values())):
        yield {name: array[index : index + 1] for name, array in arrays.items()}
