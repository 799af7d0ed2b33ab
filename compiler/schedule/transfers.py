"""Cuts the copy of a box of a tensor into transfers that the DMA can do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from compiler.ir import Box, TensorType
from compiler.schedule.program import (
    FORBIDDEN_LINE_BYTES,
    MAXIMUM_TRANSFER_BYTES,
    Place,
    Transfer,
)


def transfers_of_box(
    load: bool, l1: int, tensor: Place, type_: TensorType, box: Box, due: int, what: str
) -> Iterator[Transfer]:
    """Transfers that copy `box` of the tensor at `tensor` to or from packed memory in L1."""
    runs = box.runs(type_.shape)
    size = type_.data_type.bytes
    line_bytes = runs.elements * size
    if not line_bytes:
        return
    *outer, (lines, stride) = runs.outer or [(1, runs.elements)]
    lines_at_once = _lines_at_once(line_bytes, lines)
    for index in product(*(range(count) for count, _ in outer)):
        start = runs.offset + sum(i * step for i, (_, step) in zip(index, outer, strict=True))
        for first in range(0, lines, lines_at_once):
            count = min(lines_at_once, lines - first)
            place = tensor + (start + first * stride) * size
            yield from _split(
                Transfer(load, l1, place, line_bytes, count, stride * size, due, what)
            )
            l1 += count * line_bytes


def transfer_of_rows(
    l1: int, tensor: Place, type_: TensorType, axis: int, extent: int, due: int, what: str
) -> Transfer:
    """The transfer that loads the rows in use of the tensor at `tensor`, rows being `axis`."""
    lines, line = prod(type_.shape[:axis]), prod(type_.shape[axis:]) * type_.data_type.bytes
    row_bytes = line // type_.shape[axis]
    return Transfer(True, l1, tensor, line, lines, line, due, what, extent, row_bytes)


def count_transfers(type_: TensorType, box: Box) -> int:
    """How many transfers `transfers_of_box` gives."""
    runs = box.runs(type_.shape)
    line_bytes = runs.elements * type_.data_type.bytes
    if not line_bytes:
        return 0
    *outer, (lines, _) = runs.outer or [(1, 1)]
    total = -(-lines // _lines_at_once(line_bytes, lines))
    for count, _ in outer:
        total *= count
    return total * -(-line_bytes // MAXIMUM_TRANSFER_BYTES)


def _lines_at_once(line_bytes: int, lines: int) -> int:
    if line_bytes == FORBIDDEN_LINE_BYTES:
        return 1
    return max(1, min(lines, MAXIMUM_TRANSFER_BYTES // line_bytes))


def _split(transfer: Transfer) -> Iterator[Transfer]:
    """One line that is longer than a transfer may be, in pieces."""
    if transfer.bytes <= MAXIMUM_TRANSFER_BYTES:
        yield transfer
        return
    limit = MAXIMUM_TRANSFER_BYTES // 8 * 8
    for begin in range(0, transfer.line_bytes, limit):
        size = min(limit, transfer.line_bytes - begin)
        yield Transfer(
            transfer.load,
            transfer.l1 + begin,
            transfer.external + begin,
            size,
            1,
            size,
            transfer.due,
            transfer.what,
        )
