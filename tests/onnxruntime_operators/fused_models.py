"""Models with onnxruntime's own operators, as its transformer optimiser and its generators of text
write them; made here, with fixed seeds."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, TensorProto, helper
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from tests.onnxruntime_operators.float_models import FLOAT_MODELS, Array, Builder

CONTRIB = "com.microsoft"


class ContribBuilder(Builder):
    """Also adds nodes of onnxruntime's domain, and inputs of integers."""

    def own(self, operator: str, *operands: str, outputs: int = 1, **attributes: Any) -> list[str]:
        name = f"{operator}_{len(self.nodes)}"
        names = [name, *(f"{name}_{index}" for index in range(1, outputs))]
        made = helper.make_node(operator, operands, names, name, domain=CONTRIB, **attributes)
        self.nodes.append(made)
        return names

    def integers(self, name: str, *shape: int) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.INT32, shape))
        return name

    def contrib_model(self, outputs: Mapping[str, tuple[int, ...]]) -> ModelProto:
        """The model with float32 outputs of these shapes."""
        model = self.model(**outputs)
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
        return model


def encoder() -> ModelProto:
    """A network of the BERT kind, fused: embeddings with a mask, and two blocks."""
    b = ContribBuilder("encoder", 4)
    length, size, words, heads = 6, 16, 24, 2
    tokens, mask = b.integers("tokens", 1, length), b.integers("mask", 1, length)
    tables = [b.weights(words, size), b.weights(length, size)]
    factors = [b.vector(size, 1.0), b.vector(size)]
    embedding = [tokens, "", *tables, "", *factors]
    x = b.own("EmbedLayerNormalization", *embedding, outputs=2, epsilon=1e-5)[0]
    for causal in (0, 1):
        parameters = [b.weights(size, 3 * size), b.vector(3 * size)]
        attributes = {"num_heads": heads, "unidirectional": causal}
        (y,) = b.own("Attention", x, *parameters, "" if causal else mask, **attributes)
        x = _residual(b, x, b.node("MatMul", y, b.weights(size, size)), size)
        hidden = b.node("MatMul", x, b.weights(size, 2 * size))
        operator = "FastGelu" if causal else "BiasGelu"
        (hidden,) = b.own(operator, hidden, b.vector(2 * size))
        x = _residual(b, x, b.node("MatMul", hidden, b.weights(2 * size, size)), size)
    return b.contrib_model({x: (1, length, size)})


def _residual(b: ContribBuilder, x: str, y: str, size: int) -> str:
    """The normalised sum of a block's input, what the block makes of it, and a bias."""
    factors = [b.vector(size, 1.0), b.vector(size)]
    return b.own("SkipLayerNormalization", y, x, *factors, b.vector(size), epsilon=1e-5)[0]


def decoder() -> ModelProto:
    """A block of the Llama kind for one token behind a cache, with weights of 4 bits."""
    b = ContribBuilder("decoder", 5)
    size, heads, key_heads, head_size, capacity = 32, 2, 1, 16, 8
    x, valid = b.input("token", 1, 1, size), b.integers("last", 1)
    caches = [b.input(f"past_{role}", 1, key_heads, capacity, head_size) for role in ("k", "v")]
    normal = b.node("SimplifiedLayerNormalization", x, b.vector(size, 1.0), axis=-1, epsilon=1e-5)
    packed = _narrow(b, normal, size, (heads + 2 * key_heads) * head_size)
    angles = np.outer(np.arange(capacity), 10.0 ** -np.arange(0, 2, 4 / head_size))
    tables = [b.constant(f(angles)) for f in (np.cos, np.sin)]
    total = b.constant(capacity, np.int32)
    operands = [packed, "", "", *caches, valid, total, *tables]
    attributes = {"num_heads": heads, "kv_num_heads": key_heads, "do_rotary": 1}
    (mixed, *_) = b.own("GroupQueryAttention", *operands, outputs=3, **attributes)
    present = ("present_k", "present_v")
    b.nodes[-1].output[1:] = present
    mixed = _narrow(b, mixed, size, size)
    operands = [x, mixed, b.vector(size, 1.0)]
    normal, _, _, total_sum = b.own("SkipSimplifiedLayerNormalization", *operands, outputs=4)
    b.nodes[-1].output[1:3] = ["", ""]
    (gate,) = b.own("QuickGelu", _narrow(b, normal, size, size), alpha=1.0)
    hidden = b.node("Mul", gate, _narrow(b, normal, size, size))
    y = b.node("Add", total_sum, _narrow(b, hidden, size, size))
    shape = (1, key_heads, capacity, head_size)
    return b.contrib_model({y: (1, 1, size), **dict.fromkeys(present, shape)})


def _narrow(b: ContribBuilder, x: str, inner: int, outputs: int, block: int = 16) -> str:
    """A product with weights of 4 bits, a scale and a zero point for each block."""
    blocks = inner // block
    weights = b.constant(b.random.integers(0, 256, (outputs, blocks, block // 2)), np.uint8)
    scales = b.constant(b.random.uniform(0.5, 1.0, (outputs, blocks)) / (8 * inner**0.5))
    zeros = b.constant(b.random.integers(0x66, 0x99, (outputs, (blocks + 1) // 2)), np.uint8)
    sizes = {"K": inner, "N": outputs, "bits": 4, "block_size": block}
    return b.own("MatMulNBits", x, weights, scales, zeros, **sizes)[0]


def optimised(name: str) -> ModelProto:
    """A float model as onnxruntime saves it after its own optimisations."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "optimised.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(target)
        options.log_severity_level = 3
        model = FLOAT_MODELS[name]().SerializeToString()
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return onnx.load(target)


def quantised_encoder() -> ModelProto:
    """The encoder as onnxruntime quantises it dynamically: QAttention and its like."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "model.onnx", Path(folder) / "quantised.onnx"
            onnx.save(encoder(), source)
            options = {"EnableSubgraph": False, "DisableShapeInference": True}
            options["DefaultTensorType"] = TensorProto.FLOAT
            quantize_dynamic(source, target, extra_options=options)
            return onnx.load(target)
    finally:
        root.setLevel(level)


def half(name: str) -> ModelProto:
    """A float model in float16, as onnxruntime's converter writes it."""
    return convert_float_to_float16(FLOAT_MODELS[name]())


FUSED_MODELS: Mapping[str, Callable[[], ModelProto]] = {
    "encoder": encoder,
    "decoder": decoder,
    "quantised_encoder": quantised_encoder,
    "half_transformer": lambda: half("transformer"),
    "optimised_convolutional": lambda: optimised("convolutional"),
    "optimised_transformer": lambda: optimised("transformer"),
}


def fused_feeds(model: ModelProto, seed: int = 7) -> dict[str, Array]:
    """Random inputs: tokens of the vocabulary, masks, positions within the cache."""
    random = np.random.default_rng(seed)
    most = {"tokens": 24, "mask": 2, "last": 8}
    feeds: dict[str, Array] = {}
    for value in model.graph.input:
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if value.type.tensor_type.elem_type == TensorProto.INT32:
            feeds[value.name] = random.integers(0, most[value.name], shape).astype(np.int32)
        else:
            type_ = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            feeds[value.name] = random.normal(size=shape).astype(type_)
    return feeds
