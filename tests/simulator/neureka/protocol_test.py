"""Registers, the two contexts, and the accelerator's refusals."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulator.neureka.job import L1_SIZE, Job, build
from tests.simulator.neureka.job_time import WAKE, job_cycles
from tests.simulator.neureka.runner import (
    ACQUIRE,
    JOB_REGISTERS,
    RUNNING_JOB,
    SOFT_CLEAR,
    STATUS,
    TRIGGER,
    Result,
    Script,
)

JOB = Job("1x1", 32, 32, 1, 1)
# Trigger store to event: a cycle before the first phase and one after the last.
EVENT = job_cycles(JOB) - WAKE + 2
IN_USE = 2**32 - 1
BEING_CONFIGURED = 2**32 - 2


def run(script: Script) -> Result:
    """On an empty L1."""
    return script.run(np.zeros(L1_SIZE, np.uint8), np.zeros(0, np.uint8))


def test_two_contexts() -> None:
    image = build(JOB, 1)
    script = Script()
    script.load(10, STATUS)
    script.job(20, image.registers)  # loads acquire
    script.load(20, STATUS)
    script.job(30, image.registers, core=3)
    script.load(30, STATUS)
    script.load(31, ACQUIRE)
    script.load(32, RUNNING_JOB)
    script.load(20 + EVENT - 1, STATUS)
    script.load(20 + EVENT, STATUS)
    script.load(20 + EVENT, ACQUIRE)
    script.load(20 + EVENT + 1, RUNNING_JOB)
    result = script.run(image.l1, image.weight_memory)
    assert [value for _, value in result.loads] == [
        0x000,
        0,  # the first job's number
        0x001,
        1,
        0x101,
        IN_USE,
        0,
        0x101,
        0x100,
        2,
        1,
    ]
    # Each to the core that triggered it.
    assert result.events == [(0, 12, 20 + EVENT), (3, 12, 20 + 2 * EVENT)]


def test_acquired_contexts_are_locked_until_triggered() -> None:
    script = Script()
    script.load(10, ACQUIRE, core=0)
    script.load(11, STATUS)
    script.load(12, ACQUIRE, core=1)
    result = run(script)
    assert [value for _, value in result.loads] == [0, 0x001, BEING_CONFIGURED]


def test_numbers_of_jobs_have_eight_bits() -> None:
    image = build(JOB, 1)
    script = Script()
    for index in range(300):
        script.job(1000 * (index + 1), image.registers)
    result = script.run(image.l1, image.weight_memory)
    assert [value for _, value in result.loads] == [index % 256 for index in range(300)]
    assert result.statistics["jobs"] == 300


def test_registers_of_a_context_keep_their_values() -> None:
    image = build(JOB, 1)
    script = Script()
    script.job(100, image.registers)
    script.job(1000, image.registers)
    # The third job is in the first context again and needs no more than the trigger.
    script.load(2000, ACQUIRE)
    for index in range(24):
        script.load(2000, JOB_REGISTERS + 4 * index)
    script.store(2000, TRIGGER, 0)
    result = script.run(image.l1, image.weight_memory)
    assert [value for _, value in result.loads[3:]] == image.registers
    assert len(result.events) == 3


def test_soft_clear_drops_jobs() -> None:
    image = build(JOB, 1)
    script = Script()
    script.job(100, image.registers)
    script.job(101, image.registers)
    script.store(150, SOFT_CLEAR, 0)
    script.load(151, STATUS)
    script.load(152, ACQUIRE)
    script.load(153, JOB_REGISTERS)
    result = script.run(image.l1, image.weight_memory)
    assert [value for _, value in result.loads[2:]] == [0, 0, 0]
    assert result.events == []
    # The job had not written anything yet.
    assert (result.l1 == image.l1).all()


def test_a_job_after_a_soft_clear_runs() -> None:
    image = build(JOB, 1)
    script = Script()
    script.job(100, image.registers)
    script.store(150, SOFT_CLEAR, 0)
    script.job(160, image.registers)
    result = script.run(image.l1, image.weight_memory)
    assert result.events == [(0, 12, 160 + EVENT)]
    assert (result.l1 == image.expected_l1).all()


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (TRIGGER, 0, "without having acquired"),
        (JOB_REGISTERS, 0, "without having acquired"),
        (ACQUIRE, 0, "register 0x04"),
        (0x80, 0, "register 0x80"),
        (0x22, 0, "register 0x22"),
    ],
)
def test_stores_out_of_place(offset: int, value: int, message: str) -> None:
    script = Script()
    script.store(10, offset, value, core=5)
    fault = run(script).fault
    assert fault is not None
    assert fault.startswith(f"5 {offset} ")
    assert message in fault


@pytest.mark.parametrize("offset", [TRIGGER, 0x08, SOFT_CLEAR, 0x18, 0x80, 0x21])
def test_loads_out_of_place(offset: int) -> None:
    script = Script()
    script.load(10, offset)
    fault = run(script).fault
    assert fault is not None
    assert f"register 0x{offset:02x}" in fault


def test_triggers_with_a_value() -> None:
    script = Script()
    script.load(10, ACQUIRE)
    script.store(11, TRIGGER, 1)
    fault = run(script).fault
    assert fault is not None
    assert "stores 1 to the accelerator's trigger register" in fault
