"""Where the cycles of a decode step go, and the least that its weights' bandwidth allows.

Everything comes from profiles (`profile_report`'s JSON) and soc.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACCELERATOR_KERNEL = "tw_accelerated_conv"
PRODUCTS = ("tw_matmul", ACCELERATOR_KERNEL)
"""How the names of kernels begin that multiply a row by constant weights."""

KINDS = (
    ("tw_attention", "attention over the cache"),
    ("tw_rms_normalization", "normalisations"),
    ("tw_rotary_embedding", "rotary embedding"),
    ("tw_tensor_scatter", "updates of the caches"),
    ("tw_table", "activation and gate"),
    ("tw_multiply", "activation and gate"),
    ("tw_add_s8", "residual additions"),
)
"""Kinds of layers, by how the names of their kernels begin."""

OTHER = "embedding, positions, other"
OUTSIDE = "start, end, steps with copies only"

CAUSES = {
    "instructions": "instructions",
    "load": "loads",
    "branch": "branches",
    "bank conflict": "L1 banks",
    "instruction cache": "instruction cache",
    "arithmetic": "long arithmetic",
    "other cores": "other cores, barriers",
    "accelerator": "accelerator",
    "copies": "copies",
}
"""What workers' cycles are spent on: the profile's names, and those of the study."""

LAUNCH = "start and end"

INSTRUCTIONS_PER_WEIGHT_WORD = 2
"""Of a core that multiplies a row: a load of four weights, and their dot product."""

CORE_WORD = 4
"""Bytes that a core loads at once."""


@dataclass(frozen=True)
class Step:
    """A decode step: `entry` is its part of a profile's JSON."""

    platform: str
    position: int
    entry: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.platform}, position {self.position}"

    @property
    def cycles(self) -> int:
        return self.entry["simulated_cycles"]

    @property
    def layers(self) -> Sequence[Mapping[str, Any]]:
        return self.entry["layers"]

    @property
    def cache_bytes(self) -> int:
        """Of the caches' rows that the step reads."""
        (extent,) = self.entry["extents"]
        rows = min(extent["maximum"], self.position + extent["offset"])
        return self.entry["states_bytes"] * rows // extent["maximum"]

    @property
    def weight_bytes(self) -> int:
        """Of all products, each of which is used once: a row is multiplied."""
        return sum(layer["multiply_accumulates"] for layer in self.layers if is_product(layer))


def decode_step(platform: str, position: int, profile: Mapping[str, Any]) -> Step:
    """The step that a profile of the language model has under "decode"."""
    (entry,) = (one for one in profile["entry_points"] if one["entry_point"] == "decode")
    return Step(platform, position, entry)


def is_product(layer: Mapping[str, Any]) -> bool:
    return layer["kernel"].startswith(PRODUCTS)


def kind_of(layer: Mapping[str, Any]) -> str:
    if not layer["kernel"]:
        return OUTSIDE
    if is_product(layer):
        part = layer["name"].partition("/")[2]
        for name in ("attention", "feed_forward"):
            if part.startswith(name):
                return f"products of {name.replace('_', ' ')}"
        return "product of the head"
    return next((kind for start, kind in KINDS if layer["kernel"].startswith(start)), OTHER)


def by_kind(step: Step) -> dict[str, int]:
    """Cycles by kind of layer, most first; they add up to the step's."""
    found: dict[str, int] = {}
    for layer in step.layers:
        found[kind_of(layer)] = found.get(kind_of(layer), 0) + layer["simulated"]
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def by_cause(step: Step) -> dict[str, float]:
    """Cycles of the step by what an average worker spends them on; they add up to the step's."""
    workers = step.entry["engines"]["cores"]["workers"]
    found = {
        words: sum(layer["core_cycles"][what] for layer in step.layers) / workers
        for what, words in CAUSES.items()
    }
    return {**found, LAUNCH: step.cycles - sum(found.values())}


def accelerator_cycles(step: Step, port_bytes: int) -> dict[str, int]:
    """What the accelerator does with the step's cycles; empty if it has no jobs.

    `port_bytes`: of weights that it takes in a cycle.
    """
    figures = step.entry["engines"]["accelerator"]
    if not figures["jobs"]:
        return {}
    weights = sum(layer["weight_bytes"] for layer in step.layers)
    streaming = -(-weights // port_bytes)
    own_idle = sum(layer["accelerator_idle"] for layer in step.layers)
    return {
        "takes weights": streaming,
        "stands back at L1": figures["stalls"],
        "the rest of jobs: loads inputs, requantises, stores": figures["busy"]
        - streaming
        - figures["stalls"],
        "is being configured": figures["configuration_exposed"],
        "waits for its job's start or the end of its step": own_idle
        - figures["configuration_exposed"],
        "waits for the cores": figures["idle"] - own_idle,
    }


@dataclass(frozen=True)
class Home:
    """Where weights could be, and how fast who uses them gets them.

    `rate`: bytes a cycle; `why`: where that comes from; `bytes`: what fits there.
    """

    name: str
    rate: float
    why: str
    bytes: int

    def cycles(self, weight_bytes: int) -> int:
        """The least that a step takes whose weights all come from there."""
        return round(weight_bytes / self.rate)


def homes(soc: Mapping[str, Any]) -> list[Home]:
    """Homes of weights, by soc.yaml's facts."""
    sizes = {memory["name"]: memory["size"] for memory in soc["memories"]}
    cores, banks = soc["cores"], soc["l1"]["banks"]
    port = soc["neureka"]["weight_bits"] // 8
    copied = soc["dma"]["bytes_per_cycle"]
    l2, weight_memory = soc["l2"]["latency"], soc["weight_memory"]["latency"]
    issue = cores * CORE_WORD / INSTRUCTIONS_PER_WEIGHT_WORD
    return [
        Home(
            "L1, cores",
            min(issue, banks * CORE_WORD),
            f"{cores} cores, {INSTRUCTIONS_PER_WEIGHT_WORD} instructions for {CORE_WORD} weights",
            sizes["l1"],
        ),
        Home("L1, accelerator", port, f"its port: {8 * port} bits a cycle", sizes["l1"]),
        Home("L2 through the DMA", copied, f"{copied} bytes a cycle", sizes["l2"]),
        Home(
            "L2, loaded by cores",
            min(cores * CORE_WORD / l2, soc["l2"]["bytes_per_cycle"]),
            f"{l2} cycles for a word, {cores} cores",
            sizes["l2"],
        ),
        Home(
            "weight memory, accelerator",
            port,
            f"its own port: {8 * port} bits a cycle",
            sizes["weight_memory"],
        ),
        Home(
            "weight memory, loaded by cores",
            cores * CORE_WORD / weight_memory,
            f"{weight_memory} cycles for a word, {cores} cores",
            sizes["weight_memory"],
        ),
    ]


@dataclass(frozen=True)
class Bounds:
    """Least cycles of a step.

    Attributes:
        weights: to bring all weights from where the platform has them to who multiplies.
        caches: to bring the rows in use of the caches to L1.
        bandwidth: both, one after the other if they share the DMA.
        engines: busy cycles of the cores and of the accelerator, which alternate, as each layer
            needs the one before.
    """

    weights: int
    caches: int
    bandwidth: int
    engines: int


def bounds(step: Step, soc: Mapping[str, Any]) -> Bounds:
    by_name = {home.name: home for home in homes(soc)}
    through_dma = by_name["L2 through the DMA"]
    accelerated = bool(step.entry["engines"]["accelerator"]["jobs"])
    home = by_name["weight memory, accelerator"] if accelerated else through_dma
    weights = home.cycles(step.weight_bytes)
    caches = through_dma.cycles(step.cache_bytes)
    engines = step.entry["engines"]
    cores = engines["cores"]["busy"] // engines["cores"]["workers"]
    return Bounds(
        weights,
        caches,
        max(weights, caches) if accelerated else weights + caches,
        cores + engines["accelerator"]["busy"],
    )
