"""What runs for a layer that the accelerator gets: its own operation, and what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, DataType, Operation, TensorType
from compiler.operators.accelerated_conv import AcceleratedInt8
from compiler.operators.conv import ConvInt8
from compiler.operators.movement import Pad, Slice
from compiler.operators.table import Table
from compiler.operators.windows import Windows
from compiler.target.neureka_form import ZERO_OF_UINT8, Layer, accelerated, can_be
from compiler.target.soc import Cluster


@dataclass(frozen=True)
class Step:
    """An operation, and the types of its operands."""

    operation: Operation
    types: Sequence[TensorType]

    @property
    def is_job(self) -> bool:
        return isinstance(self.operation, AcceleratedInt8)


def steps_of_layer(x: TensorType, output: TensorType, layer: Layer) -> list[Step]:
    """What runs for a layer on the accelerator, from int8 `x` to int8 `output`."""
    result: list[Step] = []
    if layer.windows is not None:
        result.append(Step(layer.windows, [x]))
    unsigned = needs_unsigned(layer)
    if not unsigned and needs_pad(layer):
        pad, padded_layer = padded(layer)
        result.append(Step(pad, [layer.x]))
        layer = padded_layer
    read = TensorType(DataType.UINT8, layer.x.shape) if unsigned else layer.x
    operation, constants = accelerated(layer, unsigned_input=unsigned, unsigned_output=False)
    types: list[TensorType] = [read, *map(TensorType.of, constants)]
    result.append(Step(operation, types))
    (made,) = operation.infer(types)
    if made.shape != output.shape:
        result.append(Step(picked(made, output), [made]))
    if layer.clip is not None:
        result.append(Step(Table(), [output, TensorType.of(clipping(layer.clip))]))
    return result


def fit(steps: Sequence[Step], cluster: Cluster) -> bool:
    """Whether L1 has room, by a rule of thumb, for what cannot be cut, and for windows."""
    for step in steps:
        types = step.types
        needed = sum(type_.bytes for type_ in (*types, *step.operation.infer(types)))
        uncut = not step.operation.tile_axes(types) or isinstance(step.operation, Windows)
        if uncut and needed > cluster.l1_bytes // 2:
            return False
    return True


def needs_unsigned(layer: Layer) -> bool:
    """Whether padding reads as 0 if the input is uint8, and nothing leaves 32 bits then."""
    return (
        layer.pads_after
        and layer.zero_point == ZERO_OF_UINT8
        and can_be(layer, unsigned_input=True, unsigned_output=False)
    )


def needs_pad(layer: Layer) -> bool:
    """Whether the cores have to pad an input that is int8."""
    return layer.pads_after and layer.zero_point != 0


def padded(layer: Layer) -> tuple[Pad, Layer]:
    """What pads the input below and to the right, and the layer without this padding."""
    assert isinstance(layer.operation, ConvInt8)
    window = layer.operation.window
    spatial = tuple(max(0, end) for end in window.ends)[4 - len(layer.x.shape) :]
    after = (0, *spatial, 0)
    pad = Pad((0,) * len(after), after, layer.zero_point & 0xFF)
    ends = min(0, window.ends[0]), min(0, window.ends[1])
    conv = replace(layer.operation, window=replace(window, ends=ends))
    return pad, replace(layer, operation=conv, x=pad.infer([layer.x])[0])


def clipping(bounds: tuple[int, int]) -> Array:
    """A table that limits int8 values."""
    return np.clip(np.arange(-128, 128), *bounds).astype(np.int8)


def picked(dense: TensorType, wanted: TensorType) -> Slice:
    """Every so manieth pixel of an output."""
    rank = len(dense.shape)
    steps = tuple(
        1 if w == 1 else (d - 1) // (w - 1) for d, w in zip(dense.shape, wanted.shape, strict=True)
    )
    return Slice((0,) * rank, steps, wanted.shape)
