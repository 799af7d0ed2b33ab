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

from tests.integer_dialect.real_numbers import (
    Numbers,
    evaluated,
    exact,
    gives_integers,
    is_standard,
)


def run(model: ModelProto, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """The outputs of a model whose nodes are in order; integers are modulo 2^32.

    What is float in `inputs` is real, whatever its values are; constants are integers if all their
    values are. A node of ONNX that has constants alone is computed in real numbers.
    """
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    values = {name: exact(data) for name, data in stored.items()}
    for name, data in inputs.items():
        values[name] = data.astype(np.float64) if data.dtype.kind == "f" else exact(data)
    for node in model.graph.node:
        operands = [values[name] for name in node.input]
        numbers = [stored.get(name, values[name]) for name in node.input]
        own = OPERATORS.get(node.op_type)
        integers = all(x.dtype == object for x in operands)
        if stored.keys() >= set(node.input) and is_standard(node):
            data = evaluated(node, numbers) if operands else _attributes(node)["value"]
            stored[node.output[0]] = data
            result = exact(data)
        elif own is not None and (node.op_type in REAL or integers):
            result = own(operands, _attributes(node))
            result = wrapped(result) if result.dtype == object else result
        else:
            result = evaluated(node, numbers)
            if result.dtype.kind != "f" or (integers and gives_integers(node)):
                result = exact(result)
        values[node.output[0]] = result
    return [values[output.name] for output in model.graph.output]


def wrapped(data: Numbers) -> Numbers:
    """The numbers modulo 2^32, as int32 has them."""
    return np.asarray((data + 2**31) % 2**32 - 2**31, object)


Attributes = Mapping[str, Any]


def _attributes(node: NodeProto) -> Attributes:
    result: dict[str, Any] = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, TensorProto) and attribute.name == "value":
            value = numpy_helper.to_array(value)
        elif isinstance(value, TensorProto):
            (value,) = numpy_helper.to_array(value).reshape(-1).tolist()
        if isinstance(value, float) and value == round(value):
            value = int(value)
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
    return np.asarray(result)


def _rows(function: Callable[..., list[int]], x: Numbers, *rows: Numbers) -> Numbers:
    """A function of the last axis."""
    result = np.empty(x.shape, object)
    for index in np.ndindex(x.shape[:-1]):
        result[index] = function(list(x[index]), *(list(row.reshape(-1)) for row in rows))
    return result


def _requant_shift(operands: list[Numbers], a: Attributes) -> Numbers:
    x, *constants = operands
    shift, levels = _exponent(a["div"]), a.get("n_levels_out", a.get("n_levels"))
    low, high = (-(levels // 2), levels // 2 - 1) if a["signed"] else (0, levels - 1)
    for i, data in enumerate(constants):
        # Channels are axis 1, except in the matrices that a Gemm makes of a vector.
        channels = data.ndim > 0 and 1 < data.size == data.shape[0]
        if channels and x.ndim > 1 and (x.ndim > 2 or data.ndim > 2):
            constants[i] = data.reshape(1, -1, *(1,) * (x.ndim - 2))
        elif data.size == 1:
            constants[i] = data.reshape(())
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
    gaps = a.get("dilations", [1] * axes)
    extents = [
        (x.shape[2 + i] - (taps[i] - 1) * gaps[i] - 1) // strides[i] + 1 for i in range(axes)
    ]
    result = np.zeros((x.shape[0], weights.shape[0], *extents), object)
    each, outputs = weights.shape[1], weights.shape[0] // groups
    for index in np.ndindex(result.shape):
        batch, output, *place = index
        window = tuple(
            slice(p * s, p * s + (t - 1) * gap + 1, gap)
            for p, s, t, gap in zip(place, strides, taps, gaps, strict=True)
        )
        first = output // outputs * each
        seen = x[(batch, slice(first, first + each), *window)]
        result[index] = int((seen * weights[output]).sum())
        if len(operands) > 2:
            result[index] += operands[2][output]
    return result


def _max_pool(operands: list[Numbers], a: Attributes) -> Numbers:
    (x,) = operands
    taps = a["kernel_shape"]
    pads = a.get("pads", [0] * 2 * len(taps))
    around = [(0, 0), (0, 0), *zip(pads[: len(taps)], pads[len(taps) :], strict=True)]
    x = np.pad(x, around, constant_values=-(2**40))
    strides = a.get("strides", [1] * len(taps))
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


def _axes(operands: list[Numbers], a: Attributes) -> tuple[int, ...]:
    """An attribute, or operand 1."""
    return tuple(int(axis) for axis in (a["axes"] if "axes" in a else operands[1]))


def _mean(operands: list[Numbers], a: Attributes) -> Numbers:
    (x,), axes = operands, tuple(a["axes"])
    count = prod(x.shape[axis] for axis in axes)
    total = np.asarray(x.sum(axes, keepdims=bool(a.get("keepdims", 1))))
    if count & (count - 1) == 0:
        return _each(lambda s: (s + count // 2) >> _exponent(count), total)
    return _each(lambda s: _rounded(s, count), total)


def _requantise(x: Numbers, mul: Any, add: Any, a: Attributes, prefix: str = "") -> Numbers:
    """A RequantShift whose attributes have a prefix, and whose factors are arrays or numbers."""
    names = {name.removeprefix(prefix): value for name, value in a.items()}
    names.setdefault("n_levels_out", names.get("n_levels"))
    constants = [exact(np.asarray(data)) for data in (mul, add)]
    return _requant_shift([x, *constants], names)


def _merged(operator: str, operands: int) -> Callable[[list[Numbers], Attributes], Numbers]:
    """An operator and the RequantShift behind it."""
    return lambda x, a: _requantise(
        OPERATORS[operator](x[:operands] if operands else x[:-2], a), *x[-2:], a
    )


def _merged_function(operator: str) -> Callable[[list[Numbers], Attributes], Numbers]:
    return lambda x, a: _requantise(OPERATORS[operator](x, a), a["mul"], a["add"], a)


def _merged_sum(operands: list[Numbers], a: Attributes) -> Numbers:
    terms = [
        _requantise(x, a[f"{prefix}_mul"], a[f"{prefix}_add"], a, f"{prefix}_")
        for x, prefix in zip(operands, ("rqs1", "rqs2"), strict=True)
    ]
    return _requantise(terms[0] + terms[1], a["rqsOut_mul"], a["rqsOut_add"], a, "rqsOut_")


def _attention(operands: list[Numbers], a: Attributes) -> Numbers:
    """MHSA, head by head."""
    sequences, weights = operands[:3], operands[3:]
    heads = range(int(a["heads"]))

    def shifted(x: Numbers, name: str, head: int) -> Numbers:
        mul, div, add = (int(a[f"{name}_requant_{part}"][head]) for part in ("mul", "div", "add"))
        scaled = _each(lambda v: (v * mul + (div >> 1)) >> _exponent(div), x)
        return _each(lambda v: _limited(v + add, -128, 127), scaled)

    results: list[Numbers] = []
    for h in heads:
        q, k, v = (
            shifted(x.dot(weights[2 * i][h]) + weights[2 * i + 1][h], name, h)
            for i, (x, name) in enumerate(zip(sequences, ("wq", "wk", "wv"), strict=True))
        )
        scores = shifted(np.matmul(q, k.swapaxes(-1, -2)), "preattn", h)
        mixed = _rows(lambda row: _powers({"n_levels": 256}, row), scores)
        mixed = shifted(np.matmul(mixed, v), "postattn", h)
        results.append(shifted(mixed.dot(weights[6][h]) + weights[7][h], "wo", h))
    return np.stack(results, axis=1)


def _quant(operands: list[Numbers], a: Attributes) -> Numbers:
    """In float32, step by step."""
    moved = operands[0].astype(np.float32) * np.float32(a["scale"]) + np.float32(a["zero_point"])
    bits, signed = a["bit_width"], a["signed"]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if np.any(np.isnan(moved)):
        raise ValueError("which integer a NaN becomes is not defined")
    away = moved + np.where(moved >= 0, np.float32(0.5), np.float32(-0.5))
    return exact(np.clip(np.trunc(away), low, high))


def _root_mean_square(operands: list[Numbers], a: Attributes) -> npt.NDArray[Any]:
    x, weight = (data.astype(np.float64) for data in operands)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + a["eps"]) * weight


def _batch_normalisation(operands: list[Numbers], a: Attributes) -> npt.NDArray[Any]:
    """By hand: the reference of onnx 1.23 gives something else for float64."""
    x, *rows = (data.astype(np.float64) for data in operands)
    scale, bias, mean, variance = (row.reshape(-1, *(1,) * (x.ndim - 2)) for row in rows)
    return (x - mean) / np.sqrt(variance + a.get("epsilon", 1e-5)) * scale + bias


REAL = frozenset(
    {"BatchNormalization", "DebugPrint", "Dequant", "Quant", "RMSNorm", "Squeeze", "Unsqueeze"}
)
"""Operators whose operands may be any numbers."""

OPERATORS: Mapping[str, Callable[[list[Numbers], Attributes], Numbers]] = {
    "Add": lambda x, _: sum(x[1:], x[0]),
    "DebugPrint": lambda x, _: x[0],
    "Dequant": lambda x, a: (x[0] - a["zero_point"]).astype(np.float64) * a["scale"],
    "BatchNormalization": _batch_normalisation,
    "Concat": lambda x, a: np.concatenate(x, a["axis"]),
    "Conv": _conv,
    "Flatten": lambda x, a: x[0].reshape(prod(x[0].shape[: a.get("axis", 1)]), -1),
    "Gemm": _gemm,
    "ITAMax": lambda x, a: _rows(lambda row: _powers(a, row), x[0]),
    "ITAPartialMax": lambda x, a: _rows(lambda row: _partial_powers(a, row), x[0]),
    "IntegerDiv": lambda x, a: _each(
        lambda n, d: _rounded(a["Delta"] * a["eta"] * n, a["eta"] * d + a["eps"]), *x
    ),
    "IntegerMean": _mean,
    "MHSA": _attention,
    "MatMul": lambda x, _: np.matmul(x[0], x[1]),
    "MatMulInteger": lambda x, _: np.matmul(x[0], x[1]),
    "MaxPool": _max_pool,
    "Mul": lambda x, _: x[0] * x[1],
    "Sub": lambda x, _: x[0] - x[1],
    "Quant": _quant,
    "RMSNorm": _root_mean_square,
    "RQGemm": _merged("Gemm", 0),
    "RQIntegerDiv": _merged("IntegerDiv", 2),
    "RQMatMul": _merged("MatMul", 2),
    "ReduceMean": _mean,
    "RequantShift": _requant_shift,
    "RequantizedAdd": _merged_sum,
    "RequantizedConv": _merged("Conv", 0),
    "RequantizedGemm": _merged("Gemm", 0),
    "RequantizediGELU": _merged_function("iGELU"),
    "RequantizediHardswish": _merged_function("iHardswish"),
    "Reshape": lambda x, _: x[0].reshape(
        [int(extent) or x[0].shape[axis] for axis, extent in enumerate(x[1])]
    ),
    "Squeeze": lambda x, a: np.squeeze(x[0], _axes(x, a)),
    "Transpose": lambda x, a: x[0].transpose(a["perm"]),
    "TrueIntegerDiv": lambda x, a: _each(
        lambda v: v * (a["Delta"] * a["eta"] // (a["y"] * a["eta"] + a["eps"])), x[0]
    ),
    "Unsqueeze": lambda x, a: np.expand_dims(x[0], _axes(x, a)),
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
