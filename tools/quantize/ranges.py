"""Ranges of activations, rounded so that machines agree about them.

Processors add up float32 products in different orders, so the largest activation of a model
differs from one to the other in its last bits, and with it every scale and the rounding of every
bias. A range rounded up to a few significant bits is the same everywhere, unless it lies within
the noise of a step: `distance_to_step` says how far it is from there.
"""

from __future__ import annotations

import math


def round_up(value: float, bits: int) -> float:
    """The nearest number of `bits` significant bits that is not closer to zero."""
    fraction, exponent = math.frexp(value)
    steps = math.ldexp(fraction, bits)
    return math.ldexp(math.copysign(math.ceil(abs(steps)), steps), exponent - bits)


def distance_to_step(value: float, bits: int) -> float:
    """Relative change of `value` after which `round_up` would give another number."""
    steps = abs(math.ldexp(math.frexp(value)[0], bits))
    return abs(steps - round(steps)) / steps if steps else math.inf
