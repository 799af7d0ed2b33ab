"""Writes the TinyStories transformer as a float32 ONNX model from the committed weights.

One file serves token-by-token decoding and prompt prefill; the number of tokens per run is the
symbolic dimension ``sequence``.

Inputs:
    tokens: int64 [1, sequence].
    position: int64 [1], absolute position of the first token, also where the cache is written.
    last: int64 [1], index within the sequence of the token whose logits are wanted.
    key_cache_L, value_cache_L: float32 [1, 16, 256, 4] for each layer L; keys are stored rotated.

Outputs:
    logits: float32 [1, 1, 512].
    key_cache_L_next, value_cache_L_next: the caches with this run's tokens written.

A query at position p sees cache entries 0 to p. Entries beyond it may hold anything finite.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.tinystories.shape import (
    CONTEXT,
    EPSILON,
    HEAD_DIMENSION,
    HEADS,
    LAYERS,
    VOCABULARY,
    WIDTH,
    rotary_tables,
)
from models.tinystories.weights import Weights, load_weights

OPSET = 24
IR_VERSION = 12


class _Graph:
    """Collects nodes and initializers; a node's one output is named after the node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        name: str,
        output: str = "",
        **attributes: object,
    ) -> str:
        output = output or name
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output


def build_model(weights: Weights) -> onnx.ModelProto:
    """Builds the model; the same weights give the same bytes."""
    graph = _Graph()
    constants = _add_constants(graph)
    positions, mask = _add_positions(graph, constants)
    x = graph.node(
        "Gather", [graph.constant("embedding/weight", weights["embedding"]), "tokens"], "embedding"
    )
    for layer in range(LAYERS):
        x = _add_attention(graph, weights, constants, layer, x, positions, mask)
        x = _add_feed_forward(graph, weights, layer, x)
    x = graph.node("Gather", [x, "last"], "last_token", axis=1)
    x = _add_norm(graph, "final_norm", x, weights["final_norm"])
    graph.node("MatMul", [x, graph.constant("head/weight", weights["head"])], "head", "logits")

    cache_shape = [1, HEADS, CONTEXT, HEAD_DIMENSION]
    caches = [f"{kind}_cache_{layer}" for layer in range(LAYERS) for kind in ("key", "value")]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tinystories",
            [
                helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "sequence"]),
                helper.make_tensor_value_info("position", TensorProto.INT64, [1]),
                helper.make_tensor_value_info("last", TensorProto.INT64, [1]),
                *(
                    helper.make_tensor_value_info(name, TensorProto.FLOAT, cache_shape)
                    for name in caches
                ),
            ],
            [
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1, VOCABULARY]),
                *(
                    helper.make_tensor_value_info(name + "_next", TensorProto.FLOAT, cache_shape)
                    for name in caches
                ),
            ],
            initializer=graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="models/tinystories/export.py",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _add_constants(graph: _Graph) -> dict[str, str]:
    cosine, sine = rotary_tables()
    return {
        "cosine": graph.constant("rotary/cosine", cosine),
        "sine": graph.constant("rotary/sine", sine),
        "split": graph.constant(
            "heads/split_shape", np.array([0, 0, HEADS, HEAD_DIMENSION], np.int64)
        ),
        "join": graph.constant("heads/join_shape", np.array([0, 0, WIDTH], np.int64)),
    }


def _add_positions(graph: _Graph, constants: dict[str, str]) -> tuple[str, str]:
    """Adds the token positions, int64 [1, sequence], and the mask, bool [sequence, CONTEXT]."""
    zero = graph.constant("positions/zero", np.array(0, np.int64))
    one = graph.constant("positions/one", np.array(1, np.int64))
    row = graph.constant("positions/row_axis", np.array([0], np.int64))
    column = graph.constant("positions/column_axis", np.array([1], np.int64))
    length = graph.node("Shape", ["tokens"], "positions/length", start=1, end=2)
    count = graph.node("Squeeze", [length, row], "positions/count")
    offsets = graph.node("Range", [zero, count, one], "positions/offsets")
    positions = graph.node("Add", [offsets, "position"], "positions/absolute")
    slots = graph.constant("mask/slots", np.arange(CONTEXT, dtype=np.int64))
    queries = graph.node("Unsqueeze", [positions, column], "mask/queries")
    mask = graph.node("LessOrEqual", [slots, queries], "mask/visible")
    return graph.node("Unsqueeze", [positions, row], "positions/ids"), mask


def _add_norm(graph: _Graph, name: str, x: str, weight: np.ndarray) -> str:
    scale = graph.constant(f"{name}/weight", weight)
    return graph.node("RMSNormalization", [x, scale], name, axis=-1, epsilon=EPSILON)


def _add_product(graph: _Graph, weights: Weights, name: str, x: str) -> str:
    return graph.node("MatMul", [x, graph.constant(f"{name}/weight", weights[name])], name)


def _add_attention(
    graph: _Graph,
    weights: Weights,
    constants: dict[str, str],
    layer: int,
    x: str,
    positions: str,
    mask: str,
) -> str:
    prefix = f"layer{layer}/attention"
    normed = _add_norm(graph, f"{prefix}/norm", x, weights[f"{prefix}/norm"])
    heads: dict[str, str] = {}
    for kind in ("query", "key", "value"):
        product = _add_product(graph, weights, f"{prefix}/{kind}", normed)
        split = graph.node("Reshape", [product, constants["split"]], f"{prefix}/{kind}_split")
        heads[kind] = graph.node("Transpose", [split], f"{prefix}/{kind}_heads", perm=[0, 2, 1, 3])
    for kind in ("query", "key"):
        heads[kind] = graph.node(
            "RotaryEmbedding",
            [heads[kind], constants["cosine"], constants["sine"], positions],
            f"{prefix}/{kind}_rotated",
        )
    for kind in ("key", "value"):
        cache = f"{kind}_cache_{layer}"
        heads[kind] = graph.node(
            "TensorScatter",
            [cache, heads[kind], "position"],
            f"{prefix}/{kind}_cache",
            f"{cache}_next",
            axis=-2,
        )
    mixed = graph.node(
        "Attention", [heads["query"], heads["key"], heads["value"], mask], f"{prefix}/mix"
    )
    rows = graph.node("Transpose", [mixed], f"{prefix}/mix_rows", perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", [rows, constants["join"]], f"{prefix}/mix_joined")
    projected = _add_product(graph, weights, f"{prefix}/projection", joined)
    return graph.node("Add", [x, projected], f"{prefix}/add")


def _add_feed_forward(graph: _Graph, weights: Weights, layer: int, x: str) -> str:
    prefix = f"layer{layer}/feed_forward"
    normed = _add_norm(graph, f"{prefix}/norm", x, weights[f"{prefix}/norm"])
    gate = _add_product(graph, weights, f"{prefix}/gate", normed)
    up = _add_product(graph, weights, f"{prefix}/up", normed)
    activated = graph.node("Swish", [gate], f"{prefix}/swish")
    product = graph.node("Mul", [activated, up], f"{prefix}/product")
    down = _add_product(graph, weights, f"{prefix}/down", product)
    return graph.node("Add", [x, down], f"{prefix}/add")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, help="weights.npz")
    parser.add_argument("--output", type=Path, required=True, help="ONNX file to write")
    arguments = parser.parse_args()
    model = build_model(load_weights(arguments.weights))
    arguments.output.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
