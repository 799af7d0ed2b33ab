"""MaxPool of integers of 32 bits, which no kernel for windows takes, as maxima of slices.

The largest number of a window is the largest along one axis after the other. Along an axis every
tap is a strided slice of the padded tensor, and Max takes the largest of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import DataType, TensorType

LEAST = int(np.iinfo(np.int32).min)


def largest_of_windows(node: OnnxNode, model: OnnxModel) -> list[OnnxNode] | None:
    """The nodes in place of a MaxPool of int32; adds tensors to the model.

    None if it has padding that follows from extents (auto_pad), also asks for indices, or has
    windows that do not fit into the input: the lowering refuses these.
    """
    attribute = node.attribute
    if attribute("auto_pad", "NOTSET") != "NOTSET" or len(node.outputs) > 1:
        return None
    taps: list[int] = attribute("kernel_shape", list[int]())
    count = len(taps)
    strides: list[int] = attribute("strides", [1] * count)
    dilations: list[int] = attribute("dilations", [1] * count)
    pads: list[int] = attribute("pads", [0] * 2 * count)
    extents = model.tensors[node.inputs[0] or ""].type.shape[2:]
    padded = [extents[i] + pads[i] + pads[count + i] for i in range(count)]
    if not attribute("ceil_mode", 0) and any(
        dilations[i] * (taps[i] - 1) >= padded[i] for i in range(count)
    ):
        return None
    build = _Build(node, model)
    for index in range(count):
        build.along(index, taps[index], strides[index], dilations[index], pads[index])
    return build.nodes()


class _Build:
    def __init__(self, node: OnnxNode, model: OnnxModel) -> None:
        self._node = node
        self._tensors = model.tensors
        name = node.inputs[0]
        assert name is not None
        self._x = name
        self._shape = list(self._tensors[name].type.shape)
        self._wanted = self._tensors[node.output()].type.shape
        self._made: list[OnnxNode] = []

    def nodes(self) -> list[OnnxNode]:
        result = self._node.output()
        self._made.append(self._new("Identity", "result", (self._x,), result))
        return self._made

    def along(self, index: int, taps: int, stride: int, dilation: int, before: int) -> None:
        """The largest of the windows along spatial axis `index`."""
        axis, extent = index + 2, self._wanted[index + 2]
        reach = (extent - 1) * stride + 1
        after = max(0, reach + (taps - 1) * dilation - before - self._shape[axis])
        if before or after:
            pads = [0] * 2 * len(self._shape)
            pads[axis], pads[axis + len(self._shape)] = before, after
            self._shape[axis] += before + after
            operands = (self._integers(f"{index}/pads", pads), self._least(f"{index}/least"))
            self._x = self._emit("Pad", f"{index}/padded", self._shape, operands)
        self._shape[axis] = extent
        slices = [
            self._emit("Slice", f"{index}/tap_{tap}", self._shape, tuple(operands))
            for tap in range(taps)
            for operands in [
                self._bounds(f"{index}/tap_{tap}", axis, tap * dilation, reach, stride)
            ]
        ]
        self._x = slices[0]
        if taps > 1:
            self._x = self._emit("Max", f"{index}/largest", self._shape, tuple(slices[1:]))

    def _bounds(self, role: str, axis: int, begin: int, reach: int, step: int) -> Iterator[str]:
        numbers = {"begin": begin, "end": begin + reach, "axis": axis, "step": step}
        for name, number in numbers.items():
            yield self._integers(f"{role}/{name}", [number])

    def _integers(self, role: str, numbers: list[int]) -> str:
        return self._constant(role, np.array(numbers, np.int64))

    def _least(self, role: str) -> str:
        return self._constant(role, np.array(LEAST, np.int32))

    def _constant(self, role: str, data: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
        name = f"{self._node.name}/{role}"
        self._tensors[name] = OnnxTensor(name, TensorType.of(data), data)
        return name

    def _emit(self, operator: str, role: str, shape: list[int], others: tuple[str, ...]) -> str:
        name = f"{self._node.name}/{role}"
        self._tensors[name] = OnnxTensor(name, TensorType(DataType.INT32, tuple(shape)))
        self._made.append(self._new(operator, role, (self._x, *others), name))
        return name

    def _new(self, operator: str, role: str, inputs: tuple[str, ...], output: str) -> OnnxNode:
        return OnnxNode(
            operator, f"{self._node.name}/{role}", inputs, (output,), {}, self._node.opset
        )
