"""What values a float model's activations take on the calibration data."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from compiler.errors import Code, CompileError, Problem
from tools.quantize.calibration import Arrays, Sequences, StatefulRunner, graph_inputs, with_outputs

BINS = 2048
"""Of a histogram, on either side of zero."""

_SHAPE_ONLY = frozenset({"ConstantOfShape", "Shape", "Size"})
"""Operators whose result does not depend on their operand's values."""


@dataclass(frozen=True)
class Extremes:
    """The smallest and the largest value of a tensor over all runs, exactly."""

    lowest: np.float32
    highest: np.float32


@dataclass(frozen=True)
class Histogram:
    """How often a tensor has which values.

    Attributes:
        limit: the largest magnitude; not 0.
        counts: [2 * BINS], of equal steps from -limit to limit. Exact zeros, which every range
            represents without error, are not in it.
    """

    limit: float
    counts: npt.NDArray[np.int64]

    @property
    def width(self) -> float:
        """Of a bin."""
        return self.limit / BINS

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        """Of the bins."""
        return (np.arange(2 * BINS) - BINS + 0.5) * self.width


def calibrated_tensors(
    model: onnx.ModelProto, operators: Collection[str], excluded: Collection[str] = ()
) -> list[str]:
    """Float32 tensors that are no constants and that `operators` read or write, in graph order.

    `excluded`: names of nodes that do not count.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    graph = inferred.graph
    constants = {tensor.name for tensor in graph.initializer}
    floats = {
        value.name
        for values in (graph.value_info, graph.output, graph.input)
        for value in values
        if value.type.tensor_type.elem_type == TensorProto.FLOAT and value.name not in constants
    }
    found: dict[str, None] = {}
    for node in graph.node:
        if node.op_type in operators and not (node.name and node.name in excluded):
            found.update(dict.fromkeys(x for x in (*node.input, *node.output) if x in floats))
    return list(found)


def extremes(
    model: onnx.ModelProto, sequences: Sequences, state: Mapping[str, str], names: Sequence[str]
) -> dict[str, Extremes]:
    """Runs the model over the data; tensors without elements are 0.

    Raises:
        CompileError: the model computes NaN or infinite numbers from the data; all such tensors
            that do not just pass on another one's.
    """
    lowest: dict[str, np.float32] = {}
    highest: dict[str, np.float32] = {}
    wrong: dict[str, str] = {}
    for number, values in enumerate(_runs(model, sequences, state, names)):
        for name in names:
            array = values[name]
            if array.size == 0:
                continue
            low, high = array.min(), array.max()
            if not (np.isfinite(low) and np.isfinite(high)):
                wrong.setdefault(name, f"run {number}")
            lowest[name] = min(lowest.get(name, low), low)
            highest[name] = max(highest.get(name, high), high)
    if wrong:
        raise CompileError(_not_finite(model, wrong))
    nothing = np.float32(0)
    return {name: Extremes(lowest.get(name, nothing), highest.get(name, nothing)) for name in names}


def histograms(
    model: onnx.ModelProto,
    sequences: Sequences,
    state: Mapping[str, str],
    found: Mapping[str, Extremes],
) -> dict[str, Histogram]:
    """Runs the model over the data; only of tensors that are not 0 throughout."""
    limits = {
        name: float(max(abs(ends.lowest), abs(ends.highest)))
        for name, ends in found.items()
        if ends.lowest or ends.highest
    }
    counts = {name: np.zeros(2 * BINS, np.int64) for name in limits}
    for values in _runs(model, sequences, state, list(limits)):
        for name, limit in limits.items():
            array = values[name].ravel()
            counts[name] += bins_of(array[array != 0], limit)
    return {name: Histogram(limit, counts[name]) for name, limit in limits.items()}


def bins_of(values: npt.NDArray[np.generic], limit: float) -> npt.NDArray[np.int64]:
    """Counts of `Histogram`."""
    index = np.floor((values.astype(np.float64) / limit + 1.0) * BINS).astype(np.int64)
    return np.bincount(np.clip(index, 0, 2 * BINS - 1), minlength=2 * BINS)


def check_variation(
    model: onnx.ModelProto, found: Mapping[str, Extremes], allowed: Iterable[str]
) -> None:
    """Refuses tensors that depend on the data, but do not vary with them.

    Args:
        model: the float model.
        found: what its tensors are on the data.
        allowed: patterns of names of tensors that may be constant.

    Raises:
        CompileError: names every such tensor that is not computed from constant ones only, or a
            pattern that matches none.
    """
    dependent = _dependent_on_data(model)
    constant = {
        name for name, ends in found.items() if name in dependent and ends.lowest == ends.highest
    }
    patterns = list(allowed)
    problems = [
        Problem(
            Code.CALIBRATION,
            f"'{pattern}'",
            "no tensor that may be constant is called so",
            advice="name tensors as the model does; '*' matches any part of a name",
        )
        for pattern in patterns
        if not any(fnmatch.fnmatchcase(name, pattern) for name in found)
    ]
    excused = {n for n in constant if any(fnmatch.fnmatchcase(n, p) for p in patterns)}
    for node in _first_of(model, constant):
        if node.name not in excused:
            problems.append(
                Problem(
                    Code.CONSTANT_ACTIVATION,
                    f"activation '{node.name}'" + (f" of {node.operator}" if node.operator else ""),
                    f"it is {float(found[node.name].lowest):g} throughout the calibration data",
                    advice="calibrate with data that exercise it; if it always is so, allow it: "
                    f'allow_constant = ["{node.name}"]',
                )
            )
    if problems:
        raise CompileError(problems)


@dataclass(frozen=True)
class _Tensor:
    name: str
    operator: str


def _first_of(model: onnx.ModelProto, names: Collection[str]) -> list[_Tensor]:
    """Those of the tensors that are not made from others of them alone, in graph order."""
    constants = {tensor.name for tensor in model.graph.initializer}
    result = [_Tensor(name, "") for name in graph_inputs(model) if name in names]
    passing = set(constants)
    for node in model.graph.node:
        inputs = [name for name in node.input if name]
        follows = any(name in names for name in inputs) and all(
            name in names or name in passing for name in inputs
        )
        shown = f"{node.op_type} '{node.name}'" if node.name else node.op_type
        for name in node.output:
            if name in names and not follows:
                result.append(_Tensor(name, shown))
        if all(name in passing for name in inputs):
            passing.update(node.output)
    return result


def _not_finite(model: onnx.ModelProto, wrong: Mapping[str, str]) -> list[Problem]:
    origins: list[Problem] = []
    for node in model.graph.node:
        shown = f"{node.op_type} '{node.name}'" if node.name else node.op_type
        for name in node.output:
            if name in wrong and not any(operand in wrong for operand in node.input):
                readers = _readers(model, name, wrong)
                quoted = ", ".join(f'"{reader}"' for reader in readers)
                origins.append(
                    Problem(
                        Code.CALIBRATION_VALUES,
                        f"activation '{name}' of {shown}",
                        f"the float model makes it NaN or infinite (first in {wrong[name]})",
                        advice="check how the data were scaled, and the model's weights; a mask of "
                        "-inf needs float32 where it is read"
                        + (f": float_layers = [{quoted}]" if readers else ""),
                    )
                )
    return origins


def _readers(model: onnx.ModelProto, origin: str, wrong: Collection[str]) -> list[str]:
    """Names of nodes that read a tensor, or what passes it on."""
    passed, readers = {origin}, list[str]()
    for node in model.graph.node:
        if any(name in passed for name in node.input):
            passed.update(name for name in node.output if name in wrong)
            readers += [node.name] if node.name else []
    return readers


def _dependent_on_data(model: onnx.ModelProto) -> set[str]:
    found = set(graph_inputs(model))
    for node in model.graph.node:
        if node.op_type not in _SHAPE_ONLY and any(name in found for name in node.input):
            found.update(node.output)
    return found


def _runs(
    model: onnx.ModelProto, sequences: Sequences, state: Mapping[str, str], names: Sequence[str]
) -> Iterable[Arrays]:
    inputs = graph_inputs(model)
    runner = StatefulRunner(with_outputs(model, [n for n in names if n not in inputs]), state)
    for feed, outputs in runner.feeds(sequences):
        yield {**feed, **outputs}
