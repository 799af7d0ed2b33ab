"""The branch of an If is taken where the condition is known, and refused where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import FLOAT_TOLERANCE, imports, interpreted, lowered, real
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.operators.model_harness import run_onnxruntime


def branch(nodes: Sequence[NodeProto], outputs: Sequence[str], **constants: Array) -> GraphProto:
    return helper.make_graph(
        nodes,
        "branch",
        [],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )


def conditional(
    condition: str, outputs: Sequence[str], then: GraphProto, other: GraphProto, name: str = "if"
) -> NodeProto:
    return helper.make_node("If", [condition], outputs, name, then_branch=then, else_branch=other)


def model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Mapping[str, tuple[int, ...]],
    **constants: Array,
) -> ModelProto:
    def declared(shapes: Mapping[str, tuple[int, ...]]) -> list[ValueInfoProto]:
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]

    graph = helper.make_graph(
        nodes,
        "test",
        declared(inputs),
        declared(outputs),
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    return helper.make_model(graph, opset_imports=imports(17), ir_version=10)


def assert_as_onnxruntime(proto: ModelProto, **data: Array) -> None:
    expected = run_onnxruntime(proto, data)
    found = interpreted(lowered(proto), data)
    assert len(found) == len(expected)
    for have, want in zip(found, expected, strict=True):
        assert have.shape == want.shape
        assert np.allclose(have, want, rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE)


def unary(operator: str, source: str, result: str, name: str = "") -> NodeProto:
    return helper.make_node(operator, [source], [result], name)


YES, NO = np.array(True), np.array(False)


@pytest.mark.parametrize("condition", [YES, NO, np.array([True])])
def test_a_constant_condition(condition: Array) -> None:
    """Both branches have the same names inside, and read a tensor around them."""
    then = branch([unary("Exp", "a", "t"), unary("Neg", "t", "r")], ["r"])
    other = branch([unary("Abs", "a", "t"), unary("Sqrt", "t", "r")], ["r"])
    nodes = [unary("Relu", "x", "a"), conditional("c", ["b"], then, other), unary("Tanh", "b", "y")]
    proto = model(nodes, {"x": (2, 3)}, {"y": (2, 3)}, c=condition)
    assert_as_onnxruntime(proto, x=real(1, 2, 3))
    operators = [node.operator for node in import_model(proto).nodes]
    assert ("Exp" in operators) == bool(condition)
    assert ("Sqrt" in operators) != bool(condition)


def squeeze_if_it_is_one() -> list[NodeProto]:
    """As PyTorch's exporter writes squeeze(1) of a tensor whose shape it does not know."""
    then = branch([helper.make_node("Squeeze", ["x", "axis"], ["s"])], ["s"])
    other = branch([unary("Identity", "x", "i")], ["i"])
    return [
        unary("Shape", "x", "shape"),
        helper.make_node("Gather", ["shape", "axis"], ["extent"], axis=0),
        helper.make_node("Equal", ["extent", "one"], ["is_one"]),
        conditional("is_one", ["b"], then, other),
        unary("Relu", "b", "y"),
    ]


@pytest.mark.parametrize("shape", [(4, 1, 3), (4, 2, 3)])
def test_a_condition_on_a_shape(shape: tuple[int, ...]) -> None:
    """The other branch is not valid for these shapes."""
    result = shape if shape[1] != 1 else (4, 3)
    proto = model(
        squeeze_if_it_is_one(), {"x": shape}, {"y": result}, axis=np.array([1]), one=np.array([1])
    )
    x = real(1, *shape)
    (found,) = interpreted(lowered(proto), {"x": x})
    assert np.array_equal(found, np.maximum(x, 0).reshape(result))


@pytest.mark.parametrize("outer", [YES, NO])
@pytest.mark.parametrize("inner", [YES, NO])
def test_nested(outer: Array, inner: Array) -> None:
    """An inner branch reads tensors of both graphs around it, and uses their names again."""
    deep = conditional(
        "d",
        ["r"],
        branch([helper.make_node("Add", ["a", "t"], ["q"])], ["q"]),
        branch([helper.make_node("Mul", ["x", "t"], ["q"])], ["q"]),
        "inner",
    )
    then = branch([unary("Exp", "a", "t"), deep], ["r"])
    other = branch([unary("Sin", "a", "t")], ["t"])
    nodes = [unary("Relu", "x", "a"), conditional("c", ["y"], then, other)]
    proto = model(nodes, {"x": (2, 3)}, {"y": (2, 3)}, c=outer, d=inner)
    assert_as_onnxruntime(proto, x=real(1, 2, 3))


def test_several_with_the_same_names_inside() -> None:
    """Their initialisers have the same names, too."""
    data = [np.full(3, value, np.float32) for value in (2.0, 5.0)]
    add = helper.make_node("Add", ["x", "w"], ["r"], "add")
    multiply = helper.make_node("Mul", ["x", "w"], ["r"], "add")
    then, other = branch([add], ["r"], w=data[0]), branch([multiply], ["r"], w=data[1])
    nodes = [
        conditional("c", ["a"], then, other, ""),
        conditional("n", ["b"], then, other, ""),
        helper.make_node("Sub", ["a", "b"], ["y"]),
    ]
    proto = model(nodes, {"x": (2, 3)}, {"y": (2, 3)}, c=YES, n=NO)
    assert_as_onnxruntime(proto, x=real(1, 2, 3))


def test_several_results() -> None:
    """One of them twice, one that nobody reads, and a constant."""
    held = np.array([1.0, 2.0], np.float32)
    then = branch([unary("Exp", "x", "e"), unary("Identity", "e", "f")], ["e", "f", "w"], w=held)
    other = branch([unary("Sin", "x", "e"), unary("Neg", "x", "f")], ["e", "f", "w"], w=held)
    nodes = [
        conditional("c", ["a", "b", "d"], then, other),
        helper.make_node("Add", ["a", "d"], ["y"]),
    ]
    proto = model(nodes, {"x": (3, 2)}, {"y": (3, 2), "a": (3, 2)}, c=YES)
    assert_as_onnxruntime(proto, x=real(1, 3, 2))


def test_operators_that_are_expanded() -> None:
    """Also one whose default attribute has to be written out."""
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axis"], ["u"]),
        helper.make_node("STFT", ["u", "step", "", "length"], ["s"]),
    ]
    constants = {"axis": np.array([2]), "step": np.array(4), "length": np.array(8)}
    then = branch(nodes, ["s"], **constants)
    taken = conditional("c", ["y"], then, branch([unary("Exp", "x", "e")], ["e"]))
    proto = model([taken], {"x": (1, 32)}, {"y": (1, 7, 5, 2)}, c=YES)
    x = real(1, 1, 32)
    frames = np.stack([x[0, 4 * i : 4 * i + 8] for i in range(7)])
    expected = np.fft.rfft(frames).astype(np.complex64).view(np.float32).reshape(1, 7, 5, 2)
    (found,) = interpreted(lowered(proto), {"x": x})
    assert np.allclose(found, expected, atol=1e-5)


def test_an_older_operator_set() -> None:
    """With the axes as attributes, in a branch and around it."""
    nodes = [
        helper.make_node("Unsqueeze", ["x"], ["u"], axes=[0]),
        conditional(
            "c",
            ["b"],
            branch([helper.make_node("Squeeze", ["u"], ["s"], axes=[0])], ["s"]),
            branch([unary("Exp", "u", "s")], ["s"]),
        ),
        unary("Relu", "b", "y"),
    ]
    proto = model(nodes, {"x": (3, 2)}, {"y": (3, 2)}, c=YES)
    proto.opset_import[0].version = 11
    assert_as_onnxruntime(proto, x=real(1, 3, 2))


def test_a_condition_of_the_run_is_refused() -> None:
    then, other = (branch([unary(name, "x", "r")], ["r"]) for name in ("Exp", "Sin"))
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Less", ["m", "zero"], ["c"]),
        conditional("c", ["y"], then, other),
    ]
    proto = model(nodes, {"x": (2, 3)}, {"y": (2, 3)}, zero=np.array(0, np.float32))
    with pytest.raises(CompileError) as caught:
        import_model(proto)
    for said in ("TW-0201", "'if'", "control flow depends on run-time values", "Where", "branch"):
        assert said in str(caught.value)


def test_what_a_branch_holds_is_checked() -> None:
    then = branch([unary("Unique", "x", "r")], ["r"])
    other = branch([unary("Sin", "x", "r")], ["r"])
    proto = model([conditional("c", ["y"], then, other)], {"x": (6,)}, {"y": (6,)}, c=YES)
    with pytest.raises(CompileError, match=r"TW-0201: operator Unique.*if/Unique"):
        import_model(proto)
    proto.graph.node[0].attribute[0].g.initializer.append(
        TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], raw_data=b"1234")
    )
    with pytest.raises(CompileError, match=r"TW-0101.*w"):
        import_model(proto)
