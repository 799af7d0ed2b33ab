"""Checks that convolutions fit their weights, which ONNX's shape inference does not ask for.

Given a kernel_shape, it does not look at the extents of the weights at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from onnx import TypeProto

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_sizes import MAXIMUM_BYTES, static_shape
from compiler.frontend.model import OnnxNode
from compiler.ir import Array

WEIGHTS = {"Conv": 1, "ConvInteger": 1, "ConvTranspose": 1, "QLinearConv": 3}
"""Which operand the weights of a convolution are; operand 0 is [batch, channels, spatial...]."""


def check_convolutions(
    nodes: Sequence[OnnxNode],
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
) -> None:
    """Raises CompileError with every convolution that contradicts itself (TW-0101), slides over
    more padding than a tensor may have elements (TW-0109), or is a transposed one whose result has
    no shape in ONNX's inference (TW-0202).

    Args:
        types: of tensors, as far as they are known; nodes with other operands are not checked.
        constants: all known tensors.
    """
    problems = [
        problem
        for node in nodes
        if not node.domain and node.operator in WEIGHTS
        for problem in _problems(node, types, constants)
    ]
    if problems:
        raise CompileError(problems)


def _problems(
    node: OnnxNode, types: Mapping[str, TypeProto.Tensor], constants: Mapping[str, Array]
) -> Iterator[Problem]:
    shapes: list[list[int]] = []
    for index in (0, WEIGHTS[node.operator]):
        name = node.inputs[index] or ""
        shape = (
            list(constants[name].shape)
            if name in constants
            else static_shape(types[name])
            if name in types
            else None
        )
        if shape is None:
            return
        shapes.append(shape)
    image, weights = shapes
    rank, groups = len(image) - 2, node.attribute("group", 1)
    if rank < 1 or len(weights) != len(image):
        found = f"its input has shape {image} and its weights have shape {weights}"
        yield _problem(node, found, "inputs with spatial axes, and weights with as many axes")
        return
    found = list(_attribute_problems(node, image[2:], weights[2:]))
    yield from found or _padding_problems(node, image, weights[2:])
    if node.operator == "ConvTranspose":
        fits = groups >= 1 and weights[0] == image[1] and weights[0] % groups == 0
        supported = "as many input channels as rows of weights, a multiple of the groups"
    else:
        fits = groups >= 1 and weights[1] * groups == image[1] and weights[0] % groups == 0
        supported = (
            "input channels = groups * channels of the weights; outputs a multiple of the groups"
        )
    if not fits:
        found = f"its input has shape {image}, its weights have shape {weights}, "
        yield _problem(node, f"{found}and it has {groups} groups", supported)


def _attribute_problems(node: OnnxNode, image: list[int], taps: list[int]) -> Iterator[Problem]:
    """Of attributes that say extents, for spatial extents of the input and of the weights."""
    kernel = node.attribute("kernel_shape", taps)
    if kernel != taps:
        found = f"its kernel_shape is {kernel}, and its weights have {taps} taps"
        yield _problem(node, found, "the extents of the weights")
    wanted = node.attribute("output_shape", list[int]())
    if any(extent < least for extent, least in zip(wanted, image, strict=False)):
        # ONNX's inference gives up, with a result that has only a batch and channels.
        found = f"its attribute 'output_shape' is {wanted}, and its input has extents {image}"
        yield _problem(
            node,
            found,
            "results at least as large as the input",
            "leave it out, and say the padding",
            Code.UNSUPPORTED_FORM,
        )


def _padding_problems(node: OnnxNode, image: list[int], taps: list[int]) -> Iterator[Problem]:
    """Of attributes that fit."""
    rank = len(taps)
    ones = [1] * rank
    pads = node.attribute("pads", [0] * (2 * rank))
    reach = [d * (t - 1) for d, t in zip(node.attribute("dilations", ones), taps, strict=True)]
    if node.operator == "ConvTranspose":
        strides = node.attribute("strides", ones)
        padded = [s * n + 2 * r for s, n, r in zip(strides, image[2:], reach, strict=True)]
    else:
        padded = [
            max(n + pads[axis] + pads[rank + axis], reach[axis] + 1)
            for axis, n in enumerate(image[2:])
        ]
    if prod(padded) * max(1, prod(image[:2])) > MAXIMUM_BYTES:
        yield _problem(
            node,
            f"its input {image} is {[*image[:2], *padded]} with all that its windows slide over",
            f"at most {MAXIMUM_BYTES:,} elements",
            "reduce pads, strides or dilations",
            Code.TENSOR_TOO_LARGE,
        )


def _problem(
    node: OnnxNode,
    found: str,
    supported: str,
    advice: str = "export the model again",
    code: Code = Code.INVALID_MODEL,
) -> Problem:
    return Problem(code, f"node {node.name!r} ({node.operator})", found, supported, advice)
