"""Many random programs in one executable, and the state that each leaves behind."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.simulator.instructions.placed_program import Placement, placed_program
from tests.simulator.instructions.random_choices import WINDOW_BYTES
from tests.simulator.instructions.random_program import Program

_CORES = 8
_STATUS_WORDS = ["fcsr", "mscratch"]
_STATE_WORDS = 32 + 32 + len(_STATUS_WORDS)
_BLOCK_BYTES = WINDOW_BYTES + 4 * _STATE_WORDS


@dataclass(frozen=True)
class State:
    """What a program leaves behind.

    Attributes:
        words: registers and status registers by name. Registers with an address are relative
            to what they should hold.
        memory: the memory window.
    """

    words: dict[str, int]
    memory: bytes

    def differences(self, other: State) -> list[str]:
        """What differs, one line each: this state's value, then the other's."""
        lines = [
            f"{name}: {value:#010x} != {other.words[name]:#010x}"
            for name, value in self.words.items()
            if value != other.words[name]
        ]
        lines += [
            f"memory window + {at - WINDOW_BYTES // 2}: {self.memory[at]:#04x} != "
            f"{other.memory[at]:#04x}"
            for at in range(WINDOW_BYTES)
            if self.memory[at] != other.memory[at]
        ]
        return lines


def batch_text(programs: list[Program], placement: Placement) -> str:
    """Assembly source that runs the programs and writes their states.

    In the cluster eight cores share them; elsewhere they run one after the other.
    """
    parts = min(_CORES if placement is Placement.CLUSTER else 1, len(programs))
    return placed_program(
        placement,
        [
            [line for program in programs[part::parts] for line in _program_text(program)]
            for part in range(parts)
        ],
        [line for program in programs for line in _block_text(program)],
        [line for program in programs for line in _constants_text(program)],
    )


def parse_states(output: bytes, count: int) -> list[State]:
    """The states of the `count` programs of a batch from what it wrote.

    Raises:
        ValueError: that is not the output of so many programs.
    """
    if len(output) != count * _BLOCK_BYTES:
        raise ValueError(f"{len(output)} bytes of output instead of {count * _BLOCK_BYTES}")
    return [
        _state(output[start : start + _BLOCK_BYTES])
        for start in range(0, len(output), _BLOCK_BYTES)
    ]


def _state(block: bytes) -> State:
    names = [f"x{number}" for number in range(32)] + [f"f{number}" for number in range(32)]
    values = struct.unpack(f"<{_STATE_WORDS}I", block[WINDOW_BYTES:])
    words = dict(zip(names + _STATUS_WORDS, values, strict=True))
    return State(words=words, memory=block[:WINDOW_BYTES])


def _bases(program: Program) -> list[int]:
    return [program.base] + ([2] if program.stack_base else [])


def _program_text(program: Program) -> list[str]:
    seed = program.seed
    window = f"window_{seed} + {WINDOW_BYTES // 2}"
    pointer = f"x{program.result}"
    ordinary = [number for number in range(32) if number not in program.reserved()]
    lines = [
        f"program_{seed}:",
        "    csrw fcsr, zero",
        f"    li {pointer}, {program.registers[0]:#x}",
        f"    csrw mscratch, {pointer}",
        f"    la {pointer}, float_registers_{seed}",
        *[f"    flw f{number}, {4 * number}({pointer})" for number in range(32)],
        f"    la {pointer}, state_{seed}",
        *[f"    la x{number}, {window}" for number in _bases(program)],
        *[f"    li x{number}, {program.registers[number]:#x}" for number in ordinary],
    ]
    lines += [f"    {line}" for item in program.items for line in item]
    lines += [f"    sw x{number}, {4 * number}({pointer})" for number in ordinary]
    work = f"x{ordinary[0]}"
    for number in _bases(program):
        lines += [
            f"    la {work}, {window}",
            f"    sub {work}, x{number}, {work}",
            f"    sw {work}, {4 * number}({pointer})",
        ]
    lines += [f"    fsw f{number}, {4 * (32 + number)}({pointer})" for number in range(32)]
    for index, name in enumerate(_STATUS_WORDS):
        lines += [f"    csrr {work}, {name}", f"    sw {work}, {4 * (64 + index)}({pointer})"]
    return lines


def _constants_text(program: Program) -> list[str]:
    words = ", ".join(f"{value:#x}" for value in program.float_registers)
    return [f"float_registers_{program.seed}: .word {words}"]


def _block_text(program: Program) -> list[str]:
    words = ", ".join(f"{value:#x}" for value in program.memory)
    return [
        f"window_{program.seed}: .word {words}",
        f"state_{program.seed}: .zero {4 * _STATE_WORDS}",
    ]
