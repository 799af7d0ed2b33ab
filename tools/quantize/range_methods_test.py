"""Ranges by percentile, squared error and divergence, against what defines them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.quantize.observation import BINS, Extremes, Histogram, bins_of
from tools.quantize.range_methods import (
    FRACTIONS,
    METHODS,
    RangeMethod,
    divergence,
    least_divergence_limit,
    least_error_range,
    percentile_range,
    squared_error,
    stored_values,
)

VALUES = st.builds(
    lambda seed, freedom, shift, size: (
        np.random.default_rng(seed).standard_t(freedom, size) + shift
    ).astype(np.float32),
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
    st.sampled_from([0.0, 0.5, 3.0, -3.0]),
    st.integers(20, 2000),
)
"""With few degrees of freedom some are far out."""


def observed(values: np.ndarray) -> tuple[Extremes, Histogram]:
    limit = float(np.abs(values).max())
    ends = Extremes(values.min(), values.max())
    return ends, Histogram(limit, bins_of(values[values != 0], limit))


@given(VALUES, st.floats(0.01, 1e3))
def test_every_value_is_in_a_bin_that_holds_it(values: np.ndarray, factor: float) -> None:
    values = values * np.float32(factor)
    _, histogram = observed(values)
    assert histogram.counts.sum() == np.count_nonzero(values)
    for value in values[:20]:
        if value:
            (index,) = np.flatnonzero(bins_of(np.array([value]), histogram.limit))
            assert abs(histogram.centres[index] - value) <= histogram.width * 0.5001


@given(VALUES, st.sampled_from(METHODS), st.booleans(), st.floats(1.0, 100.0))
def test_no_range_is_larger_than_what_was_seen(
    values: np.ndarray, name: str, symmetric: bool, percentile: float
) -> None:
    ends, histogram = observed(values)
    low, high = RangeMethod(name, percentile)(ends, histogram, symmetric)
    assert ends.lowest <= low <= ends.highest or low == 0.0
    assert ends.lowest <= high <= ends.highest or high == 0.0
    assert low < high or low == high == ends.lowest or min(abs(low), abs(high)) == 0.0
    if name == "min-max":
        assert (low, high) == (ends.lowest, ends.highest)


@given(VALUES, st.floats(50.0, 100.0), st.booleans())
def test_a_percentile_keeps_at_least_so_many_and_no_bin_more(
    values: np.ndarray, percentile: float, symmetric: bool
) -> None:
    _, histogram = observed(values)
    low, high = percentile_range(histogram, percentile, symmetric)
    values = values[values != 0]
    slack = histogram.width * 1e-3
    kept = np.mean((values >= low - slack) & (values <= high + slack))
    assert kept >= percentile / 100 - 1e-9
    if symmetric and high > 1.5 * histogram.width:
        inner = high - histogram.width
        assert np.mean(np.abs(values) < inner - slack) < percentile / 100 + 1e-9


@given(VALUES, st.booleans())
def test_no_fraction_of_both_ends_has_a_smaller_error(values: np.ndarray, symmetric: bool) -> None:
    ends, histogram = observed(values)
    whole = (float(ends.lowest), float(ends.highest))
    error = squared_error(histogram, least_error_range(histogram, whole, symmetric), symmetric)
    if symmetric:
        whole = (-histogram.limit, histogram.limit)
    low, high = min(whole[0], 0.0), max(whole[1], 0.0)
    for fraction in FRACTIONS[::7]:
        other = squared_error(histogram, (low * fraction, high * fraction), symmetric)
        assert error <= other * (1 + 1e-9)


@given(VALUES, st.booleans())
def test_stored_values_are_the_nearest_of_256(values: np.ndarray, symmetric: bool) -> None:
    ends, _ = observed(values)
    low, high = min(float(ends.lowest), 0.0), max(float(ends.highest), 0.0)
    found = stored_values(values.astype(np.float64), (low, high), symmetric)
    step = max(-low, high) / 127 if symmetric else (high - low) / 255
    assert len(np.unique(found)) <= 256
    # An end of an asymmetric range lies up to half a step beyond what is representable.
    assert np.all(np.abs(found - values) <= step * (0.5 if symmetric else 1.0) * (1 + 1e-6))
    assert stored_values(np.zeros(1), (low, high), symmetric) == 0.0


def test_the_method_of_least_error_leaves_out_a_single_outlier_of_many_values() -> None:
    values = np.random.default_rng(1).normal(size=100_000).astype(np.float32)
    values[0] = 60.0
    ends, histogram = observed(values)
    low, high = RangeMethod("mse")(ends, histogram, symmetric=True)
    assert 3 < high < 60 and low >= ends.lowest
    exact = [
        float(((stored_values(values.astype(float), r, True) - values) ** 2).sum())
        for r in ((low, high), (-60.0, 60.0))
    ]
    assert exact[0] < exact[1]


def test_divergence_is_zero_where_nothing_is_lost() -> None:
    counts = np.ones(BINS, np.int64)
    assert divergence(counts, BINS, 128) == pytest.approx(0.0, abs=1e-9)
    counts[1024:] = 0
    assert divergence(counts, 1024, 128) == pytest.approx(0.0, abs=1e-9)
    # Half of all values saturate: log 2 at the least.
    assert divergence(np.ones(BINS, np.int64), 1024, 128) > 0.3


def test_the_divergence_cuts_a_long_thin_tail() -> None:
    values = np.random.default_rng(2).standard_t(2, 200_000).astype(np.float32)
    _, histogram = observed(values)
    limit = least_divergence_limit(histogram)
    assert limit < histogram.limit / 2
    assert np.mean(np.abs(values) <= limit) > 0.9


def test_a_tensor_of_zeros_has_the_range_zero() -> None:
    ends = Extremes(np.float32(0), np.float32(0))
    for name in METHODS:
        assert RangeMethod(name)(ends, None, symmetric=False) == (0.0, 0.0)
