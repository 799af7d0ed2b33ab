"""Seeds with onnxruntime's own operators on real numbers, as its optimisers write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np

from compiler.operators.registry import CONTRIB_DOMAIN
from tests.fuzzing.seed_builder import Array, SeedBuilder
from tests.fuzzing.seed_model import SeedModel

ACTIVATIONS: tuple[tuple[str, list[float]], ...] = (
    *(("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.2])),
    *(("HardSigmoid", [0.3, 0.4]), ("Clip", [-0.5, 0.7])),
)

Build = Callable[[SeedBuilder], None]
"""Adds a node to a model."""


def _activation(operator: str) -> Build:
    def build(b: SeedBuilder) -> None:
        width = b.number(1, 9)
        operands = [b.given(b.real(2, b.number(1, 4), width) * 3)]
        if operator != "QuickGelu" and (operator == "BiasGelu" or b.chance()):
            operands.append(b.weights(width))
        attributes: dict[str, Any] = {"alpha": 1.5} if operator == "QuickGelu" else {}
        b.contrib(operator, *operands, **attributes)

    return build


def _matmul(b: SeedBuilder) -> None:
    rows, inner, columns = (b.number(1, 6) for _ in range(3))
    first, second = b.number(0, 1), b.number(0, 1)
    left = (2, *((inner, rows) if first else (rows, inner)))
    right = (*([2] if b.chance() else []), *((columns, inner) if second else (inner, columns)))
    attributes: dict[str, Any] = {"transA": first, "transB": second, "alpha": b.one_of(1.0, -2.0)}
    if b.chance(0.2):
        left, right = (inner, 2, rows) if first else (rows, 2, inner), (2, *right[-2:])
        right = (right[1], 2, right[2])
        attributes |= {"transBatchA": 1, "transBatchB": 1}
    other = b.weights(*right) if b.chance() else b.given(b.real(*right))
    b.contrib("FusedMatMul", b.given(b.real(*left)), other, **attributes)


def _conv(b: SeedBuilder) -> None:
    activation, parameters = b.one_of(*ACTIVATIONS)
    operands = [b.given(b.real(1, 3, 6, 5)), b.weights(4, 3, 3, 3)]
    added = b.chance()
    operands += [b.weights(4)] if added or b.chance() else []
    operands += [b.given(b.real(1, 4, 6, 5))] if added else []
    attributes: dict[str, Any] = {"activation_params": parameters} if parameters else {}
    b.contrib("FusedConv", *operands, activation=activation, pads=[1] * 4, **attributes)


def _gemm(b: SeedBuilder) -> None:
    activation, parameters = b.one_of(*ACTIVATIONS[:-1])
    operands = [b.given(b.real(3, 6)), b.weights(5, 6)]
    operands += [b.weights(5)] if b.chance() else []
    names = ("activation_alpha", "activation_beta")
    attributes: dict[str, Any] = dict(zip(names, parameters, strict=False))
    b.contrib("FusedGemm", *operands, activation=activation, transB=1, alpha=0.5, **attributes)


def _normalised_sum(operator: str) -> Build:
    def build(b: SeedBuilder) -> None:
        tokens, width = b.number(1, 4), b.number(1, 9)
        shape = (2, tokens, width) if b.chance(0.7) else (tokens, width)
        operands = [b.given(b.real(2, tokens, width)), b.given(b.real(*shape)), b.weights(width)]
        operands += [b.weights(width)] if operator == "SkipLayerNormalization" else []
        operands += [b.weights(width)] if b.chance() else []
        b.contrib(operator, *operands, epsilon=1e-5)

    return build


def _normalisation(b: SeedBuilder) -> None:
    width = b.number(1, 9)
    operands = [b.given(b.real(2, 3, width)), b.weights(width)]
    b.node("SimplifiedLayerNormalization", *operands, axis=-1, epsilon=1e-5, stash_type=1)


def _embedding(b: SeedBuilder) -> None:
    tokens, words, width = b.number(1, 5), b.number(4, 9), b.number(1, 8)
    segments = b.given(b.indices(2, 2, tokens)) if b.chance() else ""
    operands = [b.given(b.indices(words, 2, tokens)), segments]
    operands += [b.weights(words, width), b.weights(9, width), b.weights(4, width)]
    operands[4:] = [] if segments else [""]
    operands += [b.weights(4, width)] if segments else []
    operands += [b.weights(width), b.weights(width)]
    mask = b.given(b.indices(2, 2, tokens)) if b.chance() else ""
    b.contrib("EmbedLayerNormalization", *operands, mask, outputs=2, epsilon=1e-5)


def _rotary_embedding(b: SeedBuilder) -> None:
    heads, tokens, size = b.number(1, 3), b.number(1, 4), 2 * b.number(1, 4)
    x = b.real(2, heads, tokens, size) if b.chance() else b.real(2, tokens, heads * size)
    positions = np.array([2]) if b.chance(0.3) else b.indices(8, 2, tokens)
    angles = b.real(16, size // 2)
    caches = [b.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
    attributes = {"interleaved": b.number(0, 1)}
    if b.chance(0.3) and x.ndim == 3:
        attributes |= {"num_heads": heads, "rotary_embedding_dim": size}
    operands = [b.given(x), b.given(positions.astype(np.int64)), *caches]
    b.contrib("RotaryEmbedding", *operands, **attributes)


def _mask(b: SeedBuilder, tokens: int, keys: int) -> Array:
    """Of two sequences, which have a key at least."""
    forms = [
        np.array([keys, max(1, keys - 1)]),
        np.array([keys, keys, 0, 0]),
        (np.arange(keys) < b.random.integers(1, keys + 1, (2, 1))).astype(int),
        np.tri(tokens, keys, keys - tokens)[None].repeat(2, 0),
    ]
    return np.asarray(b.one_of(*forms)).astype(np.int32)


def _attention(b: SeedBuilder) -> None:
    tokens, width, heads, size = b.number(1, 5), b.number(1, 7), b.number(1, 3), b.number(1, 4)
    past = b.one_of(0, 0, 2)
    total = 3 * heads * size
    operands = [b.given(b.real(2, tokens, width)), b.weights(width, total), b.weights(total)]
    operands.append(b.given(_mask(b, tokens, tokens + past)) if b.chance() else "")
    operands += [b.given(b.real(2, 2, heads, past, size))] if past else []
    outputs = 2 if past else 1
    attributes: dict[str, Any] = {"num_heads": heads, "unidirectional": b.number(0, 1)}
    b.contrib("Attention", *operands, outputs=outputs, **attributes)


def _multi_head(b: SeedBuilder) -> None:
    tokens, heads, size = b.number(1, 5), b.number(1, 3), b.number(1, 4)
    width, causal = heads * size, b.number(0, 1)
    keys = tokens if causal else b.number(1, 5)
    operands = [b.given(b.real(2, n, width)) for n in (tokens, keys, keys)]
    operands.append(b.weights(3 * width) if b.chance() else "")
    mask = (b.random.random((2, keys)) > 0.2).astype(np.int32)
    operands.append(b.given(mask) if b.chance() and not causal else "")
    operands += [b.given(b.real(1, heads, tokens, keys))] if b.chance(0.3) else []
    b.contrib("MultiHeadAttention", *operands, num_heads=heads, unidirectional=causal)


def _grouped(b: SeedBuilder) -> None:
    heads, key_heads, size = b.one_of((4, 2, 16), (2, 2, 16), (2, 1, 32))
    tokens, past = b.one_of((3, 0), (1, 4))
    operands = [b.given(b.real(1, tokens, heads * size))]
    operands += [b.given(b.real(1, tokens, key_heads * size)) for _ in range(2)]
    if past:
        operands += [b.given(b.real(1, key_heads, past, size)) for _ in range(2)]
    else:
        operands += ["", ""]
    operands += [b.constant(np.array([past + tokens - 1], np.int32))]
    operands += [b.constant(np.int32(past + tokens))]
    attributes: dict[str, Any] = {"num_heads": heads, "kv_num_heads": key_heads}
    if b.chance():
        angles = b.real(16, size // 2)
        operands += [b.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
        attributes |= {"do_rotary": 1, "rotary_interleaved": b.number(0, 1)}
    if b.chance(0.3):
        attributes |= b.one_of({"local_window_size": 3}, {"softcap": 2.0}, {"scale": 0.3})
    b.contrib("GroupQueryAttention", *operands, outputs=3, **attributes)


def _packed_weights(b: SeedBuilder) -> None:
    bits, block = b.one_of(4, 4, 8), b.one_of(16, 32)
    inner, outputs = b.one_of(32, 40, 48), b.number(1, 6)
    blocks = -(-inner // block)
    packed = b.integers(np.uint8, outputs, blocks, block * bits // 8)
    scales = b.random.random((outputs, blocks)).astype(np.float32) / 16
    zeros = b.integers(np.uint8, outputs, -(-blocks * bits // 8))
    operands = [b.given(b.real(2, 3, inner)), b.constant(packed), b.constant(scales)]
    operands += [b.constant(zeros) if b.chance() else ""]
    operands += ["", b.weights(outputs)] if b.chance(0.3) else []
    attributes = {"K": inner, "N": outputs, "bits": bits, "block_size": block}
    b.contrib("MatMulNBits", *operands, **attributes)


def _packed_rows(b: SeedBuilder) -> None:
    bits, block = b.one_of(2, 4, 8), b.one_of(16, 32)
    # No fewer than the integers that a case's inputs have.
    rows, width = b.number(4, 9), b.one_of(16, 32, 40)
    blocks = -(-width // block)
    packed = b.integers(np.uint8, rows, width * bits // 8)
    scales = b.random.random((rows, blocks)).astype(np.float32) / 16
    zeros = b.integers(np.uint8, rows, -(-blocks * bits // 8))
    indices = b.random.integers(0, rows, (2, 3))
    operands = [b.constant(packed), b.given(indices), b.constant(scales)]
    operands += [b.constant(zeros)] if b.chance() else []
    attributes = {"bits": bits, "block_size": block, "gather_axis": 0, "quantize_axis": 1}
    b.contrib("GatherBlockQuantized", *operands, **attributes)


def _gelu(b: SeedBuilder) -> None:
    b.contrib("Gelu", b.given(b.real(2, b.number(1, 9))))


CONTRIB_OPERATORS: Mapping[str, Build] = {
    "Attention": _attention,
    "BiasGelu": _activation("BiasGelu"),
    "EmbedLayerNormalization": _embedding,
    "FastGelu": _activation("FastGelu"),
    "FusedConv": _conv,
    "FusedGemm": _gemm,
    "FusedMatMul": _matmul,
    "GatherBlockQuantized": _packed_rows,
    "Gelu": _gelu,
    "GroupQueryAttention": _grouped,
    "MatMulNBits": _packed_weights,
    "MultiHeadAttention": _multi_head,
    "QuickGelu": _activation("QuickGelu"),
    "RotaryEmbedding": _rotary_embedding,
    "SimplifiedLayerNormalization": _normalisation,
    "SkipLayerNormalization": _normalised_sum("SkipLayerNormalization"),
    "SkipSimplifiedLayerNormalization": _normalised_sum("SkipSimplifiedLayerNormalization"),
}
"""What makes a model of an operator."""


def contrib(random: Random) -> SeedModel:
    """A model of an operator of onnxruntime's domain."""
    operator = random.choice(list(CONTRIB_OPERATORS))
    builder = SeedBuilder.drawn(random)
    CONTRIB_OPERATORS[operator](builder)
    return SeedModel(f"{CONTRIB_DOMAIN} {operator}", builder.model())
