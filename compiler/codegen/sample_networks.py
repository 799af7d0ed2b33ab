"""Small networks for the tests of code generation; their weights are random with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import (
    Array,
    DataType,
    Graph,
    Kernel,
    Node,
    Operation,
    Quantization,
    State,
    TensorType,
    Value,
)
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.quantize import Dequantize, Quantize, Recode
from compiler.operators.table import Table
from compiler.operators.view import View

WIDTH = 16
HISTORY = 4
SCALE = 0.05
ZERO_POINT = 3


@dataclass(frozen=True)
class WriteRow(Operation):
    """A history with its last row replaced: inputs int8 [rows, width] and int8 [1, width].

    Its kernel, `tw_test_write_row`, stands in testdata and writes that row only.
    """

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        history, row = inputs
        assert history is not None and row is not None
        assert row.shape == (1, history.shape[1])
        return (history,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        history, row = inputs
        assert history is not None and row is not None
        return (np.concatenate([history[:-1], row]),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        rows, width = outputs[0].shape
        return Kernel(
            "tw_test_write_row",
            "test_kernels.h",
            {"rows": rows, "width": width},
            scratch_bytes=width,
        )

    @property
    def updates(self) -> int | None:
        return 0


class NetworkBuilder:
    """Builds one entry point; constants depend on their names, not on the order of calls."""

    def __init__(self, name: str) -> None:
        self.graph = Graph(name)

    def input(self, name: str, type_: TensorType, quantization: Quantization | None = None) -> str:
        self.graph.add_value(Value(name, type_, quantization=quantization))
        self.graph.inputs.append(name)
        return name

    def output(self, name: str) -> None:
        self.graph.outputs.append(name)

    def state(self, source: str, target: str) -> None:
        self.graph.states.append(State(source, target))
        self.graph.values[target].quantization = self.graph.values[source].quantization

    def constant(self, name: str, make: Callable[[np.random.Generator], Array]) -> str:
        seed = np.frombuffer(name.encode(), np.uint8).astype(np.uint32)
        return self.graph.add_constant(name, make(np.random.default_rng(seed))).name

    def node(
        self, name: str, operation: Operation, inputs: Sequence[str | None], output: str = ""
    ) -> str:
        """Adds a node with one output, called `<name>_output` unless given; returns its name."""
        output = output or f"{name}_output"
        self.graph.append(Node(name, operation, tuple(inputs), (output,), (name,)))
        return output

    def quantize(self, name: str, x: str) -> str:
        return self.node(name, Quantize(SCALE, ZERO_POINT), [x])

    def dequantize(self, name: str, x: str, output: str) -> str:
        return self.node(name, Dequantize(SCALE, ZERO_POINT), [x], output)

    def matmul(self, name: str, x: str, columns: int, *, wide: bool = False) -> str:
        inner = self.graph.values[x].type.shape[-1]
        weights = self.constant(
            f"{name}/weights", lambda r: r.integers(-127, 128, (columns, inner)).astype(np.int8)
        )
        scale = self.constant(
            f"{name}/scale", lambda r: r.integers(20, 100, columns).astype(np.uint32)
        )
        bias = self.constant(
            f"{name}/bias", lambda r: r.integers(-9999, 9999, columns).astype(np.int32)
        )
        shift = 17 + sum(name.encode()) % 3
        return self.node(
            name, MatMulInt8(shift, -128, 127, wide, ZERO_POINT), [x, weights, scale, bias]
        )

    def table(self, name: str, x: str) -> str:
        table = (
            self.constant(
                "activation/table", lambda r: r.permutation(256).astype(np.uint8).view(np.int8)
            )
            if "activation/table" not in self.graph.values
            else "activation/table"
        )
        return self.node(name, Table(), [x, table])


def perceptron() -> list[Graph]:
    """One entry point without a name: quantised layers between float inputs and outputs."""
    build = NetworkBuilder("")
    image = build.input("image", TensorType(DataType.FLOAT32, (1, 4, 4)))
    flat = build.node("flatten", View((1, 16)), [image])
    x = build.quantize("quantize", flat)
    x = build.table("hidden/activation", build.matmul("hidden/MatMul", x, 12))
    x = build.dequantize("hidden/dequantize", x, "features")
    weights = build.constant(
        "classify/weights", lambda r: r.normal(size=(12, 5)).astype(np.float32)
    )
    bias = build.constant("classify/bias", lambda r: r.normal(size=5).astype(np.float32))
    build.node("classify", MatMulFloat(-float("inf"), 2.5), [x, weights, bias], "class scores")
    build.output("class scores")
    return [build.graph]


def decoder(layers: int = 4) -> list[Graph]:
    """Two entry points of repeated layers that share weights, and a state per layer.

    `step` takes one row, `batch` three rows of a quantised tensor and leaves the states alone but
    for the last layer's.
    """
    return [_decoder("step", 1, layers), _decoder("batch", 3, layers)]


def _decoder(name: str, rows: int, layers: int) -> Graph:
    build = NetworkBuilder(name)
    quantization = Quantization(SCALE, ZERO_POINT)
    x = build.input("tokens.embedded", TensorType(DataType.UINT8, (rows, WIDTH)))
    histories = [
        build.input(f"history_{i}", TensorType(DataType.INT8, (HISTORY, WIDTH)), quantization)
        for i in range(layers)
    ]
    x = build.node("recode", Recode(DataType.INT8), [x])
    for index, history in enumerate(histories):
        prefix = f"/layers.{index}"
        query = build.matmul(f"{prefix}/query/MatMul", x, WIDTH)
        key = build.matmul(f"{prefix}/key/MatMul", x, WIDTH, wide=True)
        key = build.table(f"{prefix}/key/activation", key)
        if rows == 1:
            new = build.node(f"{prefix}/history", WriteRow(), [history, key])
            seen = build.node(f"{prefix}/flatten", View((1, HISTORY * WIDTH)), [new])
            mixed = build.matmul(f"{prefix}/mix/MatMul", seen, WIDTH)
        else:
            new = build.matmul(f"{prefix}/forget/MatMul", history, WIDTH)
            mixed = build.matmul(f"{prefix}/mix_rows/MatMul", key, WIDTH)
        build.output(new)
        build.state(history, new)
        total = build.matmul(f"{prefix}/up/MatMul", mixed, 2 * WIDTH)
        total = build.table(f"{prefix}/up/activation", total)
        x = build.matmul(f"{prefix}/down/MatMul", total, WIDTH)
        del query
    build.dequantize("dequantize", x, "logits")
    build.output("logits")
    return build.graph
