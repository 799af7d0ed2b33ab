"""Models in QCDQ form, as Brevitas exports them: a Clip between QuantizeLinear and DequantizeLinear
narrows what is stored in bytes to fewer bits, or to a symmetric range."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto

from tests.onnxruntime_operators.float_models import Builder


class ClippedBuilder(Builder):
    """Adds quantised activations and weights of any number of bits."""

    def clipped(
        self,
        x: str,
        scale: Any,
        bits: int,
        *,
        signed: bool = True,
        narrow: bool = False,
        axis: int | None = None,
    ) -> str:
        """A tensor through QuantizeLinear, Clip and DequantizeLinear; `narrow`: -max to max."""
        dtype: Any = np.int8 if signed else np.uint8
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
        low = (-high if narrow else -high - 1) if signed else 0
        scales = np.asarray(scale, np.float32)
        parameters = [self.constant(scales), self.constant(np.zeros(scales.shape), dtype)]
        attributes = {} if axis is None else {"axis": axis}
        stored = self.node("QuantizeLinear", x, *parameters, **attributes)
        if bits < 8 or narrow:
            bounds = [self.constant(np.array(bound), dtype) for bound in (low, high)]
            stored = self.node("Clip", stored, *bounds)
        return self.node("DequantizeLinear", stored, *parameters, **attributes)

    def narrow_weights(self, bits: int, *shape: int) -> tuple[str, np.ndarray]:
        """Constant weights with a scale for each output, in a symmetric range; and the scales."""
        data = self.random.normal(size=shape).astype(np.float32)
        scale = np.abs(data).reshape(shape[0], -1).max(1) / (2 ** (bits - 1) - 1)
        name = self.clipped(self.constant(data), scale, bits, narrow=True, axis=0)
        return name, scale

    def bias(self, size: int, scale: Any) -> str:
        """Constant biases of 32 bits in units of the products' scales."""
        stored = self.constant(self.random.integers(-200, 200, size), np.int32)
        scales = np.broadcast_to(np.asarray(scale, np.float32), (size,))
        parameters = [self.constant(scales), self.constant(np.zeros(size), np.int32)]
        return self.node("DequantizeLinear", stored, *parameters, axis=0)


def clipped() -> ModelProto:
    """Activations of 8, 4 and 3 bits, weights of 8, 4 and 2 bits, scales that are powers of two."""
    b = ClippedBuilder("clipped", 6)
    x = b.clipped(b.input("image", 1, 3, 10, 10), 2**-5, 8)
    weights, scale = b.narrow_weights(8, 8, 3, 3, 3)
    x = b.node("Conv", x, weights, b.bias(8, scale * 2**-5), pads=[1] * 4, strides=[2, 2])
    x = b.clipped(b.node("Relu", x), 2**-1, 4, signed=False)
    weights, scale = b.narrow_weights(4, 8, 1, 3, 3)
    x = b.node("Conv", x, weights, b.bias(8, scale * 2**-1), group=8, pads=[1] * 4)
    # Brevitas does not quantise again what keeps its scale.
    x = b.node("MaxPool", b.clipped(x, 1.0, 3), kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Reshape", x, b.constant([1, 32], np.int64))
    weights, scale = b.narrow_weights(2, 10, 32)
    x = b.node("Gemm", x, weights, b.bias(10, scale), transB=1)
    return b.model(**{b.clipped(x, 4.0, 8, narrow=True): (1, 10)})
