"""DFT and STFT compute what onnxruntime does, and ONNX's reference implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from compiler.frontend.expansion_harness import (
    FLOAT_TOLERANCE,
    NodeModel,
    assert_agrees,
    assert_refused,
    interpreted,
    lowered,
    operations,
    real,
)

OPSETS = [17, 20]
"""Before and since DFT has its axis as an operand."""


def dft(
    opset: int, *shape: int, length: int | None = None, axis: int | None = None, **attributes: Any
) -> NodeModel:
    """A model of one DFT."""
    model = NodeModel(opset)
    operands = [model.input("x", real(1, *shape)), ""]
    if length is not None:
        operands[1] = model.constant(np.array(length, np.int64))
    if axis is not None and opset >= 20:
        operands.append(model.constant(np.array(axis, np.int64)))
    elif axis is not None:
        attributes["axis"] = axis
    while not operands[-1]:
        operands.pop()
    model.node("DFT", *operands, **attributes)
    return model


def assert_is_as_defined(model: NodeModel) -> None:
    """Asserts that a model computes what ONNX's reference implementation does."""
    proto = model.model()
    (expected,) = ReferenceEvaluator(proto).run(None, dict(model.data))  # pyright: ignore
    (found,) = interpreted(lowered(proto), model.data)
    want = np.asarray(expected)
    assert found.shape == want.shape
    limit = FLOAT_TOLERANCE * max(1.0, float(np.abs(want).max()))
    assert float(np.abs(found - want).max()) <= limit


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("inverse", [0, 1])
@pytest.mark.parametrize("length", [None, 1, 5, 8, 12])
@pytest.mark.parametrize("axis", [None, 0, 1, -2, -3])
def test_transforms(
    axis: int | None, length: int | None, inverse: int, parts: int, opset: int
) -> None:
    model = dft(opset, 2, 7, 6, parts, length=length, axis=axis, inverse=inverse)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("length", [None, 1, 4, 7, 9])
@pytest.mark.parametrize("axis", [None, 1])
def test_half_of_a_spectrum(axis: int | None, length: int | None, opset: int) -> None:
    model = dft(opset, 2, 7, 6, 1, length=length, axis=axis, onesided=1)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("length", [None, 1, 2, 5, 6, 11, 12, 13])
@pytest.mark.parametrize("axis", [1, -2])
def test_real_numbers_of_half_a_spectrum(axis: int, length: int | None, opset: int) -> None:
    """Compared with the definition: onnxruntime takes bins that a shorter length does not have."""
    model = dft(opset, 2, 7, 7, 2, length=length, axis=axis, inverse=1, onesided=1)
    assert_is_as_defined(model)


def test_there_and_back() -> None:
    model = NodeModel(20)
    x = real(3, 2, 31, 1)
    spectrum = model.node("DFT", model.input("x", x), onesided=1)
    length = model.constant(np.array(31, np.int64))
    model.node("DFT", spectrum, length, inverse=1, onesided=1)
    (found,) = interpreted(lowered(model.declared(model.nodes[-1].output[0], x)), model.data)
    assert np.allclose(found, x, atol=1e-5)


def stft(
    shape: tuple[int, ...],
    step: int,
    *,
    window: int | None = None,
    length: int | None = None,
    **attributes: Any,
) -> NodeModel:
    """A model of one STFT."""
    model = NodeModel(17)
    operands = [model.input("x", real(2, *shape)), model.constant(np.array(step, np.int64)), "", ""]
    if window is not None:
        operands[2] = model.constant(np.abs(real(4, window)) + np.float32(0.1))
    if length is not None:
        operands[3] = model.constant(np.array(length, np.int64))
    while not operands[-1]:
        operands.pop()
    model.node("STFT", *operands, **attributes)
    return model


@pytest.mark.parametrize(
    ("samples", "step", "length"),
    [(40, 8, 16), (41, 3, 8), (48, 16, 16), (50, 16, 16), (60, 20, 12), (16, 5, 16), (43, 6, 9)],
)
@pytest.mark.parametrize("onesided", [0, 1])
@pytest.mark.parametrize("windowed", [False, True])
def test_frames(samples: int, step: int, length: int, onesided: int, windowed: bool) -> None:
    window = length if windowed else None
    model = stft((2, samples, 1), step, window=window, length=length, onesided=onesided)
    assert_agrees(model.model(), model.data)
    assert_is_as_defined(model)


@pytest.mark.parametrize("windowed", [False, True])
def test_complex_frames(windowed: bool) -> None:
    window = 6 if windowed else None
    model = stft((2, 20, 2), 4, window=window, length=6, onesided=0)
    assert_agrees(model.model(), model.data)


def test_half_of_the_spectrum_is_the_default() -> None:
    """Also for the inference of shapes, where ONNX's own has another default."""
    model = stft((1, 40, 1), 4, window=8)
    (expected,) = assert_agrees(model.model(), model.data)
    assert expected.shape == (1, 9, 5, 2)


def test_a_signal_without_an_axis_of_parts() -> None:
    """As the older exporter of PyTorch writes it."""
    model = stft((2, 40), 4, window=8, length=8, onesided=1)
    assert_agrees(model.model(), model.data)


def test_frames_that_do_not_overlap_are_not_copied() -> None:
    assert operations(stft((1, 32, 1), 8, length=8)) == {"MatMulFloat", "View"}
    assert "Gather" in operations(stft((1, 32, 1), 4, length=8))


def test_an_audio_front_end() -> None:
    """Power of a windowed spectrum in bands, as speech models have it."""
    model = NodeModel(17)
    signal = model.node(
        "Unsqueeze", model.input("x", real(1, 1, 4000)), model.constant(np.array([2]))
    )
    step = model.constant(np.array(160, np.int64))
    window = model.constant(np.hanning(400).astype(np.float32))
    spectrum = model.node("STFT", signal, step, window, onesided=1)
    squares = model.node("Mul", spectrum, spectrum)
    power = model.node("ReduceSum", squares, model.constant(np.array([3])), keepdims=0)
    bands = model.constant(np.abs(real(5, 201, 40)))
    model.node("Log", model.node("MatMul", power, bands))
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(("index", "what"), [(1, "frame_step"), (2, "window"), (3, "frame_length")])
def test_what_is_computed_at_run_time_is_refused(index: int, what: str) -> None:
    model = stft((1, 32, 1), 4, window=8, length=8)
    data = np.ones(8, np.float32) if what == "window" else np.array(8, np.int64)
    model.nodes[0].input[index] = model.input("given", data)
    assert_refused(model, f"its {what} 'given' is computed at run time", "TW-0202")


def test_a_length_that_is_computed_at_run_time_is_refused() -> None:
    model = dft(20, 1, 8, 1, length=4)
    model.nodes[0].input[1] = model.input("given", np.array(4, np.int64))
    assert_refused(
        model, "its dft_length 'given' is computed at run time", "make dft_length a constant"
    )


def test_absurd_matrices_are_refused() -> None:
    assert_refused(dft(20, 1, 100_000, 1), "100000 x 200000", "33,554,432 bytes", "onesided=1")
    assert_refused(stft((1, 100_000, 1), 4), "100000 x 100002", "use shorter frames")


def test_too_many_frames_are_refused() -> None:
    """Before as many indices are made."""
    model = stft((1, 100_000, 1), 1, length=1000)
    assert_refused(model, "TW-0202", "99,001 frames of 1,000 samples", "frame_length is a multiple")


def test_what_contradicts_itself_is_refused() -> None:
    assert_refused(stft((1, 32, 1), 0, length=8), "TW-0101")
    assert_refused(stft((1, 32, 1), 4, window=6, length=8), "TW-0101", "window must match")


def test_double_precision_is_refused() -> None:
    model = NodeModel(20)
    x = model.input("x", real(1, 1, 8, 1))
    model.node("DFT", model.node("Cast", x, to=TensorProto.DOUBLE))
    model.node("Cast", "DFT_1", to=TensorProto.FLOAT)
    assert_refused(model, "its input is float64", "cast the input to float32")


def test_nothing_of_the_dft_is_left() -> None:
    """One product, whatever the axis: all else are views and movements."""
    attributes: dict[str, Any] = {"axis": 1}
    assert operations(dft(20, 2, 7, 6, 1, **attributes)) == {"MatMulFloat", "Transpose", "View"}
