"""A program for the fabric controller or for cluster cores, which answers with all of its data."""

from __future__ import annotations

from enum import Enum


class Placement(Enum):
    """Who runs programs on the simulator, with its data where."""

    FABRIC_CONTROLLER = "fabric controller, data in L2"
    CLUSTER = "cluster, data in L1"


def placed_program(
    placement: Placement,
    parts: list[list[str]],
    data: list[str],
    constants: list[str] | None = None,
) -> str:
    """Assembly source that runs every part once and writes `data` as it then is.

    Args:
        placement: who runs the parts: the fabric controller one after the other; cluster cores,
            one part each, at the same time. On QEMU the only core runs one after the other.
        parts: lines of code, uncompressed unless they say otherwise; any register but x0 may
            change. Labels are common to all.
        data: lines of data, in L2 or L1.
        constants: lines of data that nothing writes to and that is no part of the answer.
    """
    on_cluster = placement is Placement.CLUSTER
    cores = range(len(parts))
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
            f"    start_cluster {(1 << len(parts)) - 1}, placed_fork",
            *[f"    wait_for_word placed_done + {4 * core}, 1" for core in cores],
            "    j placed_end",
            "placed_fork:",
            "    csrr t0, mhartid",
            "    andi t0, t0, 31",
            *[line for core in cores for line in _fork(core)],
            ".endif",
            *[line for core, part in enumerate(parts) for line in _part(core, part)],
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
            f"placed_done: .zero {4 * len(parts)}",
        ]
    )


def _fork(core: int) -> list[str]:
    return [
        f"    addi t1, t0, {-core}",
        "    bnez t1, 1f",
        f"    j placed_part_{core}",
        "1:",
    ]


def _part(core: int, lines: list[str]) -> list[str]:
    return [
        f"placed_part_{core}:",
        "    enable_floating_point",
        *[f"    {line}" for line in lines],
        ".if ON_CLUSTER",
        f"    la t0, placed_done + {4 * core}",
        "    li t1, 1",
        "    sw t1, 0(t0)",
        "    stop_core",
        ".endif",
    ]
