"""Items of random programs: the C extension without control flow."""

from __future__ import annotations

from tests.simulator.instructions.random_choices import (
    COMPRESSED_NUMBERS,
    WINDOW_BYTES,
    Choices,
    ItemMaker,
    compressed,
)

# Compressed encodings that do nothing: hints of the C extension, `rd` or the amount being 0.
_HINTS = {
    "c.nop 9": 0x0025,
    "c.addi x5, 0": 0x0281,
    "c.li x0, 3": 0x400D,
    "c.lui x0, 3": 0x600D,
    "c.mv x0, x7": 0x801E,
    "c.add x0, x7": 0x901E,
    "c.slli x0, 3": 0x000E,
    "c.slli x5, 0": 0x0282,
    "c.srli x9, 0": 0x8081,
    "c.srai x9, 0": 0x8481,
}


def _compressed_arithmetic(choose: Choices) -> list[str]:
    pick = choose.random.choice
    small = choose.random.randint(-32, 31)
    shift = choose.random.randint(1, 31)
    operation = pick(
        [
            *["c.nop", "c.addi", "c.li", "c.lui", "c.slli", "c.mv", "c.add", "c.addi4spn"],
            *["c.srli", "c.srai", "c.andi", "c.sub", "c.xor", "c.or", "c.and"],
        ]
    )
    (full,) = choose.work_registers(1)
    (other,) = choose.work_registers(1)
    if operation == "c.nop":
        text = ["c.nop"]
    elif operation == "c.addi":
        text = [f"c.addi {full}, {small or 1}"]
    elif operation == "c.li":
        text = [f"c.li {full}, {small}"]
    elif operation == "c.lui":
        if full == "x2":
            full = choose.compressed_destination()
        upper = choose.random.choice([*range(1, 32), *range(0xFFFE0, 0x100000)])
        text = [f"c.lui {full}, {upper}"]
    elif operation == "c.slli":
        text = [f"c.slli {full}, {shift}"]
    elif operation in {"c.mv", "c.add"}:
        text = [f"{operation} {full}, {other}"]
    elif operation == "c.addi4spn":
        rd = choose.compressed_destination()
        # The stack pointer is an address where it is a base, a number where it is not.
        relative = [".option norvc", f"sub {rd}, {rd}, x2"] if choose.stack_base else []
        offset = choose.random.randrange(4, 1024, 4)
        return [".option rvc", f"c.addi4spn {rd}, x2, {offset}", ".option norvc", *relative]
    elif operation in {"c.srli", "c.srai"}:
        text = [f"{operation} {choose.compressed_destination()}, {shift}"]
    elif operation == "c.andi":
        text = [f"c.andi {choose.compressed_destination()}, {small}"]
    else:
        text = [f"{operation} {choose.compressed_destination()}, {choose.compressed_source()}"]
    return compressed(text)


def _compressed_memory(choose: Choices) -> list[str]:
    stack = choose.stack_base and choose.random.random() < 0.5
    half = WINDOW_BYTES // 2
    if stack:
        operation = choose.random.choice(["c.lwsp", "c.swsp", "c.flwsp", "c.fswsp"])
        address = f"{choose.random.randrange(0, half, 4)}(x2)"
    else:
        operation = choose.random.choice(["c.lw", "c.sw", "c.flw", "c.fsw"])
        address = f"{choose.random.randrange(0, 128, 4)}(x{choose.base_register})"
    if "f" in operation:
        number = choose.random.randrange(32) if stack else choose.random.choice(COMPRESSED_NUMBERS)
        register = f"f{number}"
    elif operation == "c.lwsp":
        (register,) = choose.work_registers(1)
    elif operation == "c.swsp":
        register = choose.source()
    elif operation == "c.lw":
        register = choose.compressed_destination()
    else:
        register = choose.compressed_source()
    return compressed([f"{operation} {register}, {address}"])


def _compressed_hint(choose: Choices) -> list[str]:
    text, word = choose.random.choice(list(_HINTS.items()))
    return [f".2byte {word:#06x}  # {text}"]


COMPRESSED_ITEMS: list[tuple[ItemMaker, int]] = [
    (_compressed_arithmetic, 16),
    (_compressed_memory, 9),
    (_compressed_hint, 1),
]
"""Makers of items and how often they are picked."""
