"""Dimensions of the TinyStories transformer, the one place that states them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LAYERS = 8
WIDTH = 64
HEADS = 16
HEAD_DIMENSION = WIDTH // HEADS
FEED_FORWARD = 256
VOCABULARY = 512
CONTEXT = 256
EPSILON = 1e-5
ROTARY_THETA = 10000.0


def rotary_tables() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns cosine and sine of the rotation angles, float32 [CONTEXT, HEAD_DIMENSION / 2].

    Angle of frequency ``i`` at position ``p``: ``p * ROTARY_THETA ** (-2 i / HEAD_DIMENSION)``
    (Su et al., "RoFormer", 2021).
    """
    exponent = -2.0 * np.arange(HEAD_DIMENSION // 2) / HEAD_DIMENSION
    angle = np.arange(CONTEXT)[:, None] * ROTARY_THETA ** exponent[None, :]
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
