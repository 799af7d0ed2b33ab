"""Writes docs/decode_study.md and its plot from profiles of the decode step."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml

from tests.benchmarks.decode_study import plot
from tests.benchmarks.decode_study.study import (
    Step,
    accelerator_cycles,
    bounds,
    by_cause,
    by_kind,
    decode_step,
    homes,
)


def page(steps: Sequence[Step], soc: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the plot; `soc` are the facts of soc.yaml."""
    port = soc["neureka"]["weight_bits"] // 8
    columns: list[dict[str, Any]] = [
        {
            "step": step,
            "kinds": by_kind(step),
            "causes": by_cause(step),
            "accelerator": accelerator_cycles(step, port),
            "bounds": bounds(step, soc),
        }
        for step in steps
    ]
    weight_bytes = steps[0].weight_bytes
    template = _environment().get_template("decode_study.md.jinja")
    text = template.render(
        columns=columns,
        kinds=list(dict.fromkeys(kind for column in columns for kind in column["kinds"])),
        causes=list(columns[0]["causes"]),
        homes=homes(soc),
        weight_bytes=weight_bytes,
        port=port,
        clock=soc["clock_hertz"],
    )
    bars: list[plot.Bar] = [
        (
            column["step"].title,
            column["causes"],
            {"bandwidth": column["bounds"].bandwidth, "engines": column["bounds"].engines},
        )
        for column in columns
    ]
    return text, plot.svg_of(bars, "Cycles of a decode step by cause, average of eight cores")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda value: f"{round(value):,}"
    return environment


def main(arguments: Sequence[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soc", type=Path, required=True, help="soc.yaml")
    parser.add_argument(
        "--step",
        nargs=3,
        action="append",
        required=True,
        metavar=("PLATFORM", "POSITION", "PROFILE.json"),
        help="a profile whose last decode step is at that position",
    )
    parser.add_argument("--output", type=Path, required=True, help="text to write")
    parser.add_argument("--svg", type=Path, required=True, help="plot to write")
    options = parser.parse_args(arguments)
    steps = [
        decode_step(platform, int(position), json.loads(Path(profile).read_text()))
        for platform, position, profile in options.step
    ]
    text, svg = page(steps, yaml.safe_load(options.soc.read_text()))
    options.output.write_text(text)
    options.svg.write_text(svg)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
