"""Items of random programs: RV32IM without control flow."""

from __future__ import annotations

from tests.simulator.instructions.operand_values import random_word
from tests.simulator.instructions.random_choices import Choices, ItemMaker, access_size

_REGISTER_REGISTER = [
    *["add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and"],
    *["mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"],
]
_REGISTER_IMMEDIATE = ["addi", "slti", "sltiu", "xori", "ori", "andi"]
_SHIFT_IMMEDIATE = ["slli", "srli", "srai"]
_LOADS = ["lb", "lh", "lw", "lbu", "lhu"]
_STORES = ["sb", "sh", "sw"]


def _register_register(choose: Choices) -> list[str]:
    operation = choose.random.choice(_REGISTER_REGISTER)
    return [f"{operation} {choose.destination()}, {choose.source()}, {choose.source()}"]


def _register_immediate(choose: Choices) -> list[str]:
    operation = choose.random.choice(_REGISTER_IMMEDIATE)
    return [f"{operation} {choose.destination()}, {choose.source()}, {choose.immediate12()}"]


def _shift_immediate(choose: Choices) -> list[str]:
    operation = choose.random.choice(_SHIFT_IMMEDIATE)
    amount = choose.random.randrange(32)
    return [f"{operation} {choose.destination()}, {choose.source()}, {amount}"]


def _upper_immediate(choose: Choices) -> list[str]:
    return [
        f"lui {choose.destination()}, {choose.random.choice([0, 1, 0x80000, 0xFFFFF, 0x12345])}"
    ]


def _new_operand(choose: Choices) -> list[str]:
    return [f"li {choose.destination()}, {random_word(choose.random):#x}"]


def _load(choose: Choices) -> list[str]:
    operation = choose.random.choice(_LOADS)
    offset = choose.any_offset(access_size(operation))
    return [f"{operation} {choose.destination()}, {offset}({choose.base()})"]


def _store(choose: Choices) -> list[str]:
    operation = choose.random.choice(_STORES)
    offset = choose.any_offset(access_size(operation))
    return [f"{operation} {choose.source()}, {offset}({choose.base()})"]


def _load_use(choose: Choices) -> list[str]:
    """A load whose result the next instruction reads."""
    (register,) = choose.work_registers(1)
    operation = choose.random.choice(_LOADS)
    load = f"{operation} {register}, {choose.any_offset(access_size(operation))}({choose.base()})"
    user = choose.random.choice(_REGISTER_REGISTER)
    operands = choose.random.choice(
        [f"{register}, {choose.source()}", f"{choose.source()}, {register}"]
    )
    return [load, f"{user} {choose.destination()}, {operands}"]


def _store_load(choose: Choices) -> list[str]:
    """A load that overlaps the store before it."""
    store, load = choose.random.choice(_STORES), choose.random.choice(_LOADS)
    at = choose.any_offset(8)
    base = choose.base()
    return [
        f"{store} {choose.source()}, {at + choose.random.randrange(4)}({base})",
        f"{load} {choose.destination()}, {at + choose.random.randrange(4)}({base})",
    ]


def _scratch_register(choose: Choices) -> list[str]:
    operation = choose.random.choice(["csrrw", "csrrs", "csrrc"])
    if choose.random.random() < 0.5:
        return [f"{operation} {choose.destination()}, mscratch, {choose.source()}"]
    value = choose.random.randrange(32)
    return [f"{operation}i {choose.destination()}, mscratch, {value}"]


def _fence(choose: Choices) -> list[str]:
    return [choose.random.choice(["fence", "fence rw, w", "fence.i"])]


INTEGER_ITEMS: list[tuple[ItemMaker, int]] = [
    (_register_register, 14),
    (_register_immediate, 8),
    (_shift_immediate, 4),
    (_upper_immediate, 2),
    (_new_operand, 5),
    (_load, 7),
    (_store, 6),
    (_load_use, 4),
    (_store_load, 3),
    (_scratch_register, 3),
    (_fence, 1),
]
"""Makers of items and how often they are picked."""
