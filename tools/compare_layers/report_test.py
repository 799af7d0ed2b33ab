"""What a comparison says."""

from __future__ import annotations

import numpy as np

from compiler.ir import Array, Quantization
from tools.compare_layers.comparison import Tolerance, compare
from tools.compare_layers.recording import Form, Made, Recording, Run
from tools.compare_layers.report import report

QUANTIZATION = Quantization(0.25, 4)


def side(source: str, *arrays: Array, entry_point: str = "", layers: bool = True) -> Recording:
    run = Run(entry_point)
    for index, array in enumerate(arrays):
        form = Form(f"t{index}", f"t{index}", quantization=QUANTIZATION)
        made = Made(form, array, index if layers else None, "tw_add_s8", (f"add {index}",))
        run.made[f"t{index}", 0] = made
    return Recording(source, [run])


def zeros() -> Array:
    return np.zeros((2, 3), np.int8)


def test_a_difference_is_named_with_indices_and_values() -> None:
    wrong = zeros()
    wrong[0, 2], wrong[1, 0], wrong[1, 2] = 1, -2, 3
    first = side("interpreter", zeros(), zeros(), zeros(), entry_point="decode", layers=False)
    second = side("firmware", zeros(), wrong, zeros(), entry_point="decode")
    assert (
        report(compare(first, second, Tolerance()), 2, ["007"])
        == """\
interpreter and firmware differ first in run 0 (step 007) of entry point 'decode', layer 1: tensor \
't1'
  made by tw_add_s8 for 'add 1'
  int8[2, 3], scale 0.25, zero point 4
  3 of 6 elements differ; largest difference 3 LSB (0.75)
    index   interpreter  firmware
    [0, 2]  0 (-1)       1 (-0.75)
    [1, 0]  0 (-1)       -2 (-1.5)
    and 1 more
  before it: 1 result, all equal
  after it: 0 of 1 result of this run differ
"""
    )


def test_agreement_says_how_much_was_compared() -> None:
    text = report(compare(side("a", zeros()), side("b", zeros()), Tolerance()), 8)
    assert text == "a and b are equal to the bit: 1 layer result in 1 run\n"
    near = zeros()
    near[0, 0] = 1
    text = report(compare(side("a", zeros()), side("b", near), Tolerance(lsb=1)), 8)
    assert text == (
        "a and b agree within the tolerance: 1 layer result in 1 run; "
        "largest difference 1 LSB (0.25) in 't0'\n"
    )


def test_floats_are_shown_with_their_bits() -> None:
    def real(source: str, value: float) -> Recording:
        made = Made(Form("x", "x"), np.array([value], np.float32), 0, "tw_exp_f32", ("exp",))
        return Recording(source, [Run("", {("x", 0): made})])

    text = report(compare(real("a", 1.0), real("b", 1.0000001), Tolerance()), 8)
    assert "largest difference 1.19209e-07 (1 ULP)" in text
    assert "    [0]    1.0 (0x3f800000)  1.0000001 (0x3f800001)\n" in text


def test_incomplete_runs_are_told() -> None:
    first, second = side("a", zeros()), side("b", zeros())
    first.runs *= 3
    second.end = "it ends after layer 0"
    assert report(compare(first, second, Tolerance()), 8).splitlines()[1:] == [
        "b is not complete: it ends after layer 0",
        "a has 3 runs, b 1 run: only those of both were compared",
    ]


def test_names_that_count_are_one_entry() -> None:
    names = [f"layer{index}/view" for index in range(12)] + ["conv1/a", "conv3/a", "conv4/a"]
    run = Run("", {(n, 0): Made(Form(n, n), zeros(), nodes=(n,)) for n in ["x", *names]})
    other = Run("", {("x", 0): Made(Form("x", "x"), zeros())})
    text = report(compare(Recording("a", [run]), Recording("b", [other]), Tolerance()), 8)
    assert "only in a: 'layer{0..11}/view', 'conv1/a', 'conv3/a', 'conv4/a'\n" in text
