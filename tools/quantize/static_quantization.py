"""Makes a float32 model int8 with onnxruntime's static quantiser, with ranges of our own.

Activations: one scale per tensor; int8 symmetric (zero point 0) unless int8 or uint8 with a zero
point is asked for. Weights: int8 symmetric, one scale per output channel unless per tensor is asked
for. No graph optimisation takes place before; every float activation between the operators of
``operator_handlers.py`` gets one QuantizeLinear/DequantizeLinear pair. Of recurrent layers, and of
others on request, only the weights are quantised (``weight_only.py``).
"""

from __future__ import annotations

import fnmatch
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import TensorData, TensorsData, save_tensors_data

from compiler.errors import Code, CompileError, Problem, shown_names
from tools.quantize import operator_handlers
from tools.quantize.calibration import Sequences, check_sequences
from tools.quantize.hidden_scores import hidden_scores, names_of
from tools.quantize.observation import calibrated_tensors, check_variation, extremes, histograms
from tools.quantize.range_methods import Range, RangeMethod
from tools.quantize.ranges import round_up
from tools.quantize.weight_only import OPERATORS, RECURRENT, store_weights

# Tells the quantiser that the model is meant to be quantised as it is.
_PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")

LARGEST = float(np.finfo(np.float32).max)
"""Of float32; beyond it a rounded range would be infinite."""

ACTIVATIONS = {
    "int8": (QuantType.QInt8, True),
    "int8-asymmetric": (QuantType.QInt8, False),
    "uint8": (QuantType.QUInt8, False),
}
"""Type, and whether the range is symmetric, so that the zero point is 0."""


@dataclass(frozen=True)
class Scheme:
    """How a model is quantised.

    Attributes:
        activations: a key of `ACTIVATIONS`.
        per_channel: one weight scale per output channel, else one per weight tensor.
        method: how ranges follow from the activations' values.
        range_bits: significant bits of the activations' ranges, see ``ranges.py``.
        allow_constant: patterns of names of activations that may be constant.
        float_layers: patterns of names of nodes that stay as they are.
        weight_only_layers: patterns of names of nodes whose activations stay float32; see
            ``weight_only.py``.
    """

    activations: str = "int8"
    per_channel: bool = True
    method: RangeMethod = field(default_factory=RangeMethod)
    range_bits: int | None = None
    allow_constant: tuple[str, ...] = ()
    float_layers: tuple[str, ...] = ()
    weight_only_layers: tuple[str, ...] = ()


def quantize(
    model: onnx.ModelProto,
    sequences: Sequences,
    state: Mapping[str, str],
    scheme: Scheme,
    file: str = "calibration data",
) -> onnx.ModelProto:
    """Returns the int8 QDQ model.

    Args:
        model: float32 model.
        sequences: calibration runs, see ``calibration.py``.
        state: state input name to state output name.
        scheme: the choices.
        file: name of the calibration data in messages.

    Raises:
        CompileError: the data or the state names do not fit the model, or make no ranges.
    """
    check_sequences(model, state, sequences, file)
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    entry = prepared.metadata_props.add()
    entry.key, entry.value = _PREPARED
    onnxruntime.set_default_logger_severity(3)
    operators = operator_handlers.register()
    activation_type, symmetric = ACTIVATIONS[scheme.activations]
    ranges = activation_ranges(model, sequences, state, operators, scheme)
    excluded = names_of(prepared, hidden_scores(prepared))
    floating, weight_only = _real_layers(model, scheme)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "quantized.onnx"
        # Given to the quantiser as what an earlier calibration has found.
        cache = Path(folder) / "ranges.json"
        save_tensors_data(_tensors_data(ranges), cache)
        quantize_static(
            prepared,
            target,
            None,
            calibration_cache_path=cache,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operators,
            nodes_to_exclude=sorted({*excluded, *floating, *weight_only}),
            per_channel=scheme.per_channel,
            activation_type=activation_type,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": symmetric,
                "WeightSymmetric": True,
            },
        )
        quantized = onnx.load(target)
    del quantized.metadata_props[:]
    del quantized.graph.value_info[:]
    quantized = store_weights(
        quantized,
        lambda node: (
            node.name in weight_only or (node.op_type in RECURRENT and node.name not in floating)
        ),
        per_channel=scheme.per_channel,
    )
    onnx.checker.check_model(quantized, full_check=True)
    return quantized


def activation_ranges(
    model: onnx.ModelProto,
    sequences: Sequences,
    state: Mapping[str, str],
    operators: Iterable[str],
    scheme: Scheme,
) -> dict[str, Range]:
    """The range of every activation that `operators` read or write.

    Raises:
        CompileError: an activation is NaN, infinite or constant, or a pattern matches nothing.
    """
    hidden = hidden_scores(model).tensors
    real = [name for names in _real_layers(model, scheme) for name in names]
    quantised = calibrated_tensors(model, frozenset(operators), real)
    tensors = [tensor for tensor in quantised if tensor not in hidden]
    found = extremes(model, sequences, state, tensors)
    check_variation(model, found, scheme.allow_constant)
    counted = histograms(model, sequences, state, found) if scheme.method.needs_histogram else {}
    _, symmetric = ACTIVATIONS[scheme.activations]
    ranges: dict[str, Range] = {}
    for name, ends in found.items():
        low, high = scheme.method(ends, counted.get(name), symmetric)
        if scheme.range_bits is not None:
            low, high = round_up(low, scheme.range_bits), round_up(high, scheme.range_bits)
        ranges[name] = (max(low, -LARGEST), min(high, LARGEST))
    return ranges


def _real_layers(model: onnx.ModelProto, scheme: Scheme) -> tuple[list[str], list[str]]:
    """Names of the nodes that stay float32, and of those of which only weights are stored.

    Raises:
        CompileError: a pattern matches nothing, or for weights alone a node without such weights.
    """
    weight_only = _matching_nodes(model, scheme.weight_only_layers)
    problems = [
        Problem(
            Code.CALIBRATION,
            f"node '{node.name}' ({node.op_type})",
            "its weights cannot be stored while its activations are float32",
            ", ".join(sorted(OPERATORS)),
            "name the layers one by one in weight_only_layers, or leave it to float_layers",
        )
        for node in model.graph.node
        if node.name in weight_only and node.op_type not in OPERATORS
    ]
    if problems:
        raise CompileError(problems)
    return _matching_nodes(model, scheme.float_layers), weight_only


def _matching_nodes(model: onnx.ModelProto, patterns: Iterable[str]) -> list[str]:
    """Names of nodes, in graph order.

    Raises:
        CompileError: names all patterns that match no node.
    """
    names = [node.name for node in model.graph.node if node.name]
    matching = {pattern: fnmatch.filter(names, pattern) for pattern in patterns}
    problems = [
        Problem(
            Code.CALIBRATION,
            f"'{pattern}'",
            "no node that could stay float32 is called so; there are: " + shown_names(names),
        )
        for pattern, found in matching.items()
        if not found
    ]
    if problems:
        raise CompileError(problems)
    return [name for name in names if any(name in found for found in matching.values())]


def _tensors_data(ranges: Mapping[str, Range]) -> TensorsData:
    return TensorsData(
        CalibrationMethod.MinMax,
        {
            name: TensorData(lowest=np.array(low, np.float32), highest=np.array(high, np.float32))
            for name, (low, high) in ranges.items()
        },
    )
