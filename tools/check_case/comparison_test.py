"""What counts as a difference."""

from __future__ import annotations

import numpy as np
import pytest

from tools.check_case.comparison import ShapeError, compare, is_same_shape


def test_integers_must_be_equal() -> None:
    result = compare([np.array([[1, 2], [3, 5]], np.int8)], [np.array([1.0, 2.0, 3.0, 4.0])])
    assert (result.elements, result.differing, result.largest) == (4, 1, 1.0)


@pytest.mark.parametrize(
    ("found", "expected", "differs"),
    [
        (1000.09, 1000.0, False),
        (1000.2, 1000.0, True),
        (1.05e-5, 0.0, True),
        (0.95e-5, 0.0, False),
        (np.nan, 0.0, True),
        (0.0, np.nan, True),
        (np.nan, np.nan, False),
        (np.inf, np.inf, False),
        (np.inf, 1.0, True),
        (-np.inf, np.inf, True),
    ],
)
def test_floats_have_a_tolerance(found: float, expected: float, differs: bool) -> None:
    result = compare([np.array([found], np.float32)], [np.array([expected])])
    assert result.differing == differs
    assert not differs or result.largest > 0


@pytest.mark.parametrize("shape", [(4,), (2, 3), (3, 1), (0,), (6, 2), (3, 2, 2), (2, 3, 1)])
def test_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"output 1 has shape \[3, 2\], expected is \["):
        compare([np.zeros(1), np.zeros((3, 2))], [np.zeros(1), np.zeros(shape)])


def test_axes_of_extent_1_do_not_count() -> None:
    assert compare([np.zeros((3, 2))], [np.zeros(6)]).elements == 6
    assert compare([np.zeros((1, 3, 1))], [np.zeros(3)]).differing == 0
    assert compare([np.zeros((1,))], [np.zeros(())]).differing == 0


def test_axes_may_be_joined() -> None:
    assert is_same_shape((1, 8, 16), (1, 8, 4, 4))
    assert is_same_shape((8, 4, 1, 4), (32, 4))
    assert not is_same_shape((8, 6), (6, 8))
    assert not is_same_shape((4, 2, 3), (2, 4, 3))
    assert is_same_shape((1, 0, 4), (0, 4))
    assert not is_same_shape((0,), (0, 4))
