"""The accelerator against others at the banks of L1, with cycles counted by hand.

The job: 1x1, 32 to 32 channels, one pixel, weights in L1. Its accesses, in cycles after the first
phase begins: the pixel at 6; 32 blocks of weights from 6 + 42 + 10 = 58 to 89; the output at
58 + 32 + 29 = 119. An access takes 8 of the 16 banks.
"""

from __future__ import annotations

import dataclasses

from tests.simulator.neureka.job import L1_BASE, Image, Job, build
from tests.simulator.neureka.job_time import job_cycles
from tests.simulator.neureka.runner import EVENT_WAKE, Result, Script

TRIGGER = 100
BEGIN = TRIGGER + 1
JOB = Job("1x1", 32, 32, 1, 1)
MAXIMUM_WINS = 8


def bank(address: int) -> int:
    """Of an address in L1."""
    return address // 4 % 16


def image_with_weights_at_bank_0() -> Image:
    """All blocks of weights are 32-byte aligned: they alternate between banks 0-7 and 8-15."""
    image = build(JOB, 1)
    moved = dataclasses.replace(image, l1=image.l1.copy(), registers=list(image.registers))
    target = 0x20000
    weights = image.registers[0] - L1_BASE
    moved.l1[target:][: 32 * 32] = image.l1[weights:][: 32 * 32]
    moved.registers[0] = L1_BASE + target
    assert bank(moved.registers[0]) == 0
    return moved


def run(image: Image, *hammers: tuple[int, int, int]) -> Result:
    """The job with agents: (address, first cycle, accesses)."""
    script = Script()
    script.job(TRIGGER, image.registers)
    for hammer in hammers:
        script.hammer(*hammer)
    result = script.run(image.l1, image.weight_memory)
    assert result.fault is None
    output = image.registers[2] - L1_BASE
    assert (result.l1[output:][:32] == image.expected_l1[output:][:32]).all()
    return result


def time_of(result: Result) -> int:
    return result.events[0][2] + EVENT_WAKE - TRIGGER


def far_from(addresses: list[int]) -> int:
    """A word in a bank that accesses at these addresses do not take."""
    taken = {(bank(address) + i) % 16 for address in addresses for i in range(8)}
    free = next(b for b in range(16) if b not in taken)
    return L1_BASE + 0x30000 + 4 * free


def test_alone() -> None:
    result = run(image_with_weights_at_bank_0())
    assert time_of(result) == job_cycles(JOB)
    assert result.statistics["stall_cycles"] == 0


def test_one_access_in_the_cycle_of_the_pixel_loses() -> None:
    image = image_with_weights_at_bank_0()
    pixel = image.registers[1]
    result = run(image, (pixel, BEGIN + 6, 1))
    assert time_of(result) == job_cycles(JOB)
    assert result.hammers == [(BEGIN + 7, 1)]


def test_one_access_beside_the_pixel_does_not_wait() -> None:
    image = image_with_weights_at_bank_0()
    beside = far_from([image.registers[1]])
    result = run(image, (beside, BEGIN + 6, 1))
    assert result.hammers == [(BEGIN + 6, 0)]
    before = run(image, (image.registers[1], BEGIN + 5, 1))
    assert before.hammers == [(BEGIN + 5, 0)]


def test_half_of_the_weight_accesses_leave_a_bank_free() -> None:
    """Blocks alternate between the halves of the banks, so who wants bank 0 waits every other
    cycle, and the accelerator never."""
    image = image_with_weights_at_bank_0()
    address = L1_BASE + 0x30000
    assert bank(address) == 0
    # From the first block on: lost, won, lost, won...
    result = run(image, (address, BEGIN + 58, 16))
    assert time_of(result) == job_cycles(JOB)
    assert result.hammers == [(BEGIN + 58 + 31, 1)]


def test_it_stands_back_after_eight_wins() -> None:
    """One agent for each half: in every cycle of the weights somebody loses to the accelerator.

    It wins 8 times over somebody, then leaves out a cycle: 32 accesses in groups of 8 take three
    cycles more. The agents get a word in those cycles and wherever the other half is taken.
    """
    image = image_with_weights_at_bank_0()
    low, high = L1_BASE + 0x30000, L1_BASE + 0x30020
    assert (bank(low), bank(high)) == (0, 8)
    result = run(image, (low, BEGIN + 50, 60), (high, BEGIN + 50, 60))
    stalls = result.statistics["stall_cycles"]
    assert time_of(result) == job_cycles(JOB) + stalls
    assert stalls == 3
    # Of 35 cycles 16 take the low half of the banks, 16 the high one, 3 none. The output is
    # written 29 cycles behind, while they are still at work.
    output = image.registers[2]
    last = [
        BEGIN + 50 + 60 + 16 + ((bank(address) - bank(output)) % 16 < 8) - 1
        for address in (low, high)
    ]
    assert [cycle for cycle, _ in result.hammers] == last
    assert max(wait for _, wait in result.hammers) <= MAXIMUM_WINS


def test_same_bank_in_every_access() -> None:
    """Blocks that all lie in one half of the banks: who wants it gets one cycle in nine."""
    job = Job("1x1", 64, 32, 1, 1)
    image = build(job, 1)
    # Two tiles of input channels: the blocks of one tile are 64 bytes apart, all in one half.
    weights = image.registers[0] - L1_BASE
    l1 = image.l1.copy()
    l1[0x20000:][: 64 * 32] = image.l1[weights:][: 64 * 32]
    registers = [L1_BASE + 0x20000, *image.registers[1:]]
    script = Script()
    script.job(TRIGGER, registers)
    # Wants bank 0 all the time: the first tile's blocks are there, the second one's are not.
    script.hammer(L1_BASE + 0x30000, BEGIN + 58, 4)
    result = script.run(l1, image.weight_memory)
    # Loses to accesses 1 to 8, is let through; to 9 to 16, is let through; again after 24 and
    # after 32, when nobody competes any more.
    assert result.hammers == [(BEGIN + 58 + 3 * 9 + 8, 8)]
    assert result.statistics["stall_cycles"] == 3
    assert time_of(result) == job_cycles(job) + 3
    output = registers[2] - L1_BASE
    assert (result.l1[output:][:32] == image.expected_l1[output:][:32]).all()


def test_everybody_makes_progress() -> None:
    """Twelve agents at every bank in turn, throughout a large job."""
    job = Job("3x3", 56, 40, 8, 8)
    image = build(job, 1)
    script = Script()
    script.job(TRIGGER, image.registers)
    for index in range(12):
        script.hammer(L1_BASE + 0x30000 + 4 * index, TRIGGER, 3000)
    result = script.run(image.l1, image.weight_memory)
    assert (result.l1 == image.expected_l1).all()
    assert result.statistics["stall_cycles"] > 0
    assert time_of(result) == job_cycles(job) + result.statistics["stall_cycles"]
    for last, wait in result.hammers:
        assert wait <= MAXIMUM_WINS
        # Eight of nine cycles lost at the worst.
        assert last < TRIGGER + 9 * 3000


def changed_by(image: Image, cycle: int, address: int) -> bool:
    """Whether the output is another one if a byte of an operand changes behind a cycle."""
    script = Script()
    script.job(TRIGGER, image.registers)
    script.poke(cycle, address, int(image.l1[address - L1_BASE]) ^ 0x40)
    result = script.run(image.l1, image.weight_memory)
    output = image.registers[2] - L1_BASE
    return bool((result.l1[output:][:128] != image.expected_l1[output:][:128]).any())


def test_memory_is_read_in_the_cycles_of_the_accesses() -> None:
    image = build(dataclasses.replace(JOB, output_bits=32, scale_bits=None), 1)
    weights, pixel = image.registers[0], image.registers[1]
    assert changed_by(image, BEGIN + 5, pixel)
    assert not changed_by(image, BEGIN + 6, pixel)
    for channel in (0, 17, 31):
        assert changed_by(image, BEGIN + 58 + channel - 1, weights + 32 * channel)
        assert not changed_by(image, BEGIN + 58 + channel, weights + 32 * channel)


def test_memory_is_written_in_the_cycle_of_the_access() -> None:
    image = image_with_weights_at_bank_0()
    output = image.registers[2]
    old, new = (int(memory[output - L1_BASE]) for memory in (image.l1, image.expected_l1))
    assert old != new
    script = Script()
    script.job(TRIGGER, image.registers)
    script.peek(BEGIN + 118, output)
    script.peek(BEGIN + 119, output)
    result = script.run(image.l1, image.weight_memory)
    assert result.peeks == [(output, old), (output, new)]
