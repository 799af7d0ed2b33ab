"""Mean and variance of activations per channel, as far as a network's weights tell them.

Batch normalisation has to be given the statistics of what it normalises. A trained network has
measured them; here they follow from the layers before, under the assumption that elements are
independent and nearly normal. Then every channel keeps responding to the input however deep it
lies, which takes no run of the network, whose float32 sums would depend on the machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.building_blocks.random_source import Array

_GRID = 2.0**-16


@dataclass(frozen=True)
class Moments:
    """float64 [channels] each, of the elements of a channel over all inputs and positions."""

    mean: Array
    variance: Array

    @staticmethod
    def of_uniform(channels: int, low: float, high: float) -> Moments:
        return Moments(
            np.full(channels, (low + high) / 2), np.full(channels, (high - low) ** 2 / 12)
        )

    def __add__(self, other: Moments) -> Moments:
        """Of the sum of two independent tensors."""
        return Moments(self.mean + other.mean, self.variance + other.variance)

    def rectified(self, maximum: float = math.inf) -> Moments:
        """Of max(x, 0), where `maximum` clips little enough to be neglected."""
        means: list[float] = []
        variances: list[float] = []
        for mean, variance in zip(self.mean.tolist(), self.variance.tolist(), strict=True):
            deviation = math.sqrt(variance)
            if deviation == 0.0:
                rectified, second = max(mean, 0.0), max(mean, 0.0) ** 2
            else:
                ratio = mean / deviation
                density = math.exp(-ratio * ratio / 2) / math.sqrt(2 * math.pi)
                below = (1 + math.erf(ratio / math.sqrt(2))) / 2
                rectified = mean * below + deviation * density
                second = (mean * mean + variance) * below + mean * deviation * density
            rectified = min(rectified, maximum)
            means.append(_rounded(rectified))
            variances.append(max(_rounded(second - rectified * rectified), _GRID))
        return Moments(np.array(means), np.array(variances))

    def weighted(self, weights: Array) -> Moments:
        """Of the sums that `weights`, float64 [outputs, channels, positions], make.

        Weights for one channel of several are a depthwise convolution: each output has its own.
        """
        means: list[float] = []
        variances: list[float] = []
        depthwise = weights.shape[1] == 1 and self.mean.size > 1
        for index, of_output in enumerate(weights):
            own = slice(index, index + 1) if depthwise else slice(None)
            mean, variance = self.mean[own, None], self.variance[own, None]
            # fsum rounds once: the order of summation, which NumPy adapts, does not show.
            means.append(math.fsum((of_output * mean).ravel().tolist()))
            variances.append(math.fsum((of_output * of_output * variance).ravel().tolist()))
        return Moments(np.array(means), np.array(variances))


def _rounded(value: float) -> float:
    """The value on a grid: libraries disagree about the last bit of exp and erf."""
    return round(value / _GRID) * _GRID
