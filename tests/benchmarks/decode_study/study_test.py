"""Nothing of a step is lost or counted twice, and bounds are what soc.yaml says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.benchmarks.decode_study.study import (
    CAUSES,
    Step,
    accelerator_cycles,
    bounds,
    by_cause,
    by_kind,
    homes,
    kind_of,
)
from tests.benchmarks.decode_study.write_study import page

SOC = yaml.safe_load(Path(os.environ["SOC"]).read_text())
WORKERS = 8


def layer(name: str, kernel: str, cycles: int, **figures: int) -> dict[str, Any]:
    spent = dict.fromkeys(CAUSES, 0)
    if kernel:
        spent["instructions"] = WORKERS * (cycles - 10)
        spent["copies"] = WORKERS * 10
    return {
        "name": name,
        "kernel": kernel,
        "simulated": cycles,
        "multiply_accumulates": figures.pop("macs", 0),
        "core_cycles": spent,
        "weight_bytes": figures.pop("weight_bytes", 0),
        "accelerator_idle": figures.pop("idle", 0),
        **figures,
    }


def step(position: int = 63, *, accelerated: bool = False) -> Step:
    kernel = "tw_accelerated_conv" if accelerated else "tw_matmul_packed_s8"
    weights = 3200 if accelerated else 0
    layers = [
        layer("(copies only)", "", 50),
        layer("layer0/attention/mix", "tw_attention_word_s8", 300, macs=5000),
        layer("layer0/attention/query", kernel, 200, macs=1000, weight_bytes=weights, idle=40),
        layer("layer0/feed_forward/up", kernel, 400, macs=2000),
        layer("head", kernel, 100, macs=200),
        layer("(start and end of the run)", "", 150),
    ]
    accelerator = {"jobs": 0, "busy": 0, "idle": 1200, "stalls": 0, "configuration_exposed": 0}
    if accelerated:
        accelerator |= {"jobs": 3, "busy": 500, "idle": 700, "stalls": 7}
        accelerator["configuration_exposed"] = 25
    engines = {
        "cores": {"workers": WORKERS, "busy": WORKERS * 600},
        "accelerator": accelerator,
        "dma": {},
    }
    return Step(
        "full" if accelerated else "cluster_only",
        position,
        {
            "simulated_cycles": 1200,
            "layers": layers,
            "engines": engines,
            "states_bytes": 16384,
            "extents": [{"maximum": 256, "offset": 1}],
        },
    )


@pytest.mark.parametrize("accelerated", [False, True])
def test_cycles_add_up(accelerated: bool) -> None:
    found = step(accelerated=accelerated)
    assert sum(by_kind(found).values()) == found.cycles
    assert sum(by_cause(found).values()) == found.cycles
    assert found.weight_bytes == 3200
    assert sum(accelerator_cycles(found, 32).values()) == (found.cycles if accelerated else 0)


def test_kinds() -> None:
    assert [kind_of(one) for one in step().layers[1:5]] == [
        "attention over the cache",
        "products of attention",
        "products of feed forward",
        "product of the head",
    ]


def test_accelerator() -> None:
    found = accelerator_cycles(step(accelerated=True), 32)
    assert list(found.values()) == [100, 7, 393, 25, 15, 660]


def test_homes() -> None:
    rates = {home.name: home.rate for home in homes(SOC)}
    assert rates["L1, cores"] == 16
    assert rates["L2 through the DMA"] == SOC["dma"]["bytes_per_cycle"]
    assert rates["weight memory, accelerator"] == 32
    assert rates["L2, loaded by cores"] == pytest.approx(32 / 15)


def test_bounds() -> None:
    # A quarter of the caches is in use: 4,096 bytes.
    alone = bounds(step(), SOC)
    assert (alone.weights, alone.caches, alone.bandwidth) == (400, 512, 912)
    assert alone.engines == 600
    full = bounds(step(accelerated=True), SOC)
    assert (full.weights, full.caches, full.bandwidth) == (100, 512, 512)
    assert full.engines == 600 + 500


def test_page() -> None:
    text, svg = page([step(), step(accelerated=True)], SOC)
    assert text.count("| **all** |") == 1 and "{{" not in text and "\n\n\n" not in text
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    assert svg == page([step(), step(accelerated=True)], SOC)[1]
