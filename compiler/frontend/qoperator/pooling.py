"""Pooling of quantised tensors."""

from __future__ import annotations

from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.channels_last import channels_first, made_channels_last
from compiler.frontend.qoperator.quantised import dequantised, result
from compiler.operators.registry import CONTRIB_DOMAIN

WINDOW = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")
"""Attributes of AveragePool."""


@expansion(
    "QLinearAveragePool",
    domain=CONTRIB_DOMAIN,
    description="what AveragePool is, channels first or last",
    attributes=(*WINDOW, "channels_last"),
)
def expand_average_pool(node: Expansion) -> None:
    _pool(node, "AveragePool")


@expansion(
    "QLinearGlobalAveragePool",
    domain=CONTRIB_DOMAIN,
    description="what GlobalAveragePool is, channels first or last",
    attributes=("channels_last",),
)
def expand_global_average_pool(node: Expansion) -> None:
    _pool(node, "GlobalAveragePool")


def _pool(node: Expansion, operator: str) -> None:
    rank = len(node.shape(node.required(0, "X")))
    last = bool(node.attribute("channels_last", 0))
    x = channels_first(node, dequantised(node, 0), rank, last=last)
    y = node.make(operator, x, **node.copied(*WINDOW))
    result(node, made_channels_last(node, y, rank, last=last), 3)
