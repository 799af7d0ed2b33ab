"""How many bytes a program's tables take in L1; see tilewright/schedule.h."""

from __future__ import annotations

from compiler.ir import Kernel
from compiler.schedule.extents import parameter_patches
from compiler.schedule.program import Call, Program, Space

STEP_BYTES = 8
CALL_BYTES = 8
TRANSFER_BYTES = 20
RELOCATION_BYTES = 8
PATCH_BYTES = 8


def kernel_of(call: Call) -> Kernel:
    kernel = call.operation.kernel(call.inputs, call.outputs)
    assert kernel is not None
    return kernel


def tables_bytes(program: Program) -> int:
    """Bytes that a program's tables take in L1."""
    total = 0
    for step in program.steps:
        total += STEP_BYTES + TRANSFER_BYTES * len(step.transfers)
        places = [transfer.external for transfer in step.transfers]
        for call in step.calls:
            places += [place for place in call.operands if place is not None]
        callers = [place for place in places if place.space in (Space.INPUT, Space.OUTPUT)]
        total += RELOCATION_BYTES * len(callers)
        total += PATCH_BYTES * sum(transfer.extent is not None for transfer in step.transfers)
        for call in step.calls:
            words = sum(
                len(value) if isinstance(value, tuple) else 1
                for value in kernel_of(call).parameters.values()
            )
            total += CALL_BYTES + 4 * (words + len(call.operands))
            total += PATCH_BYTES * len(parameter_patches(call, program.extents))
    return total
