"""Tests of the random numbers: their values are fixed, and they are what they say."""

from __future__ import annotations

import hashlib

import numpy as np

from models.building_blocks.random_source import RandomSource


def test_values_never_change() -> None:
    """Models would: every release of NumPy has to give these."""
    assert RandomSource(1).integers((6,), 1000).tolist() == [511, 950, 144, 948, 311, 423]
    data = RandomSource(2).bell((1000,), 0.1).astype(np.float32).tobytes()
    assert hashlib.sha256(data).hexdigest() == (
        "f8b475f12c537d867aaca1ae6691690d20248dc8e1e51d418d9c3156de3c32bb"
    )


def test_each_call_goes_on_where_the_last_one_ended() -> None:
    source = RandomSource(3)
    parts = [source.integers((2, 3), 10), source.integers((4,), 10)]
    whole = RandomSource(3).integers((10,), 10)
    assert np.concatenate([part.ravel() for part in parts]).tolist() == whole.tolist()


def test_integers_take_every_value_about_equally_often() -> None:
    counts = np.bincount(RandomSource(4).integers((100_000,), 7))
    assert counts.size == 7
    assert np.abs(counts - 100_000 / 7).max() < 500


def test_uniform_stays_inside() -> None:
    data = RandomSource(5).uniform((100_000,), -2.0, 3.0)
    assert data.min() >= -2.0
    assert data.max() < 3.0
    assert abs(data.mean() - 0.5) < 0.02


def test_bell_has_its_deviation_and_a_peak() -> None:
    data = RandomSource(6).bell((100_000,), 0.5)
    assert abs(data.mean()) < 0.01
    assert abs(data.std() - 0.5) < 0.01
    assert np.abs(data).max() <= 0.5 * np.sqrt(12)
    # 0.683 of a normal distribution, 0.577 of a uniform one.
    assert abs(np.mean(np.abs(data) < 0.5) - 0.67) < 0.02
