"""The judges excuse what ONNX leaves open and what rounding decides, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower
from tests.fuzzing.oracle import BESIDE_A_JUMP, EQUAL, EQUAL_REFERENCE, NOT_COMPARED, Failure, judge


def model(
    nodes: list[NodeProto],
    x: Array,
    constants: dict[str, Array] | None = None,
    element: int = TensorProto.FLOAT,
    shape: Sequence[int] = (),
) -> ModelProto:
    """A network of x, and of constants, that makes y in `shape`."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", element, x.shape)],
        [helper.make_tensor_value_info("y", element, shape)],
        [numpy_helper.from_array(data, name) for name, data in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def verdict(proto: ModelProto, x: Array, y: Array | None = None) -> str:
    """Of the judges about `y`, or else about the interpreter's result."""
    imported = import_model(proto)
    graph = lower(imported, "net")
    found = interpret(graph, {"x": x}) | {"x": x}
    if y is not None:
        found |= {"y": y}
    return judge(proto.SerializeToString(), imported.inputs, graph, found)


def jumping(operator: str) -> list[NodeProto]:
    return [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node(operator, ["mean"], ["y"]),
    ]


@pytest.mark.parametrize("y", [-1.0, 0.0, 1.0])
def test_the_sign_of_a_mean_that_is_zero_but_for_rounding(y: float) -> None:
    x = np.array([0.1, 0.2, -0.3], np.float32)
    assert verdict(model(jumping("Sign"), x), x, np.array(y, np.float32)) in (EQUAL, BESIDE_A_JUMP)


@pytest.mark.parametrize(("operator", "y"), [("Sign", 0.0), ("Sign", -1.0), ("Floor", 1.0)])
def test_what_no_rounding_explains(operator: str, y: float) -> None:
    x = np.array([0.1, 0.2, 0.3], np.float32)
    with pytest.raises(Failure, match="differs at 1 of 1 elements"):
        verdict(model(jumping(operator), x), x, np.array(y, np.float32))


def test_exact_operands_of_a_jump_are_not_shifted() -> None:
    x = np.array(0.0, np.float32)
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Ceil", ["a"], ["y"])]
    with pytest.raises(Failure):
        verdict(model(nodes, x), x, np.array(1.0, np.float32))


def pool(x: Array) -> ModelProto:
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2], strides=[2])
    return model([node], x, shape=(1, 1, 4))


def test_a_maximum_of_nan_is_nan_or_what_a_judge_makes_of_it() -> None:
    x = np.array([[[3.0, np.nan, np.nan, 1.0, np.nan, np.nan, 5.0, 6.0]]], np.float32)
    assert verdict(pool(x), x) != NOT_COMPARED
    with pytest.raises(Failure):
        verdict(pool(x), x, np.array([[[2.0, np.nan, np.nan, 6.0]]], np.float32))
    with pytest.raises(Failure):
        verdict(pool(x), x, np.array([[[np.nan, np.nan, np.nan, 5.0]]], np.float32))


def power(x: Array, exponent: int) -> ModelProto:
    nodes = [helper.make_node("Pow", ["x", "exponent"], ["y"])]
    return model(nodes, x, {"exponent": np.array(exponent)}, TensorProto.INT64, x.shape)


def test_powers_that_int64_does_not_hold() -> None:
    """onnxruntime's is -2^63, whose magnitude int64 does not hold either."""
    x = np.array([2**31 - 1], np.int32)
    assert verdict(power(x, 4), x, np.array([7], np.int32)) == EQUAL


def test_powers_that_int32_holds() -> None:
    x = np.array([3], np.int32)
    assert verdict(power(x, 2), x) == EQUAL
    with pytest.raises(Failure, match="differs by 2"):
        verdict(power(x, 2), x, np.array([7], np.int32))


@pytest.mark.parametrize(("token", "expected"), [(2, None), (3, EQUAL)])
def test_a_cache_is_open_behind_its_tokens(token: int, expected: str | None) -> None:
    """Of 5 tokens that there is room for, 3 are written, the last of them by this step."""
    random = np.random.default_rng(7)
    x = random.normal(size=(1, 1, 8)).astype(np.float32)
    cache = random.normal(size=(1, 1, 5, 8)).astype(np.float32)
    constants = {
        "k": x + 1,
        "v": x + 2,
        "past_k": cache,
        "past_v": cache + 1,
        "last": np.array([2], np.int32),
        "total": np.array(5, np.int32),
    }
    node = helper.make_node(
        "GroupQueryAttention",
        ["x", *constants],
        ["attended", "y", "present_v"],
        domain="com.microsoft",
        num_heads=1,
        kv_num_heads=1,
    )
    proto = model([node], x, constants, shape=cache.shape)
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert verdict(proto, x) == EQUAL
    y = cache.copy()
    y[0, 0, 2] = x + 1
    y[0, 0, token] += 1
    if expected is None:
        with pytest.raises(Failure, match="differs at 8 of 40"):
            verdict(proto, x, y)
    else:
        assert verdict(proto, x, y) == expected


def contributed(
    operator: str, x: Array, constants: dict[str, Array], **attributes: int
) -> ModelProto:
    """An operator of onnxruntime, of x and constants (those called "none" are absent)."""
    names = ["" if name.startswith("none") else name for name in constants]
    node = helper.make_node(operator, ["x", *names], ["y"], domain="com.microsoft", **attributes)
    kept = {name: data for name, data in constants.items() if not name.startswith("none")}
    proto = model([node], x, kept, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


def test_queries_that_see_only_masked_keys_are_open() -> None:
    x = np.random.default_rng(5).normal(size=(2, 3, 8)).astype(np.float32)
    mask = np.array([[0, 0, 0], [0, 1, 1]], np.int32)
    constants = {"k": x + 1, "v": x - 1, "none": x, "mask": mask}
    proto = contributed("MultiHeadAttention", x, constants, num_heads=2)
    imported = import_model(proto)
    graph = lower(imported, "net")
    y = interpret(graph, {"x": x})[graph.outputs[0]]
    for batch, expected in ((0, EQUAL), (1, None)):
        wrong = y.copy()
        wrong[batch] += np.float32(0.01)
        if expected is not None:
            assert verdict(proto, x, wrong) == expected
            continue
        with pytest.raises(Failure, match="differs at 24 of 48"):
            verdict(proto, x, wrong)


def grouped(x: Array, last: int) -> ModelProto:
    """A GroupQueryAttention of a sequence of tokens that has `last` + 1 of them."""
    constants = {"k": x, "v": x, "none0": x, "none1": x}
    constants |= {"last": np.array([last], np.int32), "total": np.array(x.shape[1], np.int32)}
    return contributed("GroupQueryAttention", x, constants, num_heads=1, kv_num_heads=1)


def test_tokens_behind_the_end_of_their_sequence_are_open() -> None:
    x = np.random.default_rng(5).normal(size=(1, 3, 8)).astype(np.float32)
    proto = grouped(x, 1)
    y = interpret(lower(import_model(proto), "net"), {"x": x})
    (right,) = y.values()
    right[0, 2] += 1
    assert verdict(proto, x, right) == EQUAL
    right[0, 1] += 1
    with pytest.raises(Failure, match="differs at 8 of 24"):
        verdict(proto, x, right)


def test_which_scores_a_nan_spoils_is_open() -> None:
    x = np.random.default_rng(5).normal(size=(1, 3, 8)).astype(np.float32)
    x[0, 2, 0] = np.nan
    proto = grouped(x, 2)
    (right,) = interpret(lower(import_model(proto), "net"), {"x": x}).values()
    assert verdict(proto, x, right) == EQUAL
    right[0, 0, 1:] += 1
    with pytest.raises(Failure, match="differs at 7 of 24"):
        verdict(proto, x, right)


def test_the_reference_of_recurrent_layers_has_no_clip() -> None:
    """onnxruntime has none for layout 1."""
    x = np.random.default_rng(5).normal(size=(2, 3, 4)).astype(np.float32)
    constants = {"w": np.ones((1, 5, 4), np.float32), "r": np.ones((1, 5, 5), np.float32)}
    attributes: dict[str, object] = {"hidden_size": 5, "layout": 1}
    for clip, expected in (({"clip": 0.1}, NOT_COMPARED), ({}, EQUAL_REFERENCE)):
        node = helper.make_node("RNN", ["x", *constants], ["y"], **attributes, **clip)
        assert verdict(model([node], x, constants, shape=(2, 3, 1, 5)), x) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_steps_of_what_is_not_finite_are_open(bad: float) -> None:
    x = np.array([1, 2, bad], np.float32)
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "y"])]
    proto = model(nodes, x)
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.UINT8
    assert verdict(proto, x, np.array(99, np.uint8)) == NOT_COMPARED
    with pytest.raises(Failure):
        verdict(proto, np.array([1, 2, 3], np.float32), np.array(99, np.uint8))


@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
def test_places_of_nan_in_an_order_are_open(operator: str) -> None:
    nodes = [helper.make_node(operator, ["x"], ["y"], axis=0, keepdims=0)]
    wrong = np.array(0, np.int64)
    for x, expected in (([2, np.nan, 3, 1], NOT_COMPARED), ([2, 5, 3, 1], None)):
        data = np.array(x, np.float32)
        proto = model(nodes, data)
        proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
        if expected is not None:
            assert verdict(proto, data, wrong) == expected
            continue
        with pytest.raises(Failure):
            verdict(proto, data, wrong)


def test_a_domain_that_the_file_does_not_name() -> None:
    """The compiler takes it for the one that there is; ONNX's inference ends at once."""
    node = helper.make_node("QuickGelu", ["x"], ["y"], domain="com.microsoft")
    x = np.array([-1, 0, 2], np.float32)
    assert verdict(model([node], x, shape=(3,)), x) == EQUAL
