"""ReverseSequence and EyeLike compute what onnxruntime does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    assert_refused,
    interpreted,
    lowered,
    operations,
    real,
)


@pytest.mark.parametrize("rest", [(), (3,), (2, 3)])
@pytest.mark.parametrize("time", [0, 1])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_reversed_sequences(
    dtype: type[np.float32] | type[np.int64], constant: bool, time: int, rest: tuple[int, ...]
) -> None:
    steps, lengths = 5, np.array([5, 1, 0, 3], np.int64)
    shape = (steps, len(lengths)) if time == 0 else (len(lengths), steps)
    model = NodeModel(17)
    x = model.input("x", (real(1, *shape, *rest) * 9).astype(dtype))
    given = model.constant(lengths) if constant else model.input("lengths", lengths)
    model.node("ReverseSequence", x, given, time_axis=time, batch_axis=1 - time)
    assert_agrees(model.model(), model.data)
    if constant:
        assert operations(model) <= {"Gather", "View"}


def test_the_default_is_time_first() -> None:
    model = NodeModel(17)
    model.node("ReverseSequence", model.input("x", real(1, 4, 2)), model.constant(np.array([3, 4])))
    assert_agrees(model.model(), model.data)


def test_lengths_beyond_the_axis_read_nothing_outside() -> None:
    model = NodeModel(17)
    lengths = model.input("lengths", np.array([9, -2], np.int64))
    x = real(1, 4, 2)
    model.node("ReverseSequence", model.input("x", x), lengths)
    (found,) = interpreted(lowered(model.declared(model.nodes[-1].output[0], x)), model.data)
    assert np.array_equal(found, np.stack((x[::-1, 0], x[:, 1]), 1))


@pytest.mark.parametrize(
    ("x", "lengths", "attributes", "message"),
    [
        ((4, 2, 3), 2, {"time_axis": 2, "batch_axis": 1}, "its time_axis is 2"),
        ((4, 2, 3), 2, {"time_axis": 1, "batch_axis": 1}, "its batch_axis is 1"),
        ((4, 2, 3), 3, {}, "its sequence_lens have shape [3]"),
    ],
)
def test_other_sequences_are_refused(
    x: tuple[int, ...], lengths: int, attributes: dict[str, Any], message: str
) -> None:
    model = NodeModel(17)
    given = model.constant(np.ones(lengths, np.int64))
    model.node("ReverseSequence", model.input("x", real(1, *x)), given, **attributes)
    assert_refused(model, "TW-0202", message)


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)])
@pytest.mark.parametrize("k", [None, -1, 0, 2, 7])
@pytest.mark.parametrize("element", [None, TensorProto.INT64, TensorProto.FLOAT])
def test_identity_matrices(shape: tuple[int, int], k: int | None, element: int | None) -> None:
    model = NodeModel(17)
    attributes: dict[str, Any] = {n: v for n, v in (("k", k), ("dtype", element)) if v is not None}
    x = model.input("x", real(1, *shape))
    model.node("EyeLike", x, **attributes)
    eye = model.node("Cast", "EyeLike_0", to=TensorProto.FLOAT)
    model.node("Add", eye, x)
    assert_agrees(model.model(), model.data)
    assert len(lowered(model.model()).nodes) == 1


def test_an_identity_matrix_of_no_numbers() -> None:
    for element in (TensorProto.STRING, 99):
        model = NodeModel(17)
        model.node("EyeLike", model.input("x", real(1, 3, 3)), dtype=element)
        assert_refused(model, "TW-")


def test_an_identity_matrix_that_is_too_large() -> None:
    model = NodeModel(17)
    rows = model.node(
        "Tile", model.input("x", real(1, 1, 16000)), model.constant(np.array([16000, 1]))
    )
    model.node("EyeLike", rows, dtype=TensorProto.FLOAT)
    assert_refused(model, "TW-0202", "a constant of 1,024,000,000 bytes")
