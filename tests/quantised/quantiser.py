"""Quantises small float models as users do: with onnxruntime's static quantiser, to QDQ form."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from compiler.ir import Array
from tools.quantize import operator_handlers

PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")
"""Tells the quantiser that the model is meant to be quantised as it is."""


@dataclass(frozen=True)
class Options:
    """What a user can choose.

    Attributes:
        activations: QInt8, QUInt8, QInt16 or QUInt16.
        weights: QInt8, QUInt8, QInt16, QInt4 or QUInt4; also the type of constant operands.
        per_channel: one scale per output channel of weights, where the operator has channels.
        activation_symmetric, weight_symmetric: zero point in the middle of the stored range.
        keep_activations: a Relu or Clip whose bounds are those of the stored range stays.
        inputs_of_movement: operators that only move elements are quantised even if nothing else
            quantises their operand.
    """

    activations: QuantType
    weights: QuantType = QuantType.QInt8
    per_channel: bool = False
    activation_symmetric: bool = False
    weight_symmetric: bool = True
    keep_activations: bool = False
    inputs_of_movement: bool = True

    def __str__(self) -> str:
        """For example `QUInt8 x QInt8 symmetric per channel`."""
        words = [
            self.activations.name,
            *(["symmetric"] if self.activation_symmetric else []),
            "x",
            self.weights.name,
            *(["symmetric"] if self.weight_symmetric else []),
            *(["per channel"] if self.per_channel else []),
            *(["keeping activations"] if self.keep_activations else []),
            *([] if self.inputs_of_movement else ["not forced"]),
        ]
        return " ".join(words)


EIGHT_BITS = (
    (QuantType.QInt8, QuantType.QInt8),
    (QuantType.QUInt8, QuantType.QInt8),
    (QuantType.QUInt8, QuantType.QUInt8),
)
"""Activations and weights; the quantiser refuses int8 activations with uint8 weights."""

ALL_OPTIONS = tuple(
    Options(*types, *flags)
    for types, flags in product(EIGHT_BITS, product((False, True), repeat=3))
)
"""Every combination with 8 bits."""

ACTIVATION_OPTIONS = tuple(
    Options(*types, False, symmetric, types[1] == QuantType.QInt8, keep)
    for types, symmetric, keep in product(EIGHT_BITS, (False, True), (False, True))
)
"""For operators without weights, whose constant operands still have a type."""

SIXTEEN_BIT_OPTIONS = (
    Options(QuantType.QInt16, QuantType.QInt8, True, True, True),
    Options(QuantType.QInt16, QuantType.QUInt8, False, False, False),
    Options(QuantType.QUInt16, QuantType.QInt8, False, False, True),
    Options(QuantType.QUInt16, QuantType.QInt16, True, False, True),
)
"""16-bit activations, and 16-bit weights, as the quantiser offers them."""

FOUR_BIT_OPTIONS = tuple(
    Options(*types, *flags)
    for types, flags in product(
        ((QuantType.QInt8, QuantType.QInt4), (QuantType.QUInt8, QuantType.QUInt4)),
        ((False, True, True), (True, False, False), (True, False, True)),
    )
)
"""4-bit weights: per tensor and per channel, with zero points and without."""


class _Feeds(CalibrationDataReader):
    """Hands the feeds of all runs to the calibrator."""

    def __init__(self, feeds: Sequence[Mapping[str, Array]]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Array] | None:  # type: ignore[override]
        """The next feed, or None at the end."""
        feed = next(self._feeds, None)
        return None if feed is None else dict(feed)


def quantise(
    model: onnx.ModelProto,
    feeds: Sequence[Mapping[str, Array]],
    options: Options,
    left_in_float: Collection[str] = (),
) -> onnx.ModelProto:
    """The model in QDQ form, calibrated on `feeds`; all operators but `left_in_float`."""
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    entry = prepared.metadata_props.add()
    entry.key, entry.value = PREPARED
    operator_handlers.register()
    onnxruntime.set_default_logger_severity(3)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "quantised.onnx"
            quantize_static(
                prepared,
                target,
                _Feeds(feeds),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=sorted(
                    {node.op_type for node in model.graph.node} - set(left_in_float)
                ),
                per_channel=options.per_channel,
                activation_type=options.activations,
                weight_type=options.weights,
                extra_options={
                    "ActivationSymmetric": options.activation_symmetric,
                    "WeightSymmetric": options.weight_symmetric,
                    "ForceQuantizeNoInputCheck": options.inputs_of_movement,
                    "QDQKeepRemovableActivations": options.keep_activations,
                },
            )
            return onnx.load(target)
    finally:
        root.setLevel(level)
