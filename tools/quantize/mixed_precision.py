"""Chooses the bits of every layer's weights, so that a demand on the model holds.

After N. P. Pandey et al., "A Practical Mixed Precision Algorithm for Post-Training Quantization"
(arXiv:2302.05397), with bytes in place of operations, and for weights alone:

1. *Sensitivity.* For every group of weights and every number of bits, that group alone gets these
   bits and all others keep 8. What the noise-to-signal ratio of the model's outputs on the
   calibration data rises by is the sensitivity. No labels are needed.
2. *Search.* A step takes one group to its next smaller number of bits. Its cost is what the
   sensitivity rises by for each byte saved. Again and again the cheapest step is tried, and kept if
   the demand holds on the evaluation data; else the group stays as it is for good.

Steps of equal cost are tried in the order of the graph. There are at most as many evaluations as
there are groups times numbers of bits, and as many again for the sensitivities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from tools.quantize.evaluation import Judge, Verdict
from tools.quantize.weight_bits import WeightGroup, with_weight_bits

WIDEST = 8


@dataclass(frozen=True)
class Sensitivity:
    """What fewer bits for one group of weights alone do to the outputs.

    Attributes:
        layers: names of the layers.
        bits: how many they get.
        noise: what the outputs' noise-to-signal ratio rises by.
        bytes_saved: in comparison with 8 bits.
    """

    layers: tuple[str, ...]
    bits: int
    noise: float
    bytes_saved: int


@dataclass(frozen=True)
class Step:
    """A step of the search.

    Attributes:
        layers: names of the layers.
        bits_before, bits: of their weights.
        noise_per_byte: its cost.
        verdicts: what was measured with it and all steps kept so far.
    """

    layers: tuple[str, ...]
    bits_before: int
    bits: int
    noise_per_byte: float
    verdicts: tuple[Verdict, ...]

    @property
    def kept(self) -> bool:
        """Whether all demands hold."""
        return all(verdict.holds for verdict in self.verdicts)


@dataclass(frozen=True)
class Choice:
    """The bits of every layer, and how they were found.

    Attributes:
        bits: by name of the weights, of all groups that do not have 8.
        sensitivities: in the order of the graph.
        steps: in the order in which they were tried; none if 8 bits are too few already.
    """

    bits: Mapping[str, int]
    sensitivities: tuple[Sensitivity, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Models:
    """What the search makes models from: int8 QDQ model, float model, and groups of weights."""

    quantized: onnx.ModelProto
    float_model: onnx.ModelProto
    groups: Sequence[WeightGroup]

    def narrowed(self, bits: Mapping[str, int], *, widened: bool = True) -> onnx.ModelProto:
        """With these numbers of bits by name of the weights; see `with_weight_bits`."""
        return with_weight_bits(
            self.quantized, self.float_model, self.groups, bits, widened=widened
        )


def choose_bits(
    models: Models,
    given: Mapping[str, int],
    allowed: Sequence[int],
    calibration: Judge,
    evaluation: Judge,
    tolerance: Mapping[str, float],
) -> Choice:
    """Searches for the smallest weights with which the demands hold.

    Args:
        models: what to choose for.
        given: numbers of bits that are not to be chosen, by name of the weights.
        allowed: the numbers of bits to try, below 8.
        calibration: measures sensitivities.
        evaluation: measures whether the demands hold.
        tolerance: the demands.
    """
    free = [group for group in models.groups if group.weights not in given]
    widths = sorted(set(allowed), reverse=True)
    noise: dict[tuple[str, int], float] = {}
    sensitivities: list[Sensitivity] = []
    before = calibration.quality(models.narrowed(given)).noise_to_signal
    for group in free:
        noise[group.weights, WIDEST] = 0.0
        for bits in widths:
            quality = calibration.quality(models.narrowed({**given, group.weights: bits}))
            rise = max(0.0, quality.noise_to_signal - before)
            noise[group.weights, bits] = rise
            saved = group.bytes(WIDEST) - group.bytes(bits)
            sensitivities.append(Sensitivity(group.layers, bits, rise, saved))
    chosen = dict(given)
    steps: list[Step] = []
    quality = evaluation.quality(models.narrowed(chosen))
    if not all(verdict.holds for verdict in evaluation.verdicts(quality, tolerance)):
        return Choice(chosen, tuple(sensitivities), ())
    waiting = {group.weights: [WIDEST, *widths] for group in free}
    by_weights = {group.weights: group for group in free}

    def cost(weights: str) -> float:
        before, after = waiting[weights][:2]
        group = by_weights[weights]
        rise = max(0.0, noise[weights, after] - noise[weights, before])
        return rise / max(1, group.bytes(before) - group.bytes(after))

    while waiting := {name: bits for name, bits in waiting.items() if len(bits) > 1}:
        weights = min(waiting, key=cost)  # the first of equals, which is the graph's order
        price, (bits_before, bits) = cost(weights), waiting[weights][:2]
        quality = evaluation.quality(models.narrowed({**chosen, weights: bits}))
        verdicts = tuple(evaluation.verdicts(quality, tolerance))
        step = Step(by_weights[weights].layers, bits_before, bits, price, verdicts)
        steps.append(step)
        if step.kept:
            chosen[weights] = bits
            waiting[weights] = waiting[weights][1:]
        else:
            waiting[weights] = []
    return Choice(chosen, tuple(sensitivities), tuple(steps))
