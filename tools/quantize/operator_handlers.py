"""Says to onnxruntime's quantiser how operators it does not know take part in QDQ quantisation.

Each handler marks which of a node's tensors get a QuantizeLinear/DequantizeLinear pair, and which
share their scale with another tensor because the operator only moves data.
"""

from __future__ import annotations

from onnxruntime.quantization.operators.qdq_base_operator import QDQOperatorBase
from onnxruntime.quantization.registry import QDQRegistry


class _Attention(QDQOperatorBase):
    """Query, key, value and output; the mask and the softmax inside stay as they are."""

    def quantize(self) -> None:
        for tensor in (*self.node.input[:3], self.node.output[0]):
            self.quantizer.quantize_activation_tensor(tensor)


class _FirstInputAndOutput(QDQOperatorBase):
    """Data input and output; parameters (norm weight, rotary tables) stay float."""

    def quantize(self) -> None:
        for tensor in (self.node.input[0], self.node.output[0]):
            self.quantizer.quantize_activation_tensor(tensor)


class _TensorScatter(QDQOperatorBase):
    """Cache, update and output share the scale of the update, so int8 entries move untouched.

    The cache holds nothing but earlier updates (and zeros), so the range of the update is the
    range of all three.
    """

    def quantize(self) -> None:
        cache, update = self.node.input[:2]
        self.quantizer.quantize_activation_tensor(update)
        for tensor in (cache, self.node.output[0]):
            self.quantizer.quantize_output_same_as_input(tensor, update, self.node.name)


HANDLERS: dict[str, type[QDQOperatorBase]] = {
    "Attention": _Attention,
    "Gelu": QDQOperatorBase,
    "LayerNormalization": _FirstInputAndOutput,
    "RMSNormalization": _FirstInputAndOutput,
    "RotaryEmbedding": _FirstInputAndOutput,
    "Swish": QDQOperatorBase,
    "Tanh": QDQOperatorBase,
    "TensorScatter": _TensorScatter,
}

# Everything else the quantiser is asked to handle; it brings the handlers for these.
STANDARD_OPERATORS = (
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "Conv",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pad",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)


def register() -> list[str]:
    """Registers the handlers and returns all operator types to quantise."""
    QDQRegistry.update(HANDLERS)
    return [*STANDARD_OPERATORS, *HANDLERS]
