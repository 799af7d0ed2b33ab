"""Writes the two digit classifiers as float32 ONNX models from their trained weights.

`export.py plain|separable WEIGHTS.npz OUTPUT.onnx`; the same bytes on every run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = 17
Weights = Mapping[str, npt.NDArray[Any]]


class Builder:
    """Collects the nodes of a chain; every method returns the name of its result."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[NodeProto] = []
        self.weights = weights

    def add(self, operator: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def convolution(self, name: str, x: str, *, stride: int = 1, group: int = 1) -> str:
        kernel = self.weights[f"{name}.weight"].shape[2]
        return self.add(
            "Conv",
            name,
            x,
            f"{name}.weight",
            f"{name}.bias",
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
            group=group,
        )

    def classifier(self, x: str) -> str:
        inputs = (x, "classifier.weight", "classifier.bias")
        return self.add("Gemm", "logits", *inputs, transB=1)


def plain(builder: Builder) -> None:
    """Two convolutions, max pooling and a classifier."""
    x = "image"
    for index in (1, 2):
        x = builder.convolution(f"convolution{index}", x)
        x = builder.add("Relu", f"relu{index}", x)
        x = builder.add("MaxPool", f"pool{index}", x, kernel_shape=[2, 2], strides=[2, 2])
    builder.classifier(builder.add("Flatten", "flatten", x))


def separable(builder: Builder) -> None:
    """Depthwise-separable convolutions with a residual connection and average pooling."""
    x = builder.add("Relu", "stem_relu", builder.convolution("stem", "image"))
    for index, (stride, group) in enumerate([(2, 16), (1, 32)], 1):
        block_input = x
        x = builder.convolution(f"depthwise{index}", x, stride=stride, group=group)
        x = builder.add("Relu", f"depthwise{index}_relu", x)
        x = builder.convolution(f"pointwise{index}", x)
        if index == 2:
            x = builder.add("Add", "residual", block_input, x)
        x = builder.add("Relu", f"block{index}_relu", x)
    x = builder.add("GlobalAveragePool", "average", x)
    builder.classifier(builder.add("Flatten", "flatten", x))


NETWORKS: dict[str, Callable[[Builder], None]] = {"plain": plain, "separable": separable}


def export(name: str, weights: Weights) -> ModelProto:
    """The model: input `image` float32 [1, 1, 8, 8] in 0..1, output `logits` float32 [1, 10]."""
    builder = Builder(weights)
    NETWORKS[name](builder)
    graph = helper.make_graph(
        builder.nodes,
        f"digits_{name}",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])],
        [
            numpy_helper.from_array(np.ascontiguousarray(data, np.float32), key)
            for key, data in sorted(weights.items())
        ],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name=""
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=sorted(NETWORKS))
    parser.add_argument("weights", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    with np.load(options.weights) as weights:
        model = export(options.network, dict(weights))
    options.output.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
