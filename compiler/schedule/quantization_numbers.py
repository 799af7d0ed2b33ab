"""Operations without the numbers that only arithmetic depends on.

Scales, shifts and zero points follow from the values of weights and activations. Programs are
planned without them, so that new values plan nothing anew. Where such a number decides which kernel
runs, what the kernel needs or how long it takes, it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from compiler.ir import Operation, TensorType
from compiler.target.cluster_cycles import kernel_cycles

NAMES = frozenset(
    {
        "bias",
        "epsilon",
        "fill",
        "high",
        "input_zero_point",
        "left_scale",
        "left_zero_point",
        "low",
        "maximum",
        "minimum",
        "output_scale",
        "output_shift",
        "output_zero_point",
        "query_zero_point",
        "right_scale",
        "right_zero_point",
        "scale",
        "shift",
        "slope",
        "value_zero_point",
        "weight_bits",
        "weight_offset",
        "zero_point",
    }
)
"""Fields of operations, and of data classes in them, that neither shapes nor tiles depend on."""

ANY = 1
"""What stands for every value but 0, which saves work in places."""


def without_numbers(
    operation: Operation,
    inputs: Sequence[TensorType | None],
    outputs: Sequence[TensorType],
    cores: int,
) -> Operation:
    """The operation that stands for all that differ in such numbers and run alike."""
    before = _run(operation, inputs, outputs, cores)
    changed = operation
    for path in _numbers(operation):
        other = _with(changed, path)
        try:
            alike = _run(other, inputs, outputs, cores) == before
        except (ArithmeticError, AssertionError, ValueError):
            continue  # The kernel is made for some numbers only.
        if alike:
            changed = other
    return changed


def _run(
    operation: Operation,
    inputs: Sequence[TensorType | None],
    outputs: Sequence[TensorType],
    cores: int,
) -> object:
    """All that planning sees of a kernel: also how many words parameters take."""
    kernel = operation.kernel(inputs, outputs)
    if kernel is None:
        return None
    words = tuple(
        (name, len(value) if isinstance(value, tuple) else 1)
        for name, value in kernel.parameters.items()
    )
    cycles = kernel_cycles(kernel, outputs, cores) if outputs else 0
    return kernel.function, kernel.header, kernel.scratch_bytes, words, cycles


def _numbers(data: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    result: list[tuple[str, ...]] = []
    for field in fields(data):
        value = getattr(data, field.name)
        if field.name in NAMES and isinstance(value, (int, float)) and value:
            result.append((*path, field.name))
        elif is_dataclass(value) and not isinstance(value, type):
            result += _numbers(value, (*path, field.name))
    return result


def _with(data: Any, path: tuple[str, ...]) -> Any:
    name, *rest = path
    value = getattr(data, name)
    new: Any = _with(value, tuple(rest)) if rest else cast(Any, type(value))(ANY)
    return replace(data, **{name: new})
