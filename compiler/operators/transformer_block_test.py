"""A transformer block with a cache, lowered for prefill and decoding, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import check_runs
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph, State
from compiler.lowering.lower import lower
from compiler.operators.model_harness import run_onnxruntime
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.passes import run_passes

HEADS, SIZE, CAPACITY, HIDDEN = 4, 8, 16, 32
ACTIVATIONS = Stored(4.0 / 127)
CACHES = ("key_cache", "value_cache")
INTEGER_ONLY = {
    "AddInt8",
    "Arithmetic",  # of positions
    "AttentionInt8",
    "MatMulInt8",
    "RmsNormalizationInt8",
    "RotaryEmbeddingInt8",
    "Table",
    "TensorScatter",
    "Transpose",
    "View",
}


class Block(ModelUnderTest):
    """x + feed_forward(norm(x + projection(attention(norm(x))))), quantised after every node."""

    def __init__(self, queries: int, quantised: bool) -> None:
        super().__init__()
        self.random = np.random.default_rng(11)
        self.stored = ACTIVATIONS if quantised else None
        self.queries = queries
        self.input("x", np.zeros((1, queries, HIDDEN), np.float32))
        self.input("position", np.zeros(1, np.int64))
        for cache in CACHES:
            self.input(cache, np.zeros((1, HEADS, CAPACITY, SIZE), np.float32))
        self._attention()
        self._feed_forward()
        for name in ("y", "key_cache_next", "value_cache_next"):
            self.output(f"{name}_real" if quantised else name)

    def step(self, operator: str, operands: list[str], output: str, **attributes: object) -> str:
        """A node whose output is quantised; returns the dequantised tensor."""
        return self.quantised(self.node(operator, operands, output, **attributes), self.stored)

    def linear(self, operand: str, output: str, rows: int, columns: int) -> str:
        weights = self.random.normal(0, rows**-0.5, (rows, columns)).astype(np.float32)
        name = self.constant(f"{output}/weights", weights)
        if self.stored is not None:
            name = self.constant(f"{output}/stored", np.rint(weights * 60).astype(np.int8))
            scale = self.constant(f"{output}/scale", np.array(1 / 60, np.float32))
            zero = self.constant(f"{output}/zero", np.array(0, np.int8))
            name = self.node("DequantizeLinear", [name, scale, zero], f"{output}/dequantised")
        return self.step("MatMul", [operand, name], output)

    def heads(self, operand: str, output: str) -> str:
        shape = self.constant(f"{output}/shape", np.array([0, 0, HEADS, SIZE]))
        split = self.node(
            "Reshape", [self.linear(operand, output, HIDDEN, HIDDEN), shape], f"{output}/split"
        )
        return self.node("Transpose", [split], f"{output}/heads", perm=[0, 2, 1, 3])

    def _attention(self) -> None:
        offsets = self.constant("offsets", np.arange(self.queries))
        absolute = self.node("Add", [offsets, "position"], "absolute")
        column = self.constant("column", np.array([1]))
        row = self.constant("row", np.array([0]))
        ids = self.node("Unsqueeze", [absolute, row], "ids")
        slots = self.constant("slots", np.arange(CAPACITY))
        mask = self.node(
            "LessOrEqual", [slots, self.node("Unsqueeze", [absolute, column], "last")], "mask"
        )
        angle = np.arange(CAPACITY)[:, None] * 10000.0 ** (-np.arange(SIZE // 2) / (SIZE // 2))
        tables = [
            self.constant(name, table.astype(np.float32))
            for name, table in (("cosine", np.cos(angle)), ("sine", np.sin(angle)))
        ]
        x = self.quantised("x", self.stored)
        gamma = self.constant("gamma", np.ones(HIDDEN, np.float32))
        norm = self.step("RMSNormalization", [x, gamma], "norm")
        query, key = (
            self.step("RotaryEmbedding", [self.heads(norm, name), *tables, ids], f"{name}_rotated")
            for name in ("query", "key")
        )
        value = self.heads(norm, "value")
        key, value = (
            self.step(
                "TensorScatter",
                [self.quantised(cache, self.stored), update, "position"],
                f"{cache}_next",
            )
            for cache, update in zip(CACHES, (key, value), strict=True)
        )
        mix = self.step("Attention", [query, key, value, mask], "mix")
        rows = self.node("Transpose", [mix], "mix_rows", perm=[0, 2, 1, 3])
        shape = self.constant("joined", np.array([0, 0, HIDDEN]))
        joined = self.node("Reshape", [rows, shape], "mix_joined")
        self.step("Add", [x, self.linear(joined, "projection", HIDDEN, HIDDEN)], "attended")

    def _feed_forward(self) -> None:
        attended = "attended_real" if self.stored else "attended"
        norm = self.step("RMSNormalization", [attended, "gamma"], "norm2")
        gate = self.step("Swish", [self.linear(norm, "gate", HIDDEN, 2 * HIDDEN)], "swish")
        self.step("Add", [attended, self.linear(gate, "down", 2 * HIDDEN, HIDDEN)], "y")


def lowered(block: Block, name: str = "run") -> Graph:
    states = [State(cache, name) for cache, name in zip(CACHES, block.outputs[1:], strict=True)]
    graph = lower(
        import_model(block.model()), name, states=states, integer_io=("x", block.outputs[0])
    )
    run_passes(graph)
    return graph


@pytest.mark.parametrize("quantised", [True, False])
def test_prefill_and_decoding_equal_onnxruntime(quantised: bool) -> None:
    random = np.random.default_rng(12)
    blocks = {queries: Block(queries, quantised) for queries in (1, 6)}
    graphs = {queries: lowered(block) for queries, block in blocks.items()}
    if quantised:
        for graph in graphs.values():
            assert {type(node.operation).__name__ for node in graph.nodes} <= INTEGER_ONLY
    state: dict[str, Array] = {
        cache: np.zeros((1, HEADS, CAPACITY, SIZE), np.float32) for cache in CACHES
    }
    ours = {name: stored(array, quantised) for name, array in state.items()}
    position = 0
    for queries in (6, 1, 1, 6, 1):
        x = random.normal(0, 1, (1, queries, HIDDEN)).astype(np.float32)
        where = np.array([position])
        block, graph = blocks[queries], graphs[queries]
        y, *caches = run_onnxruntime(block.model(), {"x": x, "position": where, **state})
        inputs = {"x": stored(x, quantised), "position": where.astype(np.int32), **ours}
        found = interpret(graph, inputs)
        state = dict(zip(CACHES, caches, strict=True))
        ours = {s.input: found[s.output] for s in graph.states}
        expected = [y, *caches]
        for name, want in zip(graph.outputs, expected, strict=True):
            difference = np.abs(found[name].astype(np.float64) - stored(want, quantised))
            # 13 quantised operators in a row, each at most 1 LSB off, some of which amplify: 1 LSB
            # of a norm is several of the gates. The caches come after three of them.
            bound = (1 if "cache" in name else 4) if quantised else 1e-5
            assert difference.max() <= bound, name
            assert difference.mean() <= bound / 4, name
        position += queries


@pytest.mark.parametrize("quantised", [True, False])
def test_prefill_equals_decoding_to_the_last_bit(quantised: bool) -> None:
    x = stored(np.random.default_rng(13).normal(0, 1, (1, 6, HIDDEN)), quantised)
    x = x if quantised else x.astype(np.float32)
    graphs = {queries: lowered(Block(queries, quantised)) for queries in (1, 6)}
    empty = np.zeros((1, HEADS, CAPACITY, SIZE), np.int8 if quantised else np.float32)
    start = {"position": np.zeros(1, np.int32), **dict.fromkeys(CACHES, empty)}
    prefill = interpret(graphs[6], {"x": x, **start})
    y: list[Array] = []
    inputs = start
    decode: dict[str, Array] = {}
    for position in range(6):
        inputs["position"] = np.array([position], np.int32)
        decode = interpret(graphs[1], {"x": x[:, position : position + 1], **inputs})
        inputs |= {s.input: decode[s.output] for s in graphs[1].states}
        y.append(decode[graphs[1].outputs[0]])
    assert np.array_equal(np.concatenate(y, axis=1), prefill[graphs[6].outputs[0]])
    for state in graphs[1].states:
        assert np.array_equal(decode[state.output], prefill[state.output])


@pytest.mark.parametrize("quantised", [True, False])
def test_generated_code_equals_the_interpreter(quantised: bool) -> None:
    graphs = [lowered(Block(1, quantised), "step"), lowered(Block(6, quantised), "prefill")]
    # Positions are random bits: also far outside of the cache.
    check_runs(graphs, ["prefill", "step", "step", "reset", "step", "prefill"])


def stored(array: Array, quantised: bool) -> Array:
    """What the quantised graph's interface holds for these real values."""
    if not quantised:
        return array
    steps = np.rint(array / np.float32(ACTIVATIONS.scale))
    return np.clip(steps, -128, 127).astype(np.int8)
