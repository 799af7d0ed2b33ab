"""Quantisation by what a tensor holds in each run."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.integer_products import integer_matmul, scaled_sums
from compiler.operators.registry import CONTRIB_DOMAIN

STEPS = 255


@expansion("DynamicQuantizeLinear", description="float32, to uint8")
def expand_dynamic_quantize(node: Expansion) -> None:
    names = [node.output(index) for index in range(3)]
    dynamically_quantised(node, node.required(0, "x"), names)


def dynamically_quantised(node: Expansion, x: str, outputs: list[str]) -> list[str]:
    """x in uint8, its scale (float32) and its zero point (uint8); `outputs` are their names.

    A tensor of zeros has scale 1, as in onnxruntime.
    """
    zero, one = node.real("zero", 0.0), node.real("one", 1.0)
    steps = node.real("steps", STEPS)
    low = node.make("Min", node.make("ReduceMin", x, keepdims=0), zero)
    high = node.make("Max", node.make("ReduceMax", x, keepdims=0), zero)
    reach = node.make("Sub", high, low)
    nothing = node.make("Equal", reach, zero)
    scale = node.make("Where", nothing, one, node.make("Div", reach, steps), output=outputs[1])
    exact = node.make("Div", node.make("Neg", low), scale)
    bounded = node.make("Clip", exact, zero, steps)
    zero_point = node.make("Round", bounded)
    rounded = node.make("Round", node.make("Div", x, scale))
    stored = node.make("Clip", node.make("Add", rounded, zero_point), zero, steps)
    y = node.make("Cast", stored, to=TensorProto.UINT8, output=outputs[0])
    return [y, scale, node.make("Cast", zero_point, to=TensorProto.UINT8, output=outputs[2])]


@expansion(
    "DynamicQuantizeMatMul",
    domain=CONTRIB_DOMAIN,
    description="float32 times int8 or uint8; any scales; with bias",
    attributes=(),
)
def expand_dynamic_matmul(node: Expansion) -> None:
    a = node.required(0, "A")
    y, scale, zero_point = dynamically_quantised(node, a, [""] * 3)
    wide = node.make("Cast", zero_point, to=TensorProto.INT32)
    node.say_shape(y, node.shape(a))
    sums = integer_matmul(node, y, node.required(1, "B"), (-1, 3), left_zero_point=wide)
    scaled_sums(node, sums, node.make("Mul", scale, node.required(2, "b_scale")), 4)


assert np.iinfo(np.uint8).max == STEPS
