"""Items of random programs: control flow.

Branches and jumps go forward, over other items or none; loops are counted. Links and addresses of
code become distances before anything else reads them.
"""

from __future__ import annotations

from tests.simulator.instructions.random_choices import (
    COMPRESSED_NUMBERS,
    Choices,
    ItemMaker,
    compressed,
)

_BRANCHES = ["beq", "bne", "blt", "bge", "bltu", "bgeu"]
_LOOP_ITERATIONS = 6
_SHORT_JUMP_ITEMS = 3
_SHORT_JUMP_BYTES = 120
_LONGEST_JUMP = 0x7FFE

# Jumps over a few instructions; over many bytes; the rest goes back.
_NEAR_SHARE = 0.7
_FORWARD_SHARE = 0.85


def _jump(
    choose: Choices, lines: list[str], target: str, after: str, most: int, *, links: bool = False
) -> list[str]:
    """Lines that end with a jump or branch to `target`, and what lies between the two.

    Mostly other instructions; sometimes bytes that nobody executes, so that the distance is large;
    sometimes the jump goes back.

    Args:
        choose: the choices.
        lines: end with the jump.
        target: the label, not placed yet.
        after: label for the instruction that follows the jump.
        most: what the distance may be in bytes.
        links: the jump leaves an address in a register, which nothing may read before this item
            has made a distance of it.
    """
    body = choose.body(_SHORT_JUMP_ITEMS)
    kind = choose.random.random()
    if kind < _NEAR_SHARE:
        return [*lines, f"{after}:", *body, f"{target}:"]
    span = 1 << choose.random.randint(1, most.bit_length())
    gap = choose.random.randrange(0, min(span, most - _SHORT_JUMP_BYTES), 2)
    if kind < _FORWARD_SHARE:
        return [*lines, f"{after}:", *body, f"j {target}", f".zero {gap}", f"{target}:"]
    start, end = choose.label(), choose.label()
    return [
        f"j {start}",
        f"{target}:",
        *([] if links else body),
        f"j {end}",
        f".zero {gap}",
        f"{start}:",
        *lines,
        f"{after}:",
        *choose.body(_SHORT_JUMP_ITEMS),
        f"{end}:",
    ]


def _branch(choose: Choices) -> list[str]:
    target, after = choose.label(), choose.label()
    condition = f"{choose.source()}, {choose.source()}"
    if choose.random.random() < 0.2:
        register = choose.source()
        condition = f"{register}, {register}"
    operation = choose.random.choice(_BRANCHES)
    return _jump(choose, [f"{operation} {condition}, {target}"], target, after, 0xFFE)


def _compressed_branch(choose: Choices) -> list[str]:
    target, after = choose.label(), choose.label()
    operation = choose.random.choice(["c.beqz", "c.bnez"])
    lines = compressed([f"{operation} {choose.compressed_source()}, {target}"])
    if choose.random.random() < 0.3:
        # A branch that is taken for sure or for sure not.
        rd = choose.compressed_destination()
        lines = compressed([f"c.li {rd}, 0", f"{operation} {rd}, {target}"])
    return _jump(choose, lines, target, after, 0xFE)


def _jump_and_link(choose: Choices) -> list[str]:
    target, after = choose.label(), choose.label()
    link = choose.random.choice(["x0", *choose.work_registers(2)])
    return [
        *_jump(choose, [f"jal {link}, {target}"], target, after, _LONGEST_JUMP, links=link != "x0"),
        *_relative_link(choose, link, after),
    ]


def _compressed_jump(choose: Choices) -> list[str]:
    target, after = choose.label(), choose.label()
    links = 1 in set(choose.readable) - choose.protected and choose.random.random() < 0.5
    operation = "c.jal" if links else "c.j"
    lines = compressed([f"{operation} {target}"])
    return [
        *_jump(choose, lines, target, after, 0x7FE, links=links),
        *(_relative_link(choose, "x1", after) if links else []),
    ]


def _jump_register(choose: Choices) -> list[str]:
    after, target = choose.label(), choose.label()
    link, to = choose.work_registers(2)
    if choose.random.random() < 0.3:
        link = to
    elif choose.random.random() < 0.3:
        link = "x0"
    offset = choose.immediate12()
    # The lowest bit of the sum is ignored.
    lines = [f"la {to}, {target} + {choose.random.randrange(2) - offset}"]
    if choose.random.random() < 0.5:
        lines.append("addi x0, x0, 0")
    forget = [] if link == to else [f"li {to}, {choose.immediate12()}"]
    return [
        *lines,
        f"jalr {link}, {offset}({to})",
        f"{after}:",
        *choose.body(_SHORT_JUMP_ITEMS),
        f"{target}:",
        *forget,
        *_relative_link(choose, link, after),
    ]


def _compressed_jump_register(choose: Choices) -> list[str]:
    after, target = choose.label(), choose.label()
    (to,) = choose.other_work_registers(1, "x1")
    links = 1 in set(choose.readable) - choose.protected and choose.random.random() < 0.5
    operation = "c.jalr" if links else "c.jr"
    return [
        f"la {to}, {target}",
        *compressed([f"{operation} {to}"]),
        f"{after}:",
        *choose.body(_SHORT_JUMP_ITEMS),
        f"{target}:",
        f"li {to}, {choose.immediate12()}",
        *(_relative_link(choose, "x1", after) if links else []),
    ]


def _program_counter(choose: Choices) -> list[str]:
    here = choose.label()
    rd, work = choose.work_registers(2)
    upper = choose.random.choice([0, 1, 0x7FFFF, 0x80000, 0xFFFFF])
    return [
        f"{here}:",
        f"auipc {rd}, {upper}",
        f"la {work}, {here}",
        f"sub {rd}, {rd}, {work}",
        f"li {work}, {choose.immediate12()}",
    ]


def _loop(choose: Choices) -> list[str]:
    start = choose.label()
    (counter,) = choose.work_registers(1)
    number = int(counter[1:])
    choose.protected.add(number)
    body = choose.body(4)
    choose.protected.discard(number)
    end = [f"addi {counter}, {counter}, -1", f"bnez {counter}, {start}"]
    if number in COMPRESSED_NUMBERS and choose.random.random() < 0.5:
        end = compressed([f"c.addi {counter}, -1", f"c.bnez {counter}, {start}"])
    iterations = choose.random.randint(1, _LOOP_ITERATIONS)
    return [f"li {counter}, {iterations}", f"{start}:", *body, *end]


def _stack_pointer(choose: Choices) -> list[str]:
    if 2 in choose.protected:
        return ["nop"]
    step = choose.random.choice([*range(-512, 0, 16), *range(16, 497, 16)])
    lines = [f"c.addi16sp x2, {step}"]
    if choose.stack_base:
        lines += [".option norvc", f"addi x2, x2, {-step}", ".option rvc"]
    return compressed(lines)


def _relative_link(choose: Choices, link: str, after: str) -> list[str]:
    """Makes a link a distance from the label after the jump, and forgets the address."""
    if link == "x0":
        return []
    (work,) = choose.other_work_registers(1, link)
    forget = f"li {work}, {choose.random.randint(-2048, 2047)}"
    return [f"la {work}, {after}", f"sub {link}, {link}, {work}", forget]


CONTROL_ITEMS: list[tuple[ItemMaker, int]] = [
    (_branch, 8),
    (_compressed_branch, 5),
    (_jump_and_link, 3),
    (_compressed_jump, 2),
    (_jump_register, 3),
    (_compressed_jump_register, 3),
    (_program_counter, 2),
    (_loop, 3),
    (_stack_pointer, 2),
]
"""Makers of items and how often they are picked."""
