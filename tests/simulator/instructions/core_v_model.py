"""Every CORE-V instruction: the tables of all extensions together."""

from __future__ import annotations

from tests.simulator.instructions.core_v_instruction import WORD, Instruction, Operands
from tests.simulator.instructions.core_v_scalar import SCALAR
from tests.simulator.instructions.core_v_simd import SIMD

COMPUTING = [*SCALAR, *SIMD]
"""Instructions that compute a register: xcvalu, xcvbitmanip, xcvmac, xcvsimd."""


def execute(
    instruction: Instruction,
    registers: dict[int, int],
    rd: int,
    rs1: int,
    rs2: int,
    immediates: tuple[int, ...],
) -> None:
    """Executes an instruction on a register file; x0 stays 0."""
    operands = Operands(
        destination=registers[rd],
        first=registers[rs1],
        second=registers[rs2],
        immediates=immediates,
    )
    if rd != 0:
        registers[rd] = instruction.result(operands) & WORD
