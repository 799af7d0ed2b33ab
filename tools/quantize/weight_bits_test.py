"""Weights of 4 and 2 bits: which layers get them, and how well they are rounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from tools.quantize.calibration import CalibrationError, session
from tools.quantize.quantize import main
from tools.quantize.static_quantization import Scheme, quantize
from tools.quantize.weight_bits import (
    narrow_weights,
    round_weights,
    weight_groups,
    with_weight_bits,
)


def float_model() -> onnx.ModelProto:
    """Two convolutions, and two classifiers that share their weights."""
    random = np.random.default_rng(1)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)

    node = helper.make_node
    nodes = [
        node("Conv", ["image", "w1", "b1"], ["c1"], "body/first", pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"], "body/relu"),
        node("Conv", ["r1", "w2"], ["c2"], "body/second"),
        node("GlobalAveragePool", ["c2"], ["pooled"], "pool"),
        node("Flatten", ["pooled"], ["flat"], "flatten"),
        node("Gemm", ["flat", "w3"], ["y"], "head", transB=1),
        node("MatMul", ["flat", "w4"], ["left"], "twin/left"),
        node("MatMul", ["flat", "w4"], ["right"], "twin/right"),
    ]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "small",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 6, 6])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8])
                for name in ("y", "left", "right")
            ],
            [
                constant("w1", 8, 3, 3, 3),
                constant("b1", 8),
                constant("w2", 8, 8, 3, 3),
                constant("w3", 8, 8),
                constant("w4", 8, 8),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def images(count: int) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, 3, 6, 6)).astype(np.float32)


def quantized_model() -> onnx.ModelProto:
    return quantize(float_model(), [[{"image": image[None]}] for image in images(4)], {}, Scheme())


def weight_types(model: onnx.ModelProto) -> dict[str, int]:
    """Element type of every layer's stored weights."""
    constants = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    made = {node.output[0]: node for node in model.graph.node}
    return {
        node.name: constants[made[node.input[1]].input[0]]
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul")
    }


def test_the_last_pattern_that_matches_counts() -> None:
    bits = {"body/*": 4, "body/second": 2, "head": 4}
    narrowed, layers = narrow_weights(quantized_model(), float_model(), bits)
    onnx.checker.check_model(narrowed, full_check=True)
    assert layers == {"body/first": 4, "body/second": 2, "head": 4}
    types = weight_types(narrowed)
    assert types["body/first"] == types["head"] == TensorProto.INT4
    assert types["body/second"] == TensorProto.INT2
    assert types["twin/left"] == TensorProto.INT8
    (opset,) = (entry.version for entry in narrowed.opset_import if not entry.domain)
    assert opset == 25


def test_without_patterns_nothing_changes() -> None:
    model = quantized_model()
    narrowed, layers = narrow_weights(model, float_model(), {})
    assert narrowed == model and not layers


def test_the_compiler_computes_what_onnxruntime_does() -> None:
    narrowed, _ = narrow_weights(quantized_model(), float_model(), {"*": 4, "body/second": 2})
    graph = lower(import_model(narrowed), "run")
    products = [n for n in graph.nodes if isinstance(n.operation, (ConvInt8, MatMulInt8))]
    assert len(products) == 5
    for node in products:
        weights = graph.values[node.inputs[1] or ""].constant
        assert weights is not None
        limit = 2 if node.name == "body/second" else 8
        assert int(weights.min()) >= -limit and int(weights.max()) < limit
    assert session(narrowed).run(None, {"image": images(1)})


def test_widened_weights_are_the_same_numbers() -> None:
    int8, model = quantized_model(), float_model()
    groups = weight_groups(int8)
    bits = dict(zip([group.weights for group in groups], (4, 2, 2, 4), strict=True))
    narrow = with_weight_bits(int8, model, groups, bits)
    wide = with_weight_bits(int8, model, groups, bits, widened=True)
    assert set(weight_types(wide).values()) == {TensorProto.INT8}
    assert wide.opset_import == int8.opset_import
    feed = {"image": images(1)}
    for found, expected in zip(
        session(wide).run(None, feed), session(narrow).run(None, feed), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_patterns_without_a_layer_are_refused() -> None:
    with pytest.raises(
        CalibrationError, match=r"called 'heads'; there are: body/first, body/second"
    ):
        narrow_weights(quantized_model(), float_model(), {"heads": 4})


def test_layers_that_share_weights_have_the_same_bits() -> None:
    with pytest.raises(CalibrationError, match="'twin/left' and 'twin/right' share weights"):
        narrow_weights(quantized_model(), float_model(), {"twin/left": 4})
    narrowed, _ = narrow_weights(quantized_model(), float_model(), {"twin/*": 4})
    assert weight_types(narrowed)["twin/right"] == TensorProto.INT4


@given(st.sampled_from([4, 2]), st.sampled_from([None, 0, 1]), st.integers(0, 2**32 - 1))
def test_no_other_scale_of_the_largest_weight_is_better(
    bits: int, axis: int | None, seed: int
) -> None:
    weights = np.random.default_rng(seed).standard_t(3, (5, 7))
    stored, scale = round_weights(weights, bits, axis)
    highest = (1 << bits - 1) - 1
    assert stored.min() >= -highest - 1 and stored.max() <= highest
    shape = [1, 1]
    if axis is not None:
        shape[axis] = -1
    along = None if axis is None else 1 - axis
    error = ((stored * scale.reshape(shape) - weights) ** 2).sum(axis=along)
    plain = np.abs(weights).max(axis=along, keepdims=True) / (highest + 0.5)
    rounded = np.clip(np.rint(weights / plain), -highest - 1, highest) * plain
    assert np.all(error <= ((rounded - weights) ** 2).sum(axis=along) * (1 + 1e-6))


def test_a_channel_of_zeros_stays() -> None:
    stored, scale = round_weights(np.zeros((2, 3)), 4, 0)
    assert not stored.any() and np.all(scale > 0)


@pytest.mark.parametrize("pair", ["head", "head=3", "=4x"])
def test_what_is_no_number_of_bits_is_refused(
    pair: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(float_model(), tmp_path / "model.onnx")
    np.savez(tmp_path / "calibration.npz", image=images(2))
    paths = [f"--{name}={tmp_path / file}" for name, file in FILES.items()]
    monkeypatch.setattr("sys.argv", ["quantize", *paths, f"--weight-bits={pair}"])
    assert main() == 1
    assert "TW-" in capsys.readouterr().err
    assert not (tmp_path / "out.onnx").exists()


FILES = {"model": "model.onnx", "calibration": "calibration.npz", "output": "out.onnx"}
