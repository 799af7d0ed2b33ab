"""Repeating and regrouping elements: kernels equal NumPy twins, models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.broadcast import Broadcast
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.passes import run_passes


@settings(max_examples=100, deadline=None)
@given(
    output=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    data_type=st.sampled_from(["int8", "bool", "int16", "int32", "float32"]),
    data=st.data(),
)
def test_broadcast_twin(output: list[int], data_type: str, data: st.DataObject) -> None:
    shape = [extent if data.draw(st.booleans()) else 1 for extent in output]
    shape = shape[data.draw(st.integers(0, len(shape))) :]
    x = np.arange(np.prod(shape, dtype=np.int64)).reshape(shape).astype(data_type)
    (found,) = assert_twin(Broadcast(tuple(output)), [x])
    assert np.array_equal(found, np.broadcast_to(x, output))


CASES: dict[str, tuple[str, tuple[int, ...], list[Array], dict[str, Any]]] = {
    "expand": ("Expand", (3, 1, 2), [np.array([4, 1, 5, 1])], {}),
    "expand to itself": ("Expand", (3, 2), [np.array([1, 2])], {}),
    "tile": ("Tile", (2, 3, 4), [np.array([2, 1, 3])], {}),
    "tile every axis": ("Tile", (2, 3, 2), [np.array([3, 2, 2])], {}),
    "tile once": ("Tile", (2, 3), [np.array([1, 1])], {}),
    "depth to space": ("DepthToSpace", (2, 12, 3, 5), [], {"blocksize": 2}),
    "depth to space, columns": ("DepthToSpace", (1, 18, 2, 3), [], {"blocksize": 3, "mode": "CRD"}),
    "space to depth": ("SpaceToDepth", (2, 3, 4, 6), [], {"blocksize": 2}),
}


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_model(case: str, integer: bool) -> None:
    operator, shape, constants, attributes = CASES[case]
    model = ModelBuilder()
    x = model.input("x", shape)
    operand = model.quantised(x, 0.02, -7) if integer else x
    y = model.node(operator, [operand, *map(model.constant, constants)], **attributes)
    if integer:
        y = model.quantised(y, 0.02, -7)
    data = np.random.default_rng(23).normal(size=shape).astype(np.float32)
    graph = assert_model(model.build([y]), {"x": data})
    if integer:
        run_passes(graph)
        assert sum(type(n.operation).__name__ == "Dequantize" for n in graph.nodes) == 1


@pytest.mark.parametrize(
    ("operator", "shape", "found"),
    [
        ("SpaceToDepth", (1, 1, 3, 4), "'x' is float32[1, 1, 3, 4], and its blocksize is 2"),
        ("SpaceToDepth", (1, 1, 4, 3), "'x' is float32[1, 1, 4, 3], and its blocksize is 2"),
        ("DepthToSpace", (1, 6, 1, 1), "'x' is float32[1, 6, 1, 1], and its blocksize is 2"),
    ],
)
def test_blocks_that_do_not_divide_the_input_are_refused(
    operator: str, shape: tuple[int, ...], found: str
) -> None:
    """ONNX's shape inference rounds the extents down."""
    model = ModelBuilder()
    y = model.node(operator, [model.input("x", shape)], blocksize=2)
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert found in str(caught.value)


def test_too_many_axes_are_refused() -> None:
    model = ModelBuilder()
    y = model.node("Tile", [model.input("x", (2,) * 4), model.constant(np.array([2] * 4))])
    with pytest.raises(CompileError, match=r"copying 'x' to .* takes 8 axes") as caught:
        lower(import_model(model.build([y])), "run")
    assert "up to 6 axes" in str(caught.value)
