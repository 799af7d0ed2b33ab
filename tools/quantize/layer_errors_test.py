"""Errors of layers: against a direct computation, and that local and accumulated differ."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tools.quantize.layer_errors import LayerError, layer_errors, worst_layers
from tools.quantize.range_methods import RangeMethod
from tools.quantize.sample_classifier import classifier, sequences
from tools.quantize.static_quantization import Scheme, quantize
from tools.quantize.weight_bits import narrow_weights

SAMPLES = sequences(40)


def errors(
    bits: dict[str, int] | None = None, scheme: Scheme | None = None
) -> dict[str, LayerError]:
    model = classifier()
    quantized = quantize(model, SAMPLES, {}, scheme or Scheme("uint8"))
    narrowed, _ = narrow_weights(quantized, model, bits or {})
    return {layer.tensor: layer for layer in layer_errors(model, narrowed, SAMPLES, {})}


def test_every_stored_activation_is_a_layer_in_graph_order() -> None:
    found = errors()
    assert [(layer.tensor, layer.layer, layer.operator) for layer in found.values()] == [
        ("x", "", ""),
        ("hidden", "first", "Gemm"),
        ("coarse", "second", "Gemm"),
        ("detail", "fine", "Gemm"),
        ("y", "sum", "Add"),
    ]
    assert [w.name for w in found["hidden"].weights] == ["first_weights"]
    assert not found["y"].weights


def test_the_input_has_the_error_of_rounding_alone() -> None:
    layer = errors()["x"]
    x = np.concatenate([run["x"] for (run,) in SAMPLES]).astype(np.float64)
    scale, zero_point = layer.scale, layer.zero_point
    stored = np.clip(np.rint(x / scale) + zero_point, 0, 255)
    noise = float((((stored - zero_point) * scale - x) ** 2).sum())
    assert layer.local.noise == pytest.approx(noise, rel=1e-4)
    assert layer.local == layer.accumulated
    assert layer.local.largest <= scale * 0.5001
    assert layer.observed == (float(x.min()), float(x.max()))
    assert layer.signal == pytest.approx(float((x * x).sum()))
    assert layer.cause == "step"


def test_the_local_error_is_what_the_layer_makes_of_the_float_models_operands() -> None:
    found = errors({"second": 2})
    model = classifier()
    constants = {
        t.name: onnx.numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer
    }
    x = np.concatenate([run["x"] for (run,) in SAMPLES]).astype(np.float64)
    hidden = np.maximum(x @ constants["first_weights"].T + constants["first_bias"], 0)
    layer, operand = found["coarse"], found["hidden"]
    narrowed, _ = narrow_weights(
        quantize(model, SAMPLES, {}, Scheme("uint8")), model, {"second": 2}
    )
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in narrowed.graph.initializer}
    weights = stored["second_weights_quantized"].astype(np.float64) * stored[
        "second_weights_scale"
    ].astype(np.float64).reshape(-1, 1)
    rounded = np.rint(hidden / operand.scale) * operand.scale
    product = rounded @ weights.T
    result = np.clip(np.rint(product / layer.scale) + layer.zero_point, 0, 255)
    result = (result - layer.zero_point) * layer.scale
    noise = float(((result - hidden @ constants["second_weights"].T) ** 2).sum())
    assert layer.local.noise == pytest.approx(noise, rel=1e-3)
    assert layer.cause == "weights"
    (weight,) = layer.weights
    assert (weight.bits, weight.elements, weight.bytes) == (2, 80, 20)
    lost = ((weights - constants["second_weights"]) ** 2).sum()
    assert weight.signal_to_noise_db == pytest.approx(
        10 * np.log10((constants["second_weights"] ** 2).sum() / lost), abs=1e-3
    )


def test_an_error_accumulates_behind_the_layer_that_makes_it() -> None:
    fine, coarse = errors(), errors({"first": 2})
    assert coarse["hidden"].local.noise > 100 * fine["hidden"].local.noise
    # What follows has good operands when it is looked at alone.
    assert coarse["coarse"].local == fine["coarse"].local
    assert coarse["coarse"].accumulated.noise > 100 * fine["coarse"].accumulated.noise
    worst = worst_layers(list(coarse.values()))
    assert worst[0].layer == "first" and len(worst) == 3


def test_saturation_is_what_lies_beyond_the_range() -> None:
    layer = errors(scheme=Scheme(method=RangeMethod("percentile", 80.0)))["x"]
    x = np.abs(np.concatenate([run["x"] for (run,) in SAMPLES]))
    beyond = np.mean(x > layer.scale * 127.5)
    assert 0.1 < layer.saturated <= 0.2
    assert layer.saturated == pytest.approx(beyond, abs=0.005)
    assert layer.cause == "saturation"
    assert not any(entry.saturated for entry in errors().values())
