"""Cycles that kernels of the Siracusa cluster take with their data in L1 and code in the caches.

Each formula counts what the slowest core does, in terms that follow from the kernels' loops (see the
comments in `kernels/xcorev`): the constants are instructions where a comment says so, else fitted to
the simulator, which models conflicts of L1's banks. `tests/simulator/kernels/cycles_test.py` holds
the formulas against measurements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CORES = 8
_ROWS = 4
_OUTPUTS = 4
_VALUES = 4


@dataclass(frozen=True)
class _RowsCost:
    """Cycles of a call for some rows: `call`, `block` and `run` of each block, `word` of each run.

    A word takes 24, 14, and 17/2 instructions; conflicts of banks come on top.
    """

    call: float
    block: float
    run: float
    word: float


_COST_OF_ROWS = {
    4: _RowsCost(call=215.0, block=112.0, run=8.0, word=24.9),
    2: _RowsCost(call=205.0, block=60.0, run=6.0, word=14.9),
    1: _RowsCost(call=200.0, block=32.0, run=3.0, word=9.1),
}


@dataclass(frozen=True)
class Segment:
    """What a core does for one group of rows: blocks of outputs, and the runs they are made of."""

    rows: int
    blocks: int
    runs: int
    words: int


def share(count: int, core: int, cores: int) -> range:
    """What `tw_share` gives a core."""
    base, extra = divmod(count, cores)
    begin = core * base + min(core, extra)
    return range(begin, begin + base + (core < extra))


def segments(rows: int, columns: int, core: int, cores: int) -> Iterator[tuple[int, int, int]]:
    """Groups of a core's share of [rows, columns]: (group, rows, blocks of columns)."""
    blocks = _divide_up(columns, _OUTPUTS)
    items = share(_divide_up(rows, _ROWS) * blocks, core, cores)
    at = items.start
    while at < items.stop:
        group, begin = divmod(at, blocks)
        end = min(blocks, begin + items.stop - at)
        yield group, min(_ROWS, rows - group * _ROWS), end - begin
        at += end - begin


def cycles_of_segment(segment: Segment) -> float:
    """Cycles of `tw_packed_columns` for one group of rows."""
    cost = _COST_OF_ROWS[4 if segment.rows == 3 else segment.rows]
    per_block = cost.block + cost.run * segment.runs + cost.word * segment.words
    return cost.call + segment.blocks * per_block


def _divide_up(value: int, by: int) -> int:
    return -(-value // by)
