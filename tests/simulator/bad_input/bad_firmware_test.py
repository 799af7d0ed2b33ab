"""Firmware that does what it must not: a message that says where, and exit code 134, in time."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import pytest

from tests.simulator.harness.execute import EXIT_FAULT, simulate

CYCLE_LIMIT = "2000000"
"""Cycles after which a program that was to fault has failed to."""


@dataclass(frozen=True)
class BadFirmware:
    """A program and what the simulator has to say about it.

    Attributes:
        code: what runs from the label `_start` on, or, if `core` says so, on a cluster core from
            `on_core` on.
        error: code of the error.
        patterns: regular expressions that the message contains, on one line each.
        core: the cluster core that runs `code`, or None for the fabric controller.
        data: assembly behind the code.
    """

    code: str
    error: str
    patterns: tuple[str, ...]
    core: int | None = None
    data: str = ""

    def text(self) -> str:
        head = '.include "program.inc"\n.text\n.globl _start\n_start:\n'
        if self.core is None:
            return f"{head}nop\n{self.code}\nexit_with 0\n{self.data}"
        return (
            f"{head}enable_instruction_caches\nstart_cluster {1 << self.core:#x}, on_core\n"
            f"wait: j wait\non_core:\nnop\n{self.code}\nexit_with 0\n{self.data}"
        )


FC = "fabric controller at pc 0x1c01[0-9a-f]{4}"

CASES = {
    "load_from_nowhere": BadFirmware(
        "li a0, 0x30000000\nvictim: lw a1, 4(a0)",
        "TW-1103",
        (rf"{FC} \(victim\), address 0x30000004, cycle \d+", r"a0=30000000"),
    ),
    "store_to_nowhere": BadFirmware(
        "li a0, 0xfffffff0\nvictim: sw a1, 0(a0)",
        "TW-1103",
        (rf"{FC} \(victim\), address 0xfffffff0",),
    ),
    "behind_l2": BadFirmware(
        "li a0, 0x1c200000\nvictim: lb a1, 0(a0)",
        "TW-1103",
        (rf"{FC} \(victim\), address 0x1c200000",),
    ),
    "null_pointer_on_fabric_controller": BadFirmware(
        "victim: lw a1, 8(zero)",
        "TW-1103",
        (rf"{FC} \(victim\), address 0x00000008", "null pointer"),
    ),
    "null_pointer_on_core": BadFirmware(
        "victim: sw a1, 8(zero)",
        "TW-1103",
        (r"core 5 at pc 0x1c01[0-9a-f]{4} \(victim\), address 0x00000008", "null pointer"),
        core=5,
    ),
    "behind_l1": BadFirmware(
        "li a0, TW_L1 + 0x40000\nvictim: lw a1, 0(a0)",
        "TW-1103",
        (r"core 0 at .*\(victim\), address 0x10040000",),
        core=0,
    ),
    "misaligned_word_across_the_end_of_l1": BadFirmware(
        "li a0, TW_L1 + 0x3fffe\nvictim: lw a1, 0(a0)",
        "TW-1103",
        (r"core 0 at .*\(victim\), address 0x100400",),
        core=0,
    ),
    "jump_to_data": BadFirmware(
        "la a0, object\nvictim: jr a0",
        "TW-1102",
        (rf"{FC} \(victim\), address 0x1c01[0-9a-f]{{4}} \(object\)",),
        data=".data\n.type object, @object\n.size object, 4\nobject: .word 0x00000013",
    ),
    "jump_to_null": BadFirmware(
        "li a0, 0\nvictim: jalr a0", "TW-1102", (rf"{FC} \(victim\), address 0x00000000",)
    ),
    "jump_to_null_on_core": BadFirmware(
        "li a0, 0\nvictim: jalr a0",
        "TW-1102",
        (r"core 7 at .*\(victim\), address 0x00000000",),
        core=7,
    ),
    "run_off_the_end_of_code": BadFirmware(
        "j victim",
        "TW-1102",
        (rf"{FC} \(victim",),
        data=".section .text.z\n.p2align 2\nvictim: nop",
    ),
    "start_core_at_nowhere": BadFirmware(
        "start_cluster 0x2, 0x40000000\nspin: j spin",
        "TW-1102",
        (r"core 1 at pc 0x40000000, address 0x40000000", r"fabric controller"),
    ),
    "illegal_instruction": BadFirmware(
        "victim: .word 0xffffffff", "TW-1101", (rf"{FC} \(victim\)", "ffffffff")
    ),
    "zero_instruction": BadFirmware("victim: .half 0", "TW-1101", (rf"{FC} \(victim\)", "0000")),
    "unknown_control_register": BadFirmware(
        "victim: csrr a0, 0x5c0", "TW-1101", (rf"{FC} \(victim\)", "0x5c0")
    ),
    "illegal_instruction_on_core": BadFirmware(
        "victim: .word 0x00000057", "TW-1101", (r"core 3 at .*\(victim\)",), core=3
    ),
    "store_to_code": BadFirmware(
        "la a0, _start\nvictim: sw zero, 0(a0)",
        "TW-1106",
        (rf"{FC} \(victim\), address 0x1c010000 \(_start\)",),
    ),
    "store_to_code_on_core": BadFirmware(
        "la a0, _start\nvictim: sb zero, 2(a0)",
        "TW-1106",
        (r"core 2 at .*\(victim\), address 0x1c010002 \(_start\+0x2\)",),
        core=2,
    ),
    "ebreak": BadFirmware("victim: ebreak", "TW-1108", (rf"{FC} \(victim\)",)),
    "ecall": BadFirmware("victim: ecall", "TW-1108", (rf"{FC} \(victim\)",)),
    "unknown_device_register": BadFirmware(
        "li a0, 0x1a101000\nvictim: sw zero, 0(a0)",
        "TW-11",
        (rf"{FC} \(victim\), address 0x1a101000",),
    ),
    "dma_from_nowhere": BadFirmware(
        "li a0, TW_DMA\nlw a1, 0(a0)\nli a1, 0x60010\nsw a1, 0(a0)\nli a1, TW_L1\nsw a1, 0(a0)\n"
        "li a1, 0x50000000\nvictim: sw a1, 0(a0)\nspin: j spin",
        "TW-11",
        (r"core 1 at .*\(victim\)", "0x50000000"),
        core=1,
    ),
    "accelerator_without_acquire": BadFirmware(
        "li a0, TW_NEUREKA\nvictim: sw zero, 0(a0)",
        "TW-1107",
        (r"core 4 at .*\(victim\), address 0x10201000",),
        core=4,
    ),
    "accelerator_job_of_zeros": BadFirmware(
        "li a0, TW_NEUREKA\nlw a1, 4(a0)\nvictim: sw zero, 0(a0)",
        "TW-1107",
        (r"core 4 at .*\(victim\)",),
        core=4,
    ),
    "stack_overflow_on_fabric_controller": BadFirmware(
        "la sp, tilewright_stack_guard_end + 256\nrecursion: addi sp, sp, -32\n"
        "victim: sw ra, 28(sp)\ncall recursion",
        "TW-1105",
        (rf"{FC} \(victim\), address 0x1c01[0-9a-f]{{4}}", "soc.yaml"),
        data=".globl tilewright_stack_guard_start, tilewright_stack_guard_end\n"
        ".bss\n.p2align 6\ntilewright_stack_guard_start: .zero 64\n"
        "tilewright_stack_guard_end: .zero 256",
    ),
    "stack_overflow_on_core": BadFirmware(
        "la sp, tilewright_cluster_stacks + 3 * (0x840) + 0x40 + 256\n"
        "recursion: addi sp, sp, -32\nvictim: sw ra, 28(sp)\ncall recursion",
        "TW-1105",
        (r"core 3 at .*\(victim\), address 0x1000[0-9a-f]{4}",),
        core=3,
        data='.globl tilewright_cluster_stacks\n.section .l1, "aw", @progbits\n.p2align 6\n'
        "tilewright_cluster_stacks: .zero 9 * 0x840",
    ),
    "runaway": BadFirmware(
        "victim: addi a0, a0, 1\nj victim",
        "TW-1110",
        ("--max-cycles", r"fabric controller: running at"),
    ),
    "runaway_core": BadFirmware(
        "victim: addi a0, a0, 1\nj victim", "TW-1110", (r"core 6: running at",), core=6
    ),
    "everybody_asleep": BadFirmware(
        "li a0, TW_EVENT_UNIT\nsw zero, 0(a0)\nvictim: cv.elw a1, 0x38(a0)",
        "TW-1109",
        (r"control core at .*\(victim\+0x4\) waits for an event",),
        core=8,
    ),
    "core_waits_for_an_event_that_never_comes": BadFirmware(
        "li a0, TW_EVENT_UNIT\nli a1, 1\nsw a1, 0(a0)\nvictim: cv.elw a1, 0x3c(a0)",
        "TW-1109",
        (r"core 2 at .*\(victim\+0x4\) waits for an event of its event mask 0x1",),
        core=2,
    ),
    "barrier_that_one_misses": BadFirmware(
        "li a0, TW_EVENT_UNIT\nli a1, 0x10000\nsw a1, 0(a0)\nli a1, 6\nsw a1, 0x200(a0)\n"
        "sw a1, 0x20c(a0)\nvictim: cv.elw a1, 0x21c(a0)",
        "TW-1109",
        (r"core 1 at .*\(victim\+0x4\) waits at barrier 0: team 0x6, arrived 0x2, missing 0x4",),
        core=1,
    ),
    "fabric_controller_polls_for_ever": BadFirmware(
        "la a0, flag\nvictim: lw a1, 0(a0)\nbeqz a1, victim",
        "TW-1109",
        (r"fabric controller",),
        data=".data\nflag: .word 0",
    ),
    "fabric_controller_polls_for_sleeping_cores": BadFirmware(
        "start_cluster 0xff, on_core\nwait_for_word flag, 8\nexit_with 0\non_core: stop_core",
        "TW-1109",
        (r"core 0 at .*\(on_core\+.* waits", "core 7 at .* waits", "fabric controller at .* polls"),
        data=".data\nflag: .word 0",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message_and_exit_code(name: str) -> None:
    case = CASES[name]
    result = simulate(case.text(), options=["--max-cycles", CYCLE_LIMIT])
    assert result.exit_code == EXIT_FAULT, result.messages
    assert f"error {case.error}" in result.messages
    for pattern in case.patterns:
        assert re.search(pattern, result.messages), result.messages
    assert re.search(r"cycle \d+", result.messages)
    assert re.fullmatch(r"TW-11\d\d", result.statistics["stop"])
    assert result.statistics["exit_code"] == EXIT_FAULT


@pytest.mark.parametrize("name", CASES)
def test_the_same_cycle_by_cycle(name: str) -> None:
    text = CASES[name].text()
    options = ["--max-cycles", CYCLE_LIMIT]
    ahead = simulate(text, options=options)
    stepped = simulate(text, options=[*options, "--no-run-ahead"])
    if "TW-1109" in ahead.messages:
        # When it is noticed that cores poll in vain is no property of the machine.
        ahead, stepped = (
            dataclasses.replace(
                result, messages=re.sub(r"cycle \d+|\S+ \S+ polls", "", result.messages)
            )
            for result in (ahead, stepped)
        )
    else:
        assert stepped.statistics["cycles"] == ahead.statistics["cycles"]
    assert stepped.messages == ahead.messages


def test_the_l1_alias_can_be_allowed() -> None:
    text = BadFirmware(
        "li a1, 77\nsw a1, 8(zero)\nlw a2, 8(zero)\nexit_with_register a2", "", (), 5
    )
    assert simulate(text.text()).exit_code == EXIT_FAULT
    assert simulate(text.text(), options=["--allow-l1-alias"]).exit_code == 77


def test_output_before_a_fault_is_kept() -> None:
    text = BadFirmware(
        "output said, said_end\nvictim: ebreak",
        "",
        (),
        data='.data\nsaid: .ascii "so far"\nsaid_end:',
    )
    result = simulate(text.text())
    assert (result.exit_code, result.output) == (EXIT_FAULT, b"so far")
