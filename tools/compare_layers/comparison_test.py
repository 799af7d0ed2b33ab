"""What differs is found, what is within a tolerance is not, and nothing is skipped silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from compiler.ir import Array, Quantization
from tools.compare_layers.comparison import (
    Tolerance,
    UnlikeRuns,
    compare,
    units_in_the_last_place,
)
from tools.compare_layers.recording import Form, Made, Recording, Run

SCALE = Quantization(0.5, -3)


def made(name: str, array: Array, **form: object) -> Made:
    return Made(Form(name, str(form.pop("tensor", name)), **form), array, nodes=(f"node {name}",))


def recording(*values: Made, lowered: bool = True, source: str = "a") -> Recording:
    run = Run("", {(value.form.value, 0): value for value in values})
    return Recording(source, [run], is_lowered=lowered)


def different(
    first: Sequence[Made], second: Sequence[Made], tolerance: Tolerance, lowered: bool = True
) -> list[str]:
    comparison = compare(
        recording(*first), recording(*second, lowered=lowered, source="b"), tolerance
    )
    return [elements.form.tensor for run in comparison.runs for elements in run.different]


def test_the_first_that_differs_is_the_first_to_run() -> None:
    names = ["z", "b", "a"]
    good = [made(name, np.zeros((2, 3), np.int8)) for name in names]
    bad = [made(name, np.full((2, 3), int(name != "z"), np.int8)) for name in reversed(names)]
    comparison = compare(recording(*good), recording(*bad), Tolerance())
    found = comparison.first_different
    assert found is not None
    assert found[1].form.value == "b"
    assert [elements.count for elements in comparison.runs[0].compared] == [0, 6, 6]


@pytest.mark.parametrize(("difference", "found"), [(1, False), (2, True), (-2, True)])
def test_integers_within_a_step(difference: int, found: bool) -> None:
    first = np.array([0, 100, -128], np.int8)
    second = np.array([0, 100 + difference, -128], np.int8)
    assert bool(different([made("x", first)], [made("x", second)], Tolerance(lsb=1))) == found


def test_int8_extremes_do_not_wrap() -> None:
    first, second = np.array([-128], np.int8), np.array([127], np.int8)
    comparison = compare(recording(made("x", first)), recording(made("x", second)), Tolerance())
    assert comparison.runs[0].compared[0].largest == 255


def test_floats_are_equal_to_the_bit_or_differ() -> None:
    first = np.array([0.0, 1.0, np.nan], np.float32)
    second = np.array([-0.0, np.nextafter(np.float32(1), np.float32(2)), np.nan], np.float32)
    comparison = compare(recording(made("x", first)), recording(made("x", second)), Tolerance())
    assert comparison.runs[0].compared[0].differs.tolist() == [True, True, False]
    assert not different([made("x", first)], [made("x", second)], Tolerance(relative=1e-6))


@pytest.mark.parametrize(("ulp", "found"), [(1, True), (2, False)])
def test_floats_within_units_in_the_last_place(ulp: int, found: bool) -> None:
    first = np.array([1e-30, 3e30], np.float32)
    second = (first.view(np.int32) + np.array([0, 2], np.int32)).view(np.float32)
    tolerance = Tolerance(ulp=ulp)
    assert bool(different([made("x", first)], [made("x", second)], tolerance)) == found


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_outside_of_any_tolerance(value: float) -> None:
    first, second = np.array([1.0], np.float32), np.array([value], np.float32)
    tolerance = Tolerance(lsb=1, relative=1.0, absolute=1.0, ulp=2**31)
    assert different([made("x", first)], [made("x", second)], tolerance)
    assert not different([made("x", second)], [made("x", second)], tolerance)


def test_real_numbers_are_quantised_as_the_network_does() -> None:
    stored = [made("x", np.array([-3, -2, -4, 127, -128], np.int8), quantization=SCALE)]
    real = [made("x", np.array([0.2, 0.75, -0.75, 1e9, -np.inf], np.float32))]
    assert different(stored, real, Tolerance(), lowered=False) == ["x"]
    comparison = compare(recording(*stored), recording(*real, lowered=False), Tolerance())
    # 0.75 is 1.5 steps, which round to the even 2.
    assert comparison.runs[0].compared[0].second.tolist() == [-3, -1, -5, 127, -128]
    assert not different(stored, real, Tolerance(lsb=1), lowered=False)


def test_uint8_of_the_model_is_int8_of_the_network() -> None:
    stored = [made("x", np.array([-128, 0, 127], np.int8))]
    model = [made("x", np.array([0, 128, 255], np.uint8))]
    assert not different(stored, model, Tolerance(), lowered=False)


def test_int64_of_the_model_is_int32_of_the_network() -> None:
    stored = [made("x", np.array([5, 2**31 - 1], np.int32))]
    assert not different(stored, [made("x", np.array([5, 2**31 - 1]))], Tolerance(), lowered=False)
    assert different(stored, [made("x", np.array([5, 2**31]))], Tolerance(), lowered=False)


def test_dequantised_floats_differ_in_steps() -> None:
    first = [made("x", np.array([0.5, 1.0], np.float32), step=0.5)]
    second = [made("x", np.array([1.0, 1.0], np.float32))]
    assert not different(first, second, Tolerance(lsb=1, absolute=1e-5), lowered=False)
    assert different(first, second, Tolerance(absolute=1e-5), lowered=False)


def test_layouts_are_the_models() -> None:
    model = np.arange(24, dtype=np.int8).reshape(1, 2, 3, 4)
    form = Form("x/kernel_layout", "x", (0, 2, 3, 1))
    assert form.in_own_layout(model).shape == (1, 3, 4, 2)
    assert np.array_equal(form.in_model_layout(form.in_own_layout(model)), model)


def test_what_one_side_lacks_is_listed() -> None:
    x = np.zeros(4, np.int8)
    first = recording(made("x", x), made("view", x), made("y", x))
    second = recording(made("x", x), made("y", x), made("more", x))
    (run,) = compare(first, second, Tolerance()).runs
    assert [value.form.value for value in run.only_first] == ["view"]
    assert [value.form.value for value in run.only_second] == ["more"]


def test_what_has_another_shape_or_meaning_is_listed() -> None:
    first = [made(name, np.zeros(4, np.int8)) for name in ("x", "y", "z")]
    second = [
        made("x", np.zeros((2, 2), np.int8)),
        made("y", np.zeros(4, np.float32)),
        made("z", np.zeros(4, np.int8)),
    ]
    comparison = compare(recording(*first), recording(*second, lowered=False), Tolerance())
    assert [(value.form.value, why) for value, why in comparison.runs[0].incomparable] == [
        ("x", "shapes [4] and [2, 2]"),
        ("y", "int8 and float32, and no scale is known"),
    ]


def test_quantised_forms_of_a_compared_tensor_count_as_compared() -> None:
    x = np.zeros(4, np.float32)
    forms = [Made(Form(n, n), x, nodes=(n,), quantised_from="x") for n in ("x_q", "x_dq")]
    other = Made(Form("y_q", "y_q"), x, nodes=("y_q",), quantised_from="y")
    model = recording(made("x", x), *forms, other, lowered=False)
    (run,) = compare(recording(made("x", x)), model, Tolerance()).runs
    assert [value.form.value for value in run.only_second] == ["y_q"]


def test_a_copy_is_compared_with_what_it_is_a_copy_of() -> None:
    x = np.zeros(4, np.int8)
    copied = recording(made("x", x))
    copied.runs[0].made["x", 1] = replace(made("x", x + np.int8(1)), layer=1)
    comparison = compare(recording(made("x", x)), copied, Tolerance())
    assert [elements.count for elements in comparison.runs[0].compared] == [0, 4]


def test_runs_of_other_entry_points_are_refused() -> None:
    value = made("x", np.zeros(4, np.int8))
    other = Recording("b", [Run("decode", {("x", 0): value})])
    with pytest.raises(UnlikeRuns, match="run 0 is of entry point '' in a and of 'decode' in b"):
        compare(recording(value), other, Tolerance())


def test_nothing_in_common_is_no_agreement() -> None:
    x = np.zeros(4, np.int8)
    with pytest.raises(UnlikeRuns, match="a and b have no value in common"):
        compare(recording(made("x", x)), recording(made("y", x), source="b"), Tolerance())


def test_units_in_the_last_place_count_across_zero() -> None:
    one = np.float32(1)
    first = np.array([1.0, -1e-45, 0.0], np.float32)
    second = np.array([np.nextafter(one, np.float32(2)), 1e-45, -0.0], np.float32)
    assert units_in_the_last_place(first, second).tolist() == [1, 2, 0]
