"""Reads what the compiler needs to know of a soc.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import yaml


@dataclass(frozen=True)
class Dma:
    """Copies between L1 and L2; times in cycles.

    A transfer of N bytes takes max(minimum, start + N / bytes_per_cycle) plus the latency, and a
    penalty per burst and line when it stores. A core that starts one while `queue` others
    are not done is held until the first of them is.
    """

    start: int
    minimum: int
    bytes_per_cycle: int
    latency: int
    burst: int
    store_burst_penalty: int
    store_line_penalty: int
    counters: int
    queue: int


@dataclass(frozen=True)
class Accelerator:
    """N-EUREKA beside a cluster's cores; `weight_memory_bytes` is its own memory for weights."""

    weight_memory_bytes: int


@dataclass(frozen=True)
class Cluster:
    """Cores that compute together on a memory of their own.

    Attributes:
        cores: how many workers there are.
        control_core: whether another core starts copies for them; its number.
        l1_bytes: what of L1 is left when each core has its stack.
        stack_bytes: what the stacks take of it.
        l2_bytes: all of L2 that firmware shares: code, constants, states, tensors.
        l2_latency: cycles for a word from L2.
        accelerator: None if the cores compute everything.
    """

    cores: int
    control_core: int
    l1_bytes: int
    l2_bytes: int
    l2_latency: int
    dma: Dma
    stack_bytes: int = 0
    accelerator: Accelerator | None = None


@dataclass(frozen=True)
class Soc:
    """A chip; `cluster` is None if one core runs everything."""

    name: str
    clock_hertz: int
    cluster: Cluster | None


def soc_of_text(text: str) -> Soc:
    """The chip that a soc.yaml describes. Raises ValueError if it does not."""
    try:
        facts: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not isinstance(facts, dict):
        raise ValueError("it is no table")
    return soc_of(cast(dict[str, Any], facts))


def soc_of(facts: dict[str, Any]) -> Soc:
    """The chip that soc.yaml's facts describe. Raises ValueError if one is missing."""
    try:
        cluster = _cluster(facts) if "cluster" in facts else None
        return Soc(facts["name"], int(facts.get("clock_hertz", 0)), cluster)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error


MOST_CORES = 8
"""Workers for which kernels have room: TW_MAXIMUM_CORES, without the controller."""


def _cluster(facts: dict[str, Any]) -> Cluster:
    if not 1 <= facts["cores"] <= MOST_CORES:
        raise ValueError(f"it has {facts['cores']} cores, supported: 1 to {MOST_CORES}")
    sizes = {memory["name"]: memory["size"] for memory in facts["memories"]}
    control_core = facts["cluster"]["control_core"]
    stack = facts["cluster_stack"]
    stacks = max(facts["cores"], control_core + 1) * (stack["size"] + stack["guard"])
    dma = facts["dma"]
    return Cluster(
        cores=facts["cores"],
        control_core=control_core,
        l1_bytes=(sizes["l1"] - stacks) // L1_ALIGNMENT * L1_ALIGNMENT,
        l2_bytes=sizes["l2"],
        l2_latency=facts["l2"]["latency"],
        dma=Dma(
            start=dma["start"],
            minimum=dma["minimum"],
            bytes_per_cycle=dma["bytes_per_cycle"],
            latency=dma["l2_latency"],
            burst=dma["burst"],
            store_burst_penalty=dma["store_burst_penalty"],
            store_line_penalty=dma["store_line_penalty"],
            counters=dma["counters"],
            queue=dma["core_queue"] + dma["global_queue"],
        ),
        stack_bytes=stacks,
        accelerator=_accelerator(facts, sizes),
    )


def _accelerator(facts: dict[str, Any], sizes: dict[str, int]) -> Accelerator | None:
    if "neureka" not in facts:
        return None
    return Accelerator(sizes.get("weight_memory", 0))


L1_ALIGNMENT = 64
"""Bytes: where the linker script begins a buffer in L1."""
