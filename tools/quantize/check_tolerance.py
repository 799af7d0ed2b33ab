"""Refuses a quantised model that misses its tolerance, as the quantiser's report says."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compiler.errors import Code, Problem

_ADVICE = {
    "none": "no error of its own",
    "operands": "the steps of what it reads are too large: calibrate by mse or percentile",
    "saturation": "its range is too small: another calibration method, or more data",
    "step": "its range is too large for 8 bits: calibrate by mse or percentile",
    "weights": "its weights: more bits, or per channel",
}


def problems(report: dict[str, Any]) -> Iterator[Problem]:
    """One for each demand that does not hold."""
    answers, compared = report["answers"], report["compared_on"]
    for demand in report["tolerance"]:
        if demand["holds"]:
            continue
        name = demand["tolerance"]
        limit = "most" if name == "accuracy_drop" else "least"
        measured = "nothing but noise" if demand["measured"] is None else f"{demand['measured']:g}"
        figures = f"{compared['runs']} runs of {compared['file']}"
        if name.startswith("accuracy"):
            figures += f"; float32 {answers['float_accuracy']:g}, quantised {answers['accuracy']:g}"
        yield Problem(
            Code.ACCURACY,
            report["name"],
            f"{name} is {measured} ({figures})",
            f"at {limit} {demand['allowed']:g}",
            "the layers that add most noise: "
            + "; ".join(_advice(report, tensor) for tensor in report["worst_layers"])
            + ". See docs/quantisation.md and the report",
        )


def _advice(report: dict[str, Any], tensor: str) -> str:
    layer = next(entry for entry in report["layers"] if entry["tensor"] == tensor)
    bits = min((weight["bits"] for weight in layer["weights"]), default=8)
    name = layer["layer"] or tensor
    noise = f"'{name}' {layer['local']['signal_to_noise_db']:.1f} dB"
    if bits < 8 and layer["cause"] == "weights":
        return f"{noise} (weights of {bits} bits: give it {8 if bits == 4 else '4 or 8'})"
    return f"{noise} ({_ADVICE[layer['cause']]})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, required=True, help="report as JSON")
    parser.add_argument("--output", type=Path, required=True, help="file to write if all is well")
    options = parser.parse_args()
    found = list(problems(json.loads(options.report.read_text(encoding="utf-8"))))
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        options.output.write_text("")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
