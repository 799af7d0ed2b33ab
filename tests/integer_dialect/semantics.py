"""What the dialect's operators mean, in Python's integers: slow, plain, and all by itself.

docs/importers.md has the same in words. Arrays hold Python integers, which have no width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import isqrt, prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Numbers = npt.NDArray[Any]
"""Of dtype object: Python's integers."""


def run(model: ModelProto, inputs: Mapping[str, Numbers]) -> list[Numbers]:
    """The outputs of a model whose nodes are in order."""
    values: dict[str, Numbers] = {
        tensor.name: exact(numpy_helper.to_array(tensor)) for tensor in model.graph.initializer
    }
    values.update({name: exact(data) for name, data in inputs.items()})
    for node in model.graph.node:
        operands = [values[name] for name in node.input]
        values[node.output[0]] = OPERATORS[node.op_type](operands, _attributes(node))
    return [values[output.name] for output in model.graph.output]


def exact(data: npt.NDArray[Any]) -> Numbers:
    """An array of whole numbers as Python's integers."""
    result = np.empty(data.shape, object)
    for index in np.ndindex(data.shape):
        result[index] = int(data[index])
    return result


Attributes = Mapping[str, Any]


def _attributes(node: NodeProto) -> Attributes:
    result: dict[str, Any] = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, TensorProto):
            value = int(numpy_helper.to_array(value).item())
        result[attribute.name] = value
    return result


def _towards_zero(dividend: int, divisor: int) -> int:
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _rounded(dividend: int, divisor: int) -> int:
    """The nearest integer; half of a positive divisor away from zero."""
    half = divisor >> 1
    return _towards_zero(dividend + (half if dividend >= 0 else -half), divisor)


def _exponent(power: int) -> int:
    assert power & (power - 1) == 0
    return power.bit_length() - 1


def _limited(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def _low_byte(value: int) -> int:
    return (value + 128) % 256 - 128


def _each(function: Callable[..., int], *operands: Numbers) -> Numbers:
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    views = [np.broadcast_to(operand, shape) for operand in operands]
    result = np.empty(shape, object)
    for index in np.ndindex(shape):
        result[index] = function(*(view[index] for view in views))
    return result


def _rows(function: Callable[..., list[int]], x: Numbers, *rows: Numbers) -> Numbers:
    """A function of the last axis."""
    result = np.empty(x.shape, object)
    for index in np.ndindex(x.shape[:-1]):
        result[index] = function(list(x[index]), *(list(row.reshape(-1)) for row in rows))
    return result


def _requant_shift(operands: list[Numbers], a: Attributes) -> Numbers:
    x, *constants = operands
    shift, levels = _exponent(a["div"]), a["n_levels_out"]
    low, high = (-(levels // 2), levels // 2 - 1) if a["signed"] else (0, levels - 1)
    for i, data in enumerate(constants):
        # Channels are axis 1, except in the matrices that a Gemm makes of a vector.
        if 1 < data.size == data.shape[0] and x.ndim > 2:
            constants[i] = data.reshape(1, -1, *(1,) * (x.ndim - 2))
    half = a["div"] >> 1
    return _each(
        lambda v, mul, add: _limited((v * mul + add + half) >> shift, low, high), x, *constants
    )


def _conv(operands: list[Numbers], a: Attributes) -> Numbers:
    x, weights = operands[:2]
    axes = x.ndim - 2
    pads = a.get("pads", [0] * 2 * axes)
    strides, groups = a.get("strides", [1] * axes), a.get("group", 1)
    around = [(0, 0), (0, 0), *zip(pads[:axes], pads[axes:], strict=True)]
    x = np.pad(x, around, constant_values=0)
    taps = weights.shape[2:]
    extents = [(x.shape[2 + i] - taps[i]) // strides[i] + 1 for i in range(axes)]
    result = np.zeros((x.shape[0], weights.shape[0], *extents), object)
    each, outputs = weights.shape[1], weights.shape[0] // groups
    for index in np.ndindex(result.shape):
        batch, output, *place = index
        window = tuple(
            slice(p * s, p * s + t) for p, s, t in zip(place, strides, taps, strict=True)
        )
        first = output // outputs * each
        seen = x[(batch, slice(first, first + each), *window)]
        result[index] = int((seen * weights[output]).sum())
        if len(operands) > 2:
            result[index] += operands[2][output]
    return result


def _max_pool(operands: list[Numbers], a: Attributes) -> Numbers:
    (x,) = operands
    taps, strides = a["kernel_shape"], a["strides"]
    extents = [(x.shape[2 + i] - taps[i]) // strides[i] + 1 for i in range(len(taps))]
    result = np.empty((*x.shape[:2], *extents), object)
    for index in np.ndindex(result.shape):
        window = [range(p * s, p * s + t) for p, s, t in zip(index[2:], strides, taps, strict=True)]
        result[index] = max(x[(*index[:2], *place)] for place in product(*window))
    return result


def _gemm(operands: list[Numbers], a: Attributes) -> Numbers:
    left, right = operands[:2]
    left = left.T if a.get("transA", 0) else left
    right = right.T if a.get("transB", 0) else right
    result = int(a.get("alpha", 1)) * left.dot(right)
    return result + int(a.get("beta", 1)) * operands[2] if len(operands) > 2 else result


def _softmax(a: Attributes, row: list[int]) -> list[int]:
    exponentials: list[int] = []
    for value in row:
        distance = max(row) - value
        halvings = min(distance // a["log2"], 31)
        rest = halvings * a["log2"] - distance
        polynomial = a["coeffA"] * (rest + a["coeffB"]) ** 2 + a["coeffC"]
        exponentials.append(polynomial >> halvings)
    return [e * (a["n_levels"] - 1) // sum(exponentials) for e in exponentials]


def _powers(a: Attributes, row: list[int]) -> list[int]:
    shifts = [(max(row) - value + 16) >> 5 for value in row]
    inverse = (a["n_levels"] - 1) * 256 // sum(256 >> shift for shift in shifts)
    return [inverse >> shift for shift in shifts]


def _partial_powers(a: Attributes, row: list[int]) -> list[int]:
    width, most, total = a["group_width"], -128, 0
    for start in range(0, len(row), width):
        group = row[start : start + width]
        if max(group) > most:
            total >>= (max(group) - most + 16) >> 5
            most = max(group)
        total += sum(256 >> ((most - value + 16) >> 5) for value in group)
    inverse = (a["n_levels"] // 2 - 1) * 256 // total
    return [inverse >> ((most - value + 16) >> 5) for value in row]


def _layer_norm(a: Attributes, row: list[int], weight: list[int], bias: list[int]) -> list[int]:
    mean = _towards_zero(sum(row), len(row))
    centred = [value - mean for value in row]
    root = isqrt(sum(c * c for c in centred) // len(row) + 1)
    quotients = [_towards_zero(c * w, root) for c, w in zip(centred, weight, strict=True)]
    shift = _exponent(a["D"])
    return [_low_byte((q + b) >> shift) for q, b in zip(quotients, bias, strict=True)]


def _rms_norm(a: Attributes, row: list[int], weight: list[int]) -> list[int]:
    root = isqrt(sum(value * value for value in row) // len(row) + 1)
    quotients = [_towards_zero(v * w, root) for v, w in zip(row, weight, strict=True)]
    return [_limited(q >> _exponent(a["D"]), -128, 127) for q in quotients]


def _gelu(x: int, b: int, one: int) -> int:
    sign = (x > 0) - (x < 0)
    return x * ((one + sign * (one - (min(abs(x), -b) + b) ** 2)) >> 1)


def _mean(operands: list[Numbers], a: Attributes) -> Numbers:
    (x,), axes = operands, tuple(a["axes"])
    count = prod(x.shape[axis] for axis in axes)
    total = np.asarray(x.sum(axes, keepdims=bool(a.get("keepdims", 1))))
    if count & (count - 1) == 0:
        return _each(lambda s: (s + count // 2) >> _exponent(count), total)
    return _each(lambda s: _rounded(s, count), total)


OPERATORS: Mapping[str, Callable[[list[Numbers], Attributes], Numbers]] = {
    "Add": lambda x, _: x[0] + x[1],
    "Concat": lambda x, a: np.concatenate(x, a["axis"]),
    "Conv": _conv,
    "Flatten": lambda x, _: x[0].reshape(x[0].shape[0], -1),
    "Gemm": _gemm,
    "ITAMax": lambda x, a: _rows(lambda row: _powers(a, row), x[0]),
    "ITAPartialMax": lambda x, a: _rows(lambda row: _partial_powers(a, row), x[0]),
    "IntegerDiv": lambda x, a: _each(
        lambda n, d: _rounded(a["Delta"] * a["eta"] * n, a["eta"] * d + a["eps"]), *x
    ),
    "IntegerMean": _mean,
    "MatMul": lambda x, _: np.matmul(x[0], x[1]),
    "MaxPool": _max_pool,
    "Mul": lambda x, _: x[0] * x[1],
    "ReduceMean": _mean,
    "RequantShift": _requant_shift,
    "Reshape": lambda x, _: x[0].reshape([int(extent) for extent in x[1]]),
    "Transpose": lambda x, a: x[0].transpose(a["perm"]),
    "TrueIntegerDiv": lambda x, a: _each(
        lambda v: v * (a["Delta"] * a["eta"] // (a["y"] * a["eta"] + a["eps"])), x[0]
    ),
    "iGELU": lambda x, a: _each(lambda v: _gelu(v, a["b"], a["one"]), x[0]),
    "iHardswish": lambda x, a: _each(
        lambda v: v * (_limited(v + a["three"], 0, a["six"]) * a["one_over_six"]), x[0]
    ),
    "iLayerNorm": lambda x, a: _rows(lambda *rows: _layer_norm(a, *rows), *x),
    "iNoNorm": lambda x, a: _each(
        lambda v, w, b: _low_byte(((v * w + b) * a["mul"]) >> _exponent(a["D"])), *x
    ),
    "iRMSNorm": lambda x, a: _rows(lambda *rows: _rms_norm(a, *rows), *x),
    "iSoftmax": lambda x, a: _rows(lambda row: _softmax(a, row), x[0]),
}
