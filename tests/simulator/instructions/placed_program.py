"""A program for the fabric controller or a cluster core, which answers with all of its data."""

from __future__ import annotations

from enum import Enum


class Placement(Enum):
    """Who runs the programs on the simulator, with its data where."""

    FABRIC_CONTROLLER = "fabric controller, data in L2"
    CLUSTER_CORE = "cluster core, data in L1"


def placed_program(
    placement: Placement, text: list[str], data: list[str], constants: list[str] | None = None
) -> str:
    """Assembly source that runs `text` once and writes `data` as it then is.

    Args:
        placement: who runs it, and whether the data lies in L1 or L2. On QEMU it runs on the only
            core there is.
        text: lines of code, uncompressed unless they say otherwise; any register but x0 may
            change. Symbols of its own.
        data: lines of data.
        constants: lines of data that nothing writes to and that is no part of the answer.
    """
    on_cluster = placement is Placement.CLUSTER_CORE
    return "\n".join(
        [
            '.include "program.inc"',
            f".set ON_CLUSTER, {int(on_cluster)} & SIRACUSA",
            ".option norvc",
            ".text",
            ".globl _start",
            "_start:",
            ".if ON_CLUSTER",
            "    enable_instruction_caches",
            "    start_cluster 1, placed_text",
            "    wait_for_word placed_done, 1",
            "    j placed_end",
            ".endif",
            "placed_text:",
            "    enable_floating_point",
            *[f"    {line}" for line in text],
            ".if ON_CLUSTER",
            "    la t0, placed_done",
            "    li t1, 1",
            "    sw t1, 0(t0)",
            "    stop_core",
            ".endif",
            "placed_end:",
            "    output placed_data, placed_data_end",
            "    exit_with 0",
            ".section .rodata",
            ".balign 4",
            *(constants or []),
            '.section .l1, "aw", @progbits' if on_cluster else ".data",
            ".balign 4",
            "placed_data:",
            *data,
            "placed_data_end:",
            ".balign 4",
            "placed_done: .word 0",
        ]
    )
