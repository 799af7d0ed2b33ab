"""What the makers of random items choose from: registers, offsets, immediates."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

WINDOW_BYTES = 512
"""Memory that a program reads and writes; base registers hold the address of its middle."""

COMPRESSED_NUMBERS = range(8, 16)
"""Registers that most compressed instructions can name."""

_FLOAT_REGISTERS = [f"f{number}" for number in range(32)]
_ROUNDING_MODES = ["rne", "rtz", "rdn", "rup", "rmm", "dyn"]
_DIGESTED = 0.3
_RESULT = re.compile(r"(?P<operation>\S+) (?P<register>[xf]\d+),")
_WITHOUT_RESULT = re.compile(r"(c\.)?f?s[bhw](sp)?$")


class Choices:
    """Random choices for one program, of which no item breaks another one.

    Attributes:
        random: where they come from.
        seed: the program's.
        base_register: number of the register with the window's address.
        stack_base: x2 holds that address too.
        digest: number of the register that results are subtracted from, or that from them.
        readable: numbers of registers that hold no address.
        protected: those that nothing may write in this place: counters of loops.
        simple_items: makers of items that bodies of loops and branches consist of.
    """

    def __init__(
        self,
        seed: int,
        choose: random.Random,
        base_register: int,
        *,
        stack_base: bool,
        result_register: int,
        simple_items: list[tuple[ItemMaker, int]],
    ) -> None:
        self.random = choose
        self.seed = seed
        self.base_register = base_register
        self.stack_base = stack_base
        self.protected: set[int] = set()
        self.simple_items = simple_items
        self.labels = 0
        addresses = {base_register, result_register} | ({2} if stack_base else set[int]())
        free = [number for number in range(32) if number not in addresses]
        self.digest = choose.choice([number for number in free if number not in {0, 2}])
        self.readable = [number for number in free if number != self.digest]

    def item(self, kinds: list[tuple[ItemMaker, int]]) -> list[str]:
        """An item of one of these kinds, picked by weight."""
        makers, weights = zip(*kinds, strict=True)
        return self.random.choices(makers, weights)[0](self)

    def simple_item(self) -> list[str]:
        """An item without control flow; its result perhaps goes into the digest."""
        lines = self.item(self.simple_items)
        result = _RESULT.match(next(line for line in reversed(lines) if is_instruction(line)))
        if (
            result is None
            or _WITHOUT_RESULT.match(result["operation"])
            or self.random.random() > _DIGESTED
        ):
            return lines
        register = result["register"]
        if register.startswith("x"):
            return [*lines, f"sub x{self.digest}, {register}, x{self.digest}"]
        (work,) = self.work_registers(1)
        return [
            *lines,
            f"fmv.x.w {work}, {register}",
            f"sub x{self.digest}, {work}, x{self.digest}",
        ]

    def body(self, most: int) -> list[str]:
        """The lines of one to `most` items without control flow."""
        items = [self.simple_item() for _ in range(self.random.randint(1, most))]
        return [line for item in items for line in item]

    def label(self) -> str:
        """A new label."""
        self.labels += 1
        return f".Lprogram{self.seed}_{self.labels}"

    def source(self) -> str:
        """A register with a number in it, or x0."""
        return f"x{self.random.choice(self.readable)}"

    def destination(self) -> str:
        """A register that may be overwritten, or x0."""
        allowed = set(self.readable) - self.protected
        return f"x{self.random.choice(sorted(allowed))}"

    def work_registers(self, count: int) -> list[str]:
        """Different registers, not x0, that may be overwritten."""
        allowed = set(self.readable) - self.protected - {0}
        return [f"x{number}" for number in self.random.sample(sorted(allowed), count)]

    def other_work_registers(self, count: int, *others: str) -> list[str]:
        """Work registers that are none of the others."""
        while True:
            registers = self.work_registers(count)
            if not set(registers) & set(others):
                return registers

    def compressed_destination(self) -> str:
        """A register of x8 to x15 that may be overwritten."""
        allowed = set(COMPRESSED_NUMBERS) & set(self.readable) - self.protected
        return f"x{self.random.choice(sorted(allowed))}"

    def compressed_source(self) -> str:
        """A register of x8 to x15 with a number in it."""
        allowed = set(COMPRESSED_NUMBERS) & set(self.readable)
        return f"x{self.random.choice(sorted(allowed))}"

    def float_register(self) -> str:
        """Any floating-point register."""
        return self.random.choice(_FLOAT_REGISTERS)

    def immediate12(self) -> int:
        """A signed immediate of 12 bits."""
        corners = [-2048, -2047, -1, 0, 1, 2046, 2047]
        if self.random.random() < 0.3:
            return self.random.choice(corners)
        return self.random.randint(-2048, 2047)

    def offset(self, size: int, *, aligned: bool) -> int:
        """Offset of an access of `size` bytes from the middle of the window."""
        step = size if aligned else 1
        return self.random.randrange(-WINDOW_BYTES // 2, WINDOW_BYTES // 2 - size + 1, step)

    def any_offset(self, size: int) -> int:
        """As `offset`, often aligned."""
        return self.offset(size, aligned=self.random.random() < 0.6)

    def base(self) -> str:
        """A register with the address of the middle of the window."""
        bases = [f"x{self.base_register}"] + (["x2"] if self.stack_base else [])
        return self.random.choice(bases)

    def rounding_mode(self) -> str:
        """A static rounding mode or the dynamic one."""
        return self.random.choice(_ROUNDING_MODES)


ItemMaker = Callable[[Choices], list[str]]
"""Makes the lines of one item."""


def is_instruction(line: str) -> bool:
    """Whether a line of an item is an instruction (not a directive or a label)."""
    return not line.startswith((".option", ".zero")) and not line.endswith(":")


def compressed(lines: list[str]) -> list[str]:
    """Lines with compressed instructions, which the assembler takes only where they are on."""
    return [".option rvc", *lines, ".option norvc"]


def access_size(operation: str) -> int:
    """Bytes that a load or store moves."""
    return {"b": 1, "h": 2, "w": 4}[operation[1]]
