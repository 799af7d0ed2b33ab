"""Writes the quantiser's report as a table and as a self-contained HTML page."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tools.report.html_page import templates

FULL_BAR = 60.0
"""Decibels of a bar that fills its column."""

_HEADER = (
    *("activation", "made by", "local dB", "accum. dB", "max steps", "saturated", "observed"),
    *("scale", "weights", "error from"),
)


def text(report: dict[str, Any]) -> str:
    """The report for people."""
    weights, answers, compared = report["weights"], report["answers"], report["compared_on"]
    lines = [
        f"Quantisation of {report['name']}",
        "",
        f"{report['activations']} activations, ranges by {_method(report)} of "
        f"{report['calibration']['runs']:,} calibration runs",
        f"weights {'per channel' if weights['per_channel'] else 'per tensor'}: "
        f"{weights['bytes']:,} bytes; {weights['elements']:,} with 8 bits",
        f"compared with the float model on {compared['runs']:,} runs of {compared['file']}",
    ]
    if answers["accuracy"] is not None:
        lines.append(
            f"accuracy {percent(answers['accuracy'])}, float32 {percent(answers['float_accuracy'])}"
        )
    if answers["agreement"] is not None:
        lines.append(
            f"agreement {percent(answers['agreement'])} of {answers['decisions']:,} decisions"
        )
    for output in answers["outputs"]:
        lines.append(
            f"output {output['tensor']}: signal to noise "
            f"{decibels(output['signal_to_noise_db'])} dB"
        )
    for demand in report["tolerance"]:
        lines.append(
            f"{demand['tolerance']}: {figure(demand['measured'])} measured, "
            f"{figure(demand['allowed'])} allowed: {'holds' if demand['holds'] else 'MISSES'}"
        )
    lines += ["", *_table([_HEADER, *map(_row, report["layers"])], left={0, 1, 9})]
    names = {layer["tensor"]: layer["layer"] for layer in report["layers"]}
    worst = [names[tensor] or tensor for tensor in report["worst_layers"]]
    lines += ["", "layers that add most noise: " + ", ".join(worst)]
    if report["search"]:
        lines += ["", "search", *_search(report)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def html(report: dict[str, Any]) -> str:
    """The page."""
    environment = templates(Path(__file__).parent / "templates")
    environment.filters |= {
        "bar": lambda value: f"{min(100.0, max(0.0, 100 * (value or 0) / FULL_BAR)):.1f}",
        "decibels": decibels,
        "figure": figure,
        "percent": percent,
    }
    return environment.get_template("quantization.html.jinja").render(
        report=report, method=_method(report)
    )


def percent(share: float) -> str:
    """A share of 1."""
    return f"{100 * share:.2f} %"


def decibels(value: float | None) -> str:
    """Without unit; nothing where there is no signal or no noise."""
    return "-" if value is None else f"{value:.1f}"


def figure(value: float | None) -> str:
    """Three significant digits."""
    return "-" if value is None else f"{value:.3g}"


def _method(report: dict[str, Any]) -> str:
    calibration = report["calibration"]
    if calibration["percentile"] is not None:
        return f"percentile {calibration['percentile']:g}"
    return str(calibration["method"])


def _row(layer: dict[str, Any]) -> Sequence[str]:
    made_by = layer["operator"] or "input"
    if layer["layer"] and layer["layer"] != layer["tensor"]:
        made_by += " " + layer["layer"]
    local, accumulated = layer["local"], layer["accumulated"]
    return (
        layer["tensor"],
        made_by,
        decibels(local["signal_to_noise_db"]),
        decibels(accumulated["signal_to_noise_db"]),
        f"{figure(local['largest_error_steps'])}/{figure(accumulated['largest_error_steps'])}",
        percent(layer["saturated"]),
        " .. ".join(map(figure, layer["observed"])),
        figure(layer["scale"]),
        ", ".join(
            f"{weight['bits']} bits {decibels(weight['signal_to_noise_db'])} dB"
            for weight in layer["weights"]
        ),
        layer["cause"],
    )


def _search(report: dict[str, Any]) -> list[str]:
    rows = [["layers", "bits", "cost per byte", *(d["tolerance"] for d in report["tolerance"]), ""]]
    for step in report["search"]["steps"]:
        rows.append(
            [
                ", ".join(step["layers"]),
                f"{step['bits_before']} to {step['bits']}",
                figure(step["noise_per_byte"]),
                *(figure(demand["measured"]) for demand in step["measured"]),
                "kept" if step["kept"] else "taken back",
            ]
        )
    return list(_table(rows, left={0, len(rows[0]) - 1}))


def _table(rows: Sequence[Sequence[str]], left: set[int]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, required=True, help="report as JSON")
    parser.add_argument("--text", type=Path, required=True, help="table to write")
    parser.add_argument("--html", type=Path, required=True, help="page to write")
    options = parser.parse_args()
    report = json.loads(options.report.read_text(encoding="utf-8"))
    table, page = text(report), html(report)
    options.text.write_text(table, encoding="utf-8")
    options.html.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
