"""The energy constants of soc.yaml give the published point for the mix assumed beside them."""

from __future__ import annotations

import pytest

from tests.simulator.harness.targets import machine_description

CYCLES = 780_000
MICROJOULES = 490
MILLIWATTS = 167
"""A TinyStories decode step on silicon (soc.yaml names the source)."""

WEIGHTS = 524_288
ACCELERATOR_CYCLES = 54_000
DMA_BYTES = 200_000
CORES = 8
INSTRUCTIONS_PER_CYCLE = 0.6
STALLS_PER_CYCLE = 0.2
L1_ACCESSES_PER_INSTRUCTION = 0.4
INSTRUCTIONS_PER_CACHE_MISS = 200
CACHE_LINE = 16


def assumed_events() -> dict[str, float]:
    """Events of the step: see the comment at `energy` in soc.yaml."""
    core_cycles = CORES * (CYCLES - ACCELERATOR_CYCLES)
    instructions = INSTRUCTIONS_PER_CYCLE * core_cycles
    misses = instructions / INSTRUCTIONS_PER_CACHE_MISS
    return {
        "base_cycle": CYCLES,
        "instruction": instructions,
        "stall_cycle": STALLS_PER_CYCLE * core_cycles,
        "instruction_cache_miss": misses,
        "l1_access": L1_ACCESSES_PER_INSTRUCTION * instructions,
        "l2_byte": DMA_BYTES + CACHE_LINE * misses,
        "dma_byte": DMA_BYTES,
        "weight_memory_byte": WEIGHTS,
        "accelerator_cycle": ACCELERATOR_CYCLES,
        "accelerator_mac": WEIGHTS,
    }


def test_published_point() -> None:
    constants = machine_description()["energy"]
    events = assumed_events()
    assert constants.keys() == events.keys()
    picojoules = sum(events[name] * constants[name] for name in events)
    assert picojoules * 1e-6 == pytest.approx(MICROJOULES, rel=0.001)
    seconds = CYCLES / machine_description()["clock_hertz"]
    assert picojoules * 1e-9 / seconds == pytest.approx(MILLIWATTS, rel=0.005)


def test_half_of_it_is_the_time_s() -> None:
    constants = machine_description()["energy"]
    assert constants["base_cycle"] * CYCLES * 1e-6 == pytest.approx(MICROJOULES / 2, rel=0.001)
