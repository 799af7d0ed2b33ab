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
from tests.fuzzing.oracle import BESIDE_A_JUMP, EQUAL, NOT_COMPARED, Failure, judge


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


def test_a_domain_that_the_file_does_not_name() -> None:
    """The compiler takes it for the one that there is; ONNX's inference ends at once."""
    node = helper.make_node("QuickGelu", ["x"], ["y"], domain="com.microsoft")
    x = np.array([-1, 0, 2], np.float32)
    assert verdict(model([node], x, shape=(3,)), x) == EQUAL
