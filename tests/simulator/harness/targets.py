"""The two machines that test programs are built for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import yaml

from tests.simulator.harness.installed_tools import soc_description

_CORE_V = ["xcvmem", "xcvmac", "xcvalu", "xcvbitmanip", "xcvsimd", "xcvbi", "xcvelw"]
_FABRIC_CONTROLLER_CLUSTER_BYTES = 0x80


@dataclass(frozen=True)
class Target:
    """A machine as the assembler and the linker see it.

    Attributes:
        name: how messages call it.
        architecture: clang's -march.
        symbols: symbols that programs use, by name.
        code_base: address of the code.
        l1_base: address of the section `.l1`; 0: it follows the other data.
    """

    name: str
    architecture: str
    symbols: dict[str, int]
    code_base: int
    l1_base: int


@functools.cache
def machine_description() -> dict[str, Any]:
    """The contents of the simulated machine's soc.yaml."""
    return yaml.safe_load(soc_description().read_text())


def memory_base(name: str) -> int:
    """Address of a memory of the simulated machine."""
    return next(
        memory["base"] for memory in machine_description()["memories"] if memory["name"] == name
    )


@functools.cache
def siracusa() -> Target:
    """The simulated machine."""
    soc = machine_description()
    devices = soc["devices"]
    console_offset = soc["fabric_controller"]["id"] * _FABRIC_CONTROLLER_CLUSTER_BYTES
    symbols = {
        "SIRACUSA": 1,
        "QEMU_VIRT": 0,
        "TW_CORES": soc["cores"],
        "TW_CLUSTER_CORES": soc["cores"] + 1,
        "TW_CONSOLE": devices["console"],
        "TW_FABRIC_CONTROLLER_CONSOLE": devices["console"] + console_offset,
        "TW_EXIT": devices["exit"],
        "TW_CLUSTER_CONTROL": devices["cluster_control"],
        "TW_CLUSTER_TIMER": devices["cluster_timer"],
        "TW_INSTRUCTION_CACHE_CONTROL": devices["instruction_cache_control"],
        "TW_EVENT_UNIT": devices["demux_event_unit"],
        "TW_DMA": devices["demux_dma"],
        "TW_NEUREKA": devices["neureka"],
        "TW_L1": memory_base("l1"),
        "TW_L2": memory_base("l2"),
        "TW_WEIGHT_MEMORY": memory_base("weight_memory"),
    }
    return Target(
        name="siracusa",
        architecture="_".join(["rv32imfc_zicsr_zifencei", *_CORE_V]),
        symbols=symbols,
        code_base=memory_base("l2"),
        l1_base=memory_base("l1"),
    )


QEMU_VIRT = Target(
    name="qemu",
    architecture="rv32imfc_zicsr_zifencei",
    symbols={"SIRACUSA": 0, "QEMU_VIRT": 1},
    code_base=0x80000000,
    l1_base=0,
)
"""QEMU's `virt` machine."""
