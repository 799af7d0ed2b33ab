"""LpPool: the kernel equals its NumPy twin, lowered models equal onnxruntime."""

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
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.lp_pooling import LpPool
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.window import Window

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(
    kernel=pairs,
    strides=pairs,
    begins=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    outputs=pairs,
    channels=st.sampled_from([1, 3, 17]),
    norm=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    begins: tuple[int, int],
    outputs: tuple[int, int],
    channels: int,
    norm: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    shape = (2, int(random.integers(1, 7)), int(random.integers(1, 7)), channels)
    height, width = (
        (outputs[a] - 1) * strides[a] + kernel[a] - shape[1 + a] - begins[a] for a in (0, 1)
    )
    x = random.normal(size=shape).astype(np.float32)
    x[random.random(shape) < 0.1] = random.choice([np.inf, np.nan, -0.0, 1e-40, 1e30])
    assert_twin(LpPool(Window(kernel, strides, (1, 1), begins, (height, width)), norm), [x])


CASES: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "plain": ("LpPool", (2, 3, 6, 5), {"kernel_shape": [3, 2]}),
    "norm 1": ("LpPool", (2, 3, 6, 5), {"kernel_shape": [3, 2], "p": 1}),
    "padded": ("LpPool", (1, 3, 6, 5), {"kernel_shape": [3, 3], "pads": [1, 2, 0, 1]}),
    "strides": ("LpPool", (1, 3, 7, 7), {"kernel_shape": [2, 2], "strides": [2, 3]}),
    "same": ("LpPool", (1, 2, 7, 6), {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"}),
    "one axis": ("LpPool", (1, 33, 9), {"kernel_shape": [3], "pads": [1, 1]}),
    "global": ("GlobalLpPool", (2, 3, 5, 4), {}),
    "global, norm 1": ("GlobalLpPool", (2, 3, 5), {"p": 1}),
}


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_model(case: str, quantised: bool) -> None:
    operator, shape, attributes = CASES[case]
    model = ModelBuilder()
    x = model.input("x", shape)
    x = model.quantised(x, 0.02, -7) if quantised else x
    y = model.node(operator, [x], **attributes)
    y = model.quantised(y, 0.04, -100) if quantised else y
    assert_model(model.build([y]), {"x": data(shape)}, step=0.04 if quantised else None)


def test_refusal() -> None:
    model = ModelBuilder()
    y = model.node("LpPool", [model.input("x", (1, 2, 5, 5))], kernel_shape=[2, 2], p=3)
    with pytest.raises(CompileError, match="its p is 3"):
        lower(import_model(model.build([y])), "run")


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)
