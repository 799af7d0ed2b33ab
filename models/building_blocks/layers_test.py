"""Tests of the layers: geometry, folded normalisation, and how operations are counted."""

from __future__ import annotations

import numpy as np
import pytest

from models.building_blocks.count_operations import multiply_accumulates, parameters, shapes
from models.building_blocks.network import Network, Window
from models.building_blocks.transformer import attention
from tools.quantize.calibration import session


@pytest.mark.parametrize(
    ("extent", "kernel", "stride", "pads", "output"),
    [
        (49, 10, 2, (4, 5), 25),  # MLPerf Tiny's keyword spotter, frames
        (10, 4, 2, (1, 1), 5),  # and coefficients
        (32, 3, 2, (0, 1), 16),
        (32, 3, 1, (1, 1), 32),
        (32, 1, 2, (0, 0), 16),
        (33, 3, 2, (1, 1), 17),
    ],
)
def test_same_padding(
    extent: int, kernel: int, stride: int, pads: tuple[int, int], output: int
) -> None:
    window = Window.same((extent,), (kernel,), stride)
    assert window.pads == pads
    assert window.output((extent,)) == (output,)


def test_dilated_causal_window() -> None:
    assert Window((3,), (1,), (4,), (8, 0)).output((98,)) == (98,)


def test_activations_are_as_normalisation_has_them() -> None:
    """Noise as the moments assume it comes out with the mean beta and the deviation gamma."""
    network = Network("sample", seed=1)
    x = network.input("x", (1, 8, 16, 16), -1.0, 1.0)
    window = Window((3, 3), (1, 1), (1, 1), (0, 0, 0, 0))
    y = network.convolution("y", x, 24, window)
    model = network.model(y)
    data = np.random.default_rng(1).uniform(-1.0, 1.0, (50, 8, 16, 16)).astype(np.float32)
    run = session(model)
    found = np.concatenate([run.run(None, {"x": sample[None]})[0] for sample in data])
    np.testing.assert_allclose(found.mean((0, 2, 3)), y.moments.mean, atol=0.05)
    np.testing.assert_allclose(found.std((0, 2, 3)), np.sqrt(y.moments.variance), rtol=0.05)
    assert ((y.moments.mean > -0.3) & (y.moments.mean < 1.8)).all()
    assert ((y.moments.variance > 0.4) & (y.moments.variance < 1.8)).all()


def test_operations_and_parameters_are_counted() -> None:
    network = Network("sample", seed=2)
    x = network.input("x", (1, 3, 8, 8), 0.0, 1.0)
    x = network.convolution("a", x, 4, Window.same((8, 8), (3, 3), 2))
    x = network.convolution("b", x, 4, Window.same((4, 4), (3, 3)), depthwise=True)
    x = network.flatten("flat", network.average_pool("mean", x))
    x = network.classifier("c", x, 5)
    model = network.model(x)
    assert multiply_accumulates(model) == 16 * 4 * 27 + 16 * 4 * 9 + 20
    assert parameters(model) == 4 * 27 + 4 + 4 * 9 + 4 + 20 + 5
    assert shapes(model)["b"] == (1, 4, 4, 4)


def test_attention_is_counted() -> None:
    network = Network("sample", seed=3)
    x = network.input("x", (6, 8), -1.0, 1.0)
    model = network.model(attention(network, "attention", x, heads=2))
    assert multiply_accumulates(model) == 4 * 6 * 8 * 8 + 2 * 6 * 6 * 8
