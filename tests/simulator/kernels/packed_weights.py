"""The layout of packed weights, kernels/include/tilewright/packed_block.h, and what uses it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pack(
    weights: NDArray[np.int8], scale: NDArray[np.uint32], bias: NDArray[np.int32]
) -> NDArray[np.int8]:
    """Packs weights [outputs, values] with scale and bias [outputs]."""
    outputs, values = weights.shape
    blocks, words = -(-outputs // 4), -(-values // 4)
    padded = np.zeros((blocks * 4, words * 4), np.int8)
    padded[:outputs, :values] = weights
    constants = np.zeros((2, blocks * 4), np.uint32)
    constants[0, :outputs] = scale
    constants[1, :outputs] = bias.view(np.uint32)
    packed = np.zeros((blocks, words * 16 + 32), np.int8)
    packed[:, : words * 16] = (
        padded.reshape(blocks, 4, words, 4).transpose(0, 2, 1, 3).reshape(blocks, -1)
    )
    by_block = constants.reshape(2, blocks, 4).transpose(1, 0, 2)
    packed[:, words * 16 :] = np.ascontiguousarray(by_block).view(np.int8).reshape(blocks, 32)
    return packed
