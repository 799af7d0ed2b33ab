"""Rows of quantised tables are what onnxruntime gives."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import NodeModel, assert_agrees, real
from compiler.frontend.import_model import import_model


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(("bits", "width"), [(2, 64), (4, 32), (4, 40), (8, 16), (8, 40)])
def test_rows_of_a_packed_table(bits: int, width: int, zeros: bool) -> None:
    model = NodeModel()
    random = np.random.default_rng(2)
    block, rows = 32, 9
    blocks = -(-width // block)
    packed = random.integers(0, 256, (rows, width * bits // 8)).astype(np.uint8)
    operands = [
        model.constant(packed),
        model.input("i", random.integers(0, rows, (2, 3)).astype(np.int64)),
        model.constant(random.uniform(0.01, 0.1, (rows, blocks)).astype(np.float32)),
    ]
    if zeros:
        shape = (rows, -(-blocks * bits // 8))
        operands.append(model.constant(random.integers(0, 256, shape).astype(np.uint8)))
    attributes = {"bits": bits, "block_size": block, "gather_axis": 0, "quantize_axis": 1}
    model.contrib("GatherBlockQuantized", *operands, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("type_", [TensorProto.INT4, TensorProto.UINT4])
@pytest.mark.parametrize("zeros", [False, True])
def test_rows_of_a_table_of_4_bits(type_: int, zeros: bool) -> None:
    model = NodeModel()
    random = np.random.default_rng(3)
    element = helper.tensor_dtype_to_np_dtype(type_)

    def numbers(*shape: int) -> str:
        return model.constant(random.integers(0, 8, shape).astype(element))

    scales = random.uniform(0.01, 0.1, (9, 2, 1)).astype(np.float32)
    operands = [numbers(9, 2, 16), model.input("i", np.array([8, 0])), model.constant(scales)]
    if zeros:
        operands.append(numbers(9, 2, 1))
    attributes = {"block_size": 16, "gather_axis": 0, "quantize_axis": 2}
    model.contrib("GatherBlockQuantized", *operands, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"gather_axis": 1}, "gather_axis is 1"),
        ({"quantize_axis": 0}, "quantize_axis 0"),
        ({"bits": 3}, "3 bits"),
        ({"block_size": 16}, r"scales \(and zero points\) \[9, 1\]"),
    ],
)
def test_tables_that_do_not_fit(change: dict[str, int], found: str) -> None:
    model = NodeModel()
    operands = [
        model.constant(np.zeros((9, 32), np.uint8)),
        model.input("i", np.array([1])),
        model.constant(np.ones((9, 1), np.float32)),
    ]
    attributes = {"bits": 8, "block_size": 32, "gather_axis": 0, "quantize_axis": 1, **change}
    y = model.contrib("GatherBlockQuantized", *operands, **attributes)
    with pytest.raises(CompileError, match=f"TW-0202.*GatherBlockQuantized_0.*{found}"):
        import_model(model.declared(y, real(1, 1, 32)))


@pytest.mark.parametrize("element", [np.int32, np.int64])
@pytest.mark.parametrize("constant", [False, True])
def test_rows_that_the_table_does_not_have(element: type[np.generic], constant: bool) -> None:
    model = NodeModel()
    random = np.random.default_rng(5)
    indices = np.array([0, 8, 9, -1, -9, -10, 100, -100]).astype(element)
    operands = [
        model.constant(random.integers(0, 256, (9, 32)).astype(np.uint8)),
        model.constant(indices) if constant else model.input("i", indices),
        model.constant(random.uniform(0.01, 0.1, (9, 2)).astype(np.float32)),
        model.constant(random.integers(0, 256, (9, 2)).astype(np.uint8)),
    ]
    attributes = {"bits": 8, "block_size": 16, "gather_axis": 0, "quantize_axis": 1}
    y = model.contrib("GatherBlockQuantized", *operands, **attributes)
    model.node("Add", y, model.input("x", real(1, 8, 32)))
    (found,) = assert_agrees(model.model(), model.data)
    assert np.array_equal(found[[2, 5, 6, 7]], model.data["x"][[2, 5, 6, 7]])
