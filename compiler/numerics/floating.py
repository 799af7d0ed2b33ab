"""float32 helpers of the NumPy twins that NumPy itself does not define to the last bit."""

from __future__ import annotations

from typing import cast

import numpy as np

from compiler.ir import Array


def clip_float(x: Array, minimum: float, maximum: float) -> Array:
    """`x < minimum ? minimum : x`, then the same with the maximum, as the C kernels do it.

    np.clip may turn -0.0 into 0.0 or not, depending on the vector unit; here NaN and -0.0 stay.
    """
    low, high = np.float32(minimum), np.float32(maximum)
    raised = np.where(x < low, low, x)
    return cast(Array, np.where(raised > high, high, raised).astype(np.float32))
