"""AffineGrid computes what onnxruntime does, and feeds GridSample."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

from compiler.frontend.expansion_harness import NodeModel, assert_agrees, assert_refused, real


def affine_grid(
    size: list[int], aligned: int, *, theta: tuple[int, ...] | None = None
) -> NodeModel:
    model = NodeModel(20)
    axes = len(size) - 2
    shape = (size[0], axes, axes + 1) if theta is None else theta
    given = model.constant(np.array(size, np.int64))
    model.node("AffineGrid", model.input("theta", real(1, *shape)), given, align_corners=aligned)
    return model


@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize(
    "size", [[2, 3, 4, 5], [1, 1, 2, 7], [1, 3, 3, 4, 5], [2, 1, 2, 2, 3], [1, 1, 16, 16]]
)
def test_grids(size: list[int], aligned: int) -> None:
    model = affine_grid(size, aligned)
    assert_agrees(model.model(), model.data)


def test_one_pixel() -> None:
    model = affine_grid([1, 1, 1, 4], 0)
    assert_agrees(model.model(), model.data)
    assert_refused(affine_grid([1, 1, 1, 4], 1), "TW-0202", "align_corners is 1", "extents of 2")


def test_a_spatial_transformer() -> None:
    """A rotation by 0.5 of an image."""
    model = affine_grid([2, 3, 6, 5], 0)
    turn = [[np.cos(0.5), -np.sin(0.5), 0.1], [np.sin(0.5), np.cos(0.5), -0.2]]
    model.data["theta"] = np.array([turn, turn], np.float32)
    grid = model.nodes[-1].output[0]
    model.node("GridSample", model.input("x", real(2, 2, 3, 6, 5)), grid, align_corners=0)
    assert_agrees(model.model(), model.data, tolerance=1e-4)


def test_other_forms_are_refused() -> None:
    model = affine_grid([1, 1, 2, 2], 0)
    model.nodes[0].input[1] = model.input("size", np.array([1, 1, 2, 2], np.int64))
    assert_refused(model, "TW-0202", "its size 'size' is computed at run time")
    assert_refused(affine_grid([2, 1, 2, 2], 0, theta=(1, 2, 3)), "TW-0202", "shape [1, 2, 3]")
    for size in ([1], [1, 1], [1, 1, 2], [1, 1, 0, 2]):
        assert_refused(affine_grid(size, 0, theta=(1, 2, 3)), "TW-")
    double = NodeModel(20)
    theta = double.node("Cast", double.input("t", real(1, 1, 2, 3)), to=TensorProto.DOUBLE)
    double.node("AffineGrid", theta, double.constant(np.array([1, 1, 2, 2], np.int64)))
    assert_refused(double, "TW-0202", "its theta is float64")
