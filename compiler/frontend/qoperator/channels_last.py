"""Operators on tensors whose channels are the last axis, by those that have them as axis 1."""

from __future__ import annotations

from compiler.frontend.expansion import Expansion


def channels_first(node: Expansion, tensor: str, rank: int, *, last: bool) -> str:
    """The tensor with its last axis as axis 1, if it is not there already."""
    if not last:
        return tensor
    return node.make("Transpose", tensor, perm=[0, rank - 1, *range(1, rank - 1)])


def made_channels_last(node: Expansion, tensor: str, rank: int, *, last: bool) -> str:
    """The reverse of `channels_first`."""
    if not last:
        return tensor
    return node.make("Transpose", tensor, perm=[0, *range(2, rank), 1])
