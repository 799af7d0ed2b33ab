"""Integers of less than 8 bits: constants have them, stored in bytes; nothing else does.

A weight's bits are no part of its type in the compiler: what packs weights looks at their range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from compiler.ir import Array

_WIDENED: dict[str, DTypeLike] = {
    "int4": np.int8,
    "uint4": np.uint8,
    "int2": np.int8,
    "uint2": np.uint8,
}

NARROW_TYPES = tuple(_WIDENED)
"""Names of the types, as ONNX and NumPy spell them."""


def widened(data: Array) -> Array:
    """The same numbers in int8 or uint8 if they have less than 8 bits, else `data` itself."""
    wide = _WIDENED.get(data.dtype.name)
    return data if wide is None else data.astype(wide)
