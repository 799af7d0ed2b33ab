"""Measures pieces of assembly code on the simulator, to the cycle.

A piece of code runs between two reads of `mcycle` on one core, or on several in lockstep. It runs
twice and the second run counts, so that its instructions are in the core's own cache. One cycle is
subtracted: that of the first read. What remains is the time from the issue of the first instruction
of the piece to the issue of the first instruction after it.

Registers with a meaning, which the code must not change:

    s0        runs left
    s1, s2    mcycle before and after
    s11       id of the core
    gp, tp    the core's event unit and DMA ports

a0 to a7 as they are after the code are returned with its time. Barrier 7 keeps the cores together;
bit 16 of the event mask (barriers) is set.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import run_on_simulator
from tests.simulator.harness.targets import siracusa

_RECORD_WORDS = 16
_VALUES = 8

# Lines of 16 bytes that a core's cache of 512 bytes surely holds, the code around included.
_CACHED_BYTES = 448

# The fabric controller leaves the memories alone for this many turns of a four-cycle loop while
# the cluster measures.
_QUIET_TURNS = 20_000

HARDWARE_LOOPS = """
# Hardware loops have no mnemonics in the assembler. Encodings: CV32E40P user manual, "Hardware
# Loops": opcode custom-1, funct3 4, operation in bits 11 to 8, loop in bit 7. `instructions` is the
# distance to the start or end of the body, from this instruction on, which counts as one.
.macro cv_starti loop, instructions
    .word ((\\instructions) << 20) | (4 << 12) | (0 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_endi loop, instructions
    .word ((\\instructions) << 20) | (4 << 12) | (2 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_counti loop, count
    .word ((\\count) << 20) | (4 << 12) | (4 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_setupi loop, count, instructions
    .word ((\\count) << 20) | ((\\instructions) << 15) | (4 << 12) | (6 << 8) | ((\\loop) << 7) | 0x2b
.endm
# The forms with a register: its number, not its name.
.macro cv_start loop, number
    .word ((\\number) << 15) | (4 << 12) | (1 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_end loop, number
    .word ((\\number) << 15) | (4 << 12) | (3 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_count loop, number
    .word ((\\number) << 15) | (4 << 12) | (5 << 8) | ((\\loop) << 7) | 0x2b
.endm
.macro cv_setup loop, number, instructions
    .word ((\\instructions) << 20) | ((\\number) << 15) | (4 << 12) | (7 << 8) | ((\\loop) << 7) | 0x2b
.endm
"""

_MACROS = """
# Spends exactly `cycles` (at least 4) without touching memory; changes t6.
.macro delay cycles
    # The constant 2, the loop 4 per turn but 2 in the last; the rest are single instructions.
    lui t6, %hi((\\cycles) / 4)
    addi t6, t6, %lo((\\cycles) / 4)
9000:
    addi t6, t6, -1
    bnez t6, 9000b
    .rept (\\cycles) % 4
    nop
    .endr
.endm
"""


@dataclass(frozen=True)
class Measurement:
    """What the cores of one program measured.

    Attributes:
        cycles: by core id (the fabric controller is 31).
        values: a0 to a7 after the code, by core id.
        output: what the code itself wrote to the console.
        statistics: the simulator's --stats.
    """

    cycles: dict[int, int]
    values: dict[int, tuple[int, ...]]
    output: bytes
    statistics: dict[str, Any]

    @property
    def only(self) -> int:
        """Cycles of the only core."""
        (cycles,) = self.cycles.values()
        return cycles

    @property
    def ordered(self) -> list[int]:
        """Cycles of all cores, the shortest first."""
        return sorted(self.cycles.values())


FABRIC_CONTROLLER = 31


def measure(
    code: str | Mapping[int, str],
    *,
    cores: Sequence[int] = (0,),
    setup: str = "",
    after: str = "",
    data: str = "",
    runs: int = 2,
    caches: bool = True,
    large: bool = False,
    options: Sequence[str] = (),
) -> Measurement:
    """Runs code on cores of the cluster, which start it in the same cycle, and measures it.

    Args:
        code: what is measured: the same for all cores, or by core id.
        cores: the cores that run it, if it is the same for all.
        setup: what each core does before each run.
        after: what each core does after each run, before a0 to a7 are stored.
        data: more of the program: data, functions.
        runs: how often the code runs; the last run counts.
        caches: whether the cluster's instruction caches are on.
        large: allows code that does not fit into a core's cache.
        options: options of the simulator.
    """
    codes = {core: code for core in cores} if isinstance(code, str) else dict(code)
    mask = sum(1 << core for core in codes)
    texts: list[str] = []
    for text in codes.values():
        if text not in texts:
            texts.append(text)
    table = [
        f".word piece_{texts.index(codes[core])}" if core in codes else ".word 0"
        for core in range(max(codes) + 1)
    ]
    together = "cv.elw zero, 0x2fc(gp)" if len(codes) > 1 else ""
    program = [
        _fabric_controller_program(codes, mask, caches),
        "on_core:",
        "csrr s11, mhartid",
        "andi s11, s11, 31",
        "li gp, TW_EVENT_UNIT",
        "li tp, TW_DMA",
        "li t0, 0x10000",
        "sw t0, 0(gp)",
        f"li t0, {mask}",
        "sw t0, 0x2e0(gp)",
        "sw t0, 0x2ec(gp)",
        "la t0, pieces",
        "slli t1, s11, 2",
        "add t0, t0, t1",
        "lw t0, 0(t0)",
        "jr t0",
    ]
    for index, text in enumerate(texts):
        program.append(_piece(index, setup, text, after, runs, together, large))
    program += [_STORE_RECORD, "stop_core", ".section .rodata", ".balign 4", "pieces:", *table]
    return _run(program, codes, data, options)


def measure_on_fabric_controller(
    code: str, *, setup: str = "", data: str = "", options: Sequence[str] = ()
) -> Measurement:
    """Runs code on the fabric controller and measures it; see `measure`."""
    program = [
        "_start:",
        f"li s11, {FABRIC_CONTROLLER}",
        _piece(0, setup, code, "", 2, "", large=False),
        _STORE_RECORD,
        "output records, records_end",
        "exit_with 0",
    ]
    return _run(program, [FABRIC_CONTROLLER], data, options)


def _fabric_controller_program(cores: Mapping[int, str], mask: int, caches: bool) -> str:
    lines = ["_start:"]
    if caches:
        lines.append("enable_instruction_caches")
    lines += [
        f"start_cluster {mask}, on_core",
        f"li t0, {_QUIET_TURNS}",
        "1:",
        "addi t0, t0, -1",
        "bnez t0, 1b",
    ]
    for core in cores:
        lines.append(f"wait_for_word records + {4 * _RECORD_WORDS * core}, 1")
    return "\n".join([*lines, "output records, records_end", "exit_with 0"])


def _piece(
    index: int, setup: str, code: str, after: str, runs: int, together: str, large: bool
) -> str:
    # Goes backwards, which is an error, if the code is longer.
    limit = "" if large else f".org piece_run_{index} + {_CACHED_BYTES}"
    return f"""
piece_{index}:
    li s0, {runs}
    .balign 16
piece_run_{index}:
    {setup}
    {together}
    csrr s1, mcycle
    {code}
    csrr s2, mcycle
    {after}
    {together}
    addi s0, s0, -1
    beqz s0, 9900f
    j piece_run_{index}
    {limit}
9900:
    j store_record
"""


_STORE_RECORD = f"""
store_record:
    la t0, records
    andi t1, s11, 15
    slli t1, t1, {(4 * _RECORD_WORDS).bit_length() - 1}
    add t0, t0, t1
    sub s2, s2, s1
    addi s2, s2, -1
    sw s2, 4(t0)
""" + "\n".join(
    [f"    sw a{i}, {8 + 4 * i}(t0)" for i in range(_VALUES)] + ["    li t1, 1", "    sw t1, 0(t0)"]
)


def _run(
    program: Sequence[str], cores: Sequence[int] | Mapping[int, str], data: str, options: Sequence[str]
) -> Measurement:
    records = 16
    text = "\n".join(
        [
            '.include "program.inc"',
            HARDWARE_LOOPS,
            _MACROS,
            ".option norvc",
            ".text",
            ".globl _start",
            *program,
            data,
            ".data",
            ".balign 16",
            "records:",
            f".zero {4 * _RECORD_WORDS * records}",
            "records_end:",
            "",
        ]
    )
    with tempfile.TemporaryDirectory() as directory:
        executable = assemble(text, siracusa(), Path(directory))
        result = run_on_simulator(executable, options=list(options))
    assert result.exit_code == 0, result.messages
    size = 4 * _RECORD_WORDS * records
    assert len(result.output) >= size, result.messages
    output, dump = result.output[:-size], result.output[-size:]
    cycles: dict[int, int] = {}
    values: dict[int, tuple[int, ...]] = {}
    for core in cores:
        offset = 4 * _RECORD_WORDS * (core & 15)
        done, cycles[core], *rest = struct.unpack_from(f"<{2 + _VALUES}I", dump, offset)
        assert done == 1
        values[core] = tuple(rest)
    return Measurement(cycles, values, output, result.statistics)
