"""Tensors of the model in the representation that the lowered graph has of them."""

from __future__ import annotations

import numpy as np

from compiler.ir import Array, DataType
from tools.compare_layers.recording import Form

FLOATS = (np.float16, np.float32, np.float64)


def stored_as(form: Form, data_type: DataType, array: Array) -> Array | None:
    """A tensor of the model as the lowered graph has it; None if what is stored is not known.

    Real numbers are quantised as QuantizeLinear does; uint8 becomes the int8 of the same real
    number; int64 stays, for the comparison to see what does not fit.
    """
    is_float = array.dtype in FLOATS
    if data_type.is_float or data_type is DataType.BOOL:
        return array if is_float == data_type.is_float else None
    if is_float:
        if form.quantization is None or data_type is not DataType.INT8:
            return None
        steps = array.astype(np.float32) / np.float32(form.quantization.scale)
        steps = np.clip(np.where(np.isnan(steps), -512.0, steps), -512.0, 512.0)
        return np.clip(np.rint(steps) + form.quantization.zero_point, -128, 127).astype(np.int8)
    if data_type is DataType.INT8 and array.dtype == np.uint8:
        return (array.astype(np.int16) - 128).astype(np.int8)
    return array
