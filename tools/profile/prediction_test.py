"""The compiler's cycle model against the simulator, on the profile that PROFILE names.

The bounds are what the scheduler's decisions need: it weighs layers and tiles by these cycles.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

RUN_ERROR = 0.15
LAYER_ERROR = 0.25
SHORT_LAYER = 2000
"""Cycles, simulated or predicted, up to which a layer may be off by more."""

PROFILE = json.loads(Path(os.environ["PROFILE"]).read_text())
ENTRY_POINTS = {entry["entry_point"] or "run": entry for entry in PROFILE["entry_points"]}


def whole_layers(layers: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Predicted and simulated cycles by name; what the model's nodes are cut into is added up."""
    names: dict[tuple[str, ...], str] = {}
    cycles: dict[str, tuple[int, int]] = {}
    for number, layer in enumerate(layers):
        # Steps of copies alone belong to no node: each is one of its own.
        nodes = layer["nodes"] or [str(number)]
        name = names.setdefault((layer["kernel"], *nodes), f"{layer['name']} ({number})")
        predicted, simulated = cycles.get(name, (0, 0))
        cycles[name] = (predicted + layer["predicted"], simulated + layer["simulated"])
    return cycles


def error(predicted: int, simulated: int) -> float:
    return predicted / simulated - 1


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_cycles_of_a_run(name: str) -> None:
    entry = ENTRY_POINTS[name]
    assert abs(error(entry["predicted_cycles"], entry["simulated_cycles"])) <= RUN_ERROR


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_cycles_of_layers(name: str) -> None:
    layers = whole_layers(ENTRY_POINTS[name]["layers"])
    long = {layer: cycles for layer, cycles in layers.items() if max(cycles) > SHORT_LAYER}
    assert long
    errors = {layer: error(*cycles) for layer, cycles in long.items()}
    assert {layer: off for layer, off in errors.items() if abs(off) > LAYER_ERROR} == {}
