"""Products of integers of 16 bits, as products of their halves, which have 8.

`x = 256 * upper + lower`, so that `x · w = 256 * (upper · w) + lower · w`, modulo 2^32 as sums of
32 bits are anyway. The upper half has the sign of x; the lower half of an operand is from 0 to
255, that of a constant from -128 to 127, as weights are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np

from compiler.frontend.model import AttributeValue, OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import Array, DataType, TensorType
from compiler.operators.registry import PULP_DOMAIN

PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
HALVED = (DataType.INT16, DataType.UINT16)
UNIT = 256
LIMITS = np.iinfo(np.int8)


def needs_halves(operator: str, index: int, tensor: OnnxTensor) -> bool:
    """Whether operand `index` of a product has more bits than kernels take, but at most 16."""
    if operator not in PRODUCTS:
        return False
    data = tensor.constant
    if data is None:
        return tensor.type.data_type in HALVED
    if data.size == 0:
        return False
    low, high = int(data.min()), int(data.max())
    if (LIMITS.min <= low and high <= LIMITS.max) or (
        operator != "Conv" and low >= 0 and high < UNIT
    ):
        return False
    upper = _upper(data)
    return bool(upper.min() >= LIMITS.min and upper.max() <= LIMITS.max)


def _upper(data: Array) -> Array:
    """The upper half of constants whose lower half is from -128 to 127."""
    return (data.astype(np.int64) - LIMITS.min) // UNIT


def in_halves(node: OnnxNode, index: int, model: OnnxModel) -> Iterator[OnnxNode]:
    """The nodes in place of a product with operand `index` of 16 bits; adds tensors to the model.

    They are of ONNX and of the dialect, as in a file: their types are still to be found.
    """
    build = _Build(node, model)
    name = node.inputs[index]
    assert name is not None
    x = model.tensors[name]
    if x.constant is not None:
        upper = _upper(x.constant)
        lower = x.constant.astype(np.int64) - UNIT * upper
        halves = [build.constant("lower", lower), build.constant("upper", upper)]
    else:
        shape, signed = x.type.shape, x.type.data_type is DataType.INT16
        one, unit = build.constant("one", np.array(1)), build.constant("unit", np.array(UNIT))
        # Half of the unit is added for rounding, which is not wanted here.
        half = build.constant("half", np.array(-UNIT // 2))
        zero = build.constant("zero", np.array(0))
        upper = yield from build.shift("upper", (name, one, half), shape, UNIT, signed)
        scaled = yield from build.node("Mul", "upper_part", (upper, unit), shape)
        rest = yield from build.node("Sub", "rest", (name, scaled), shape)
        lower = yield from build.shift("lower", (rest, one, zero), shape, 1, False)
        halves = [lower, upper]
    shape = model.tensors[node.output()].type.shape
    made: list[str] = []
    for role, half in zip(("lower_product", "upper_product"), halves, strict=True):
        operands = list(node.inputs if role == "lower_product" else node.inputs[:2])
        operands[index] = half
        made.append(build.tensor(role, shape))
        yield replace(node, name=f"{node.name}/{role}", inputs=tuple(operands), outputs=(made[-1],))
    unit = build.constant("unit", np.array(UNIT))
    scaled = yield from build.node("Mul", "scaled_product", (made[1], unit), shape)
    yield replace(
        node, operator="Add", inputs=(made[0], scaled), outputs=node.outputs, attributes={}
    )


class _Build:
    def __init__(self, node: OnnxNode, model: OnnxModel) -> None:
        self._node = node
        self._model = model

    def tensor(self, role: str, shape: tuple[int, ...]) -> str:
        name = f"{self._node.output()}/{role}"
        self._model.tensors[name] = OnnxTensor(name, TensorType(DataType.FLOAT32, shape))
        return name

    def constant(self, role: str, data: Array) -> str:
        name = f"{self._node.output()}/{role}"
        real = np.asarray(data, np.float32)
        self._model.tensors[name] = OnnxTensor(name, TensorType.of(real), real)
        return name

    def node(
        self, operator: str, role: str, inputs: tuple[str, ...], shape: tuple[int, ...]
    ) -> Generator[OnnxNode, None, str]:
        output = self.tensor(role, shape)
        name = f"{self._node.name}/{role}"
        yield OnnxNode(operator, name, inputs, (output,), {}, self._node.opset)
        return output

    def shift(
        self, role: str, inputs: tuple[str, ...], shape: tuple[int, ...], divisor: int, signed: bool
    ) -> Generator[OnnxNode, None, str]:
        output = self.tensor(role, shape)
        attributes: dict[str, AttributeValue] = {"div": divisor, "n_levels": UNIT}
        attributes["signed"] = int(signed)
        name = f"{self._node.name}/{role}"
        yield OnnxNode(
            "RequantShift", name, inputs, (output,), attributes, self._node.opset, PULP_DOMAIN
        )
        return output
