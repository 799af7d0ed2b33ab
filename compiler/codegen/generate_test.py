"""Generated C, compiled for this machine, against the NumPy interpreter: equal to the last bit."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import (
    Expected,
    check_runs,
    generated,
    random_inputs,
)
from compiler.codegen.network_harness import CompiledNetwork
from compiler.codegen.sample_networks import NetworkBuilder, decoder, perceptron
from compiler.errors import Code, CompileError
from compiler.ir import DataType, TensorType
from compiler.operators.copy import Copy
from compiler.operators.matmul import MatMulFloat
from compiler.operators.quantize import Quantize
from compiler.operators.view import View
from compiler.report.golden import initial_states


def test_straight_code() -> None:
    network = check_runs(perceptron(), ["", "", ""])
    assert not network.content.functions[0].blocks


def test_repeated_layers_share_code_weights_and_states() -> None:
    graphs = decoder(layers=4)
    network = check_runs(
        graphs, ["step", "step", "batch", "step", "reset", "step", "batch", "batch", "step"]
    )
    step, batch = network.content.functions
    assert [(block.count, len(block.rows)) for block in step.blocks] == [(4, 4)]
    assert [(block.count, len(block.rows)) for block in batch.blocks] == [(4, 4)]
    constants = {
        (value.type.data_type, value.constant.tobytes())
        for graph in graphs
        for value in graph.constants()
        if value.constant is not None
    }
    assert len(network.weights) == sum(-(-len(data) // 16) * 16 for _, data in constants)


def test_reset_sets_states_to_real_zero() -> None:
    graphs = decoder(layers=1)
    assert all(np.all(state == 3) for state in initial_states(graphs).values())
    check_runs(graphs, ["step", "reset", "step"])


def test_repeated_layer_reads_an_input() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.INT8, (1, 8)))
    for index in range(5):
        x = build.matmul(f"layer{index}/first", x, 8)
        x = build.table(f"layer{index}/second", x)
        build.node(f"layer{index}/out", Copy(), [x], f"out{index}")
        build.output(f"out{index}")
    check_runs([build.graph], ["", ""])


def test_values_of_before_and_of_the_last_repetition_are_read_in_all() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.FLOAT32, (2, 8)))
    first = build.quantize("first", x)
    kept = current = build.matmul("stem", first, 8)
    for index in range(4):
        a = build.matmul(f"block{index}/a", current, 8)
        b = build.matmul(f"block{index}/b", kept, 8)
        c = build.table(f"block{index}/c", b)
        d = build.node(f"block{index}/d", Copy(), [a])
        build.output(c)
        current = build.matmul(f"block{index}/e", d, 8)
    build.output(build.matmul("head", current, 3))
    network = check_runs([build.graph], ["", ""])
    assert network.content.functions[0].blocks


def test_output_that_is_a_view_of_another_output() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.FLOAT32, (2, 6)))
    y = build.node("quantize", Quantize(0.1, 0), [x], "y")
    build.output(y)
    build.output(build.node("view", View((3, 4)), [y], "view of y"))
    build.output(build.node("same", View((12,)), [x], "view of x"))
    check_runs([build.graph], ["", ""])


def test_absent_input_becomes_null() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.FLOAT32, (3, 4)))
    weights = build.constant("w", lambda random: random.normal(size=(4, 2)).astype(np.float32))
    build.output(build.node("y", MatMulFloat(-1.0, 1.0), [x, weights, None], "result"))
    network = check_runs([build.graph], [""])
    assert "NULL" in network.source


def test_states_that_swap() -> None:
    build = NetworkBuilder("")
    type_ = TensorType(DataType.INT8, (1, 8))
    a, b = build.input("a", type_), build.input("b", type_)
    x = build.input("x", type_)
    total = build.matmul("sum", x, 8)
    new_a = build.node("a copy", Copy(), [b], "new a")
    new_b = build.node("b copy", Copy(), [a], "new b")
    c = build.input("c", type_)
    build.output(new_a)
    build.output(new_b)
    build.output(total)
    build.state(a, new_a)
    build.state(b, new_b)
    build.state(c, total)
    build.output(build.node("y", Copy(), [c], "old c"))
    check_runs([build.graph], [""] * 4)


def test_descriptor_describes_and_runs_the_network() -> None:
    class Tensor(ctypes.Structure):
        _fields_ = [
            ("name", ctypes.c_char_p),
            ("data_type", ctypes.c_int),
            ("bytes", ctypes.c_uint32),
            ("rank", ctypes.c_uint32),
            ("shape", ctypes.POINTER(ctypes.c_uint32)),
            ("scale", ctypes.c_float),
            ("zero_point", ctypes.c_int32),
        ]

    pointers = ctypes.POINTER(ctypes.c_void_p)

    class Entry(ctypes.Structure):
        _fields_ = [
            ("name", ctypes.c_char_p),
            ("inputs", ctypes.POINTER(Tensor)),
            ("input_count", ctypes.c_uint32),
            ("outputs", ctypes.POINTER(Tensor)),
            ("output_count", ctypes.c_uint32),
            ("run", ctypes.CFUNCTYPE(ctypes.c_int32, pointers, pointers)),
        ]

    class Network(ctypes.Structure):
        _fields_ = [
            ("name", ctypes.c_char_p),
            ("entry_points", ctypes.POINTER(Entry)),
            ("entry_point_count", ctypes.c_uint32),
            ("reset", ctypes.CFUNCTYPE(None)),
            ("weights_bytes", ctypes.c_uint32),
            ("state_bytes", ctypes.c_uint32),
            ("arena_bytes", ctypes.c_uint32),
        ]

    graphs = decoder(layers=2)
    network = generated("sample", graphs)
    compiled, expected = CompiledNetwork(network), Expected(graphs)
    found = Network.in_dll(compiled.library, "sample_network")
    assert (found.name, found.entry_point_count) == (b"sample", 2)
    assert found.weights_bytes == len(network.weights)
    assert found.state_bytes == 2 * 64
    found.reset()
    for entry, graph in zip(found.entry_points[:2], graphs, strict=True):
        assert entry.name.decode() == graph.name
        assert (entry.input_count, entry.output_count) == (1, 1)
        tensor = entry.inputs[0]
        shape = graph.values["tokens.embedded"].type.shape
        assert tensor.name == b"tokens.embedded"
        assert tuple(tensor.shape[: tensor.rank]) == shape
        inputs = random_inputs(graph, ["tokens.embedded"], 7)
        output = np.zeros(graph.values["logits"].type.shape, np.float32)
        assert entry.outputs[0].bytes == output.nbytes
        result = entry.run(
            (ctypes.c_void_p * 1)(inputs["tokens.embedded"].ctypes.data),
            (ctypes.c_void_p * 1)(output.ctypes.data),
        )
        assert result == 0
        assert output.tobytes() == expected.run(graph.name, inputs)["logits"].tobytes()


HOOKS = """\
#include <stdint.h>
uint32_t sample_count;
uint32_t sample_layers[256];
#define TILEWRIGHT_LAYER_DONE(layer, ...) (sample_layers[sample_count++] = (layer))
"""


def test_hook_sees_all_layers_in_order(tmp_path: Path) -> None:
    (tmp_path / "hooks.h").write_text(HOOKS)
    network = generated("sample", decoder(layers=3))
    compiled = CompiledNetwork(network, f'-DTILEWRIGHT_HOOKS="{tmp_path / "hooks.h"}"')
    compiled.reset()
    for entry in network.interface.entry_points:
        compiled.run(entry.name, random_inputs(entry.graph, ["tokens.embedded"], 0))
    count = ctypes.c_uint32.in_dll(compiled.library, "sample_count").value
    layers = (ctypes.c_uint32 * 256).in_dll(compiled.library, "sample_layers")
    assert list(layers[:count]) == [layer.number for layer in network.content.layers]
    assert count == len(network.content.layers)


def test_names_that_collide_are_refused_together() -> None:
    build = NetworkBuilder("run it")
    type_ = TensorType(DataType.INT8, (4,))
    for name in ("a.b", "a/b", "x"):
        build.output(build.node(f"copy {name}", Copy(), [build.input(name, type_)], f"{name}!"))
    with pytest.raises(CompileError) as error:
        generated("sample", [build.graph])
    assert [problem.code for problem in error.value.problems] == [Code.NAME_COLLISION] * 4
    assert "'a/b'" in str(error.value)
    assert "'a.b'" in str(error.value)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("int", "int_"), ("3d", "n3d"), ("größe", "gro_u00df_e"), ("core", "core_"), ("!", "unnamed")],
)
def test_any_tensor_name_becomes_an_identifier(name: str, identifier: str) -> None:
    build = NetworkBuilder("")
    x = build.input(name, TensorType(DataType.INT8, (4,)))
    build.output(build.node("*/ copy \n \\", Copy(), [x], "result"))
    network = check_runs([build.graph], [""])
    assert network.interface.entry_points[0].inputs[0].identifier == identifier


@pytest.mark.parametrize("name", ["", "3d", "a-b", "for", "a b"])
def test_network_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(CompileError) as error:
        generated(name, perceptron())
    assert error.value.problems[0].code is Code.BAD_OPTION
