"""The harness itself: programs assemble, run, answer and end as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.harness.assemble import AssemblyError, assemble
from tests.simulator.harness.execute import Result, emulate, simulate
from tests.simulator.harness.targets import siracusa

_PROGRAM = """
.include "program.inc"
.text
.globl _start
_start:
    enable_floating_point
    la s0, answer
    li s1, 0x04030201
    sw s1, 4(s0)
    output answer, answer_end
    exit_with {code}

.data
answer:
    .word 0xfffefdfc
    .word 0
answer_end:
"""

_CLUSTER = """
.include "program.inc"
.text
.globl _start
_start:
    enable_instruction_caches
    start_cluster 0x14, on_core
    wait_for_word done + 2 * 4, 1
    wait_for_word done + 4 * 4, 1
    output done, done_end
    exit_with 0

on_core:
    csrr s0, mhartid
    slli s0, s0, 2
    la s1, done
    add s1, s1, s0
    li s2, 1
    sw s2, 0(s1)
    stop_core

.section .l1, "aw", @progbits
done:
    .zero 32
done_end:
"""


def _check(result: Result, code: int) -> None:
    assert result.exit_code == code, result.messages
    assert result.output == bytes.fromhex("fcfdfeff 01020304")


@pytest.mark.parametrize("code", [0, 1, 42])
def test_simulator(code: int) -> None:
    result = simulate(_PROGRAM.format(code=code))
    _check(result, code)
    assert result.statistics


@pytest.mark.parametrize("code", [0, 1, 42])
def test_qemu(code: int) -> None:
    _check(emulate(_PROGRAM.format(code=code)), code)


def test_cluster() -> None:
    result = simulate(_CLUSTER)
    assert result.exit_code == 0, result.messages
    expected = [0, 0, 1, 0, 1, 0, 0, 0]
    assert result.output == b"".join(word.to_bytes(4, "little") for word in expected)


def test_errors_name_the_line(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match=r"program\.S:2"):
        assemble("nop\nno_such_instruction\n", siracusa(), tmp_path)
