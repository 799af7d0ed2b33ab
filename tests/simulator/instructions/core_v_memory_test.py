"""xcvmem and xcvbi on the simulator against the model, in L1 and in L2, aligned and not."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

import pytest

from tests.simulator.harness.execute import simulate
from tests.simulator.instructions.core_v_instruction import WORD, signed
from tests.simulator.instructions.core_v_memory import (
    BRANCHES,
    MEMORY,
    Addressing,
    MemoryInstruction,
)
from tests.simulator.instructions.operand_values import random_word
from tests.simulator.instructions.placed_program import Placement, placed_program

_SEED = 3
_PER_INSTRUCTION = 24
_WINDOW = 32
_ACCESS_AT = range(8, 20)
_IMMEDIATES = [-2048, -1, 0, 1, 4, 2047]
_POINTER = 31


@dataclass(frozen=True)
class _Case:
    """One instruction with its registers.

    Attributes:
        data: register of rD of a load, rs2 of a store; `value` is what it holds before.
        base: register of rs1; it is set so that the access is at `position` of the window.
        offset: register of rs2 of a load, rs3 of a store; 0 if there is none.
        increment: the immediate, or what `offset` holds.
        memory: the window's contents.
    """

    instruction: MemoryInstruction
    data: int
    base: int
    offset: int
    value: int
    increment: int
    position: int
    memory: bytes

    def describe(self) -> str:
        offset = self.increment if self.immediate() else self.offset
        text = self.instruction.text(self.data, self.base, offset)
        return f"{text} at window + {self.position}, offset {self.increment:#x}"

    def immediate(self) -> bool:
        return self.instruction.addressing is Addressing.POST_IMMEDIATE


def _cases(choose: random.Random) -> list[_Case]:
    return [_case(instruction, choose) for instruction in MEMORY for _ in range(_PER_INSTRUCTION)]


def _case(instruction: MemoryInstruction, choose: random.Random) -> _Case:
    data, base, offset = choose.sample(range(1, _POINTER - 1), 3)
    kind = choose.random()
    if kind < 0.2:
        data = base
    elif kind < 0.3:
        data = offset
    elif kind < 0.4:
        data = 0
    elif kind < 0.5:
        offset = 0
    elif kind < 0.6 and instruction.addressing is Addressing.POST_REGISTER:
        offset = base
    if instruction.addressing is Addressing.POST_IMMEDIATE:
        offset = 0
        increment = choose.choice([*_IMMEDIATES, choose.randint(-2048, 2047)])
    else:
        increment = random_word(choose) if offset != 0 else 0
    return _Case(
        instruction=instruction,
        data=data,
        base=base,
        offset=offset,
        value=random_word(choose),
        increment=increment,
        position=choose.choice(_ACCESS_AT),
        memory=choose.randbytes(_WINDOW),
    )


def _case_text(index: int, case: _Case) -> list[str]:
    """Runs a case and stores rD (or rs2), the base's change and rs2 or rs3."""
    window = f"windows + {index * _WINDOW + case.position}"
    base = f"x{case.base}"
    lines = [f"li x{case.data}, {case.value:#x}"] if case.data != 0 else []
    if not case.immediate() and case.offset != 0:
        lines.append(f"li x{case.offset}, {case.increment:#x}")
    if case.instruction.addressing is Addressing.REGISTER:
        lines += [f"la {base}, {window}", f"sub {base}, {base}, x{case.offset}"]
    else:
        lines.append(f"la {base}, {window}")
    shown = case.increment if case.immediate() else case.offset
    return [
        *lines,
        case.instruction.text(case.data, case.base, shown),
        f"la x{_POINTER}, answers + {12 * index}",
        f"sw x{case.data}, 0(x{_POINTER})",
        f"sw {base}, 4(x{_POINTER})",
        f"sw x{case.offset}, 8(x{_POINTER})",
    ]


def _expected(case: _Case, address: int) -> tuple[list[int], bytes]:
    """The three answers and the window afterwards; `address` is the window's."""
    registers = dict.fromkeys(range(32), 0)
    if case.data != 0:
        registers[case.data] = case.value
    if not case.immediate() and case.offset != 0:
        registers[case.offset] = case.increment
    effective = address + case.position
    sum_of_registers = case.instruction.addressing is Addressing.REGISTER
    registers[case.base] = (effective - (registers[case.offset] if sum_of_registers else 0)) & WORD
    step = case.increment if case.immediate() else registers[case.offset]
    memory = bytearray(case.memory)
    size = case.instruction.size
    span = slice(case.position, case.position + size)
    incremented = (registers[case.base] + step) & WORD
    if case.instruction.store:
        stored = registers[case.data] & (1 << 8 * size) - 1
        memory[span] = stored.to_bytes(size, "little")
        if case.instruction.increments():
            registers[case.base] = incremented
    else:
        loaded = int.from_bytes(memory[span], "little")
        if case.instruction.with_sign:
            loaded = signed(loaded, 8 * size) & WORD
        # The loaded value wins over the increment if both go to the same register.
        if case.instruction.increments():
            registers[case.base] = incremented
        registers[case.data] = loaded
    registers[0] = 0
    return [registers[case.data], registers[case.base], registers[case.offset]], bytes(memory)


@pytest.mark.parametrize("placement", list(Placement))
def test_loads_and_stores(placement: Placement) -> None:
    cases = _cases(random.Random(_SEED))
    program = placed_program(
        placement,
        [[line for index, case in enumerate(cases) for line in _case_text(index, case)]],
        [
            "windows:",
            *[f".byte {', '.join(map(str, case.memory))}" for case in cases],
            ".balign 4",
            f"answers: .zero {12 * len(cases)}",
            "window_address: .word windows",
        ],
    )
    result = simulate(program)
    assert result.exit_code == 0, result.messages
    answers_at = _WINDOW * len(cases)
    (windows,) = struct.unpack_from("<I", result.output, answers_at + 12 * len(cases))
    wrong: list[str] = []
    for index, case in enumerate(cases):
        answers, memory = _expected(case, windows + index * _WINDOW)
        found = list(struct.unpack_from("<3I", result.output, answers_at + 12 * index))
        found_memory = result.output[index * _WINDOW : (index + 1) * _WINDOW]
        if found != answers or found_memory != memory:
            wrong.append(
                f"{case.describe()}: data, base, offset {found} instead of {answers}; memory "
                f"{found_memory.hex()} instead of {memory.hex()}"
            )
    assert not wrong, "\n".join(wrong[:20])


def test_branches() -> None:
    choose = random.Random(_SEED)
    cases = [
        (branch, immediate, value)
        for branch in BRANCHES
        for immediate in range(-16, 16)
        for value in [immediate, immediate ^ 1, immediate & 31, random_word(choose)]
    ]
    text: list[str] = []
    for index, (branch, immediate, value) in enumerate(cases):
        register = choose.randrange(5, _POINTER)
        # Half of them go back.
        forward = index % 2 == 0
        text += [
            f"li x{register}, {value & WORD:#x}",
            "li x1, 1",
            *([] if forward else [f"j enter_{index}", f"back_{index}: j end_{index}"]),
            f"enter_{index}:",
            f"{branch.mnemonic} x{register}, {immediate}, "
            + (f"end_{index}" if forward else f"back_{index}"),
            "li x1, 0",
            f"end_{index}:",
            f"la x{_POINTER}, answers + {4 * index}",
            f"sw x1, 0(x{_POINTER})",
        ]
    result = simulate(
        placed_program(Placement.CLUSTER, [text], [".balign 4", f"answers: .zero {4 * len(cases)}"])
    )
    assert result.exit_code == 0, result.messages
    taken = [word for (word,) in struct.iter_unpack("<I", result.output)]
    expected = [int(branch.taken(signed(value), immediate)) for branch, immediate, value in cases]
    assert taken == expected
