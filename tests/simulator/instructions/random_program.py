"""Random RV32IMFC programs that do the same on every implementation of the instruction set.

A program is a list of items, each a few lines of assembly that belong together: a prefix of it is
a program again. What depends on the addresses of code or data (links, base registers) is made
relative before anything else reads it. Many results also go into a digest register, so that
a wrong one shows although it is overwritten.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulator.instructions.operand_values import FLOAT_VALUES, random_float, random_word

WINDOW_BYTES = 512
"""Memory that a program reads and writes, at its base register."""

_INTEGER_REGISTERS = [f"x{number}" for number in range(32)]
_FLOAT_REGISTERS = [f"f{number}" for number in range(32)]
_COMPRESSED_NUMBERS = range(8, 16)
_ROUNDING_MODES = ["rne", "rtz", "rdn", "rup", "rmm", "dyn"]
_DYNAMIC_ROUNDING_MODES = 5
_LOOP_ITERATIONS = 6
_DIGESTED = 0.3
_RESULT = re.compile(r"(?P<operation>\S+) (?P<register>[xf]\d+),")
_WITHOUT_RESULT = re.compile(r"(c\.)?f?s[bhw](sp)?$")
_SHORT_JUMP_ITEMS = 3

_REGISTER_REGISTER = [
    *["add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and"],
    *["mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"],
]
_REGISTER_IMMEDIATE = ["addi", "slti", "sltiu", "xori", "ori", "andi"]
_SHIFT_IMMEDIATE = ["slli", "srli", "srai"]
_LOADS = ["lb", "lh", "lw", "lbu", "lhu"]
_STORES = ["sb", "sh", "sw"]
_BRANCHES = ["beq", "bne", "blt", "bge", "bltu", "bgeu"]

# Compressed encodings that do nothing: hints of the C extension, `rd` or the amount being 0.
_COMPRESSED_HINTS = {
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
    return _Generator(seed).program(instructions)


def is_instruction(line: str) -> bool:
    """Whether a line of an item is an instruction (not a directive or a label)."""
    return not line.startswith(".option") and not line.endswith(":")


class _Generator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        choose = self.random
        base = choose.choice(_COMPRESSED_NUMBERS)
        stack_base = choose.random() < 0.75
        free = [number for number in range(1, 32) if number not in {2, base}]
        self.of = Program(
            seed=seed,
            base=base,
            stack_base=stack_base,
            result=choose.choice(free),
            registers=[random_word(choose) for _ in range(32)],
            float_registers=[random_float(choose) for _ in range(32)],
            memory=[
                random_float(choose) if choose.random() < 0.5 else random_word(choose)
                for _ in range(WINDOW_BYTES // 4)
            ],
        )
        self.digest = choose.choice([number for number in free if number != self.of.result])
        excluded = (self.of.reserved() | {self.digest}) - {0}
        self.readable = [number for number in range(32) if number not in excluded]
        self.labels = 0
        self.protected: set[int] = set()
        """Registers that nothing may write in this place: counters of loops."""

        # What a program consists of, and how often.
        self.simple: list[tuple[Callable[[], list[str]], int]] = [
            (self.register_register, 14),
            (self.register_immediate, 8),
            (self.shift_immediate, 4),
            (self.upper_immediate, 2),
            (self.new_operand, 5),
            (self.load, 7),
            (self.store, 6),
            (self.load_use, 4),
            (self.store_load, 3),
            (self.compressed_arithmetic, 16),
            (self.compressed_memory, 9),
            (self.compressed_hint, 1),
            (self.float_arithmetic, 16),
            (self.float_fused, 6),
            (self.float_other, 20),
            (self.float_memory, 6),
            (self.float_new_operand, 8),
            (self.float_status, 5),
            (self.scratch_register, 3),
            (self.fence, 1),
        ]
        self.control: list[tuple[Callable[[], list[str]], int]] = [
            (self.branch, 8),
            (self.compressed_branch, 5),
            (self.jump_and_link, 3),
            (self.compressed_jump, 2),
            (self.jump_register, 3),
            (self.compressed_jump_register, 3),
            (self.program_counter, 2),
            (self.loop, 3),
            (self.stack_pointer, 2),
        ]

        amounts = [sum(weight for _, weight in kinds) for kinds in (self.simple, self.control)]
        self.control_share = amounts[1] / sum(amounts)

    def program(self, instructions: int) -> Program:
        count = 0
        while count < instructions:
            control = self.random.random() < self.control_share
            item = self.item(self.control) if control else self.simple_item()
            count += sum(map(is_instruction, item))
            self.of.items.append(item)
        return self.of

    # Choices.

    def item(self, kinds: list[tuple[Callable[[], list[str]], int]]) -> list[str]:
        makers, weights = zip(*kinds, strict=True)
        return self.random.choices(makers, weights)[0]()

    def simple_item(self) -> list[str]:
        """An item without control flow; its result perhaps goes into the digest."""
        lines = self.item(self.simple)
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
        items = [self.simple_item() for _ in range(self.random.randint(1, most))]
        return [line for item in items for line in item]

    def label(self) -> str:
        self.labels += 1
        return f".Lprogram{self.of.seed}_{self.labels}"

    def source(self) -> str:
        return f"x{self.random.choice(self.readable)}"

    def destination(self) -> str:
        allowed = set(self.readable) - self.protected
        return f"x{self.random.choice(sorted(allowed))}"

    def work_registers(self, count: int) -> list[str]:
        """Different registers, not x0, that may be overwritten."""
        allowed = set(self.readable) - self.protected - {0}
        return [f"x{number}" for number in self.random.sample(sorted(allowed), count)]

    def compressed_destination(self) -> str:
        allowed = set(_COMPRESSED_NUMBERS) & set(self.readable) - self.protected
        return f"x{self.random.choice(sorted(allowed))}"

    def compressed_source(self) -> str:
        allowed = set(_COMPRESSED_NUMBERS) & set(self.readable)
        return f"x{self.random.choice(sorted(allowed))}"

    def float_register(self) -> str:
        return self.random.choice(_FLOAT_REGISTERS)

    def immediate12(self) -> int:
        corners = [-2048, -2047, -1, 0, 1, 2046, 2047]
        if self.random.random() < 0.3:
            return self.random.choice(corners)
        return self.random.randint(-2048, 2047)

    def offset(self, size: int, *, aligned: bool) -> int:
        """Offset of an access of `size` bytes from the middle of the window."""
        step = size if aligned else 1
        return self.random.randrange(-WINDOW_BYTES // 2, WINDOW_BYTES // 2 - size + 1, step)

    def any_offset(self, size: int) -> int:
        return self.offset(size, aligned=self.random.random() < 0.6)

    def base(self) -> str:
        bases = [f"x{self.of.base}"] + (["x2"] if self.of.stack_base else [])
        return self.random.choice(bases)

    def rounding_mode(self) -> str:
        return self.random.choice(_ROUNDING_MODES)

    # Integer instructions.

    def register_register(self) -> list[str]:
        operation = self.random.choice(_REGISTER_REGISTER)
        return [f"{operation} {self.destination()}, {self.source()}, {self.source()}"]

    def register_immediate(self) -> list[str]:
        operation = self.random.choice(_REGISTER_IMMEDIATE)
        return [f"{operation} {self.destination()}, {self.source()}, {self.immediate12()}"]

    def shift_immediate(self) -> list[str]:
        operation = self.random.choice(_SHIFT_IMMEDIATE)
        amount = self.random.randrange(32)
        return [f"{operation} {self.destination()}, {self.source()}, {amount}"]

    def upper_immediate(self) -> list[str]:
        return [
            f"lui {self.destination()}, {self.random.choice([0, 1, 0x80000, 0xFFFFF, 0x12345])}"
        ]

    def new_operand(self) -> list[str]:
        return [f"li {self.destination()}, {random_word(self.random):#x}"]

    def load(self) -> list[str]:
        operation = self.random.choice(_LOADS)
        offset = self.any_offset(_size(operation))
        return [f"{operation} {self.destination()}, {offset}({self.base()})"]

    def store(self) -> list[str]:
        operation = self.random.choice(_STORES)
        offset = self.any_offset(_size(operation))
        return [f"{operation} {self.source()}, {offset}({self.base()})"]

    def load_use(self) -> list[str]:
        """A load whose result the next instruction reads."""
        (register,) = self.work_registers(1)
        operation = self.random.choice(_LOADS)
        load = f"{operation} {register}, {self.any_offset(_size(operation))}({self.base()})"
        user = self.random.choice(_REGISTER_REGISTER)
        operands = self.random.choice(
            [f"{register}, {self.source()}", f"{self.source()}, {register}"]
        )
        return [load, f"{user} {self.destination()}, {operands}"]

    def store_load(self) -> list[str]:
        """A load that overlaps the store before it."""
        store, load = self.random.choice(_STORES), self.random.choice(_LOADS)
        at = self.any_offset(8)
        base = self.base()
        return [
            f"{store} {self.source()}, {at + self.random.randrange(4)}({base})",
            f"{load} {self.destination()}, {at + self.random.randrange(4)}({base})",
        ]

    def scratch_register(self) -> list[str]:
        operation = self.random.choice(["csrrw", "csrrs", "csrrc"])
        if self.random.random() < 0.5:
            return [f"{operation} {self.destination()}, mscratch, {self.source()}"]
        value = self.random.randrange(32)
        return [f"{operation}i {self.destination()}, mscratch, {value}"]

    def fence(self) -> list[str]:
        return [self.random.choice(["fence", "fence rw, w", "fence.i"])]

    # Compressed instructions.

    def compressed_arithmetic(self) -> list[str]:
        pick = self.random.choice
        small = self.random.randint(-32, 31)
        shift = self.random.randint(1, 31)
        operation = pick(
            [
                *["c.nop", "c.addi", "c.li", "c.lui", "c.slli", "c.mv", "c.add", "c.addi4spn"],
                *["c.srli", "c.srai", "c.andi", "c.sub", "c.xor", "c.or", "c.and"],
            ]
        )
        (full,) = self.work_registers(1)
        (other,) = self.work_registers(1)
        if operation == "c.nop":
            text = ["c.nop"]
        elif operation == "c.addi":
            text = [f"c.addi {full}, {small or 1}"]
        elif operation == "c.li":
            text = [f"c.li {full}, {small}"]
        elif operation == "c.lui":
            if full == "x2":
                full = self.compressed_destination()
            upper = self.random.choice([*range(1, 32), *range(0xFFFE0, 0x100000)])
            text = [f"c.lui {full}, {upper}"]
        elif operation == "c.slli":
            text = [f"c.slli {full}, {shift}"]
        elif operation in {"c.mv", "c.add"}:
            text = [f"{operation} {full}, {other}"]
        elif operation == "c.addi4spn":
            rd = self.compressed_destination()
            # The stack pointer is an address where it is a base, a number where it is not.
            relative = [".option norvc", f"sub {rd}, {rd}, x2"] if self.of.stack_base else []
            offset = self.random.randrange(4, 1024, 4)
            return [".option rvc", f"c.addi4spn {rd}, x2, {offset}", ".option norvc", *relative]
        elif operation in {"c.srli", "c.srai"}:
            text = [f"{operation} {self.compressed_destination()}, {shift}"]
        elif operation == "c.andi":
            text = [f"c.andi {self.compressed_destination()}, {small}"]
        else:
            text = [f"{operation} {self.compressed_destination()}, {self.compressed_source()}"]
        return _compressed(text)

    def compressed_memory(self) -> list[str]:
        stack = self.of.stack_base and self.random.random() < 0.5
        half = WINDOW_BYTES // 2
        if stack:
            operation = self.random.choice(["c.lwsp", "c.swsp", "c.flwsp", "c.fswsp"])
            address = f"{self.random.randrange(0, half, 4)}(x2)"
        else:
            operation = self.random.choice(["c.lw", "c.sw", "c.flw", "c.fsw"])
            address = f"{self.random.randrange(0, 128, 4)}(x{self.of.base})"
        if "f" in operation:
            number = self.random.randrange(32) if stack else self.random.choice(_COMPRESSED_NUMBERS)
            register = f"f{number}"
        elif operation == "c.lwsp":
            (register,) = self.work_registers(1)
        elif operation == "c.swsp":
            register = self.source()
        elif operation == "c.lw":
            register = self.compressed_destination()
        else:
            register = self.compressed_source()
        return _compressed([f"{operation} {register}, {address}"])

    def compressed_hint(self) -> list[str]:
        text, word = self.random.choice(list(_COMPRESSED_HINTS.items()))
        return [f".2byte {word:#06x}  # {text}"]

    # Control flow. Branches go forward, over items or into the next one; loops are counted.

    def branch(self) -> list[str]:
        target = self.label()
        condition = f"{self.source()}, {self.source()}"
        if self.random.random() < 0.2:
            register = self.source()
            condition = f"{register}, {register}"
        operation = self.random.choice(_BRANCHES)
        return [f"{operation} {condition}, {target}", *self.body(_SHORT_JUMP_ITEMS), f"{target}:"]

    def compressed_branch(self) -> list[str]:
        target = self.label()
        operation = self.random.choice(["c.beqz", "c.bnez"])
        lines = _compressed([f"{operation} {self.compressed_source()}, {target}"])
        if self.random.random() < 0.3:
            # A branch that is taken for sure or for sure not.
            rd = self.compressed_destination()
            lines = _compressed([f"c.li {rd}, 0", f"{operation} {rd}, {target}"])
        return [*lines, *self.body(_SHORT_JUMP_ITEMS), f"{target}:"]

    def relative_link(self, link: str, after: str) -> list[str]:
        """Makes a link a distance from the label after the jump, and forgets the address."""
        if link == "x0":
            return []
        (work,) = self.other_work_registers(1, link)
        forget = f"li {work}, {self.random.randint(-2048, 2047)}"
        return [f"la {work}, {after}", f"sub {link}, {link}, {work}", forget]

    def other_work_registers(self, count: int, *others: str) -> list[str]:
        while True:
            registers = self.work_registers(count)
            if not set(registers) & set(others):
                return registers

    def jump_and_link(self) -> list[str]:
        after, target = self.label(), self.label()
        link = self.random.choice(["x0", *self.work_registers(2)])
        return [
            f"jal {link}, {target}",
            f"{after}:",
            *self.body(_SHORT_JUMP_ITEMS),
            f"{target}:",
            *self.relative_link(link, after),
        ]

    def compressed_jump(self) -> list[str]:
        target, after = self.label(), self.label()
        links = 1 in set(self.readable) - self.protected and self.random.random() < 0.5
        operation = "c.jal" if links else "c.j"
        return [
            *_compressed([f"{operation} {target}"]),
            f"{after}:",
            *self.body(_SHORT_JUMP_ITEMS),
            f"{target}:",
            *(self.relative_link("x1", after) if links else []),
        ]

    def jump_register(self) -> list[str]:
        after, target = self.label(), self.label()
        link, to = self.work_registers(2)
        if self.random.random() < 0.3:
            link = to
        elif self.random.random() < 0.3:
            link = "x0"
        offset = self.immediate12()
        # The lowest bit of the sum is ignored.
        lines = [f"la {to}, {target} + {self.random.randrange(2) - offset}"]
        if self.random.random() < 0.5:
            lines.append("addi x0, x0, 0")
        forget = [] if link == to else [f"li {to}, {self.immediate12()}"]
        return [
            *lines,
            f"jalr {link}, {offset}({to})",
            f"{after}:",
            *self.body(_SHORT_JUMP_ITEMS),
            f"{target}:",
            *forget,
            *self.relative_link(link, after),
        ]

    def compressed_jump_register(self) -> list[str]:
        after, target = self.label(), self.label()
        (to,) = self.other_work_registers(1, "x1")
        links = 1 in set(self.readable) - self.protected and self.random.random() < 0.5
        operation = "c.jalr" if links else "c.jr"
        return [
            f"la {to}, {target}",
            *_compressed([f"{operation} {to}"]),
            f"{after}:",
            *self.body(_SHORT_JUMP_ITEMS),
            f"{target}:",
            f"li {to}, {self.immediate12()}",
            *(self.relative_link("x1", after) if links else []),
        ]

    def program_counter(self) -> list[str]:
        here = self.label()
        rd, work = self.work_registers(2)
        upper = self.random.choice([0, 1, 0x7FFFF, 0x80000, 0xFFFFF])
        return [
            f"{here}:",
            f"auipc {rd}, {upper}",
            f"la {work}, {here}",
            f"sub {rd}, {rd}, {work}",
            f"li {work}, {self.immediate12()}",
        ]

    def loop(self) -> list[str]:
        start = self.label()
        (counter,) = self.work_registers(1)
        number = int(counter[1:])
        self.protected.add(number)
        body = self.body(4)
        self.protected.discard(number)
        compressed = number in _COMPRESSED_NUMBERS and self.random.random() < 0.5
        end = [f"addi {counter}, {counter}, -1", f"bnez {counter}, {start}"]
        if compressed:
            end = _compressed([f"c.addi {counter}, -1", f"c.bnez {counter}, {start}"])
        iterations = self.random.randint(1, _LOOP_ITERATIONS)
        return [f"li {counter}, {iterations}", f"{start}:", *body, *end]

    def stack_pointer(self) -> list[str]:
        if 2 in self.protected:
            return ["nop"]
        step = self.random.choice([*range(-512, 0, 16), *range(16, 497, 16)])
        lines = [f"c.addi16sp x2, {step}"]
        if self.of.stack_base:
            lines += [".option norvc", f"addi x2, x2, {-step}", ".option rvc"]
        return _compressed(lines)

    # Floating point.

    def float_arithmetic(self) -> list[str]:
        operation = self.random.choice(["fadd.s", "fsub.s", "fmul.s", "fdiv.s", "fsqrt.s"])
        sources = ", ".join(
            self.float_register() for _ in range(1 if operation == "fsqrt.s" else 2)
        )
        return [f"{operation} {self.float_register()}, {sources}, {self.rounding_mode()}"]

    def float_fused(self) -> list[str]:
        operation = self.random.choice(["fmadd.s", "fmsub.s", "fnmadd.s", "fnmsub.s"])
        registers = ", ".join(self.float_register() for _ in range(4))
        return [f"{operation} {registers}, {self.rounding_mode()}"]

    def float_other(self) -> list[str]:
        pick = self.random.choice
        to_integer, source = self.destination(), self.source()
        target, first, second = (self.float_register() for _ in range(3))
        mode = self.rounding_mode()
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

    def float_memory(self) -> list[str]:
        operation = self.random.choice(["flw", "fsw"])
        return [f"{operation} {self.float_register()}, {self.any_offset(4)}({self.base()})"]

    def float_new_operand(self) -> list[str]:
        """A fresh value: results soon are all infinite or not a number."""
        (work,) = self.work_registers(1)
        value = random_float(self.random)
        if self.random.random() < 0.5:
            value = self.random.choice(FLOAT_VALUES)
        return [f"li {work}, {value:#x}", f"fmv.w.x {self.float_register()}, {work}"]

    def float_status(self) -> list[str]:
        pick = self.random.choice
        rd, source = self.destination(), self.source()
        (work,) = self.work_registers(1)
        flags = self.random.randrange(32)
        mode = self.random.randrange(_DYNAMIC_ROUNDING_MODES)
        # Bits that fcsr does not have, a valid rounding mode, all flags.
        status = self.random.getrandbits(24) << 8 | mode << 5 | flags
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


def _size(operation: str) -> int:
    return {"b": 1, "h": 2, "w": 4}[operation[1]]


def _compressed(lines: list[str]) -> list[str]:
    return [".option rvc", *lines, ".option norvc"]
