"""Models in QCDQ form compute what onnxruntime does, in integers and without steps of their own."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.frontend.expansion_harness import assert_agrees, interpreted, lowered
from compiler.operators.model_harness import run_onnxruntime
from tests.onnxruntime_operators.clipped_models import ClippedBuilder, clipped
from tests.onnxruntime_operators.float_models import feeds


def test_model() -> None:
    model = clipped()
    graph = lowered(model)
    names = [type(node.operation).__name__ for node in graph.nodes]
    assert names.count("ConvInt8") == 2 and names.count("MatMulInt8") == 1
    assert not {"Clip", "Table", "ClipInt8"} & set(names), names
    for seed in range(4):
        (run,) = feeds(model, 1, seed)
        (want,), (found,) = run_onnxruntime(model, run), interpreted(graph, run)
        # One step of the last scale, and rarely: a sum half way between two.
        assert np.abs(found - want).max() <= 4.0
        assert np.mean(found != want) <= 0.2
        assert len(set(want.reshape(-1).tolist())) > 3, "the test tests nothing"


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(2, 9))
def test_bits(bits: int, signed: bool, narrow: bool) -> None:
    b = ClippedBuilder("bits", bits)
    x = b.input("x", 1, 64)
    options = {"signed": signed, "narrow": narrow and signed}
    model = b.model(**{b.clipped(x, 0.05, bits, **options): (1, 64)})
    (run,) = feeds(model, 1)
    run["x"] *= 0.05 * 2.0 ** (bits - 1)
    (want,) = assert_agrees(model, run, tolerance=0.0)
    levels = np.unique(np.rint(want / 0.05))
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    low = (-high if narrow else -high - 1) if signed else 0
    assert levels.min() >= low and levels.max() <= high
