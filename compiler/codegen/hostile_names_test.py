"""Whatever a model's author calls things, the generated C compiles and computes the same."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from compiler.codegen.interpreter_harness import check_runs
from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.passes import run_passes

LINE_LENGTH = 4095
"""What C99 promises to accept."""

HOSTILE = [
    *("for", "int8_t", "INT32_MAX", "NULL", "main", "memcpy", "tw_kernel", "core", "arena"),
    *("weights", "State", "row", "i", "inputs", "_Bool", "__LINE__", "unix"),
    *("*/ #error", "/*", "//\\", "a\\\nb", "??/", "what??/\n*/", '"', "'", "%s%n", "\0", "\r\n"),
    *("../../secret", "C:\\file", "入力", "größe", "\u202eabc", "\U0001f600", " ", "-", "9"),
    *("x" * 10_000, "*/" * 5_000, "é" * 10_000, "x.real", "x/quantise", "x/dequantise", "x.1"),
]


@pytest.mark.parametrize("name", ["arena", "/* arena", "the arena"])
def test_a_tensor_called_like_memory_that_is_not_needed(name: str) -> None:
    """Without an arena none is declared, whatever the names in code and comments look like."""
    graph = helper.make_graph(
        [helper.make_node("Softmax", [name], ["y"], name)],
        name,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])],
    )
    opset = helper.make_opsetid("", 21)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    lowered = lower(import_model(model), "")
    run_passes(lowered)
    check_runs([lowered], [""])


def test_weights_called_like_memory_that_is_not_needed() -> None:
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "arena"], ["y"], "slopes")],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])],
        [numpy_helper.from_array(np.array([1, 2, 3], np.float32), "arena")],
    )
    opset = helper.make_opsetid("", 21)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    lowered = lower(import_model(model), "")
    run_passes(lowered)
    check_runs([lowered], [""])


def quantised_model(name: str) -> ModelProto:
    """A small network with weights whose nodes and tensors are all called after `name`."""
    tensors = {
        f"{name}.weights": np.arange(-8, 8, dtype=np.int8).reshape(4, 4),
        f"{name}.scale": np.array(0.1, np.float32),
        f"{name}.zero": np.array(0, np.int8),
    }
    scale = [f"{name}.scale", f"{name}.zero"]
    nodes = [
        helper.make_node("QuantizeLinear", [name, *scale], [f"{name}.q"], f"{name}"),
        helper.make_node("DequantizeLinear", [f"{name}.q", *scale], [f"{name}.real"], f"{name}/q"),
        helper.make_node("DequantizeLinear", [f"{name}.weights", *scale], [f"{name}.w"]),
        helper.make_node("MatMul", [f"{name}.real", f"{name}.w"], [f"{name}/y"], f"{name}/matmul"),
        helper.make_node("Exp", [f"{name}/y"], [f"{name}.y.real"], f"{name}/quantise"),
        helper.make_node("Relu", [f"{name}.y.real"], [f"{name}."], f"{name}/quantise"),
        helper.make_node("Add", [f"{name}.", f"{name}.y.real"], [f"{name} y"], name),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4])],
        [helper.make_tensor_value_info(f"{name} y", TensorProto.FLOAT, [2, 4])],
        [numpy_helper.from_array(data, tensor) for tensor, data in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_the_generated_code_compiles_and_is_right(name: str) -> None:
    graph = lower(import_model(quantised_model(name)), "")
    run_passes(graph)
    network = check_runs([graph], ["", ""])
    for file in ("sample.c", "sample.h"):
        text = network.files()[file].decode("ascii")
        assert max(map(len, text.splitlines())) <= LINE_LENGTH
