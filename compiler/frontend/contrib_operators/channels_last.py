"""Operators of images whose channels are the last axis, between two transposes.

The transposes cancel with those that lowerings put around convolutions.
"""

from __future__ import annotations

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN

GROUP_NORMALIZATION = 21
"""The operator set whose GroupNormalization has a scale and a bias for each channel."""

CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
POOL = ("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides")
GROUP = ("activation", "channels_last", "epsilon", "groups")


@expansion(
    "NhwcConv",
    domain=CONTRIB_DOMAIN,
    description="Conv, channels last, also of weights: [outputs, height, width, channels]",
    attributes=CONV,
)
def expand_nhwc_conv(node: Expansion) -> None:
    """Weights are laid out as onnxruntime's `transformers/fusion_nhwc_conv.py` does."""
    operands = [_channels_first(node, node.required(index, "XW"[index])) for index in (0, 1)]
    operands += [node.operand(2)] if node.has(2) else []
    y = node.make("Conv", *operands, **node.copied(*CONV))
    _channels_last(node, y, len(node.shape(node.operand(0))), node.output())


@expansion(
    "NhwcMaxPool", domain=CONTRIB_DOMAIN, description="MaxPool, channels last", attributes=POOL
)
def expand_nhwc_max_pool(node: Expansion) -> None:
    x = _channels_first(node, node.required(0, "x"))
    y = node.make("MaxPool", x, **node.copied(*POOL))
    _channels_last(node, y, len(node.shape(node.operand(0))), node.output())


@expansion(
    "GroupNorm",
    domain=CONTRIB_DOMAIN,
    description="GroupNormalization, channels first or last, with or without Swish",
    opset=GROUP_NORMALIZATION,
    attributes=GROUP,
)
def expand_group_norm(node: Expansion) -> None:
    _group_norm(node, node.required(0, "X"))


@expansion(
    "SkipGroupNorm",
    domain=CONTRIB_DOMAIN,
    description="GroupNorm of a sum of two tensors and a bias; the sum may be a result",
    opset=GROUP_NORMALIZATION,
    attributes=GROUP,
)
def expand_skip_group_norm(node: Expansion) -> None:
    x, skip = node.required(0, "X"), node.required(3, "skip")
    shape, added = node.shape(x), node.shape(skip)
    first = not node.attribute("channels_last", 1)
    if len(added) == 2:  # [batch, channels]
        spatial = len(shape) - 2
        ones = (1,) * spatial
        wanted = (*added, *ones) if first else (added[0], *ones, added[1])
        skip = node.make("Reshape", skip, node.integers("skip_shape", *wanted))
    bias = node.operand(4)
    if bias and first:
        ones = (1,) * (len(shape) - 2)
        bias = node.make("Reshape", bias, node.integers("bias_shape", shape[1], *ones))
    total = node.make("Add", x, skip, output="" if bias else node.output(1))
    if bias:
        total = node.make("Add", total, bias, output=node.output(1))
    node.say_shape(total, shape)
    _group_norm(node, total)


def _group_norm(node: Expansion, x: str) -> None:
    scale, bias = node.required(1, "gamma"), node.required(2, "beta")
    activation = node.attribute("activation", 0)
    groups = node.attribute("groups", 0)
    last = bool(node.attribute("channels_last", 1))
    shape = node.shape(x)
    channels = shape[-1 if last else 1]
    if activation not in (0, 1):
        raise UnsupportedForm(f"its activation is {activation}", "0, and 1 for Swish")
    if groups < 1 or channels % groups:
        raise UnsupportedForm(
            f"it has {groups} groups of {channels} channels", "groups of as many channels each"
        )
    y = node.make(
        "GroupNormalization",
        _channels_first(node, x) if last else x,
        scale,
        bias,
        epsilon=node.attribute("epsilon", 1e-5),
        num_groups=groups,
        output="" if last or activation else node.output(),
    )
    if activation:
        y = node.make("Mul", y, node.make("Sigmoid", y), output="" if last else node.output())
    if last:
        _channels_last(node, y, len(shape), node.output())


def _channels_first(node: Expansion, x: str) -> str:
    rank = len(node.shape(x))
    if rank < 3:
        raise UnsupportedForm(f"{x!r} has {rank} axes", "[batch, spatial axes, channels]")
    return node.make("Transpose", x, perm=[0, rank - 1, *range(1, rank - 1)])


def _channels_last(node: Expansion, y: str, rank: int, output: str) -> str:
    return node.make("Transpose", y, output=output, perm=[0, *range(2, rank), 1])
