"""The energy constants of soc.yaml give the published point for the mix assumed beside them."""

from __future__ import annotations

import pytest

from tests.simulator.harness.targets import machine_description
from tools.energy.energy_range import energy_range, point_events

CYCLES = 780_000
MICROJOULES = 490
MILLIWATTS = 167
"""A TinyStories decode step on silicon (soc.yaml names the source)."""


def test_published_point() -> None:
    soc = machine_description()
    constants, events = soc["energy"], point_events(soc)
    assert (soc["energy_point"]["cycles"], soc["energy_point"]["microjoules"]) == (780_000, 490)
    assert constants.keys() == events.keys()
    picojoules = sum(events[name] * constants[name] for name in events)
    assert picojoules * 1e-6 == pytest.approx(MICROJOULES, rel=0.001)
    seconds = CYCLES / soc["clock_hertz"]
    assert picojoules * 1e-9 / seconds == pytest.approx(MILLIWATTS, rel=0.005)


def test_half_of_it_is_the_time_s() -> None:
    constants = machine_description()["energy"]
    assert constants["base_cycle"] * CYCLES * 1e-6 == pytest.approx(MICROJOULES / 2, rel=0.001)


def test_ranges() -> None:
    soc = machine_description()
    ranges = {entry["constant"]: entry for entry in soc["energy_ranges"]}
    assert ranges.keys() == soc["energy"].keys()
    for name, value in soc["energy"].items():
        value /= soc["energy"]["instruction"] if name == "stall_cycle" else 1
        assert ranges[name]["low"] < value < ranges[name]["high"], name
    assert energy_range(point_events(soc), soc) == pytest.approx((MICROJOULES,) * 2, rel=0.001)
