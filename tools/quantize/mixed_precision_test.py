"""The search keeps the demand, takes the cheapest steps first, and gives the same result again."""

from __future__ import annotations

import onnx
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.quantize.evaluation import Judge, Samples
from tools.quantize.mixed_precision import Choice, Models, choose_bits
from tools.quantize.sample_classifier import classifier, sequences
from tools.quantize.static_quantization import Scheme, quantize
from tools.quantize.weight_bits import weight_groups

CALIBRATION, EVALUATION = sequences(30, 1), sequences(60, 2)


def models(outlier: float = 6.0) -> Models:
    model = classifier(outlier)
    int8 = quantize(model, CALIBRATION, {}, Scheme())
    return Models(int8, model, weight_groups(int8))


MODELS = models()
JUDGES = tuple(
    Judge(MODELS.float_model, Samples(data, None, "data"), {}) for data in (CALIBRATION, EVALUATION)
)


def search(
    tolerance: dict[str, float],
    given: dict[str, int] | None = None,
    allowed: tuple[int, ...] = (4, 2),
) -> Choice:
    return choose_bits(MODELS, given or {}, allowed, *JUDGES, tolerance)


def weights_of(layer: str) -> str:
    (name,) = (group.weights for group in MODELS.groups if group.layers == (layer,))
    return name


def holds(bits: dict[str, int], tolerance: dict[str, float]) -> bool:
    quality = JUDGES[1].quality(MODELS.narrowed(bits))
    return all(verdict.holds for verdict in JUDGES[1].verdicts(quality, tolerance))


@settings(max_examples=12)
@given(st.floats(5.0, 45.0), st.sampled_from([(4,), (2,), (4, 2)]))
def test_the_demand_holds_and_no_single_step_more_would(
    decibels: float, allowed: tuple[int, ...]
) -> None:
    tolerance = {"signal_to_noise_db": decibels}
    choice = search(tolerance, allowed=allowed)
    bits = dict(choice.bits)
    if not holds({}, tolerance):
        assert not choice.steps and not bits
        return
    assert holds(bits, tolerance)
    assert set(bits.values()) <= set(allowed)
    refused = [step for step in choice.steps if not step.kept]
    for step in refused:
        assert not all(verdict.holds for verdict in step.verdicts)
    # Every group ended with a step that was refused, or with the fewest bits.
    stopped = {step.layers for step in refused}
    for group in MODELS.groups:
        assert group.layers in stopped or bits.get(group.weights) == min(allowed)


def test_what_counts_for_little_goes_first_and_furthest() -> None:
    choice = search({"signal_to_noise_db": 25.0})
    assert choice.steps[0].layers == ("fine",)
    assert choice.bits[weights_of("fine")] == 2
    assert all(
        choice.bits.get(group.weights, 8) >= choice.bits[weights_of("fine")]
        for group in MODELS.groups
    )


def test_costs_are_sensitivities_per_byte() -> None:
    choice = search({"agreement": 0.0})
    noise = {(entry.layers, entry.bits): entry for entry in choice.sensitivities}
    for step in choice.steps:
        before = noise[step.layers, 4].noise if step.bits_before == 4 else 0.0
        saved = noise[step.layers, step.bits].bytes_saved
        saved -= noise[step.layers, 4].bytes_saved if step.bits_before == 4 else 0
        rise = max(0.0, noise[step.layers, step.bits].noise - before)
        assert step.noise_per_byte == rise / saved
    # Nothing is demanded: everything gets the fewest bits, each layer in two steps.
    assert set(choice.bits.values()) == {2}
    assert len(choice.steps) == 2 * len(MODELS.groups)
    first = [step for step in choice.steps if step.bits_before == 8]
    assert [s.noise_per_byte for s in first] == sorted(s.noise_per_byte for s in first)


def test_given_bits_stay() -> None:
    fixed = {weights_of("fine"): 8}
    choice = search({"signal_to_noise_db": 20.0}, fixed)
    assert choice.bits[weights_of("fine")] == 8
    assert all(step.layers != ("fine",) for step in choice.steps)


def test_the_result_is_the_same_again() -> None:
    tolerance = {"signal_to_noise_db": 22.0}
    first, second = search(tolerance), search(tolerance)
    assert first == second
    assert isinstance(MODELS.narrowed(first.bits), onnx.ModelProto)
