"""Random RV32IMFC programs that do the same on every implementation of the instruction set.

A program is a list of items, each a few lines of assembly that belong together: a prefix of it is
a program again. What depends on the addresses of code or data (links, base registers) is made
relative before anything else reads it. Many results also go into a digest register, so that
a wrong one shows although it is overwritten.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.simulator.instructions.operand_values import random_float, random_word
from tests.simulator.instructions.random_choices import (
    COMPRESSED_NUMBERS,
    WINDOW_BYTES,
    Choices,
    is_instruction,
)
from tests.simulator.instructions.random_compressed_items import COMPRESSED_ITEMS
from tests.simulator.instructions.random_control_items import CONTROL_ITEMS
from tests.simulator.instructions.random_float_items import FLOAT_ITEMS
from tests.simulator.instructions.random_integer_items import INTEGER_ITEMS

_SIMPLE_ITEMS = [*INTEGER_ITEMS, *COMPRESSED_ITEMS, *FLOAT_ITEMS]
_CONTROL_SHARE = 0.2
_STACK_BASE_SHARE = 0.75


@dataclass
class Program:
    """A program of one seed.

    Attributes:
        seed: what it was made from.
        base: register that holds the address of the middle of the memory window.
        stack_base: x2 holds it too, for compressed accesses relative to the stack pointer.
        result: register that holds the address at which the state is saved.
        registers: initial values of the integer registers but those above.
        float_registers: initial values of the floating-point registers.
        memory: the memory window's initial contents, in words.
        items: the program.
    """

    seed: int
    base: int
    stack_base: bool
    result: int
    registers: list[int]
    float_registers: list[int]
    memory: list[int]
    items: list[list[str]] = field(default_factory=list[list[str]])

    def reserved(self) -> set[int]:
        """Registers that hold addresses or zero."""
        return {0, self.base, self.result} | ({2} if self.stack_base else set())


def random_program(seed: int, instructions: int) -> Program:
    """The program of a seed, with at least that many instructions in its text."""
    choose = random.Random(seed)
    base = choose.choice(COMPRESSED_NUMBERS)
    program = Program(
        seed=seed,
        base=base,
        stack_base=choose.random() < _STACK_BASE_SHARE,
        result=choose.choice([number for number in range(1, 32) if number not in {2, base}]),
        registers=[random_word(choose) for _ in range(32)],
        float_registers=[random_float(choose) for _ in range(32)],
        memory=[
            choose.choice([random_float, random_word])(choose) for _ in range(WINDOW_BYTES // 4)
        ],
    )
    choices = Choices(
        seed,
        choose,
        base,
        stack_base=program.stack_base,
        result_register=program.result,
        simple_items=_SIMPLE_ITEMS,
    )
    count = 0
    while count < instructions:
        control = choose.random() < _CONTROL_SHARE
        item = choices.item(CONTROL_ITEMS) if control else choices.simple_item()
        count += sum(map(is_instruction, item))
        program.items.append(item)
    return program
