"""Requantisation: never leaves int32, and is within one step of exact rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compiler.numerics.requantisation import INT32_LIMIT, choose_requantisation, requantise

multipliers = st.floats(1e-9, 100.0)
limits = st.integers(1, 2**26)
biases = st.integers(-(2**24), 2**24)
zero_points = st.integers(-128, 127)


@given(
    channels=st.lists(st.tuples(multipliers, limits, biases), min_size=1, max_size=6),
    zero_point=zero_points,
    data=st.data(),
)
def test_result_is_within_one_step_of_exact(
    channels: list[tuple[float, int, int]], zero_point: int, data: st.DataObject
) -> None:
    multiplier, limit, bias = (np.array(column) for column in zip(*channels, strict=True))
    constants = choose_requantisation(multiplier, limit, bias, zero_point)
    accumulator = np.array([data.draw(st.integers(-int(bound), int(bound))) for bound in limit])
    found = requantise(
        accumulator,
        constants.scale,
        constants.bias,
        constants.shift,
        -128,
        127,
        wide=constants.wide,
        output_zero_point=constants.output_zero_point,
    )
    for index, value in enumerate(found):
        real = Fraction(float(multiplier[index])) * int(accumulator[index] + bias[index])
        exact = min(127, max(-128, round(real) + zero_point))
        assert abs(int(value) - exact) <= 1


@given(multiplier=multipliers, limit=limits, bias=biases, zero_point=zero_points)
def test_narrow_form_stays_in_32_bits(
    multiplier: float, limit: int, bias: int, zero_point: int
) -> None:
    constants = choose_requantisation(
        np.array([multiplier]), np.array([limit]), np.array([bias]), zero_point
    )
    assert constants.scale.dtype == np.uint32
    assert constants.bias.dtype == np.int32
    if not constants.wide:
        assert 0 <= constants.shift <= 31
        assert limit * int(constants.scale[0]) + abs(int(constants.bias[0])) < INT32_LIMIT


def test_channels_of_very_different_scale_take_the_wide_form() -> None:
    constants = choose_requantisation(
        np.array([1.0, 1e-5]), np.array([2**20, 2**24]), np.array([0, 0]), 0
    )
    assert constants.wide
