"""Which integers tensors of the dialect hold, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array, DataType
from compiler.lowering.lower import lower
from compiler.passes import run_passes

SHIFT: dict[str, Any] = {"div": 256.0, "n_levels": 256.0, "signed": 1.0}


def model(
    *nodes: NodeProto,
    outputs: int = 2,
    shape: tuple[int, ...] = (2, 6),
    constants: dict[str, Any] | None = None,
    element: int = TensorProto.FLOAT,
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "integers",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * outputs)],
        [
            numpy_helper.from_array(np.asarray(data), name)
            for name, data in {
                "one": np.float32(1),
                "zero": np.float32(0),
                **(constants or {}),
            }.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def shifted(x: str = "x", y: str = "y", **attributes: Any) -> NodeProto:
    return helper.make_node("RequantShift", [x, "one", "zero"], [y], y, **(SHIFT | attributes))


def refused(proto: ModelProto, type_: str | None = "int8") -> CompileError:
    inputs = {} if type_ is None else {"x": InputType.parse(type_)}
    with pytest.raises(CompileError) as caught:
        lower(import_model(proto, inputs=inputs), "")
    return caught.value


def run(proto: ModelProto, x: Array) -> Array:
    inputs = {"x": InputType(DataType.of(x))}
    graph = lower(import_model(proto, inputs=inputs), "")
    run_passes(graph)
    return interpret(graph, {"x": x})[graph.outputs[0]]


def numbers(type_: str, shape: tuple[int, ...] = (2, 6)) -> Array:
    limits = np.iinfo(type_)
    random = np.random.default_rng(5)
    return random.integers(limits.min, limits.max + 1, shape).astype(type_)


def test_inputs_need_a_type() -> None:
    move = helper.make_node("Reshape", ["x", "shape"], ["m"], "move")
    proto = model(move, shifted("m"), constants={"shape": np.array([3, 4])})
    error = refused(proto, None)
    assert [problem.code for problem in error.problems] == [Code.UNSUPPORTED_DATA_TYPE]
    assert "input 'x'" in str(error) and 'input_types = {"x": "int8"}' in str(error)


def test_an_input_type_that_fits_nothing() -> None:
    assert refused(model(shifted()), "int8[2,5]").problems[0].code is Code.BAD_OPTION
    with pytest.raises(CompileError, match="no input of this name"):
        import_model(model(shifted()), inputs={"z": InputType(DataType.INT8)})


@pytest.mark.parametrize("text", ["int4", "int8[", "int8[a]", "", "int8 [1]", "bool"])
def test_types_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no TYPE"):
        InputType.parse(text)


@pytest.mark.parametrize(
    "attributes", [{"div": 3.0}, {"div": 0.5}, {"n_levels": 1.0}, {"signed": float("nan")}]
)
def test_attributes_that_mean_nothing(attributes: dict[str, float]) -> None:
    error = refused(model(shifted("x", "y", **attributes)))
    assert [problem.code for problem in error.problems] == [Code.UNSUPPORTED_FORM]


def test_a_missing_attribute() -> None:
    node = helper.make_node("RequantShift", ["x", "one", "zero"], ["y"], "node", div=2.0)
    assert "n_levels" in str(refused(model(node)))


@pytest.mark.parametrize(
    "operands",
    [["", "one", "zero"], ["x", "one", ""], ["x", "one"], [], ["x", "one", "zero", "one"]],
)
def test_another_number_of_operands(operands: list[str]) -> None:
    """Also where the file says the shape of the result, so that nothing asks for the operand's."""
    proto = model(helper.make_node("RequantShift", operands, ["y"], "node", **SHIFT))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 6]))
    (problem,) = refused(proto).problems
    assert problem.code is Code.UNSUPPORTED_FORM and "operands" in problem.found


@pytest.mark.parametrize("results", [["", "y"], ["other", "y"], ["y", "other"]])
def test_another_number_of_results(results: list[str]) -> None:
    node = helper.make_node("RequantShift", ["x", "one", "zero"], results, "node", **SHIFT)
    (problem,) = refused(model(node)).problems
    assert problem.code is Code.UNSUPPORTED_FORM and "results" in problem.found


def test_operands_that_are_left_out_behind_all_others() -> None:
    node = helper.make_node("RequantShift", ["x", "one", "zero", ""], ["y"], "node", **SHIFT)
    x = numbers("int8")
    assert np.array_equal(run(model(node), x), (x.astype(np.int64) + 128) >> 8)


def test_all_refusals_come_together() -> None:
    nodes = [shifted(y="a", div=5.0), shifted(y="b", div=7.0)]
    nodes.append(helper.make_node("Add", ["a", "b"], ["y"], "sum"))
    assert len(refused(model(*nodes)).problems) == 2


@pytest.mark.parametrize("operator", ["SoftmaxGrad", "ConvGradX", "SGD", "InPlaceAccumulatorV2"])
def test_training_is_refused(operator: str) -> None:
    proto = model(helper.make_node(operator, ["x", "one"], ["y"], "node"))
    error = refused(proto, None)
    assert [problem.code for problem in error.problems] == [Code.UNSUPPORTED_OPERATOR]
    assert "training" in str(error)


@pytest.mark.parametrize("type_", ["int8", "uint8", "int16", "uint16", "int32"])
def test_a_requant_shift_of_every_type(type_: str) -> None:
    x = numbers(type_)
    y = run(model(shifted(div=4.0)), x)
    assert y.dtype == np.int8
    assert np.array_equal(y, np.clip((x.astype(np.int64) + 2) >> 2, -128, 127))


@pytest.mark.parametrize("levels", [2, 16, 255, 256, 300, 65536])
@pytest.mark.parametrize("signed", [False, True])
def test_levels(levels: int, signed: bool) -> None:
    x = numbers("int32") >> 12
    y = run(model(shifted(n_levels=levels, signed=int(signed), div=2)), x)
    low, high = (-(levels // 2), levels // 2 - 1) if signed else (0, levels - 1)
    assert np.array_equal(y, np.clip((x.astype(np.int64) + 1) >> 1, low, high))
    expected = DataType.INT32 if levels > 256 else DataType.INT8 if signed else DataType.UINT8
    assert DataType.of(y) is expected


@pytest.mark.parametrize("pair", [("int8", "uint8"), ("uint8", "uint8"), ("int8", "int32")])
def test_tensors_of_two_types_are_joined(pair: tuple[str, str]) -> None:
    """A concatenation, with a constant, of what has another sign."""
    other = shifted(y="z", signed=int(pair[1] == "int8"), div=1.0)
    other.attribute[1].f = 256.0 if pair[1] != "int32" else 1000.0
    join = helper.make_node("Concat", ["x", "z", "c"], ["y"], "join", axis=1)
    constant = np.array([[1000.0], [-3.0]], np.float32)
    x = numbers(pair[0])
    y = run(model(other, join, constants={"c": constant}), x)
    assert np.array_equal(y[:, :6], x) and np.array_equal(y[:, -1:], constant)


FUNCTIONS: dict[str, tuple[dict[str, Any], Callable[[Array], Array]]] = {
    "Relu": ({}, lambda x: np.maximum(x, 0)),
    "Sigmoid": ({}, lambda x: np.asarray(1 / (1 + np.exp(-x.astype(np.float64))))),
    "ReduceMax": ({"axes": [1], "keepdims": 1}, lambda x: np.max(x, axis=1, keepdims=True)),
    "Transpose": ({"perm": [1, 0]}, lambda x: x.T),
    "Neg": ({}, lambda x: -x.astype(np.float64)),
}


@pytest.mark.parametrize("type_", ["int8", "uint8"])
@pytest.mark.parametrize("operator", FUNCTIONS)
def test_operators_of_onnx(type_: str, operator: str) -> None:
    x = numbers(type_)
    attributes, expected = FUNCTIONS[operator]
    y = run(model(helper.make_node(operator, ["x"], ["y"], "node", **attributes)), x)
    np.testing.assert_allclose(y, expected(x), rtol=1e-5, atol=1e-20)


def test_a_constant_that_is_no_integer_makes_numbers_real() -> None:
    nodes = [
        helper.make_node("Sub", ["x", "zp"], ["c"], "centred"),
        helper.make_node("Mul", ["c", "scale"], ["y"], "scaled"),
    ]
    constants = {"zp": np.float32(7), "scale": np.float32(0.1)}
    x = numbers("uint8")
    y = run(model(*nodes, constants=constants), x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, (x.astype(np.float64) - 7) * 0.1, rtol=1e-6)


def test_integers_that_the_file_declares() -> None:
    """int8 weights and an int32 input, as some tools store them; indices stay what they are."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"], "product"),
        helper.make_node("Gather", ["p", "i"], ["y"], "gather", axis=1),
    ]
    weights = np.random.default_rng(0).integers(-128, 128, (6, 4)).astype(np.int8)
    indices = np.array([3, 0], np.int32)
    proto = model(*nodes, constants={"w": weights, "i": indices}, element=TensorProto.INT32)
    x = numbers("uint8")
    y = run(proto, x)
    assert y.dtype == np.int32
    assert np.array_equal(y, (x.astype(np.int64) @ weights.astype(np.int64))[:, indices])


@pytest.mark.parametrize("operator", ["RequantizedGemm", "RQGemm", "RQMatMul"])
def test_a_product_and_its_requantisation_in_one_node(operator: str) -> None:
    weights = np.random.default_rng(1).integers(-128, 128, (6, 5)).astype(np.float32)
    node = helper.make_node(operator, ["x", "w", "m", "a"], ["y"], "node", **SHIFT)
    constants = {"w": weights, "m": np.float32(3), "a": np.float32(77)}
    x = numbers("int8")
    y = run(model(node, constants=constants), x)
    sums = x.astype(np.int64) @ weights.astype(np.int64)
    assert np.array_equal(y, np.clip((sums * 3 + 77 + 128) >> 8, -128, 127))


def test_types_that_the_model_declares() -> None:
    """Where it does, nobody has to repeat them; MatMulInteger is MatMul then."""
    weights = np.random.default_rng(2).integers(-128, 128, (6, 4)).astype(np.int8)
    nodes = [helper.make_node("MatMulInteger", ["x", "w"], ["p"], "product"), shifted("p")]
    proto = model(*nodes, constants={"w": weights}, element=TensorProto.UINT8)
    graph = lower(import_model(proto), "")
    x = numbers("uint8")
    y = interpret(graph, {"x": x})[graph.outputs[0]]
    sums = x.astype(np.int64) @ weights.astype(np.int64)
    assert np.array_equal(y, np.clip((sums + 128) >> 8, -128, 127))


def test_an_output_that_is_declared_with_another_shape_is_refused() -> None:
    nodes = [
        helper.make_node("Elu", ["x"], ["e"], "elu"),
        helper.make_node("IntegerMean", ["e"], ["y"], "mean"),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])],
    )
    opset = helper.make_opsetid("", 22)
    with pytest.raises(CompileError, match=r"'y' is declared with shape \[3\], it has \[1\]"):
        import_model(helper.make_model(graph, opset_imports=[opset], ir_version=10))


def largest(x: Array, extents: tuple[int, ...], attributes: dict[str, Any]) -> Array:
    """MaxPool, window by window."""
    taps, count = attributes["kernel_shape"], len(extents)
    strides = attributes.get("strides", [1] * count)
    dilations = attributes.get("dilations", [1] * count)
    pads = attributes.get("pads", [0] * count)
    result = np.empty((*x.shape[:2], *extents), x.dtype)
    for place in np.ndindex(*extents):
        window = x
        for axis, at in enumerate(place):
            begin = at * strides[axis] - pads[axis]
            along = [begin + tap * dilations[axis] for tap in range(taps[axis])]
            inside = [index for index in along if 0 <= index < x.shape[axis + 2]]
            window = np.take(window, inside, axis + 2)
        result[(..., *place)] = window.max(axis=tuple(range(2, 2 + count)))
    return result


@pytest.mark.parametrize(
    ("attributes", "shape", "extents"),
    [
        ({"kernel_shape": [2, 3]}, (1, 2, 4, 5), (3, 3)),
        ({"kernel_shape": [3], "strides": [2], "pads": [2, 1]}, (2, 1, 8), (5,)),
        (
            {
                "kernel_shape": [2, 2],
                "strides": [3, 1],
                "dilations": [2, 1],
                "pads": [0, 1, 1, 0],
            },
            (1, 1, 6, 4),
            (2, 4),
        ),
        ({"kernel_shape": [3, 1], "strides": [2, 2], "ceil_mode": 1}, (1, 3, 6, 3), (3, 2)),
    ],
)
def test_the_largest_of_windows_of_int32(
    attributes: dict[str, Any], shape: tuple[int, ...], extents: tuple[int, ...]
) -> None:
    x = numbers("int32", shape)
    pool = helper.make_node("MaxPool", ["x"], ["y"], "pool", **attributes)
    proto = model(pool, shifted("x", "other"), outputs=len(shape), shape=shape)
    found = run(proto, x)
    assert found.dtype == np.int32
    assert np.array_equal(found, largest(x, extents, attributes))


@pytest.mark.parametrize("type_", ["int8", "uint8", "int16", "int32"])
@pytest.mark.parametrize(
    "bounds", [(241, 300), (-500, -300), (40000, 50000), (-1e30, -200), (7, 3), (300, 1e30)]
)
def test_bounds_that_the_operand_does_not_reach(type_: str, bounds: tuple[float, float]) -> None:
    clip = helper.make_node("Clip", ["x", "low", "high"], ["y"], "clip")
    constants: dict[str, Any] = {"low": np.float32(bounds[0]), "high": np.float32(bounds[1])}
    x = numbers(type_) // 2
    found = run(model(clip, shifted("x", "other"), constants=constants), x)
    assert np.array_equal(found, np.minimum(np.maximum(x.astype(np.float64), bounds[0]), bounds[1]))


@pytest.mark.parametrize("type_", ["int8", "int16", "int32"])
@pytest.mark.parametrize("shape", [(2, 6), (6,)])
def test_the_largest_along_no_axes_is_refused(type_: str, shape: tuple[int, ...]) -> None:
    pool = helper.make_node("GlobalMaxPool", ["x"], ["y"], "pool")
    proto = model(pool, shifted("x", "other"), outputs=len(shape), shape=shape)
    for dimension, extent in zip(
        proto.graph.output[0].type.tensor_type.shape.dim, shape, strict=True
    ):
        dimension.dim_value = extent
    assert [problem.code for problem in refused(proto, type_).problems] == [Code.UNSUPPORTED_FORM]


def test_a_pool_of_int32_that_also_gives_indices_is_refused() -> None:
    pool = helper.make_node("MaxPool", ["x"], ["y", "where"], "pool", kernel_shape=[2])
    error = refused(model(pool, shifted("x", "other"), outputs=3, shape=(1, 2, 6)), "int32")
    assert [problem.code for problem in error.problems] == [Code.UNSUPPORTED_FORM]


def test_indices_of_an_input_stay_indices() -> None:
    """Also where somebody gives them a type, as programs do that give all inputs one."""
    gather = helper.make_node("Gather", ["x", "rows"], ["chosen"], "gather")
    proto = model(gather, shifted("chosen"))
    proto.graph.input.append(helper.make_tensor_value_info("rows", TensorProto.INT64, [2]))
    inputs = {"x": InputType.parse("int8"), "rows": InputType.parse("float32")}
    graph = lower(import_model(proto, inputs=inputs), "")
    run_passes(graph)
    x = numbers("int8")
    found = interpret(graph, {"x": x, "rows": np.array([1, 0], np.int32)})[graph.outputs[0]]
    assert np.array_equal(found, (x[[1, 0]].astype(np.int64) + 128) >> 8)


def test_a_product_with_a_vector_and_a_factor_for_each_row() -> None:
    product = helper.make_node("MatMul", ["x", "w"], ["sums"], "product")
    shift = helper.make_node("RequantShift", ["sums", "mul", "add"], ["y"], "y", **SHIFT)
    mul, add = np.array([1, 2, 3], np.float32), np.array([9, 0, -300], np.float32)
    w = np.array([5, -7, 100, 1], np.float32)
    x = numbers("int8", (3, 4))
    constants = {"w": w, "mul": mul, "add": add}
    found = run(model(product, shift, outputs=1, shape=(3, 4), constants=constants), x)
    wanted = ((x @ w.astype(np.int64)) * mul.astype(np.int64) + add.astype(np.int64) + 128) >> 8
    assert np.array_equal(found, np.clip(wanted, -128, 127))


@pytest.mark.parametrize("type_", ["int8", "uint8", "int16", "uint16", "int32"])
@pytest.mark.parametrize("columns", [3, 4])
def test_means_have_the_type_of_their_operand(type_: str, columns: int) -> None:
    mean = helper.make_node("IntegerMean", ["x"], ["m"], "mean", axes=[1])
    same = helper.make_node("Reshape", ["m", "shape"], ["y"], "same")
    constants = {"shape": np.array([2, 1], np.int64)}
    proto = model(mean, same, shape=(2, columns), constants=constants)
    x = numbers(type_, (2, columns)) // 4
    found = run(proto, x)
    assert found.dtype == np.dtype(type_)
    exact = x.astype(np.float64).mean(axis=1, keepdims=True)
    assert np.all(np.abs(found - exact) <= 0.5)


@pytest.mark.parametrize("is_output", [False, True])
def test_operands_that_do_not_fit_behind_operators_of_the_dialect(
    is_output: bool,
) -> None:
    """ONNX's inference leaves out the errors of models that have operators it does not know."""
    product = helper.make_node("MatMul", ["a", "x"], ["y" if is_output else "unread"], "product")
    nodes = [shifted(y="a"), product, *([] if is_output else [shifted("a")])]
    (problem,) = refused(model(*nodes)).problems
    assert (problem.code, problem.where) == (Code.INVALID_MODEL, "node 'product' (MatMul)")
