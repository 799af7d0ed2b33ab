"""Layers with seeded random weights, put together to an ONNX model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.building_blocks.moments import Moments
from models.building_blocks.random_source import Array, RandomSource

OPSET = 24
IR_VERSION = 12

BATCH_NORMALIZATION_EPSILON = 1e-3
"""As Keras has it."""


@dataclass(frozen=True)
class Tensor:
    """A float32 activation: its name, shape with a batch of one, and moments per channel."""

    name: str
    shape: tuple[int, ...]
    moments: Moments

    @property
    def channels(self) -> int:
        """Extent of the axis behind the batch."""
        return self.shape[1]


@dataclass(frozen=True)
class Window:
    """Geometry of a convolution or pooling: one number per spatial axis, pads before and after."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]

    @staticmethod
    def same(
        shape: Sequence[int], kernel: Sequence[int], stride: int = 1, dilation: int = 1
    ) -> Window:
        """TensorFlow's padding "same": outputs are ⌈extent / stride⌉; an odd pad is behind."""
        begins: list[int] = []
        ends: list[int] = []
        for extent, size in zip(shape, kernel, strict=True):
            span = (math.ceil(extent / stride) - 1) * stride + (size - 1) * dilation + 1
            total = max(span - extent, 0)
            begins.append(total // 2)
            ends.append(total - total // 2)
        count = len(kernel)
        return Window(tuple(kernel), (stride,) * count, (dilation,) * count, (*begins, *ends))

    def output(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Extents of the result for extents of the input."""
        count = len(shape)
        return tuple(
            (
                extent
                + self.pads[i]
                + self.pads[count + i]
                - (self.kernel[i] - 1) * self.dilations[i]
                - 1
            )
            // self.strides[i]
            + 1
            for i, extent in enumerate(shape)
        )

    def attributes(self) -> dict[str, list[int]]:
        return {
            "kernel_shape": list(self.kernel),
            "strides": list(self.strides),
            "pads": list(self.pads),
        }


class Network:
    """Collects the nodes of a model with one input and one output.

    A node and its result have the same name, and parameters begin with it. Batch normalisation is
    folded into the weights before it, as exporters do when they write a model for inference.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.random = RandomSource(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []

    # Inputs, constants and single nodes.

    def input(self, name: str, shape: tuple[int, ...], low: float, high: float) -> Tensor:
        """A float32 input with values from `low` to `high`."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return Tensor(name, shape, Moments.of_uniform(shape[1], low, high))

    def tokens(self, name: str, shape: tuple[int, ...]) -> str:
        """An int64 input."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, shape))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        """Floating point becomes float32."""
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    # Layers.

    def convolution(
        self,
        name: str,
        x: Tensor,
        channels: int,
        window: Window,
        *,
        depthwise: bool = False,
        normalized: bool = True,
        bias: bool = True,
        gain: float = 2.0,
    ) -> Tensor:
        """Conv with He-initialised weights, and batch normalisation if `normalized`.

        Args:
            name: of the node.
            x: [1, input channels, …].
            channels: of the output.
            window: kernel, strides, dilations and pads.
            depthwise: every channel has its own kernel; `channels` is that of `x`.
            normalized: followed by batch normalisation, folded into weights and bias.
            bias: whether there is one without batch normalisation.
            gain: the variance of a weight is this over the number of products in a sum.
        """
        inputs = 1 if depthwise else x.channels
        positions = math.prod(window.kernel)
        weights = self.random.bell(
            (channels, inputs, positions), math.sqrt(gain / (inputs * positions))
        )
        weights, biases, moments = self._folded(x.moments, weights, normalized, bias)
        parameters = [
            self.constant(f"{name}.weight", weights.reshape(channels, inputs, *window.kernel))
        ]
        if biases is not None:
            parameters.append(self.constant(f"{name}.bias", biases))
        self.node(
            "Conv",
            name,
            [x.name, *parameters],
            group=channels if depthwise else 1,
            dilations=list(window.dilations),
            **window.attributes(),
        )
        return Tensor(name, (1, channels, *window.output(x.shape[2:])), moments)

    def dense(
        self, name: str, x: Tensor, channels: int, *, normalized: bool = False, gain: float = 2.0
    ) -> Tensor:
        """Gemm of [rows, features], and batch normalisation if `normalized`; arguments as above."""
        features = x.shape[1]
        weights = self.random.bell((channels, features, 1), math.sqrt(gain / features))
        weights, biases, moments = self._folded(x.moments, weights, normalized, bias=True)
        assert biases is not None
        parameters = [
            self.constant(f"{name}.weight", weights.reshape(channels, features)),
            self.constant(f"{name}.bias", biases),
        ]
        self.node("Gemm", name, [x.name, *parameters], transB=1)
        return Tensor(name, (x.shape[0], channels), moments)

    def classifier(self, name: str, x: Tensor, classes: int) -> Tensor:
        """Gemm whose results are around 0 and differ by some units from input to input."""
        features = x.shape[1]
        weights = self.random.bell((classes, features, 1), 1.0)
        sums = x.moments.weighted(weights)
        factor = 2.0 / np.sqrt(sums.variance)
        self.node(
            "Gemm",
            name,
            [
                x.name,
                self.constant(f"{name}.weight", weights[..., 0] * factor[:, None]),
                self.constant(f"{name}.bias", -sums.mean * factor),
            ],
            transB=1,
        )
        return Tensor(
            name, (x.shape[0], classes), Moments(np.zeros(classes), np.full(classes, 4.0))
        )

    def _folded(
        self, moments: Moments, weights: Array, normalized: bool, bias: bool
    ) -> tuple[Array, Array | None, Moments]:
        """Weights and bias of a layer after batch normalisation, and the moments of its result."""
        channels = weights.shape[0]
        sums = moments.weighted(weights)
        if not normalized:
            if not bias:
                return weights, None, sums
            biases = self.random.bell((channels,), 0.1)
            return weights, biases, Moments(sums.mean + biases, sums.variance)
        gamma = self.random.uniform((channels,), 0.75, 1.25)
        # Above zero: normalisation with rectifiers that cut half of everything away would let each
        # layer amplify the rounding of those before it, which trained networks do not.
        beta = self.random.uniform((channels,), 0.0, 1.5)
        # What training would have measured, not quite, since it measures batches.
        mean = sums.mean + self.random.bell((channels,), 0.05) * np.sqrt(sums.variance)
        variance = sums.variance * self.random.uniform((channels,), 0.9, 1.1)
        factor = gamma / np.sqrt(variance + BATCH_NORMALIZATION_EPSILON)
        shifted = (sums.mean - mean) * factor + beta
        return (
            weights * factor[:, None, None],
            beta - mean * factor,
            Moments(shifted, sums.variance * factor * factor),
        )

    def relu(self, name: str, x: Tensor) -> Tensor:
        self.node("Relu", name, [x.name])
        return Tensor(name, x.shape, x.moments.rectified())

    def relu6(self, name: str, x: Tensor) -> Tensor:
        """Clip to 0 … 6."""
        bounds = [
            self.constant(f"{name}.minimum", np.array(0.0)),
            self.constant(f"{name}.maximum", np.array(6.0)),
        ]
        self.node("Clip", name, [x.name, *bounds])
        return Tensor(name, x.shape, x.moments.rectified(6.0))

    def add(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        self.node("Add", name, [a.name, b.name])
        return Tensor(name, a.shape, a.moments + b.moments)

    def average_pool(self, name: str, x: Tensor) -> Tensor:
        """AveragePool over all positions; [1, channels, 1, 1]."""
        self.node("AveragePool", name, [x.name], kernel_shape=list(x.shape[2:]))
        # Neighbours are alike, so that fewer than all positions are independent.
        independent = math.sqrt(math.prod(x.shape[2:]))
        moments = Moments(x.moments.mean, x.moments.variance / independent)
        return Tensor(name, (*x.shape[:2], *(1 for _ in x.shape[2:])), moments)

    def max_pool(self, name: str, x: Tensor, window: Window) -> Tensor:
        self.node("MaxPool", name, [x.name], **window.attributes())
        return Tensor(name, (*x.shape[:2], *window.output(x.shape[2:])), x.moments)

    def flatten(self, name: str, x: Tensor) -> Tensor:
        """[1, channels, …] with one position to [1, channels]."""
        assert math.prod(x.shape[2:]) == 1, "moments are per channel"
        self.node("Flatten", name, [x.name])
        return Tensor(name, x.shape[:2], x.moments)

    def reshape(self, name: str, x: str, shape: tuple[int, ...]) -> str:
        return self.node(
            "Reshape", name, [x, self.constant(f"{name}.shape", np.array(shape, np.int64))]
        )

    def last_position(self, name: str, x: Tensor) -> Tensor:
        """Slice of [1, channels, positions]: [1, channels, 1]."""
        parameters = {"starts": -1, "ends": np.iinfo(np.int64).max, "axes": 2}
        constants = [
            self.constant(f"{name}.{key}", np.array([value], np.int64))
            for key, value in parameters.items()
        ]
        self.node("Slice", name, [x.name, *constants])
        return Tensor(name, (*x.shape[:2], 1), x.moments)

    def softmax(self, name: str, x: Tensor) -> Tensor:
        """Over the last axis."""
        self.node("Softmax", name, [x.name], axis=-1)
        mean = np.full(x.channels, 1 / x.channels)
        return Tensor(name, x.shape, Moments(mean, mean * mean))

    def layer_normalization(self, name: str, x: Tensor) -> Tensor:
        """Over the last axis, with random scale and bias."""
        features = x.shape[-1]
        gamma = self.random.uniform((features,), 0.75, 1.25)
        beta = self.random.uniform((features,), -0.25, 0.25)
        parameters = [self.constant(f"{name}.weight", gamma), self.constant(f"{name}.bias", beta)]
        self.node("LayerNormalization", name, [x.name, *parameters], axis=-1, epsilon=1e-5)
        return Tensor(name, x.shape, Moments(beta, gamma * gamma))

    def gelu(self, name: str, x: Tensor) -> Tensor:
        self.node("Gelu", name, [x.name])
        return Tensor(name, x.shape, x.moments.rectified())

    # The whole.

    def model(self, output: Tensor) -> onnx.ModelProto:
        """The checked model with one float32 output."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            self.inputs,
            [helper.make_tensor_value_info(output.name, TensorProto.FLOAT, output.shape)],
            self.initializers,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model
