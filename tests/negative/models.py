"""Models that the compiler must refuse, and the options that it is called with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
OPSET = 21
Extent = int | str


@dataclass(frozen=True)
class Case:
    """One refused compilation; its expected message is in `expected/<name>.txt`."""

    name: str
    make: Callable[[], bytes]
    options: Sequence[str] = field(default_factory=tuple[str, ...])


def model(
    nodes: Sequence[NodeProto],
    inputs: dict[str, Sequence[Extent]],
    outputs: dict[str, Sequence[Extent]],
    constants: dict[str, np.ndarray] | None = None,
    opset: int = OPSET,
) -> ModelProto:
    """A model with float32 inputs and outputs."""
    graph = helper.make_graph(
        list(nodes),
        "negative",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def unsupported_operators() -> bytes:
    """Two operators that are not supported, one of them twice; all nodes must be named."""
    nodes = [
        helper.make_node("Det", ["x"], ["d"], name="/head/determinant"),
        helper.make_node("Bernoulli", ["x"], ["c"], name="/head/noise"),
        helper.make_node("Det", ["c"], ["y"], name="/tail/determinant"),
    ]
    return model(nodes, {"x": [4, 4]}, {"y": []}).SerializeToString()


def foreign_domain() -> bytes:
    node = helper.make_node("Swirl", ["x"], ["y"], name="swirl", domain="com.example")
    proto = model([node], {"x": [4]}, {"y": [4]})
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    return proto.SerializeToString()


def similar_operator() -> bytes:
    """An operator of another domain that ONNX has too."""
    node = helper.make_node("Hardswish", ["x"], ["y"], name="gate", domain="com.example")
    proto = model([node], {"x": [4]}, {"y": [4]})
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    return proto.SerializeToString()


def data_dependent_shape() -> bytes:
    nodes = [
        helper.make_node("NonZero", ["x"], ["i"], name="chosen"),
        helper.make_node("Cast", ["i"], ["y"], name="indices", to=FLOAT),
    ]
    return model(nodes, {"x": [4]}, {"y": [1, "n"]}).SerializeToString()


def double_precision() -> bytes:
    node = helper.make_node("Relu", ["x"], ["y"], name="rectifier")
    proto = model([node], {"x": [4]}, {"y": [4]})
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return proto.SerializeToString()


def four_bit_activation() -> bytes:
    parameters = {"scale": np.array(0.5, np.float32)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale"], ["q"], name="q", output_dtype=22),
        helper.make_node("DequantizeLinear", ["q", "scale"], ["y"], name="dq"),
    ]
    return model(nodes, {"x": [4]}, {"y": [4]}, parameters).SerializeToString()


def unsupported_forms() -> bytes:
    """An attribute, a rank, a type and an operand at run time, each in a node of its own."""
    nodes = [
        helper.make_node("Resize", ["x", "", "s"], ["a"], name="enlarge", mode="cubic_spline"),
        helper.make_node("ConvTranspose", ["volume", "w"], ["b"], name="enlarge_volume"),
        helper.make_node("Cast", ["x"], ["u"], name="cast", to=TensorProto.UINT32),
        helper.make_node("Mul", ["u", "u"], ["p"], name="product"),
        helper.make_node("Cast", ["p"], ["c"], name="cast_back", to=FLOAT),
        helper.make_node("Conv", ["x", "x"], ["d"], name="correlation"),
    ]
    constants = {"s": np.array([1, 1, 2, 2], np.float32), "w": np.ones((1, 1, 2, 2, 2), np.float32)}
    inputs: dict[str, Sequence[Extent]] = {"x": [1, 1, 4, 4], "volume": [1, 1, 3, 3, 3]}
    outputs: dict[str, Sequence[Extent]] = {
        "a": [1, 1, 8, 8],
        "b": [1, 1, 4, 4, 4],
        "c": [1, 1, 4, 4],
        "d": [1, 1, 1, 1],
    }
    return model(nodes, inputs, outputs, constants).SerializeToString()


def symbolic_dimension() -> bytes:
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    weights = {"w": np.ones((8, 2), np.float32)}
    return model([node], {"x": ["batch", 8]}, {"y": ["batch", 2]}, weights).SerializeToString()


def computed_weights() -> bytes:
    node = helper.make_node("Conv", ["x", "x"], ["y"], name="correlation")
    return model([node], {"x": [1, 1, 4, 4]}, {"y": [1, 1, 1, 1]}).SerializeToString()


def old_opset() -> bytes:
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    weights = {"w": np.ones((8, 2), np.float32)}
    return model([node], {"x": [1, 8]}, {"y": [1, 2]}, weights, opset=3).SerializeToString()


def new_opset() -> bytes:
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    weights = {"w": np.ones((8, 2), np.float32)}
    return model([node], {"x": [1, 8]}, {"y": [1, 2]}, weights, opset=26).SerializeToString()


def product() -> bytes:
    """A model that compiles."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    weights = {"w": np.ones((64, 32), np.float32)}
    return model([node], {"x": [1, 64]}, {"y": [1, 32]}, weights).SerializeToString()


CASES = [
    Case("computed_weights", computed_weights),
    Case("data_dependent_shape", data_dependent_shape),
    Case("double_precision", double_precision),
    Case("foreign_domain", foreign_domain),
    Case("four_bit_activation", four_bit_activation),
    Case("memory_budget", product, ["--memory", "1000"]),
    Case("new_opset", new_opset),
    Case("no_model", lambda: b"this is not a protocol buffer"),
    Case("old_opset", old_opset),
    Case("similar_operator", similar_operator),
    Case("symbolic_dimension", symbolic_dimension),
    Case("unknown_dimension", symbolic_dimension, ["--entry-point", "run:sequence=1"]),
    Case("unknown_integer_io", product, ["--integer-io", "z"]),
    Case("unknown_state", product, ["--state", "past=present"]),
    Case("unsupported_forms", unsupported_forms),
    Case("unsupported_operators", unsupported_operators),
]
