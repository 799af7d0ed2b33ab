"""Items of random programs: the F extension and its status registers."""

from __future__ import annotations

from tests.simulator.instructions.operand_values import FLOAT_VALUES, random_float
from tests.simulator.instructions.random_choices import Choices, ItemMaker

_DYNAMIC_ROUNDING_MODES = 5


def _float_arithmetic(choose: Choices) -> list[str]:
    operation = choose.random.choice(["fadd.s", "fsub.s", "fmul.s", "fdiv.s", "fsqrt.s"])
    sources = ", ".join(choose.float_register() for _ in range(1 if operation == "fsqrt.s" else 2))
    return [f"{operation} {choose.float_register()}, {sources}, {choose.rounding_mode()}"]


def _float_fused(choose: Choices) -> list[str]:
    operation = choose.random.choice(["fmadd.s", "fmsub.s", "fnmadd.s", "fnmsub.s"])
    registers = ", ".join(choose.float_register() for _ in range(4))
    return [f"{operation} {registers}, {choose.rounding_mode()}"]


def _float_other(choose: Choices) -> list[str]:
    pick = choose.random.choice
    to_integer, source = choose.destination(), choose.source()
    target, first, second = (choose.float_register() for _ in range(3))
    mode = choose.rounding_mode()
    sign = pick(["fsgnj.s", "fsgnjn.s", "fsgnjx.s", "fmin.s", "fmax.s"])
    compare = pick(["feq.s", "flt.s", "fle.s"])
    to_word = pick(["fcvt.w.s", "fcvt.wu.s"])
    from_word = pick(["fcvt.s.w", "fcvt.s.wu"])
    return [
        pick(
            [
                f"{sign} {target}, {first}, {second}",
                f"{compare} {to_integer}, {first}, {second}",
                f"{to_word} {to_integer}, {first}, {mode}",
                f"{from_word} {target}, {source}, {mode}",
                f"fclass.s {to_integer}, {first}",
                f"fmv.x.w {to_integer}, {first}",
                f"fmv.w.x {target}, {source}",
            ]
        )
    ]


def _float_memory(choose: Choices) -> list[str]:
    operation = choose.random.choice(["flw", "fsw"])
    return [f"{operation} {choose.float_register()}, {choose.any_offset(4)}({choose.base()})"]


def _float_new_operand(choose: Choices) -> list[str]:
    """A fresh value: results soon are all infinite or not a number."""
    (work,) = choose.work_registers(1)
    value = random_float(choose.random)
    if choose.random.random() < 0.5:
        value = choose.random.choice(FLOAT_VALUES)
    return [f"li {work}, {value:#x}", f"fmv.w.x {choose.float_register()}, {work}"]


def _float_status(choose: Choices) -> list[str]:
    pick = choose.random.choice
    rd, source = choose.destination(), choose.source()
    (work,) = choose.work_registers(1)
    flags = choose.random.randrange(32)
    mode = choose.random.randrange(_DYNAMIC_ROUNDING_MODES)
    # Bits that fcsr does not have, a valid rounding mode, all flags.
    status = choose.random.getrandbits(24) << 8 | mode << 5 | flags
    return pick(
        [
            [f"csrrw {rd}, fflags, {source}"],
            [f"csrrs {rd}, fflags, {source}"],
            [f"csrrc {rd}, fflags, {source}"],
            [f"csrrwi {rd}, fflags, {flags}"],
            [f"csrrsi {rd}, fflags, {flags}"],
            [f"csrrci {rd}, fflags, {flags}"],
            [f"csrrwi {rd}, frm, {mode}"],
            [f"csrrci {rd}, frm, 7"],
            [f"csrrs {rd}, frm, x0"],
            [f"csrrs {rd}, fcsr, x0"],
            [f"csrrsi {rd}, fcsr, {flags}"],
            [f"csrrci {rd}, fcsr, {flags}"],
            [f"li {work}, {status:#x}", f"csrrw {rd}, fcsr, {work}"],
            [f"li {work}, {mode}", f"csrrw {rd}, frm, {work}"],
        ]
    )


FLOAT_ITEMS: list[tuple[ItemMaker, int]] = [
    (_float_arithmetic, 16),
    (_float_fused, 6),
    (_float_other, 20),
    (_float_memory, 6),
    (_float_new_operand, 8),
    (_float_status, 5),
]
"""Makers of items and how often they are picked."""
