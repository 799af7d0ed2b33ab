"""Nodes that are merged from several: what they may say, and what is refused.

tests/integer_dialect runs them; here are attributes in other forms, and mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower

GELU: dict[str, Any] = {"b": -71, "one": 6500, "n_levels": 256, "signed": 1, "div": 2**18}
SUM: dict[str, Any] = {
    f"{prefix}_{name}": value
    for prefix in ("rqs1", "rqs2", "rqsOut")
    for name, value in {"mul": 3, "add": 5, "div": 4, "n_levels_out": 256, "signed": 1}.items()
}
HEADS = 2
ATTENTION: dict[str, Any] = {"heads": HEADS, "dim_head": 3, "n_levels": 256, "signed": 1} | {
    f"{name}_requant_{part}": [value]
    for name in ("wq", "wk", "wv", "preattn", "postattn", "wo")
    for part, value in (("mul", 5), ("div", 1024))
}


def model(
    node: NodeProto,
    rank: int = 2,
    shape: Sequence[int] = (2, 6),
    constants: dict[str, Array] | None = None,
) -> ModelProto:
    graph = helper.make_graph(
        [node],
        "merged",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)],
        [
            numpy_helper.from_array(data.astype(np.float32), name)
            for name, data in (constants or {}).items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def merged(operator: str, operands: Sequence[str] = ("x",), **attributes: Any) -> NodeProto:
    return helper.make_node(operator, list(operands), ["y"], "node", **attributes)


def run(proto: ModelProto, x: Array) -> Array:
    graph = lower(import_model(proto, inputs={"x": InputType.parse("int8")}), "")
    return interpret(graph, {"x": x})[graph.outputs[0]]


def refusal(proto: ModelProto) -> str:
    with pytest.raises(CompileError) as caught:
        lower(import_model(proto, inputs={"x": InputType.parse("int8")}), "")
    assert [problem.code for problem in caught.value.problems] == [Code.UNSUPPORTED_FORM]
    assert "'node'" in str(caught.value)
    return str(caught.value)


def numbers(*shape: int) -> Array:
    return np.random.default_rng(3).integers(-128, 128, shape).astype(np.int8)


def test_factors_may_be_operands_or_attributes() -> None:
    x = numbers(2, 6)
    constants = {"m": np.array(77), "a": np.array([5]), "s": np.array(18)}
    without_divisor = {name: value for name, value in GELU.items() if name != "div"}
    results = [
        run(model(merged("RequantizediGELU", mul=77, add=5, **GELU)), x),
        run(model(merged("RequantizediGELU", ["x", "m", "a"], **GELU), constants=constants), x),
        run(
            model(
                merged("RequantizediGELU", ["x", "m", "a", "s"], **without_divisor),
                constants=constants,
            ),
            x,
        ),
        run(model(merged("RequantizediGELU", mul=77.0, add=5.0, shift=18.0, **without_divisor)), x),
    ]
    for result in results[1:]:
        assert np.array_equal(result, results[0])
    assert len(set(results[0].reshape(-1).tolist())) > 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"signed": 0}, "signed = 0"),
        ({"n_levels": 16}, "n_levels = 16"),
        ({"shift": 17}, "contradict each other"),
        ({"shift": -1}, "its shift is -1"),
        ({"div": 3.5}, "'div' is no integer"),
        ({"one": "many"}, "'one' is no number"),
        ({"b": [1, 2]}, "'b' has 2 numbers"),
        ({"mul": float("nan")}, "'mul' is no integer"),
    ],
)
def test_functions_that_are_refused(changed: dict[str, Any], said: str) -> None:
    attributes: dict[str, Any] = {"mul": 77, "add": 5, **GELU, **changed}
    assert said in refusal(model(merged("RequantizediGELU", **attributes)))


@pytest.mark.parametrize("missing", ["rqs1_mul", "rqs2_add", "rqsOut_div", "rqs1_signed"])
def test_a_sum_needs_all_its_attributes(missing: str) -> None:
    attributes = {name: value for name, value in SUM.items() if name != missing}
    assert f"no '{missing}'" in refusal(model(merged("RequantizedAdd", ["x", "x"], **attributes)))


def test_a_sum_of_one() -> None:
    assert "no operand 1" in refusal(model(merged("RequantizedAdd", ["x"], **SUM)))


def test_a_product_with_channels_last() -> None:
    constants = {"w": np.ones((6, 4)), "m": np.array(1), "a": np.array(0)}
    node = merged("RequantizedGemm", ["x", "w", "m", "a"], div=2, n_levels=256, signed=1)
    node.attribute.append(helper.make_attribute("channels_first", 0))
    assert "channels_first" in refusal(model(node, constants=constants))
    assert "3 operands" in refusal(model(merged("RQGemm", ["x", "w", "m"]), constants=constants))


def weights() -> dict[str, Array]:
    random = np.random.default_rng(4)
    shapes = {f"w{i}": (HEADS, 6, 3) for i in range(3)} | {f"b{i}": (HEADS, 1, 3) for i in range(3)}
    shapes |= {"wo": (HEADS, 3, 6), "bo": (HEADS, 6)}
    return {name: random.integers(-99, 99, shape) for name, shape in shapes.items()}


OPERANDS = ["x", "x", "x", *(f"{kind}{i}" for i in range(3) for kind in "wb"), "wo", "bo"]


def test_attention_with_one_number_for_all_heads() -> None:
    x = numbers(1, 4, 6)
    each = {
        name: value * 2 if name.endswith(("mul", "div")) else value
        for name, value in ATTENTION.items()
    }
    one, several = (
        run(model(merged("MHSA", OPERANDS, **a), 4, x.shape, weights()), x)
        for a in (ATTENTION, each)
    )
    assert one.shape == (1, HEADS, 4, 6) and np.array_equal(one, several)
    # An addend is in units of the result.
    added = {**ATTENTION, "wo_requant_add": [3]}
    more = run(model(merged("MHSA", OPERANDS, **added), 4, x.shape, weights()), x)
    assert np.array_equal(more, np.clip(one.astype(int) + 3, -128, 127))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"isoftmaxA": 1}, "another softmax"),
        ({"heads": 3}, "has shape [2, 6, 3]"),
        ({"heads": 0}, "heads = 0"),
        ({"dim_head": 4}, "has shape [2, 6, 3]"),
        ({"wq_requant_div": [1000]}, "'wq_requant_div' is [1000, 1000]"),
        ({"wq_requant_mul": [1, 2, 3]}, "has 3 numbers"),
        ({"n_levels": 16}, "16 levels"),
    ],
)
def test_attention_that_is_refused(changed: dict[str, Any], said: str) -> None:
    node = merged("MHSA", OPERANDS, **{**ATTENTION, **changed})
    assert said in refusal(model(node, 4, (1, 4, 6), weights()))


def test_attention_with_weights_at_run_time() -> None:
    node = merged("MHSA", ["x"] * 11, **ATTENTION)
    assert "no initialiser" in refusal(model(node, 4, (1, 4, 6)))


def test_root_mean_square_needs_its_epsilon() -> None:
    constants = {"w": np.ones(6)}
    assert "no 'eps'" in refusal(model(merged("RMSNorm", ["x", "w"]), constants=constants))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bit_width": 9}, "bit_width is 9"),
        ({"scale": float("inf")}, "'scale' is no number"),
        ({"min_val": -100}, "'min_val' is -100"),
    ],
)
def test_quantisation_that_is_refused(changed: dict[str, Any], said: str) -> None:
    attributes: dict[str, Any] = {"scale": 2.0, "zero_point": 0.0, "bit_width": 8, **changed}
    assert said in refusal(model(merged("Quant", **attributes)))
