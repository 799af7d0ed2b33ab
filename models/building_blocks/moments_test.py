"""Tests of the moments: against samples."""

from __future__ import annotations

import numpy as np
import pytest

from models.building_blocks.moments import Moments

SAMPLES = 200_000


def samples(moments: Moments, seed: int) -> np.ndarray:
    """float64 [samples, channels], normal."""
    random = np.random.default_rng(seed)
    shape = (SAMPLES, moments.mean.size)
    return moments.mean + random.standard_normal(shape) * np.sqrt(moments.variance)


def check(expected: Moments, data: np.ndarray) -> None:
    np.testing.assert_allclose(expected.mean, data.mean(0), atol=0.02)
    np.testing.assert_allclose(expected.variance, data.var(0), rtol=0.03, atol=0.001)


SOME = Moments(np.array([0.5, -1.0, 2.0]), np.array([1.0, 4.0, 0.25]))


def test_of_uniform() -> None:
    data = np.random.default_rng(1).uniform(-1.0, 3.0, (SAMPLES, 2))
    check(Moments.of_uniform(2, -1.0, 3.0), data)


def test_rectified() -> None:
    check(SOME.rectified(), np.maximum(samples(SOME, 2), 0.0))


def test_rectified_constants_stay_constant() -> None:
    constants = Moments(np.array([-1.0, 3.0]), np.zeros(2)).rectified()
    assert constants.mean.tolist() == [0.0, 3.0]
    assert (constants.variance < 1e-4).all()


def test_sum() -> None:
    check(SOME + SOME, samples(SOME, 3) + samples(SOME, 4))


def test_weighted_over_all_channels() -> None:
    weights = np.random.default_rng(5).normal(size=(4, 3, 2))
    first, second = samples(SOME, 6), samples(SOME, 7)
    check(SOME.weighted(weights), first @ weights[:, :, 0].T + second @ weights[:, :, 1].T)


@pytest.mark.parametrize("channels", [1, 3])
def test_weighted_with_one_channel_for_each_output(channels: int) -> None:
    """Weights for one of several channels are depthwise; with one channel all outputs share it."""
    moments = Moments(SOME.mean[:channels], SOME.variance[:channels])
    weights = np.array([2.0, -1.0, 0.5]).reshape(3, 1, 1)
    check(moments.weighted(weights), samples(moments, 8) * weights[:, 0, 0])
