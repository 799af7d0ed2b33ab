"""How the range of an activation follows from the values that it has on the calibration data.

* ``min-max``: all values are in the range.
* ``percentile``: a given share of the values other than 0 is; what lies outside saturates.
* ``mse``: the range with the smallest mean squared error of the quantised values, of
  `FRACTIONS` of the ends (M. Nagel et al., "A White Paper on Neural Network Quantization",
  arXiv:2106.08295, section 3.1).
* ``entropy``: the range whose quantised distribution differs least from the float one, by the
  Kullback-Leibler divergence (S. Migacz, "8-bit Inference with TensorRT", GTC 2017).

No range is larger than that of ``min-max``. All but ``min-max`` work on a histogram.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.quantize.observation import BINS, Extremes, Histogram

METHODS = ("min-max", "percentile", "mse", "entropy")
FRACTIONS = np.linspace(1.0, 0.02, 99)
LEVELS = 256
"""Numbers that an activation of 8 bits can be."""

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class RangeMethod:
    """A way to choose ranges.

    Attributes:
        name: one of `METHODS`.
        percentile: share of the values that ``percentile`` keeps, in percent; above 0.
    """

    name: str = "min-max"
    percentile: float = 99.99

    @property
    def needs_histogram(self) -> bool:
        return self.name != "min-max"

    def __call__(self, ends: Extremes, histogram: Histogram | None, symmetric: bool) -> Range:
        """The range of a tensor.

        Args:
            ends: smallest and largest value.
            histogram: None for a tensor that is 0 throughout, or if it is not needed.
            symmetric: whether the zero point is 0, so that the larger end counts.
        """
        observed = (float(ends.lowest), float(ends.highest))
        if self.name == "min-max" or histogram is None:
            return observed
        if self.name == "percentile":
            chosen = percentile_range(histogram, self.percentile, symmetric)
        elif self.name == "mse":
            chosen = least_error_range(histogram, observed, symmetric)
        else:
            limit = least_divergence_limit(histogram)
            chosen = (-limit, limit)
        return max(observed[0], chosen[0]), min(observed[1], chosen[1])


def percentile_range(histogram: Histogram, percentile: float, symmetric: bool) -> Range:
    """Ends of bins between which at least so many percent of the values other than 0 lie.

    What is left out is split between both ends, or taken from the largest magnitudes.
    """
    outside = int(histogram.counts.sum()) * (1.0 - percentile / 100.0)
    negative, positive = histogram.counts[:BINS][::-1], histogram.counts[BINS:]
    if symmetric:
        limit = _kept_bins(negative + positive, outside) * histogram.width
        return -limit, limit
    return (
        -_kept_bins(negative, outside / 2) * histogram.width,
        _kept_bins(positive, outside / 2) * histogram.width,
    )


def _kept_bins(counts: npt.NDArray[np.int64], outside: float) -> int:
    """The fewest bins from zero on beyond which there are at most `outside` values."""
    beyond = np.append(np.cumsum(counts[::-1])[::-1], 0)
    return int(np.argmax(beyond <= outside))


def least_error_range(histogram: Histogram, observed: Range, symmetric: bool) -> Range:
    """Of fractions of the observed range, that with the smallest `squared_error`.

    Symmetric: of the larger end. Else both ends shrink together first, then each on its own.
    """
    low, high = min(observed[0], 0.0), max(observed[1], 0.0)
    if symmetric:
        low, high = -histogram.limit, histogram.limit
    best = _best(histogram, [(low * f, high * f) for f in FRACTIONS], symmetric)
    if symmetric or low == 0.0 or high == 0.0:
        return best
    best = _best(histogram, [best, *((best[0], high * f) for f in FRACTIONS)], symmetric)
    return _best(histogram, [best, *((low * f, best[1]) for f in FRACTIONS)], symmetric)


def _best(histogram: Histogram, candidates: list[Range], symmetric: bool) -> Range:
    errors = [squared_error(histogram, candidate, symmetric) for candidate in candidates]
    return candidates[int(np.argmin(errors))]


def squared_error(histogram: Histogram, ends: Range, symmetric: bool) -> float:
    """The sum of squared differences between values and what 8 bits make of them."""
    present = np.flatnonzero(histogram.counts)
    values, counts = histogram.centres[present], histogram.counts[present]
    return float((counts * (stored_values(values, ends, symmetric) - values) ** 2).sum())


def stored_values(values: Floats, ends: Range, symmetric: bool) -> Floats:
    """What is left of the values after 8 bits whose range has these ends; 0 is among them."""
    if symmetric:
        scale, zero_point, lowest = max(-ends[0], ends[1]) / (LEVELS // 2 - 1), 0.0, -LEVELS // 2
    else:
        low, high = min(ends[0], 0.0), max(ends[1], 0.0)
        scale = (high - low) / (LEVELS - 1)
        zero_point, lowest = (np.rint(-low / scale) if scale else 0.0), 0
    if scale == 0.0:
        return np.zeros_like(values)
    stored = np.clip(np.rint(values / scale) + zero_point, lowest, lowest + LEVELS - 1)
    return (stored - zero_point) * scale


def least_divergence_limit(histogram: Histogram) -> float:
    """The magnitude beyond which to saturate; exact zeros, which have no error, do not count."""
    magnitudes = histogram.counts[:BINS][::-1] + histogram.counts[BINS:]
    levels = LEVELS // 2
    candidates = range(levels, BINS + 1, 8)
    divergences = [divergence(magnitudes, kept, levels) for kept in candidates]
    # Of equals the largest, which saturates least.
    best = len(candidates) - 1 - int(np.argmin(divergences[::-1]))
    return candidates[best] * histogram.width


def divergence(magnitudes: npt.NDArray[np.int64], kept: int, levels: int) -> float:
    """Kullback-Leibler divergence of the quantised from the float distribution.

    The float one is that of the first `kept` bins, with what lies beyond in the last of them. In
    the quantised one, bins that share a level share its values evenly, but for empty ones.
    """
    inside = magnitudes[:kept].astype(np.float64)
    reference = inside.copy()
    reference[-1] += magnitudes[kept:].sum()
    group = np.arange(kept) * levels // kept
    occupied = reference > 0
    total = np.bincount(group, weights=inside, minlength=levels)
    shared = np.bincount(group, weights=occupied, minlength=levels)
    quantized = np.where(occupied, total[group] / np.maximum(shared[group], 1.0), 0.0)
    if quantized.sum() == 0.0:
        return np.inf
    p, q = reference / reference.sum(), quantized / quantized.sum()
    # A bin of the float distribution that only saturated values are in has no counterpart.
    q = np.where(occupied, np.maximum(q, 1e-12), q)
    return float((p[occupied] * np.log(p[occupied] / q[occupied])).sum())
