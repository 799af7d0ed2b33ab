"""Measures what quantisation does to every activation of a model.

Two errors of each, in comparison with the float model on the same data:

* *local*: the layer that makes the activation has the float model's operands, rounded as the
  quantised model stores them, so that the error is this layer's own: of the operands' steps, of its
  weights and of the result's step;
* *accumulated*: in the quantised model from end to end, with the errors of all layers before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.calibration import Arrays, Sequences, StatefulRunner, graph_inputs, with_outputs
from tools.quantize.evaluation import decibels

MOVEMENT = frozenset(
    {
        *("Concat", "Flatten", "Gather", "Identity", "MaxPool", "Pad", "Reshape", "Slice"),
        *("Split", "Squeeze", "TensorScatter", "Transpose", "Unsqueeze"),
    }
)
"""Operators whose result has the values of an operand: their error is that of what made them."""

_LOCAL = "/quantization_local"
_FLOAT = "/quantization_float"
_STORED_TYPES = {
    TensorProto.INT8: 8,
    TensorProto.UINT8: 8,
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.INT2: 2,
    TensorProto.UINT2: 2,
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ErrorMeasure:
    """A difference from the float model over all runs: sum of squares, and the largest one."""

    noise: float
    largest: float


@dataclass(frozen=True)
class WeightError:
    """A constant that is stored in few bits.

    Attributes:
        name: of the float model's constant.
        bits: 8, 4 or 2.
        elements: number of weights.
        scales: smallest and largest scale.
        channels: number of scales.
        saturated: share of weights that are smaller or larger than what their scale reaches.
        signal_to_noise_db: None without error.
    """

    name: str
    bits: int
    elements: int
    scales: tuple[float, float]
    channels: int
    saturated: float
    signal_to_noise_db: float | None

    @property
    def bytes(self) -> int:
        """Without scales."""
        return (self.elements * self.bits + 7) // 8


@dataclass(frozen=True)
class LayerError:
    """A quantised activation and the layer that makes it.

    Attributes:
        tensor: the activation's name in the float model.
        layer, operator: name and type of the node that makes it; empty for inputs.
        scale, zero_point, data_type: how it is stored.
        representable: the smallest and the largest number that it can be.
        observed: smallest and largest value in the float model.
        saturated: share of the float model's values that are not representable.
        saturation_noise: sum of squares of how far they are from it.
        signal: sum of squares of the float model's values.
        elements: how many values that are.
        local, accumulated: what quantisation does to it.
        weights: the layer's constants.
    """

    tensor: str
    layer: str
    operator: str
    scale: float
    zero_point: int
    data_type: str
    representable: tuple[float, float]
    observed: tuple[float, float]
    saturated: float
    saturation_noise: float
    signal: float
    elements: int
    local: ErrorMeasure
    accumulated: ErrorMeasure
    weights: tuple[WeightError, ...]

    @property
    def local_db(self) -> float | None:
        """Signal to noise; None without signal or noise."""
        return decibels(self.signal, self.local.noise)

    @property
    def accumulated_db(self) -> float | None:
        """Signal to noise; None without signal or noise."""
        return decibels(self.signal, self.accumulated.noise)

    @property
    def cause(self) -> str:
        """What most of the local error comes from, by the first of these that explains it.

        "saturation": values beyond the range; "weights": they have about as little signal to noise;
        "step": rounding to steps of the scale s, whose mean square is s² / 12; else "operands".
        """
        own = self.local_db
        if own is None:
            return "none"
        if 2 * self.saturation_noise > self.local.noise:
            return "saturation"
        weights = [w.signal_to_noise_db for w in self.weights if w.signal_to_noise_db is not None]
        if weights and min(weights) < own + 3:
            return "weights"
        rounding = self.elements * self.scale**2 / 12
        return "step" if self.local.noise < 2 * rounding else "operands"


@dataclass
class _Sums:
    signal: float = 0.0
    elements: int = 0
    saturated: int = 0
    saturation_noise: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    noise: dict[str, float] = field(default_factory=lambda: {"local": 0.0, "accumulated": 0.0})
    largest: dict[str, float] = field(default_factory=lambda: {"local": 0.0, "accumulated": 0.0})

    def add(self, x: Floats, found: Mapping[str, Floats], ends: tuple[float, float]) -> None:
        self.signal += float((x * x).sum())
        self.elements += x.size
        beyond = x - np.clip(x, *ends)
        self.saturated += int(np.count_nonzero(beyond))
        self.saturation_noise += float((beyond * beyond).sum())
        self.low = min(self.low, float(x.min(initial=math.inf)))
        self.high = max(self.high, float(x.max(initial=-math.inf)))
        for kind, y in found.items():
            difference = y - x
            self.noise[kind] += float((difference * difference).sum())
            self.largest[kind] = max(self.largest[kind], float(np.abs(difference).max(initial=0)))


def activation_pairs(quantized: onnx.ModelProto) -> dict[str, tuple[str, onnx.NodeProto]]:
    """Returns, for each quantised activation, its dequantised tensor and its QuantizeLinear node.

    Keyed by the tensor's name in the float model, in the order of the graph.
    """
    weights = {tensor.name for tensor in quantized.graph.initializer}
    outputs = {value.name for value in quantized.graph.output}
    dequantized = {
        node.input[0]: node.output[0]
        for node in quantized.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in weights
    }
    pairs: dict[str, tuple[str, onnx.NodeProto]] = {}
    for node in quantized.graph.node:
        if node.op_type == "QuantizeLinear":
            target = dequantized[node.output[0]]
            pairs[target if target in outputs else node.input[0]] = (target, node)
    return pairs


def layer_errors(
    float_model: onnx.ModelProto,
    quantized: onnx.ModelProto,
    sequences: Sequences,
    state: Mapping[str, str],
    weight_bits: Mapping[str, int] | None = None,
) -> list[LayerError]:
    """Runs both models over the data, each with its own state, and compares every activation.

    Args:
        float_model: what was quantised.
        quantized: QDQ model with the float model's inputs and outputs.
        sequences: data, see ``calibration.py``.
        state: state input name to state output name.
        weight_bits: of dequantised weights that are stored in more bits than they need.

    Returns:
        The activations in the order of the graph.
    """
    pairs = activation_pairs(quantized)
    constants = {t.name: numpy_helper.to_array(t) for t in quantized.graph.initializer}
    inputs = graph_inputs(float_model)
    computed = [name for name in pairs if name not in inputs]
    targets = [target for target, _ in pairs.values()]
    reference = StatefulRunner(with_outputs(float_model, computed), state).feeds(sequences)
    whole = StatefulRunner(with_outputs(quantized, targets), state).feeds(sequences)
    local = StatefulRunner(_local_model(quantized, pairs, inputs), {})
    ends = {name: _representable(node, constants) for name, (_, node) in pairs.items()}
    sums = {name: _Sums() for name in pairs}
    for (feed, outputs), (_, accumulated) in zip(reference, whole, strict=True):
        values = {**feed, **outputs}
        given: Arrays = dict(feed) | {name + _FLOAT: values[name] for name in computed}
        _, own = next(local.feeds([[given]]))
        for name, (target, _) in pairs.items():
            found = {
                "local": own[target if name in inputs else name + _LOCAL].astype(np.float64),
                "accumulated": accumulated[target].astype(np.float64),
            }
            sums[name].add(values[name].astype(np.float64), found, ends[name])
    weights = _Weights(float_model, quantized, constants, weight_bits or {})
    return [
        _layer_error(name, node, constants, sums[name], ends[name], weights)
        for name, (_, node) in pairs.items()
    ]


def worst_layers(layers: Sequence[LayerError], count: int = 3) -> list[LayerError]:
    """Those that add most noise in comparison with their signal, the worst first."""
    own = [
        (decibel, index)
        for index, layer in enumerate(layers)
        if layer.operator
        and layer.operator not in MOVEMENT
        and (decibel := layer.local_db) is not None
    ]
    return [layers[index] for _, index in sorted(own)[:count]]


def _layer_error(
    name: str,
    node: onnx.NodeProto,
    constants: Mapping[str, npt.NDArray[np.generic]],
    sums: _Sums,
    ends: tuple[float, float],
    weights: _Weights,
) -> LayerError:
    producer = weights.producers.get(node.input[0])
    observed = (sums.low, sums.high) if sums.elements else (0.0, 0.0)
    return LayerError(
        tensor=name,
        layer=producer.name if producer else "",
        operator=producer.op_type if producer else "",
        scale=float(constants[node.input[1]].item()),
        zero_point=int(constants[node.input[2]].item()),
        data_type=str(constants[node.input[2]].dtype),
        representable=ends,
        observed=observed,
        saturated=sums.saturated / max(1, sums.elements),
        saturation_noise=sums.saturation_noise,
        signal=sums.signal,
        elements=sums.elements,
        local=ErrorMeasure(sums.noise["local"], sums.largest["local"]),
        accumulated=ErrorMeasure(sums.noise["accumulated"], sums.largest["accumulated"]),
        weights=weights.of(node.input[0]),
    )


def _representable(
    node: onnx.NodeProto, constants: Mapping[str, npt.NDArray[np.generic]]
) -> tuple[float, float]:
    """Half a step beyond the ends is still rounded to them; it is not saturation."""
    scale, zero_point = float(constants[node.input[1]].item()), constants[node.input[2]]
    limits = np.iinfo(zero_point.dtype)
    middle = int(zero_point.item())
    return (limits.min - middle - 0.5) * scale, (limits.max - middle + 0.5) * scale


def _local_model(
    quantized: onnx.ModelProto,
    pairs: Mapping[str, tuple[str, onnx.NodeProto]],
    inputs: Mapping[str, onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """The model cut in front of every QuantizeLinear: each layer has the float model's operands.

    What follows a pair reads the new input NAME/quantization_float through the pair; a copy of the
    pair gives the layer's own result as output NAME/quantization_local.
    """
    model = onnx.ModelProto()
    model.CopyFrom(quantized)
    graph = model.graph
    del graph.output[:]
    quantizers = {n.output[0]: n for n in graph.node if n.op_type == "QuantizeLinear"}
    dequantizers = {n.input[0]: n for n in graph.node if n.op_type == "DequantizeLinear"}
    copies: list[onnx.NodeProto] = []
    outputs: list[str] = []
    for name, (target, original) in pairs.items():
        if name in inputs:
            outputs.append(target)
            continue
        stored = original.output[0]
        pair = [onnx.NodeProto(), onnx.NodeProto()]
        pair[0].CopyFrom(quantizers[stored])
        pair[1].CopyFrom(dequantizers[stored])
        pair[0].output[0] = pair[1].input[0] = name + _LOCAL + "/stored"
        pair[1].output[0] = name + _LOCAL
        for node in pair:
            node.name = ""
        quantizers[stored].input[0] = name + _FLOAT
        graph.input.append(helper.make_tensor_value_info(name + _FLOAT, TensorProto.FLOAT, None))
        copies += pair
        outputs.append(name + _LOCAL)
    graph.node.extend(copies)
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs
    )
    return model


class _Weights:
    """The constants of few bits that each layer reads."""

    def __init__(
        self,
        float_model: onnx.ModelProto,
        quantized: onnx.ModelProto,
        constants: Mapping[str, npt.NDArray[np.generic]],
        weight_bits: Mapping[str, int],
    ) -> None:
        self._weight_bits = weight_bits
        self.producers = {
            output: node for node in quantized.graph.node for output in node.output if output
        }
        self._constants = constants
        self._bits = {
            tensor.name: _STORED_TYPES[tensor.data_type]
            for tensor in quantized.graph.initializer
            if tensor.data_type in _STORED_TYPES
        }
        self._floats = {tensor.name: tensor for tensor in float_model.graph.initializer}
        self._known: dict[str, WeightError | None] = {}

    def of(self, result: str) -> tuple[WeightError, ...]:
        """Those that a tensor is computed from, back to activations that are stored."""
        found: dict[str, WeightError] = {}
        pending, seen = [result], set[str]()
        while pending:
            node = self.producers.get(pending.pop(0))
            if node is None or node.output[0] in seen:
                continue
            seen.add(node.output[0])
            if node.op_type != "DequantizeLinear":
                pending += [name for name in node.input if name]
            elif node.input[0] in self._bits and (error := self._error(node)):
                found[error.name] = error
        return tuple(found.values())

    def _error(self, dequantize: onnx.NodeProto) -> WeightError | None:
        stored = dequantize.input[0]
        name = stored.removesuffix("_quantized")
        if name not in self._floats:
            return None
        if stored not in self._known:
            self._known[stored] = self._measured(name, dequantize)
        return self._known[stored]

    def _measured(self, name: str, dequantize: onnx.NodeProto) -> WeightError:
        real = numpy_helper.to_array(self._floats[name]).astype(np.float64)
        stored = self._constants[dequantize.input[0]].astype(np.float64)
        bits = self._weight_bits.get(dequantize.output[0], self._bits[dequantize.input[0]])
        scale = self._constants[dequantize.input[1]].astype(np.float64)
        zero_point = self._constants[dequantize.input[2]].astype(np.float64)
        if scale.ndim:
            axis = next((entry.i for entry in dequantize.attribute if entry.name == "axis"), 1)
            shape = [-1 if i == axis % stored.ndim else 1 for i in range(stored.ndim)]
            scale, zero_point = scale.reshape(shape), zero_point.reshape(shape)
        found = (stored - zero_point) * scale
        lowest = -(1 << bits - 1) if self._constants_signed(dequantize) else 0
        low = (lowest - zero_point - 0.5) * scale
        high = (lowest + (1 << bits) - 1 - zero_point + 0.5) * scale
        noise = float(((found - real) ** 2).sum())
        return WeightError(
            name=name,
            bits=bits,
            elements=real.size,
            scales=(float(scale.min()), float(scale.max())),
            channels=scale.size,
            saturated=float(((real < low) | (real > high)).mean()),
            signal_to_noise_db=decibels(float((real * real).sum()), noise),
        )

    def _constants_signed(self, dequantize: onnx.NodeProto) -> bool:
        return not str(self._constants[dequantize.input[0]].dtype).startswith("uint")
