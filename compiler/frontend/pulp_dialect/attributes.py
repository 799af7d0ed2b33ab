"""Attributes of the dialect's operators."""

from __future__ import annotations

import numpy as np

from compiler.frontend.model import OnnxNode


def integer_attribute(node: OnnxNode, *names: str) -> int | None:
    """The first of the attributes that the node has, as an integer; None if there is none.

    Files store them as integers, as numbers, or as tensors of one element. A number that is no
    integer is None as well.
    """
    for name in names:
        value = node.attributes.get(name)
        if isinstance(value, (np.ndarray, list, int, float)):
            data = np.asarray(value, np.float64).reshape(-1)
            if data.size == 1 and np.isfinite(data[0]) and data[0] == np.rint(data[0]):
                return int(data[0])
            return None
    return None


def real_attribute(node: OnnxNode, name: str) -> float | None:
    """An attribute that is one finite number, in whatever form; None if there is none."""
    value = node.attributes.get(name)
    if not isinstance(value, (np.ndarray, list, int, float)):
        return None
    data = np.asarray(value, np.float64).reshape(-1)
    return float(data[0]) if data.size == 1 and np.isfinite(data[0]) else None
