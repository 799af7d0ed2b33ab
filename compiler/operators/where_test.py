"""Where: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, DataType
from compiler.lowering.lower import lower
from compiler.operators.broadcast_harness import Shape, broadcasts, full
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.where import Where


@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("element", [np.float32, np.int32, np.int8, np.bool_])
@given(shapes=broadcasts(operands=3), seed=st.integers(0, 2**32 - 1))
def test_twin(element: Any, shapes: tuple[Shape, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    condition, left, right = (np.asarray(random.integers(0, 2, shape)) for shape in shapes)
    values = [(left * 3 - 1).astype(element), (right * 5 - 3).astype(element)]
    sharing = tuple(index for index in full(shapes) if index > 0)
    assert_twin(Where(sharing), [condition.astype(bool), *values])


SHAPES: dict[str, tuple[Shape, Shape, Shape]] = {
    "equal": ((2, 3, 4), (2, 3, 4), (2, 3, 4)),
    "mask": ((3, 4), (2, 3, 4), ()),
    "all": ((4,), (3, 1), (2, 1, 1)),
}


@pytest.mark.parametrize("constant", [None, 1, 2])
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("form", ["float", "int32", "int64", "int8", "uint8"])
def test_model(form: str, shapes: str, constant: int | None) -> None:
    elements: dict[str, tuple[int, Any]] = {
        "int64": (TensorProto.INT64, np.int64),
        "int32": (TensorProto.INT32, np.int32),
    }
    element, data_type = elements.get(form, (TensorProto.FLOAT, np.float32))
    quantised = form in ("int8", "uint8")
    shift = 128 if form == "uint8" else 0
    random = np.random.default_rng(1)
    condition_shape, *operand_shapes = SHAPES[shapes]
    model = ModelBuilder()
    names = [model.input("condition", condition_shape, TensorProto.BOOL)]
    inputs: dict[str, Array] = {
        "condition": random.integers(0, 2, condition_shape).astype(bool),
    }
    for index, shape in enumerate(operand_shapes, 1):
        data = np.asarray(random.normal(size=shape) * 2).astype(data_type)
        if index == constant:
            names.append(model.constant(data))
            continue
        name = model.input(f"x{index}", shape, element)
        inputs[name] = data
        if quantised:
            scale = 0.02 + index / 500
            name = model.quantised(name, scale, index + shift, form == "uint8")
        names.append(name)
    y = model.node("Where", names)
    if quantised:
        y = model.quantised(y, 0.03, shift - 4, form == "uint8")
    graph = assert_model(model.build([y]), inputs, step=0.03 if quantised else None)
    (node,) = [node for node in graph.nodes if isinstance(node.operation, Where)]
    if quantised:
        assert graph.values[node.outputs[0]].type.data_type is DataType.INT8


def test_refusal() -> None:
    model = ModelBuilder()
    u = model.input("u", (3,), TensorProto.UINT8)
    y = model.node("Where", [model.input("c", (3,), TensorProto.BOOL), u, u])
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert "node 'node_where0' (Where): its operands are uint8" in str(caught.value)
