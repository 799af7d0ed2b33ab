"""How many bytes a program's tables take in L1; see tilewright/schedule.h."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ir import Kernel
from compiler.schedule.extents import parameter_patches
from compiler.schedule.program import Call, Program, Space
from compiler.schedule.task import aligned

STEP_BYTES = 8
CALL_BYTES = 8
TRANSFER_BYTES = 20
RELOCATION_BYTES = 12
RELOCATED_BYTES = 4
EXTENT_BYTES = 24
PATCH_BYTES = 8


def kernel_of(call: Call) -> Kernel:
    kernel = call.operation.kernel(call.inputs, call.outputs)
    assert kernel is not None
    return kernel


def tables_bytes(program: Program) -> int:
    """Bytes that a program's tables take in L1."""
    total = EXTENT_BYTES * len(program.extents)
    arguments: set[tuple[Space, str | int]] = set()
    for step in program.steps:
        total += STEP_BYTES + TRANSFER_BYTES * len(step.transfers)
        places = [transfer.external for transfer in step.transfers]
        for call in step.calls:
            places += [place for place in call.operands if place is not None]
        callers = [place for place in places if place.space in (Space.INPUT, Space.OUTPUT)]
        total += RELOCATED_BYTES * len(callers)
        arguments |= {(place.space, place.key) for place in callers}
        total += PATCH_BYTES * sum(transfer.extent is not None for transfer in step.transfers)
        for call in step.calls:
            total += call_bytes(kernel_of(call), len(call.operands))
            total += PATCH_BYTES * len(parameter_patches(call, program.extents))
    return total + RELOCATION_BYTES * len(arguments)


def l1_with_tables(programs: Sequence[Program]) -> int:
    """Bytes of L1 that entry points take, of which one runs at a time."""
    tensors = max(program.l1_bytes for program in programs)
    return aligned(tensors) + aligned(max(tables_bytes(program) for program in programs))


def call_bytes(kernel: Kernel, operands: int) -> int:
    """Bytes of one call and of what describes it."""
    words = sum(
        len(value) if isinstance(value, tuple) else 1 for value in kernel.parameters.values()
    )
    return CALL_BYTES + 4 * (words + operands)
