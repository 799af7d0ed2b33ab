"""Operators of onnxruntime compute what its own kernels do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.contrib_operators.packed_weights import unpacked
from compiler.frontend.expansion_harness import NodeModel, assert_agrees, operations, real
from compiler.frontend.import_model import import_model


@pytest.mark.parametrize(
    ("operator", "bias"),
    [("BiasGelu", True), ("FastGelu", True), ("FastGelu", False), ("QuickGelu", False)],
)
def test_activation(operator: str, bias: bool) -> None:
    model = NodeModel()
    operands = [model.input("x", real(1, 2, 3, 8) * 3)]
    operands += [model.constant(real(2, 8))] if bias else []
    attributes: dict[str, Any] = {"alpha": 1.5} if operator == "QuickGelu" else {}
    model.contrib(operator, *operands, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    ("left", "right", "attributes"),
    [
        ((2, 3, 4), (2, 4, 5), {}),
        ((2, 4, 3), (2, 5, 4), {"transA": 1, "transB": 1, "alpha": 0.25}),
        ((2, 3, 3, 4), (4, 5), {"alpha": -2.0}),
        ((3, 2, 4), (3, 4, 2), {"transBatchA": 1, "transBatchB": 1, "transB": 1}),
        ((3, 4), (5, 4), {"transB": 1}),
    ],
)
def test_matrix_product(
    left: tuple[int, ...], right: tuple[int, ...], attributes: dict[str, Any]
) -> None:
    model = NodeModel()
    if "transBatchA" in attributes:
        right = (3, 2, 4)
    model.contrib(
        "FusedMatMul",
        model.input("a", real(1, *left)),
        model.input("b", real(2, *right)),
        **attributes,
    )
    assert_agrees(model.model(), model.data)


ACTIVATIONS: list[tuple[str, list[float]]] = [
    ("Relu", []),
    ("Tanh", []),
    ("Sigmoid", []),
    ("LeakyRelu", [0.2]),
    ("HardSigmoid", [0.3, 0.4]),
]


@pytest.mark.parametrize(("activation", "parameters"), [*ACTIVATIONS, ("Clip", [-0.5, 0.7])])
@pytest.mark.parametrize("added", [False, True])
def test_convolution(activation: str, parameters: list[float], added: bool) -> None:
    model = NodeModel()
    x, w, b = real(1, 1, 3, 6, 6), real(2, 4, 3, 3, 3) / 5, real(3, 4)
    operands = [model.input("x", x), model.constant(w), model.constant(b)]
    operands += [model.input("z", real(4, 1, 4, 6, 6))] if added else []
    attributes: dict[str, Any] = {"activation_params": parameters} if parameters else {}
    model.contrib("FusedConv", *operands, activation=activation, pads=[1] * 4, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(("activation", "parameters"), ACTIVATIONS)
def test_general_matrix_product(activation: str, parameters: list[float]) -> None:
    model = NodeModel()
    operands = [model.input("x", real(1, 3, 6)), *map(model.constant, (real(2, 5, 6), real(3, 5)))]
    names = ("activation_alpha", "activation_beta")
    attributes: dict[str, Any] = dict(zip(names, parameters, strict=False))
    model.contrib("FusedGemm", *operands, activation=activation, transB=1, alpha=0.5, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("form", ["plain", "bias", "sum", "broadcast"])
@pytest.mark.parametrize("operator", ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"])
def test_normalised_sum(operator: str, form: str) -> None:
    model = NodeModel()
    shape = (3, 8) if form == "broadcast" else (2, 3, 8)
    operands = [model.input("x", real(1, 2, 3, 8)), model.input("skip", real(2, *shape))]
    operands.append(model.constant(real(3, 8)))
    if operator == "SkipLayerNormalization":
        operands.append(model.constant(real(4, 8)))
    operands += [model.constant(real(5, 8))] if form == "bias" else []
    model.contrib(operator, *operands, outputs=4 if form == "sum" else 1, epsilon=1e-5)
    if form == "sum":
        model.nodes[-1].output[1:3] = ["", ""]
        outputs = [model.nodes[-1].output[0], model.nodes[-1].output[3]]
        assert_agrees(model.model(outputs), model.data)
    else:
        assert_agrees(model.model(), model.data)


def test_simplified_normalisation_without_its_domain() -> None:
    model = NodeModel()
    x, scale = model.input("x", real(1, 2, 3, 8)), model.constant(real(2, 8))
    model.node("SimplifiedLayerNormalization", x, scale, axis=-1, epsilon=1e-5, stash_type=1)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("form", ["plain", "segments", "mask", "positions"])
def test_embedding(form: str) -> None:
    model = NodeModel()
    random = np.random.default_rng(1)

    def indices(name: str, most: int) -> str:
        return model.input(name, random.integers(0, most, (2, 5)).astype(np.int32))

    tokens = indices("tokens", 20)
    segments = indices("segments", 2) if form == "segments" else ""
    tables = [model.constant(real(2, 20, 8)), model.constant(real(3, 9, 8))]
    tables.append(model.constant(real(4, 2, 8)) if segments else "")
    factors = [model.constant(real(5, 8)), model.constant(real(6, 8))]
    # onnxruntime counts the ones.
    mask = indices("mask", 4) if form == "mask" else ""
    positions = indices("positions", 9) if form == "positions" else ""
    operands = [tokens, segments, *tables, *factors, mask, positions]
    model.contrib("EmbedLayerNormalization", *operands, outputs=3, epsilon=1e-5)
    assert_agrees(model.model(), model.data)


def test_declared_shapes_behind_operators_that_onnx_does_not_know() -> None:
    """ONNX's inference leaves out what contradicts them."""
    model = NodeModel()
    y = model.node("ReduceSum", model.contrib("Gelu", model.input("x", real(1, 2, 6))))
    with pytest.raises(CompileError, match=r"TW-0101.*ReduceSum.*declared with shape \[2, 6\]"):
        import_model(model.declared(y, real(1, 2, 6)))


@pytest.mark.parametrize("absent", [1, 4])
def test_embeddings_of_segments_without_the_other_operand(absent: int) -> None:
    model = NodeModel()
    tokens = model.input("tokens", np.array([[1, 0, 2]], np.int32))
    operands = [tokens, tokens, *[model.constant(real(1, 9, 7)) for _ in range(3)]]
    operands += [model.constant(real(1, 7)), model.constant(real(2, 7))]
    operands[absent] = ""
    y = model.contrib("EmbedLayerNormalization", *operands, outputs=2)
    with pytest.raises(CompileError, match="one of segment_ids and segment_embedding"):
        import_model(model.declared(y, real(1, 1, 3, 7)))


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("form", ["3D", "4D", "first position", "part"])
def test_rotary_embedding(form: str, interleaved: int) -> None:
    model = NodeModel()
    x = real(1, 2, 3, 4, 8) if form == "4D" else real(1, 2, 4, 24)
    x = x.reshape(2, 3, 4, 8) if form == "4D" else x
    random = np.random.default_rng(1)
    positions = random.integers(0, 16, (2, 4)) if form != "first position" else np.array([5])
    angles = real(3, 16, 2 if form == "part" else 4)
    caches = [model.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
    attributes: dict[str, Any] = {"interleaved": interleaved}
    if form == "part":
        attributes |= {"num_heads": 3, "rotary_embedding_dim": 4}
    operands = [model.input("x", x), model.input("positions", positions.astype(np.int64))]
    model.contrib("RotaryEmbedding", *operands, *caches, **attributes)
    assert_agrees(model.model(), model.data)
    assert "RotaryEmbeddingFloat" in operations(model)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("form", ["plain", "zero points", "real zero points", "bias", "one block"])
def test_packed_weights(form: str, bits: int) -> None:
    model = NodeModel()
    random = np.random.default_rng(1)
    inner, outputs, block = 48, 6, 64 if form == "one block" else 32
    blocks = -(-inner // block)
    size = block * bits // 8
    packed = random.integers(0, 256, (outputs, blocks, size)).astype(np.uint8)
    scales = random.random((outputs, blocks)).astype(np.float32) / 16
    zeros, bias = "", ""
    if form == "zero points":
        zeros = model.constant(
            random.integers(0, 256, (outputs, -(-blocks * bits // 8))).astype(np.uint8)
        )
    if form == "real zero points" and bits == 8:
        return  # onnxruntime has no kernel for it
    if form == "real zero points":
        zeros = model.constant((random.random((outputs, blocks)) * 9).astype(np.float32))
    if form == "bias":
        bias = model.constant(real(3, outputs))
    operands = [model.input("a", real(1, 2, 3, inner)), model.constant(packed)]
    operands += [model.constant(scales), zeros, "", bias]
    attributes = {"K": inner, "N": outputs, "bits": bits, "block_size": block}
    model.contrib("MatMulNBits", *operands, **attributes)
    assert_agrees(model.model(), model.data)


def test_bits_are_unpacked_from_the_lowest_on() -> None:
    data = np.array([[0x21, 0x43]], np.uint8)
    assert unpacked(data, 4).tolist() == [[1, 2, 3, 4]]
    assert unpacked(data[:, :1], 2).tolist() == [[1, 0, 2, 0]]
    assert unpacked(data, 8).tolist() == [[0x21, 0x43]]


def test_all_that_is_wrong_is_said_at_once() -> None:
    model = NodeModel()
    x = model.input("x", real(1, 2, 4, 24))
    positions = model.input("positions", np.array([5], np.int64))
    caches = [model.constant(real(2, 16, 4)) for _ in range(2)]
    y = model.contrib("RotaryEmbedding", x, positions, *caches, scale=2.0)
    scale = model.constant(real(3, 24))
    z = model.contrib("SkipSimplifiedLayerNormalization", x, x, scale, outputs=3)
    model.nodes[-1].output[1] = ""
    w = model.contrib("MatMulNBits", x, x, x, K=24, N=4, bits=3, block_size=32)
    model.node("Concat", y, z, w, axis=-1)
    with pytest.raises(CompileError) as caught:
        import_model(model.declared(model.nodes[-1].output[0], real(1, 2, 4, 52)))
    message = str(caught.value)
    assert [problem.code.code for problem in caught.value.problems] == ["TW-0202"] * 3
    for text in ("its scale is 2", "its output inv_std_var is used", "weights have 3 bits"):
        assert text in message


def test_an_operand_without_a_shape() -> None:
    """Where elements are that are not zero is only known when the network runs."""
    model = NodeModel()
    places = model.input("places", np.ones((2, 3), np.float32))
    where = model.node(
        "Cast", model.node("TopK", places, model.input("k", np.array([2])), outputs=2), to=1
    )
    model.contrib("QuickGelu", where)
    with pytest.raises(CompileError, match=r"TW-0103.*node_QuickGelu_2"):
        import_model(model.declared("QuickGelu_2", real(1, 2, 2)))


@pytest.mark.parametrize(
    ("operator", "shape", "found"),
    [
        ("Attention", (2, 12), r"operand 0 'x' has shape \[2, 12\]"),
        ("MultiHeadAttention", (2, 2, 3, 4), r"operand 0 'x' has shape \[2, 2, 3, 4\]"),
        ("GroupQueryAttention", (4,), r"operand 0 'x' has shape \[4\]"),
        ("EmbedLayerNormalization", (2, 3, 4), r"operand 0 'x' has shape \[2, 3, 4\]"),
        ("RotaryEmbedding", (2, 12), r"operand 0 'x' has shape \[2, 12\]"),
    ],
)
def test_operands_with_other_numbers_of_axes(
    operator: str, shape: tuple[int, ...], found: str
) -> None:
    model = NodeModel()
    x = model.input("x", real(1, *shape))
    y = model.contrib(operator, *[x] * 7, num_heads=2, kv_num_heads=2)
    attributes = [a for a in model.nodes[0].attribute if "heads" in a.name]
    if operator in ("EmbedLayerNormalization", "RotaryEmbedding"):
        del model.nodes[0].attribute[:]
    elif operator != "GroupQueryAttention":
        model.nodes[0].attribute.remove(next(a for a in attributes if a.name == "kv_num_heads"))
    with pytest.raises(CompileError, match=rf"TW-0202.*{operator}.*{found}"):
        import_model(model.declared(y, real(1, *shape)))


@pytest.mark.parametrize("value", [-1, 2, 2**31])
def test_flags_are_0_or_1(value: int) -> None:
    model = NodeModel()
    x = model.input("x", real(1, 2, 3, 12))
    y = model.contrib("MultiHeadAttention", x, x, x, num_heads=3, unidirectional=value)
    with pytest.raises(CompileError, match=f"TW-0202.*its attribute 'unidirectional' is {value}"):
        import_model(model.declared(y, real(1, 2, 3, 12)))


def test_what_becomes_of_attributes_is_checked() -> None:
    """ONNX's checks do not know the operator, and its shape inference takes any attribute."""
    model = NodeModel()
    x = model.input("x", real(1, 2, 3))
    first = model.contrib("FusedGemm", x, x, alpha=[1, 2])
    second = model.contrib("QuickGelu", first)
    with pytest.raises(CompileError, match=r"TW-0202.*FusedGemm_0.*its Gemm is not valid.*alpha"):
        import_model(model.declared(second, real(1, 2, 3)))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"packed": np.zeros((6, 2, 16), np.float32)}, "its weights are float32"),
        ({"zeros": np.zeros((6, 2), np.uint8)}, "12 elements of zero points"),
        ({"block_size": 3}, "block_size 3"),
    ],
)
def test_packed_weights_that_do_not_fit(change: dict[str, Any], found: str) -> None:
    model = NodeModel()
    packed = change.get("packed", np.zeros((6, 2, 16), np.uint8))
    zeros = change.get("zeros", np.zeros((6, 1), np.uint8))
    constants = (packed, np.ones((6, 2), np.float32), zeros)
    operands = [model.input("a", real(1, 2, 48)), *map(model.constant, constants)]
    attributes = {"K": 48, "N": 6, "bits": 4, "block_size": change.get("block_size", 32)}
    y = model.contrib("MatMulNBits", *operands, **attributes)
    with pytest.raises(CompileError, match=f"TW-0202.*MatMulNBits_0.*{found}"):
        import_model(model.declared(y, real(1, 2, 6)))


def test_an_attribute_that_is_no_text() -> None:
    model = NodeModel()
    operands = [model.input("x", real(1, 1, 3, 6, 6)), model.constant(real(2, 4, 3, 3, 3))]
    y = model.contrib("FusedConv", *operands, activation=b"\xff")
    with pytest.raises(CompileError, match=r"TW-0202.*FusedConv_0"):
        import_model(model.declared(y, real(1, 1, 4, 4, 4)))
