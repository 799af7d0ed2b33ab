"""Models with onnxruntime's own operators compute what onnxruntime does."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.frontend.expansion_harness import assert_agrees, interpreted, lowered
from compiler.operators.model_harness import run_onnxruntime
from tests.onnxruntime_operators.fused_models import FUSED_MODELS, decoder, fused_feeds

EXPECTED = {
    "encoder": {
        *("EmbedLayerNormalization", "Attention", "SkipLayerNormalization", "BiasGelu"),
        "FastGelu",
    },
    "quantised_encoder": {"QAttention", "MatMulInteger", "DynamicQuantizeLinear"},
    "optimised_convolutional": {"FusedConv"},
    "optimised_transformer": {"FusedMatMul", "SkipLayerNormalization", "Gelu"},
}
"""Operators that are known to be there: the test tests nothing without them."""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_model(name: str) -> None:
    model = FUSED_MODELS[name]()
    assert EXPECTED[name] <= {node.op_type for node in model.graph.node}
    tolerance = 1e-4 if name.startswith("quantised") else 1e-5
    assert_agrees(model, fused_feeds(model), tolerance=tolerance)


@pytest.mark.parametrize("position", [0, 3, 7])
def test_decoder(position: int) -> None:
    model = decoder()
    feeds = fused_feeds(model) | {"last": np.array([position], np.int32)}
    expected = run_onnxruntime(model, feeds)
    found = interpreted(lowered(model), feeds)
    assert np.abs(found[0] - expected[0]).max() <= 1e-5 * np.abs(expected[0]).max()
    for have, want in zip(found[1:], expected[1:], strict=True):
        rows = slice(0, position + 1)
        assert np.abs(have[:, :, rows] - want[:, :, rows]).max() <= 1e-5


def test_half_precision() -> None:
    """Every operator rounds to 11 bits in onnxruntime, and none does here."""
    model = FUSED_MODELS["half_transformer"]()
    feeds = fused_feeds(model)
    (want,) = run_onnxruntime(model, feeds)
    assert want.dtype == np.float16
    wide = {name: data.astype(np.float32) for name, data in feeds.items()}
    (found,) = interpreted(lowered(model), wide)
    assert found.dtype == np.float32
    limit = len(model.graph.node) * 2.0**-11 * np.abs(want).max()
    assert np.abs(found - want.astype(np.float32)).max() <= limit
