"""The quantiser's report as JSON: what was chosen, and what it does to layers and answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.quantize.evaluation import Quality, Samples, Verdict
from tools.quantize.layer_errors import LayerError, WeightError, worst_layers
from tools.quantize.mixed_precision import Choice
from tools.quantize.static_quantization import Scheme

FORMAT = 2


@dataclass(frozen=True)
class Findings:
    """What the report is about.

    Attributes:
        name: of the quantised model.
        scheme: how it was quantised.
        calibration_runs: how many there were.
        samples: what the models were compared on.
        evaluated: whether these are evaluation data, not the calibration data.
        layers: errors of all activations.
        quality: of the answers.
        verdicts: demands and whether they hold.
        weight_bits: of layers whose weights do not have 8 bits.
        choice: how these were found; None if they were given.
    """

    name: str
    scheme: Scheme
    calibration_runs: int
    samples: Samples
    evaluated: bool
    layers: Sequence[LayerError]
    quality: Quality
    verdicts: Sequence[Verdict]
    weight_bits: Mapping[str, int]
    choice: Choice | None


def report_content(findings: Findings) -> dict[str, Any]:
    """What the JSON file holds; errors without signal or noise are null."""
    scheme, quality = findings.scheme, findings.quality
    weights = {weight.name: weight for layer in findings.layers for weight in layer.weights}
    return {
        "format": FORMAT,
        "name": findings.name,
        "activations": scheme.activations,
        "weights": {
            "per_channel": scheme.per_channel,
            "elements": sum(weight.elements for weight in weights.values()),
            "bytes": sum(weight.bytes for weight in weights.values()),
        },
        "calibration": {
            "runs": findings.calibration_runs,
            "method": scheme.method.name,
            "percentile": scheme.method.percentile if scheme.method.name == "percentile" else None,
            "range_bits": scheme.range_bits,
        },
        "compared_on": {
            "file": findings.samples.file,
            "runs": findings.samples.runs,
            "evaluation": findings.evaluated,
        },
        "answers": {
            "decisions": quality.decisions,
            "accuracy": _rounded(quality.accuracy),
            "float_accuracy": _rounded(quality.float_accuracy),
            "agreement": _rounded(quality.agreement),
            "outputs": [
                {
                    "tensor": name,
                    "signal_to_noise_db": _decibels(error.signal_to_noise_db),
                    "largest_error": _significant(error.largest),
                }
                for name, error in quality.outputs.items()
            ],
        },
        "tolerance": [_verdict(verdict) for verdict in findings.verdicts],
        "worst_layers": [layer.tensor for layer in worst_layers(findings.layers)],
        "weight_bits": dict(findings.weight_bits),
        "search": findings.choice and _search(findings.choice),
        "layers": [_layer(layer) for layer in findings.layers],
    }


def _layer(layer: LayerError) -> dict[str, Any]:
    return {
        "tensor": layer.tensor,
        "layer": layer.layer,
        "operator": layer.operator,
        "data_type": layer.data_type,
        "scale": layer.scale,
        "zero_point": layer.zero_point,
        "representable": [_significant(end) for end in layer.representable],
        "observed": list(layer.observed),
        "saturated": _significant(layer.saturated),
        "local": {
            "signal_to_noise_db": _decibels(layer.local_db),
            "largest_error": _significant(layer.local.largest),
            "largest_error_steps": _significant(layer.local.largest / layer.scale),
        },
        "accumulated": {
            "signal_to_noise_db": _decibels(layer.accumulated_db),
            "largest_error": _significant(layer.accumulated.largest),
            "largest_error_steps": _significant(layer.accumulated.largest / layer.scale),
        },
        "cause": layer.cause,
        "weights": [_weight(weight) for weight in layer.weights],
    }


def _weight(weight: WeightError) -> dict[str, Any]:
    return {
        "tensor": weight.name,
        "bits": weight.bits,
        "bytes": weight.bytes,
        "scales": weight.channels,
        "scale": [_significant(end) for end in weight.scales],
        "saturated": _significant(weight.saturated),
        "signal_to_noise_db": _decibels(weight.signal_to_noise_db),
    }


def _search(choice: Choice) -> dict[str, Any]:
    return {
        "sensitivities": [
            {
                "layers": list(entry.layers),
                "bits": entry.bits,
                "noise_to_signal": _significant(entry.noise),
                "bytes_saved": entry.bytes_saved,
            }
            for entry in choice.sensitivities
        ],
        "steps": [
            {
                "layers": list(step.layers),
                "bits_before": step.bits_before,
                "bits": step.bits,
                "noise_per_byte": _significant(step.noise_per_byte),
                "measured": [_verdict(verdict) for verdict in step.verdicts],
                "kept": step.kept,
            }
            for step in choice.steps
        ],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "tolerance": verdict.tolerance,
        "measured": _rounded(verdict.measured),
        "allowed": verdict.allowed,
        "holds": verdict.holds,
    }


def _decibels(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else round(value, 6)


def _significant(value: float) -> float | None:
    """Six digits: what lies beyond them is noise of float32 sums."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
