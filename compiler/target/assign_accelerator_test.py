"""Layers move to the accelerator, results stay: graphs before and after, interpreted."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.interpreter import interpret
from compiler.ir import Array, DataType, Graph, Node, TensorType, Value
from compiler.numerics.requantisation import choose_requantisation
from compiler.operators.binary import AddInt8
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import Pair, Window
from compiler.target import assign_accelerator
from compiler.target.soc import Accelerator, Cluster, Dma

ACCELERATOR = Accelerator(weight_memory_bytes=20_000)

CLUSTER = Cluster(
    cores=8,
    control_core=8,
    l1_bytes=240_000,
    l2_bytes=1 << 21,
    l2_latency=15,
    dma=Dma(6, 7, 8, 12, 256, 1, 1, 16, 10),
    accelerator=ACCELERATOR,
)


class Network:
    """Builds a graph of quantised layers with random constants."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.graph = Graph("")
        self.random = np.random.default_rng(seed)
        self.graph.add_value(Value("x", TensorType(DataType.INT8, shape)))
        self.graph.inputs.append("x")
        self.last = "x"

    def _constants(self, name: str, weights: Array, x_zero: int, y_zero: int) -> tuple[int, ...]:
        sums = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(1)
        bias = -x_zero * weights.astype(np.int64).reshape(len(weights), -1).sum(1)
        multiplier = 200.0 / (60.0 * sums + 1) * self.random.uniform(0.5, 1.0, len(weights))
        chosen = choose_requantisation(multiplier, 128 * sums, bias, y_zero)
        for what, data in (("w", weights), ("s", chosen.scale), ("b", chosen.bias)):
            self.graph.add_constant(f"{name}/{what}", data)
        return chosen.shift, chosen.wide, chosen.output_zero_point

    def _append(self, name: str, operation: ConvInt8 | MatMulInt8) -> None:
        inputs = (self.last, f"{name}/w", f"{name}/s", f"{name}/b")
        self.graph.append(Node(name, operation, inputs, (name,), (name,)))
        self.last = name

    def conv(
        self,
        name: str,
        outputs: int,
        kernel: Pair = (3, 3),
        stride: Pair = (1, 1),
        *,
        pad: bool = True,
        groups: int = 1,
        zero_points: Pair = (-128, -128),
        dilations: Pair = (1, 1),
        bounds: Pair = (-128, 127),
    ) -> Network:
        _, height, width, channels = self.graph.values[self.last].type.shape
        shape = (outputs, *kernel, channels // groups)
        weights = self.random.integers(-127, 128, shape).astype(np.int8)
        before = (kernel[0] // 2, kernel[1] // 2) if pad else (0, 0)
        window = Window(kernel, stride, dilations, before, before)
        ends = [
            (window.output((height, width))[a] - 1) * stride[a]
            + window.reach(a)
            - (height, width)[a]
            - before[a]
            for a in (0, 1)
        ]
        window = replace(window, ends=(ends[0], ends[1]))
        shift, wide, y_zero = self._constants(name, weights, *zero_points)
        operation = ConvInt8(window, groups, zero_points[0], shift, *bounds, bool(wide), y_zero)
        self._append(name, operation)
        return self

    def matmul(self, name: str, columns: int) -> Network:
        inner = self.graph.values[self.last].type.shape[-1]
        weights = self.random.integers(-100, 128, (columns, inner)).astype(np.int8)
        shift, wide, y_zero = self._constants(name, weights, -128, 3)
        self._append(name, MatMulInt8(shift, -128, 127, bool(wide), y_zero))
        return self

    def add(self, name: str, left: str, right: str) -> Network:
        operation = AddInt8((0, 1), 500, 400, 128 << 8, 9, -128, 127)
        self.graph.append(Node(name, operation, (left, right), (name,), (name,)))
        self.last = name
        return self

    def finish(self, *outputs: str) -> Graph:
        self.graph.outputs += [self.last, *outputs]
        return self.graph


def assigned(graph: Graph) -> list[str]:
    """Moves layers, checks that nothing else changes; the names of operations."""
    before = copy.deepcopy(graph)
    assign_accelerator.run([graph], CLUSTER, ACCELERATOR)
    random = np.random.default_rng(1)
    for fill in (None, -128, 127):
        shape = graph.values["x"].type.shape
        x = random.integers(-128, 128, shape).astype(np.int8)
        if fill is not None:
            x[...] = fill
        expected, found = interpret(before, {"x": x}), interpret(graph, {"x": x})
        for name in before.outputs:
            assert np.array_equal(expected[name], found[name]), name
    made = set(graph.inputs) | {value.name for value in graph.constants()}
    for node in graph.nodes:
        assert {name for name in node.inputs if name} <= made
        assert node.operation.infer(graph.input_types(node)) == tuple(graph.output_types(node))
        made |= set(node.outputs)
    assert made == set(graph.values)
    return [type(node.operation).__name__ for node in graph.nodes]


CONV, PRODUCT = "AcceleratedConvInt8", "AcceleratedMatMulInt8"


def test_a_chain_is_uint8_inside() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16).conv("second", 16).conv("third", 8)
    assert assigned(network.finish()) == ["Recode", CONV, CONV, CONV]


def test_what_cores_read_too_is_int8_as_well() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16).conv("second", 16)
    network.add("sum", "first", "second").conv("third", 16)
    expected = ["Recode", CONV, "Recode", CONV, "AddInt8", "Recode", CONV]
    assert assigned(network.finish()) == expected


def test_outputs_stay_int8() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16).conv("second", 16)
    assert assigned(network.finish("first")) == ["Recode", CONV, "Recode", CONV]


def test_strides_compute_every_pixel() -> None:
    network = Network((1, 13, 16, 16)).conv("first", 16, stride=(2, 2)).conv("second", 16)
    assert assigned(network.finish()) == ["Recode", CONV, "Slice", CONV]


def test_strides_of_1x1_do_not() -> None:
    network = Network((1, 13, 16, 32)).conv("first", 32, (1, 1), (2, 2), pad=False)
    assert assigned(network.finish()) == [CONV]


def test_1x1_is_a_product_of_any_input() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16).conv("second", 32, (1, 1), pad=False)
    network.conv("third", 32, groups=32)
    assert assigned(network.finish()) == ["Recode", CONV, PRODUCT, CONV]


def test_other_zero_points_are_padded_by_cores() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16, zero_points=(5, -128))
    assert assigned(network.finish()) == ["Pad", CONV]
    network = Network((1, 12, 12, 16)).conv("first", 16, zero_points=(0, 7))
    assert assigned(network.finish()) == [CONV]


def test_other_kernels_are_products_of_windows() -> None:
    network = Network((1, 12, 12, 4)).conv("first", 32, (5, 3), zero_points=(7, -128))
    network.conv("second", 16, (2, 2), (2, 2), pad=False).conv("third", 16, dilations=(2, 2))
    product = ["Windows", PRODUCT]
    assert assigned(network.finish()) == product * 3


def test_windows_of_uint8() -> None:
    network = Network((1, 12, 12, 8)).conv("first", 16, (1, 1), pad=False).conv("second", 16)
    network.add("sum", "second", "second").conv("other", 16, (4, 4))
    network.last = "first"
    network.conv("third", 8, (3, 3), (3, 3))
    names = assigned(network.finish("sum", "other"))
    assert names[:2] == [PRODUCT, CONV] and "Recode" not in names


def test_cores_clip() -> None:
    network = Network((1, 12, 12, 16)).conv("first", 16, bounds=(0, 127)).conv("second", 16)
    network.conv("third", 16, (1, 1), pad=False, bounds=(-100, 90))
    expected = ["Recode", CONV, "Table", "Recode", CONV, PRODUCT, "Table"]
    assert assigned(network.finish()) == expected


def test_matrix_products() -> None:
    network = Network((1, 64, 64)).matmul("first", 64).matmul("second", 40)
    assert assigned(network.finish()) == [PRODUCT, PRODUCT]


def test_vectors_that_several_layers_read_are_shared() -> None:
    network = Network((1, 1, 64))
    for name in ("first", "second", "third"):
        network.last = "x"
        network.matmul(name, 256)
    names = assigned(network.finish("first", "second", "third"))
    assert {PRODUCT, "MatMulInt8"} <= set(names)


def test_of_many_rows_the_accelerator_has_most() -> None:
    network = Network((1, 64, 64)).matmul("first", 256)
    network.last = "x"
    graph = network.matmul("second", 256).finish("first", "second")
    assigned(graph)
    rows = sum(
        graph.values[node.outputs[0]].type.elements // 256
        for node in graph.nodes
        if type(node.operation).__name__ == PRODUCT
    )
    assert rows >= 100


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Network((1, 12, 12, 16)).conv("c", 16, (5, 5), groups=16), "its kernel is 5x5"),
        (Network((1, 12, 12, 16)).conv("c", 16, groups=16, dilations=(2, 2)), "dilated"),
        (Network((1, 12, 12, 16)).conv("c", 16, groups=4), "it has 4 groups"),
        (Network((1, 12, 12, 4)).conv("c", 8, groups=4), "it has 4 groups"),
        (Network((1, 1, 4)).matmul("c", 512), "cycles on the cores"),
    ],
)
def test_why_not(network: Network, reason: str) -> None:
    graph = network.finish()
    names = [type(node.operation).__name__ for node in graph.nodes]
    assert assigned(graph) == names
    assert reason in graph.nodes[-1].reason


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_networks(seed: int) -> None:
    random = np.random.default_rng(seed)

    def pick(*values: int) -> int:
        return int(random.choice(values))

    network = Network((1, pick(4, 7, 12), pick(5, 8), pick(4, 16, 33)), seed)
    names: list[str] = []
    zero_point = pick(-128, -128, 0, 9)
    for index in range(pick(1, 2, 4)):
        shape = network.graph.values[network.last].type.shape
        next_zero_point = pick(-128, -128, 0, -77)
        depthwise = bool(random.integers(2))
        outputs = shape[-1] if depthwise else pick(8, 20, 40)
        kernel = pick(3, 3, 1, 5)
        network.conv(
            f"c{index}",
            outputs,
            (kernel, kernel),
            (pick(1, 1, 2), pick(1, 1, 2)),
            pad=kernel >= 3,
            groups=shape[-1] if depthwise and kernel == 3 else 1,
            zero_points=(zero_point, next_zero_point),
            bounds=(-128, 127) if pick(0, 0, 1) == 0 else (pick(-128, 0, 5), pick(100, 127)),
        )
        zero_point = next_zero_point
        if (
            names
            and network.graph.values[names[-1]].type == network.graph.values[network.last].type
        ):
            network.add(f"a{index}", names[-1], network.last)
        names.append(network.last)
    assigned(network.finish(*(name for name in names[:-1] if random.integers(4) == 0)))


def test_both_engines_share_a_vector() -> None:
    graph = Network((1, 64)).matmul("zeroth", 128).matmul("first", 128).finish()
    names = assigned(graph)
    assert names[-3:] == [PRODUCT, "MatMulInt8", "Joined"]
    first, cores, joined = graph.nodes[-3:]
    assert (first.name, cores.name) == ("first", "first/cores")
    assert joined.inputs == (*first.outputs, *cores.outputs)
    assert graph.values[first.outputs[0]].type.elements % 32 == 0
    assert "the cores the others in" in first.reason
