"""Every operator that Deeploy has for inference, each in the smallest model with every type.

The operators are those of Deeploy's platforms at commit bf64cfa. Its bindings for float16,
bfloat16 and float64 are left out, which have no kernels, and so are integers of 64 bits: a file of
the dialect stores integers as float32, which has 24 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.integer_dialect.builder import Builder

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32")
BYTES = ("int8", "uint8")
TYPES = (*INTEGERS, "float32")
SOFTMAX = {"coeffA": 1, "coeffB": 173, "coeffC": 15599, "log2": 127, "n_levels": 256}
SHIFT = {"div": 65536, "n_levels_out": 256, "signed": 1}
HARD_SWISH = {"one_over_six": 42, "three": 181, "six": 362}
QUOTIENT = {"Delta": 256, "eps": 1, "eta": 100}
HEADS = 2

WITHOUT_MEANING = ("CLCA", "LinearAttention")
"""Operators for which there is no description: refused."""

OF_NUMBERS = ("IntegerDiv", "iGELU", "iLayerNorm", "iSoftmax")
"""Operators that Deeploy also binds to float32, where their attributes have no meaning: refused."""

Build = Callable[[Builder, str], str]


@dataclass(frozen=True)
class Entry:
    """An operator.

    Attributes:
        types: of its first operand, that some platform of Deeploy's has.
        build: adds a node to a model, of an operand of a type; returns the result.
        rank: of the result.
    """

    types: tuple[str, ...]
    build: Build
    rank: int = 2


def _x(b: Builder, type_: str, *shape: int) -> str:
    return b.input(f"x_{len(b.inputs)}", type_, *shape)


def _plain(operator: str, *shape: int, **attributes: object) -> Build:
    """An operator of ONNX with one operand."""
    return lambda b, t: b.node(operator, _x(b, t, *shape), **attributes)


def _pair(operator: str) -> Build:
    return lambda b, t: b.node(operator, _x(b, t, 2, 3, 4), _x(b, t, 3, 1))


def _own(operator: str, *shape: int, **attributes: int) -> Build:
    """An operator of the dialect with one operand."""
    return lambda b, t: b.own(operator, _x(b, t, *shape), **attributes)


def _shape(b: Builder, *extents: int) -> str:
    return b.constant(extents, np.int64)


def _weighted(operator: str, x: tuple[int, ...], w: tuple[int, ...], **attributes: object) -> Build:
    return lambda b, t: b.node(operator, _x(b, t, *x), b.integers(-128, 128, *w), **attributes)


def _requantised(operator: str, x: tuple[int, ...], *operands: tuple[int, ...]) -> Build:
    """A product and its RequantShift in one node."""

    def build(b: Builder, t: str) -> str:
        constants = [b.integers(-128, 128, *shape) for shape in operands]
        factor = 3 if t in ("int16", "uint16") else 777
        last = [b.constant(factor), b.constant(12345)]
        return b.own(operator, _x(b, t, *x), *constants, *last, **SHIFT)

    return build


def _requantised_function(operator: str, **attributes: int) -> Build:
    numbers = {"mul": 77, "add": 5, "div": 2**18, "n_levels": 256, "signed": 1}
    return lambda b, t: b.own(operator, _x(b, t, 2, 9), **attributes, **numbers)


def _requantised_sum(b: Builder, t: str) -> str:
    terms = {"mul": 40000, "add": -9, "div": 65536, "n_levels": 256, "signed": int(t == "int8")}
    total = {"mul": 39000, "add": 5, "div": 65536, "n_levels": 256, "signed": 1}
    groups = {"rqs1": terms, "rqs2": terms, "rqsOut": total}
    attributes = {f"{g}_{name}": value for g, of in groups.items() for name, value in of.items()}
    return b.own("RequantizedAdd", _x(b, t, 2, 5), _x(b, t, 2, 5), **attributes)


def _requantised_quotient(b: Builder, t: str) -> str:
    operands = [_x(b, t, 2, 6), _x(b, "uint8", 2, 1), b.constant(9), b.constant(3)]
    return b.own("RQIntegerDiv", *operands, **QUOTIENT, **SHIFT)


def _attention(b: Builder, t: str) -> str:
    x = _x(b, t, 1, 4, 8)
    operands = [x, x, x]
    for _ in range(3):
        operands += [b.integers(-128, 128, HEADS, 8, 3), b.integers(-999, 999, HEADS, 1, 3)]
    operands += [b.integers(-128, 128, HEADS, 3, 8), b.integers(-999, 999, HEADS, 1, 8)]
    numbers: dict[str, object] = {"heads": HEADS, "dim": 4, "dim_head": 3, "n_levels": 256}
    for name in ("wq", "wk", "wv", "preattn", "postattn", "wo"):
        numbers[f"{name}_requant_mul"] = [9.0, 11.0]
        numbers[f"{name}_requant_div"] = [1024.0, 2048.0]
        numbers[f"{name}_requant_add"] = [-3.0, 2.0]
    made = b.node("MHSA", *operands, signed=1, **numbers)
    b.nodes[-1].domain = b.domain
    return made


def _layer_norm(b: Builder, t: str) -> str:
    rows = [b.integers(100000, 300000, 8), b.integers(-9999, 9999, 8)]
    return b.own("iLayerNorm", _x(b, t, 3, 8), *rows, D=16384, n_levels=256)


def _rms_norm(b: Builder, t: str) -> str:
    weights = b.integers(1000000, 4000000, 8)
    return b.own("iRMSNorm", _x(b, t, 3, 8), weights, D=65536, n_levels=256)


def _no_norm(b: Builder, t: str) -> str:
    operands = [b.integers(-500, 500, 3, 8), b.integers(-999, 999, 8)]
    return b.own("iNoNorm", _x(b, t, 3, 8), *operands, D=4096, mul=3)


def _root_mean_square(b: Builder, t: str) -> str:
    made = b.node("RMSNorm", _x(b, t, 3, 8), b.constant(np.linspace(-1, 2, 8)), eps=1e-5)
    b.nodes[-1].domain = b.domain
    return made


def _normalised(
    operator: str, shape: tuple[int, ...], *operands: int, **attributes: object
) -> Build:
    def build(b: Builder, t: str) -> str:
        rows = [b.constant(np.linspace(0.5, 1.5, extent)) for extent in operands]
        return b.node(operator, _x(b, t, *shape), *rows, **attributes)

    return build


def _shift(b: Builder, t: str) -> str:
    shift = 9 if t in BYTES else 16
    return b.requantised(_x(b, t, 1, 3, 5), b.random.integers(1, 99, (3, 1)), 77, shift=shift)


def _matmul_integer(b: Builder, t: str) -> str:
    return b.node("MatMulInteger", _x(b, t, 3, 8), b.integers(-128, 128, 8, 5))


def _gemm(b: Builder, t: str) -> str:
    operands = [b.integers(-128, 128, 5, 8), b.integers(-999, 999, 5)]
    return b.node("Gemm", _x(b, t, 3, 8), *operands, transB=1)


def _slice(b: Builder, t: str) -> str:
    numbers = [_shape(b, *values) for values in ((1, 0), (3, 4), (0, 2), (1, 2))]
    return b.node("Slice", _x(b, t, 3, 2, 5), *numbers)


def _pad(b: Builder, t: str) -> str:
    return b.node("Pad", _x(b, t, 1, 2, 3, 4), _shape(b, 0, 0, 1, 2, 0, 0, 3, 0), b.constant(7))


def _quant(b: Builder, t: str) -> str:
    made = b.own("Quant", _x(b, t, 2, 7), bit_width=8, signed=1, zero_point=3)
    b.nodes[-1].attribute.append(b.number("scale", 4.75))
    return made


def _dequant(b: Builder, t: str) -> str:
    made = b.own("Dequant", _x(b, t, 2, 7), bit_width=8, signed=1, zero_point=3)
    b.nodes[-1].attribute.append(b.number("scale", 0.0625))
    return made


def _clip(b: Builder, t: str) -> str:
    return b.node("Clip", _x(b, t, 2, 7), b.constant(-5), b.constant(90))


IMAGE = (1, 4, 6, 5)
BATCH = (4, 4, 4, 4)
REAL = ("float32",)
WIDTHS = ("int8", "int16", "int32")

INVENTORY: Mapping[str, Entry] = {
    "Add": Entry(TYPES, _pair("Add"), rank=3),
    "AveragePool": Entry(REAL, _plain("AveragePool", *IMAGE, kernel_shape=[3, 2]), rank=4),
    "BatchNormalization": Entry(REAL, _normalised("BatchNormalization", IMAGE, *BATCH), rank=4),
    "Ceil": Entry(REAL, _plain("Ceil", 2, 7)),
    "Clip": Entry(REAL, _clip),
    "Concat": Entry(TYPES, lambda b, t: b.node("Concat", _x(b, t, 2, 3), _x(b, t, 2, 4), axis=-1)),
    "Conv": Entry(
        (*BYTES, "float32"), _weighted("Conv", IMAGE, (3, 4, 3, 2), pads=[1, 0, 1, 1]), rank=4
    ),
    "ConvTranspose": Entry(
        REAL, _weighted("ConvTranspose", IMAGE, (4, 3, 2, 2), strides=[2, 1]), rank=4
    ),
    "DebugPrint": Entry(WIDTHS, _own("DebugPrint", 2, 7)),
    "Dequant": Entry(("int8", "int32"), _dequant),
    "Div": Entry(("int32", "float32"), _pair("Div"), rank=3),
    "Exp": Entry(REAL, _plain("Exp", 2, 7)),
    "Flatten": Entry(TYPES, _plain("Flatten", 2, 3, 4)),
    "Floor": Entry(REAL, _plain("Floor", 2, 7)),
    "Gather": Entry(
        (*WIDTHS, "float32"),
        lambda b, t: b.node("Gather", _x(b, t, 2, 3, 4), _shape(b, 2, 0), axis=1),
        rank=3,
    ),
    "Gelu": Entry(("int8", "float32"), _plain("Gelu", 2, 7)),
    "Gemm": Entry(("int8", "float32"), _gemm),
    "GlobalAveragePool": Entry(REAL, _plain("GlobalAveragePool", *IMAGE), rank=4),
    "GlobalMaxPool": Entry(REAL, _plain("GlobalMaxPool", *IMAGE), rank=4),
    "GroupNormalization": Entry(
        REAL, _normalised("GroupNormalization", IMAGE, 4, 4, num_groups=2), rank=4
    ),
    "HardSigmoid": Entry(REAL, _plain("HardSigmoid", 2, 7)),
    "HardSwish": Entry(REAL, _plain("HardSwish", 2, 7)),
    "ITAMax": Entry(("int8",), _own("ITAMax", 2, 9, n_levels=256)),
    "ITAPartialMax": Entry(("int8",), _own("ITAPartialMax", 2, 9, n_levels=256, group_width=4)),
    "InstanceNormalization": Entry(REAL, _normalised("InstanceNormalization", IMAGE, 4, 4), rank=4),
    "IntegerDiv": Entry(
        ("int32",),
        lambda b, t: b.own("IntegerDiv", _x(b, t, 2, 6), _x(b, "uint8", 2, 1), **QUOTIENT),
    ),
    "IntegerMean": Entry(
        (*INTEGERS, "float32"),
        lambda b, t: b.node("IntegerMean", _x(b, t, 2, 3, 5), axes=[1, 2], keepdims=0),
        rank=1,
    ),
    "LayerNormalization": Entry(("int8", "float32"), _normalised("LayerNormalization", (3, 8), 8)),
    "MHSA": Entry(("int8",), _attention, rank=4),
    "MatMul": Entry(
        ("int8", "float32"),
        lambda b, t: b.node("MatMul", _x(b, t, 2, 3, 4), _x(b, t, 4, 5)),
        rank=3,
    ),
    "MatMulInteger": Entry(("int8", "float32"), _matmul_integer),
    "MaxPool": Entry((*BYTES, "float32"), _plain("MaxPool", *IMAGE, kernel_shape=[2, 3]), rank=4),
    "Mul": Entry((*WIDTHS, "float32"), _pair("Mul"), rank=3),
    "Pad": Entry((*WIDTHS, "float32"), _pad, rank=4),
    "Pow": Entry(REAL, lambda b, t: b.node("Pow", _x(b, t, 2, 7), b.constant(3))),
    "Quant": Entry(REAL, _quant),
    "RMSNorm": Entry(REAL, _root_mean_square),
    "RQGemm": Entry(("int8",), _requantised("RQGemm", (3, 8), (8, 5), (5,))),
    "RQIntegerDiv": Entry(("int32",), _requantised_quotient),
    "RQMatMul": Entry(("int8",), _requantised("RQMatMul", (2, 3, 8), (8, 5)), rank=3),
    "ReduceMean": Entry(TYPES, _plain("ReduceMean", 2, 3, 5, axes=[1], keepdims=1), rank=3),
    "ReduceSum": Entry((*WIDTHS, "float32"), _plain("ReduceSum", 2, 3, 5, axes=[2], keepdims=0)),
    "Relu": Entry(REAL, _plain("Relu", 2, 7)),
    "RequantShift": Entry(INTEGERS, _shift, rank=3),
    "RequantizedAdd": Entry(BYTES, _requantised_sum),
    "RequantizedConv": Entry(
        (*BYTES, "int16"), _requantised("RequantizedConv", (1, 4, 6, 5), (3, 4, 3, 3)), rank=4
    ),
    "RequantizedGemm": Entry((*BYTES, "int16"), _requantised("RequantizedGemm", (3, 8), (8, 5))),
    "RequantizediGELU": Entry(
        ("int8",), _requantised_function("RequantizediGELU", b=-71, one=6500)
    ),
    "RequantizediHardswish": Entry(
        ("int8",), _requantised_function("RequantizediHardswish", **HARD_SWISH)
    ),
    "Reshape": Entry(TYPES, lambda b, t: b.node("Reshape", _x(b, t, 2, 3, 4), _shape(b, 0, -1))),
    "Sigmoid": Entry(REAL, _plain("Sigmoid", 2, 7)),
    "Slice": Entry(TYPES, _slice, rank=3),
    "Softmax": Entry((*BYTES, "float32"), _plain("Softmax", 2, 7, axis=-1)),
    "Sqrt": Entry(REAL, lambda b, t: b.node("Sqrt", b.node("Abs", _x(b, t, 2, 7)))),
    "Squeeze": Entry(TYPES, _plain("Squeeze", 2, 1, 4, axes=[1])),
    "Sub": Entry(TYPES, _pair("Sub"), rank=3),
    "Swish": Entry(REAL, _plain("Swish", 2, 7)),
    "Transpose": Entry(TYPES, _plain("Transpose", 2, 3, 4, perm=[2, 0, 1]), rank=3),
    "Unsqueeze": Entry(TYPES, _plain("Unsqueeze", 2, 4, axes=[1]), rank=3),
    "iGELU": Entry(("int8",), _own("iGELU", 2, 9, b=-71, one=6500)),
    "iHardswish": Entry(("int8",), _own("iHardswish", 2, 9, **HARD_SWISH)),
    "iLayerNorm": Entry(("int8",), _layer_norm),
    "iNoNorm": Entry(("int8",), _no_norm),
    "iRMSNorm": Entry(("int8",), _rms_norm),
    "iSoftmax": Entry(BYTES, _own("iSoftmax", 2, 9, **SOFTMAX)),
}
