"""Moving elements: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Operation
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.movement import (
    Concatenate,
    Pad,
    Slice,
    Transpose,
    channels_first,
    channels_last,
    inverse,
    permute,
)
from compiler.operators.table import Table

shapes = st.lists(st.integers(1, 5), min_size=1, max_size=6).map(tuple)
element_types = st.sampled_from(["int8", "uint8", "bool", "int16", "int32", "float32"])
seeds = st.integers(0, 2**32 - 1)


def filled(shape: tuple[int, ...], data_type: str, random: np.random.Generator) -> Array:
    size = int(np.prod(shape)) * np.dtype(data_type).itemsize
    if data_type == "bool":
        return random.integers(0, 2, shape).astype(bool)
    return np.frombuffer(random.bytes(size), data_type).reshape(shape)


@settings(max_examples=100, deadline=None)
@given(shape=shapes, data_type=element_types, data=st.data(), seed=seeds)
def test_transpose_twin(
    shape: tuple[int, ...], data_type: str, data: st.DataObject, seed: int
) -> None:
    permutation = tuple(data.draw(st.permutations(range(len(shape)))))
    x = filled(shape, data_type, np.random.default_rng(seed))
    assert_twin(Transpose(permutation), [x])


@given(shape=shapes, data=st.data())
def test_free_transposes_are_those_that_move_nothing(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    operation = Transpose(tuple(data.draw(st.permutations(range(len(shape))))))
    x = np.arange(np.prod(shape)).reshape(shape)
    moved = not np.array_equal(operation.evaluate([x])[0].reshape(-1), x.reshape(-1))
    assert operation.is_view(shape) is not moved


@settings(max_examples=100, deadline=None)
@given(shape=shapes, data_type=element_types, data=st.data(), seed=seeds)
def test_slice_twin(shape: tuple[int, ...], data_type: str, data: st.DataObject, seed: int) -> None:
    starts, steps, extents = list[int](), list[int](), list[int]()
    for extent in shape:
        start = data.draw(st.integers(0, extent - 1))
        step = data.draw(st.sampled_from([-3, -1, 1, 2]))
        stop = extent if step > 0 else -1
        starts.append(start)
        steps.append(step)
        extents.append(data.draw(st.integers(1, len(range(start, stop, step)))))
    x = filled(shape, data_type, np.random.default_rng(seed))
    assert_twin(Slice(tuple(starts), tuple(steps), tuple(extents)), [x])


@settings(max_examples=100, deadline=None)
@given(
    shape=shapes,
    extents=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    data_type=element_types,
    data=st.data(),
    seed=seeds,
)
def test_concatenation_twin(
    shape: tuple[int, ...], extents: list[int], data_type: str, data: st.DataObject, seed: int
) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    random = np.random.default_rng(seed)
    inputs: list[Array | None] = [
        filled((*shape[:axis], extent, *shape[axis + 1 :]), data_type, random) for extent in extents
    ]
    inputs += [None] * (4 - len(inputs))
    assert_twin(Concatenate(axis), inputs)


@settings(max_examples=100, deadline=None)
@given(shape=shapes, data_type=element_types, data=st.data(), seed=seeds)
def test_pad_twin(shape: tuple[int, ...], data_type: str, data: st.DataObject, seed: int) -> None:
    before, after = list[int](), list[int]()
    for extent in shape:
        before.append(data.draw(st.integers(-1, 3)))
        after.append(data.draw(st.integers(max(-1, 1 - extent - before[-1]), 3)))
    fill = 1 if data_type == "bool" else 0x81
    x = filled(shape, data_type, np.random.default_rng(seed))
    assert_twin(Pad(tuple(before), tuple(after), fill), [x])


OPERATIONS: list[tuple[Operation, list[tuple[int, ...]]]] = [
    (Slice((0, 1, 2), (1, 1, -1), (2, 2, 3)), [(2, 3, 4)]),
    (Concatenate(1), [(2, 3, 4), (2, 1, 4)]),
    (Pad((1, 0, 2), (0, 3, -1), 7), [(2, 3, 4)]),
]


@pytest.mark.parametrize(("operation", "operands"), OPERATIONS)
def test_permuted(operation: Operation, operands: list[tuple[int, ...]]) -> None:
    """Permuting operands and result of the permuted operation gives the original."""
    random = np.random.default_rng(1)
    inputs: list[Array | None] = [filled(shape, "int8", random) for shape in operands]
    if isinstance(operation, Concatenate):
        inputs += [None] * (4 - len(inputs))
    for permutation in permutations(range(3)):
        moved = operation.permuted(permutation)
        assert moved is not None
        other, indices = moved
        assert set(indices) >= set(range(len(operands)))
        (expected,) = operation.evaluate(inputs)
        (found,) = other.evaluate([None if x is None else x.transpose(permutation) for x in inputs])
        assert np.array_equal(found, expected.transpose(permutation))


def test_layouts_are_inverse() -> None:
    for rank in (3, 4):
        last, first = channels_last(rank).permutation, channels_first(rank).permutation
        assert permute(last, first) == tuple(range(rank))
        assert inverse(last) == first


CASES: dict[str, tuple[str, list[tuple[int, ...]], list[Array], dict[str, Any]]] = {
    # name: (operator, shapes of computed operands, constant operands, attributes)
    "transpose": ("Transpose", [(2, 3, 4, 5)], [], {"perm": [3, 1, 0, 2]}),
    "reversed axes": ("Transpose", [(2, 3, 4)], [], {}),
    "slice": (
        "Slice",
        [(4, 5, 6)],
        [np.array([1, -1]), np.array([100, -100]), np.array([-1, 0]), np.array([2, -2])],
        {},
    ),
    "slice without axes": ("Slice", [(4, 5, 6)], [np.array([1, 2]), np.array([3, -1])], {}),
    "concatenation": ("Concat", [(2, 3, 4), (2, 1, 4), (2, 5, 4)], [], {"axis": 1}),
    "long concatenation": ("Concat", [(2, e, 3) for e in range(1, 10)], [], {"axis": -2}),
    "pad": (
        "Pad",
        [(2, 3, 4)],
        [np.array([0, 1, 2, 0, 3, 1]), np.array(0.4, np.float32)],
        {},
    ),
    "reflect": ("Pad", [(3, 4, 2)], [np.array([2, 1, 0, 1, 3, 0])], {"mode": "reflect"}),
    "edge": ("Pad", [(3, 4)], [np.array([4, 1, 0, 6])], {"mode": "edge"}),
    "wrap": ("Pad", [(3, 4)], [np.array([2, 1, 3, 4])], {"mode": "wrap"}),
    "crop and pad": ("Pad", [(3, 4)], [np.array([-1, 0, 2, -2])], {}),
}


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_model(case: str, integer: bool) -> None:
    operator, operands, constants, attributes = CASES[case]
    random = np.random.default_rng(23)
    model = ModelBuilder(19)
    inputs = {f"x{i}": random.normal(size=shape) for i, shape in enumerate(operands)}
    names = [model.input(name, x.shape) for name, x in inputs.items()]
    if integer:
        names = [model.quantised(name, 0.02, -7) for name in names]
    y = model.node(operator, names + [model.constant(c) for c in constants], **attributes)
    if integer:
        y = model.quantised(y, 0.02, -7)
    graph = assert_model(
        model.build([y]), {name: x.astype(np.float32) for name, x in inputs.items()}
    )
    if integer:
        assert sum(type(n.operation).__name__ == "Dequantize" for n in graph.nodes) == 1


@pytest.mark.parametrize("sizes", [None, [1, 4, 2]])
def test_split(sizes: list[int] | None) -> None:
    model = ModelBuilder(18)
    x = model.input("x", (2, 7, 3))
    operands = [x] if sizes is None else [x, model.constant(np.array(sizes))]
    attributes = {"num_outputs": 3} if sizes is None else {}
    y = model.node("Split", operands, outputs=3, axis=1, **attributes)
    data = np.random.default_rng(3).normal(size=(2, 7, 3)).astype(np.float32)
    graph = assert_model(model.build([y, f"{y}_1", f"{y}_2"]), {"x": data})
    assert len({node.name for node in graph.nodes}) == 3, "schedules tell nodes by their names"


def test_concatenation_of_different_scales_is_rounded_once() -> None:
    """Each operand goes straight to the result's scale: 1 LSB, and no saturation in between."""
    random = np.random.default_rng(4)
    model = ModelBuilder()
    small = model.quantised(model.input("a", (2, 8)), 0.01, 0)
    large = model.quantised(model.input("b", (2, 8)), 0.1, 9)
    y = model.quantised(model.node("Concat", [small, large], axis=0), 0.08, -3)
    inputs = {name: random.normal(size=(2, 8)).astype(np.float32) * 4 for name in ("a", "b")}
    graph = assert_model(model.build([y]), inputs, step=0.08)
    assert sum(isinstance(node.operation, Table) for node in graph.nodes) == 2


@pytest.mark.parametrize("value", [-1.0, 0.013, np.inf, -np.inf, 3.0])
@pytest.mark.parametrize("quantised", [False, True])
def test_padding_that_the_operand_cannot_store(value: float, quantised: bool) -> None:
    """The value is neither saturated to the operand's range nor rounded to its steps."""
    model = ModelBuilder(21)
    x = model.quantised(model.input("x", (2, 3)), 0.01, -100)
    constants = [model.constant(np.array([0, 1, 0, 2])), model.constant(np.float32(value))]
    y = model.node("Pad", [x, *constants])
    if quantised:
        y = model.quantised(y, 0.03, 10)
    data = np.random.default_rng(5).normal(0.5, 0.2, (2, 3)).astype(np.float32)
    if quantised:
        assert_model(model.build([y]), {"x": data}, step=0.03)
    elif np.isfinite(value):
        assert_model(model.build([y]), {"x": data})
    else:
        graph = lower(import_model(model.build([y])), "run")
        (found,) = interpret(graph, {"x": data}).values()
        assert np.all(found[:, [0, 4, 5]] == value)


def test_integer_shapes() -> None:
    model = ModelBuilder()
    x = model.input("x", (3, 2), TensorProto.INT64)
    y = model.node("Concat", [x, model.constant(np.array([[7, 8]]))], axis=0)
    assert_model(model.build([y]), {"x": np.arange(6).reshape(3, 2)})


def test_a_permutation_of_other_axes_is_refused() -> None:
    model = ModelBuilder()
    y = model.node("Transpose", [model.input("x", (4, 5))], perm=[1])
    with pytest.raises(CompileError, match=r"its perm is \[1\], and 'x' has 2 axes"):
        lower(import_model(model.build([y])), "run")


def test_refusals() -> None:
    model = ModelBuilder()
    x = model.input("x", (4, 5))
    outputs = [
        model.node("Pad", [x, model.constant(np.array([0, 5, 0, 1]))], mode="reflect"),
        model.node("Pad", [x, model.constant(np.array([0, 1, 0, -1]))], mode="edge"),
        model.node("Transpose", [model.input("y", (1,) * 6 + (2,))]),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    message = str(caught.value)
    assert "node 'node_pad0' (Pad): it reflects 5 elements of axis 1, which has 5" in message
    assert "node 'node_pad1' (Pad): its pads are negative" in message
    assert "'y' has 7 axes" in str(caught.value)
