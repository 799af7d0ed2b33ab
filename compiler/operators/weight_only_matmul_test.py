"""Weight-only products: kernel equals NumPy twin, and both the product of the real weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.ir import Array
from compiler.lowering.operand import QuantizedConstant
from compiler.lowering.quantization import dequantise_constant
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.matmul import MatMulFloat
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.weight_only_matmul import MatMulWeightOnly, store_weights

extents = st.integers(1, 9)
RANDOM = np.random.default_rng(7)


def quantised(
    random: np.random.Generator, columns: int, inner: int, bits: int, block: int, zeros: bool
) -> QuantizedConstant:
    """Weights [columns, inner]; scales for each column if `block` is 0."""
    half = 1 << bits - 1
    shape = (columns, -(-inner // block)) if block else (columns,)
    stored = random.integers(-half, half, (columns, inner)).astype(np.int8)
    zero_point = random.integers(-half, half, shape) if zeros else np.zeros(shape, np.int64)
    scale = random.uniform(0.01, 0.1, shape).astype(np.float32).astype(np.float64)
    return QuantizedConstant(stored, scale, zero_point, 1 if block else 0, block)


@given(
    rows=extents,
    inner=st.integers(1, 70),
    columns=extents,
    bits=st.sampled_from([2, 4, 8]),
    block=st.sampled_from([0, 1, 3, 16, 32]),
    zeros=st.booleans(),
    bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    rows: int, inner: int, columns: int, bits: int, block: int, zeros: bool, bias: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    weights = quantised(random, columns, inner, bits, block, zeros)
    stored = store_weights(weights)
    assert stored is not None
    assert stored.bits <= bits
    x = random.normal(size=(rows, inner)).astype(np.float32)
    addend = random.normal(size=columns).astype(np.float32) if bias else None
    product = MatMulFloat(-np.inf, 1.0)
    operation = MatMulWeightOnly(product, stored.bits, stored.block)
    operands: list[Array | None] = [x, *stored.operands.values(), addend]
    assert_twin(operation, operands)
    (found,) = operation.evaluate(operands)
    (expected,) = product.evaluate([x, dequantise_constant(weights).T, addend])
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("values", "zero_point", "bits", "zeros"),
    [
        ([-8, 7], [0, 0], 4, None),  # symmetric
        ([-128, -113], [-120, -120], 4, None),  # uint4, in the domain of int8
        ([0, 15], [4, 9], 4, [[-4], [1]]),  # asymmetric: 4 bits hold the values, not around zero
        ([-127, 127], [0, 0], 8, None),
        ([-2, 1], [0, 0], 2, None),
        ([-128, -128], [127, 127], 8, [[127], [127]]),
        ([-128, 127], [127, -128], 8, [[127], [-128]]),
    ],
)
def test_weights_take_as_few_bits_as_hold_them(
    values: list[int], zero_point: list[int], bits: int, zeros: list[list[int]] | None
) -> None:
    stored = np.array([values, values], np.int8)
    weights = QuantizedConstant(stored, np.ones(2), np.array(zero_point, np.int64), 0)
    found = store_weights(weights)
    assert found is not None
    kept = found.operands["zero_point"]
    assert found.bits == bits
    assert (None if kept is None else kept.tolist()) == zeros


def blocked(model: ModelBuilder, shape: tuple[int, int], axis: int, block: int) -> str:
    """A DequantizeLinear of a constant with a scale for each block of an axis."""
    scales = list(shape)
    scales[axis] = -(-shape[axis] // block)
    operands = [
        model.constant(RANDOM.integers(-8, 8, shape).astype(np.int8)),
        model.constant(RANDOM.uniform(0.01, 0.1, scales).astype(np.float32)),
        model.constant(RANDOM.integers(-3, 3, scales).astype(np.int8)),
    ]
    return model.node("DequantizeLinear", operands, axis=axis, block_size=block)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("block", [4, 6, 16])
def test_blocks_of_weights_stay_quantised(block: int, turned: bool) -> None:
    model = ModelBuilder(opset=21)
    x = model.input("x", (2, 3, 16))
    if turned:
        weights = model.node("Transpose", [blocked(model, (5, 16), 1, block)], perm=[1, 0])
    else:
        weights = blocked(model, (16, 5), 0, block)
    y = model.node("Relu", [model.node("MatMul", [x, weights])])
    graph = assert_model(model.build([y]), {"x": RANDOM.normal(size=(2, 3, 16)).astype("f4")})
    (operation,) = (node.operation for node in graph.nodes)
    assert isinstance(operation, MatMulWeightOnly)
    assert operation.bits == 4
    assert operation.block == block


def test_blocks_of_outputs_are_real() -> None:
    """Where scales change with every element of a sum nothing is left to share."""
    model = ModelBuilder(opset=21)
    x = model.input("x", (2, 16))
    y = model.node("MatMul", [x, blocked(model, (16, 8), 1, 4)])
    graph = assert_model(model.build([y]), {"x": RANDOM.normal(size=(2, 16)).astype("f4")})
    (operation,) = (node.operation for node in graph.nodes)
    assert isinstance(operation, MatMulFloat)


def test_weights_of_a_real_result_stay_quantised() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (3, 12)), 0.02, 3)
    stored = RANDOM.integers(-127, 128, (7, 12)).astype(np.int8)
    weights = model.quantised_constant(stored, RANDOM.uniform(0.001, 0.01, 7))
    bias = model.constant(RANDOM.normal(size=7).astype(np.float32))
    y = model.node("Gemm", [x, weights, bias], transB=1, alpha=0.5)
    graph = assert_model(model.build([y]), {"x": RANDOM.normal(size=(3, 12)).astype("f4")})
    kinds = [type(node.operation) for node in graph.nodes]
    assert kinds.count(MatMulWeightOnly) == 1
    assert sum(v.type.bytes for v in graph.values.values() if v.constant is not None) == 7 * 20
