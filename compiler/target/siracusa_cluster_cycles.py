"""Cycles that kernels of the Siracusa cluster take, with data in L1 and code in the caches.

A formula counts what the slowest core does, in terms that follow from a kernel's loops (comments in
`kernels/xcorev`), and weighs each term with cycles fitted to the simulator, which models conflicts
of L1's banks. `tests/simulator/kernels/cycles_test.py` compares predictions with measurements.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CORES = 8

_ROWS = 4
_OUTPUTS = 4
_VALUES = 4
_CHANNELS = 4
_IN_PLACE_TAPS = 25

Pair = tuple[int, int]
Terms = Mapping[str, float]

CYCLES: dict[str, float] = {
    "1 rows": 130.0,
    "2 rows": 187.91,
    "4 rows": 252.29,
    "block of 1 rows": 82.85,
    "block of 2 rows": 79.7,
    "block of 4 rows": 125.63,
    "block that ends the outputs": 223.25,
    "last block of 1 row": 45.0,
    "matmul call": 285.0,
    "matmul group": 123.67,
    "matmul group of rows that end within a word": 88.24,
    "matmul groups": 309.22,
    "matmul next group": 70.81,
    "matmul of one row": 119.65,
    "word of 1 rows": 17.63,
    "word of 2 rows": 14.48,
    "word of 4 rows": 24.75,
    "word of last block of 1 row": 9.18,
    "block of 1 rows of 4 bits": 98.98,
    "block of 1 rows of 2 bits": 156.02,
    "block of 2 rows of 4 bits": 85.17,
    "block of 2 rows of 2 bits": 106.48,
    "block of 4 rows of 4 bits": 204.22,
    "block of 4 rows of 2 bits": 202.10,
    "last block of 1 row of 4 bits": 15.94,
    "last block of 1 row of 2 bits": 70.07,
    "matmul of one row of 4 bits": 181.54,
    "matmul of one row of 2 bits": 136.76,
    "word of 1 rows of 4 bits": 21.07,
    "word of 1 rows of 2 bits": 25.00,
    "word of 2 rows of 4 bits": 18.34,
    "word of 2 rows of 2 bits": 21.18,
    "word of 4 rows of 4 bits": 28.62,
    "word of 4 rows of 2 bits": 32.93,
    "word of last block of 1 row of 4 bits": 11.03,
    "word of last block of 1 row of 2 bits": 13.01,
    "run of block": 8.0,
    "conv border window": 165.18,
    "conv call": 457.53,
    "conv group": 282.67,
    "conv group in taps": 114.94,
    "conv row of border window": 95.38,
    "conv row of group": 13.31,
    "conv row of window": 30.22,
    "conv tap of group": 47.57,
    "conv value of border window": -2.4,
    "conv value of window": -1.81,
    "conv window": 53.03,
    "depthwise band": 817.59,
    "depthwise call": 135.05,
    "depthwise quad split": 19.3,
    "depthwise row of strip with stride 1": 32.27,
    "depthwise row of strip with stride 2": 43.46,
    "depthwise row split": 24.4,
    "depthwise strip with stride 1": 46.73,
    "depthwise strip with stride 2": 32.54,
    "depthwise output": 36.0,
    "depthwise word of output": 18.0,
    "depthwise word filled": 1.98,
    "table call": 80.0,
    "table word pair": 25.9,
    "add call": 110.0,
    "add word": 30.5,
    "multiply call": 110.0,
    "multiply word": 38.5,
    "attention word call": 276.0,
    "attention word query": 215.0,
    "attention word key": 15.2,
    "attention word second table": 7.6,
    "attention words call": 300.0,
    "attention words pair": 500.0,
    "attention words pair key": 24.6,
    "attention call": 200.0,
    "attention single": 541.7,
    "attention single key": 15.37,
    "attention single word": 147.53,
    "attention single word of key": 10.5,
    "attention pair": 680.0,
    "attention pair key": 26.5,
    "attention pair key in quads": 11.15,
    "attention pair word": 250.0,
    "attention pair word of key": 13.85,
    "attention zero point": 1.0,
    "attention second table": 7.5,
    "attention scalar": 9.0,
}
"""Cycles of each term. An instruction takes one, unless its access meets another one's bank."""


@dataclass(frozen=True)
class ConvTile:
    """A convolution, or a tile of one, whose padding lies around the tile itself.

    Attributes:
        height, width, channels: of the input.
        outputs: output channels.
        kernel, strides, dilations: (height, width).
        begins, ends: padding before and after the input.
        batches: images.
    """

    height: int
    width: int
    channels: int
    outputs: int
    kernel: Pair = (3, 3)
    strides: Pair = (1, 1)
    begins: Pair = (0, 0)
    ends: Pair = (0, 0)
    dilations: Pair = (1, 1)
    batches: int = 1

    @property
    def output(self) -> Pair:
        """Height and width of the output."""
        extents = (self.height, self.width)
        height, width = (
            (
                extents[a]
                + self.begins[a]
                + self.ends[a]
                - self.dilations[a] * (self.kernel[a] - 1)
                - 1
            )
            // self.strides[a]
            + 1
            for a in (0, 1)
        )
        return height, width


def cycles(terms: Terms) -> float:
    """Cycles of what has these terms."""
    return sum(CYCLES[name] * count for name, count in terms.items())


@functools.cache
def matmul_packed(rows: int, inner: int, columns: int, cores: int = CORES, bits: int = 8) -> float:
    """Cycles of tw_matmul_packed_s8 with weights of so many bits."""
    return max(
        cycles(matmul_terms(rows, inner, columns, core, cores, bits)) for core in range(cores)
    )


@functools.cache
def conv_packed(tile: ConvTile, cores: int = CORES, bits: int = 8) -> float:
    """Cycles of tw_conv_packed_s8 with weights of so many bits."""
    return max(cycles(conv_terms(tile, core, cores, bits)) for core in range(cores))


@functools.cache
def depthwise_conv_packed(
    tile: ConvTile, band_rows: int, *, turned: bool = False, cores: int = CORES
) -> float:
    """Cycles of tw_depthwise_conv_packed_s8 with kernels of 3x3, stride 1 or 2, in strips.

    Args:
        tile: the convolution; `outputs` is `channels`.
        band_rows: output rows of a band; columns if `turned`.
        turned: rows and columns are exchanged.
        cores: cores that share the work.
    """
    return max(
        cycles(depthwise_terms(tile, band_rows, turned, core, cores)) for core in range(cores)
    )


@functools.cache
def depthwise_conv_singly(tile: ConvTile, band_rows: int, cores: int = CORES) -> float:
    """Cycles of tw_depthwise_conv_packed_s8 where outputs are computed one by one."""
    return max(
        cycles(depthwise_singly_terms(tile, band_rows, core, cores)) for core in range(cores)
    )


def table(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_table."""
    return CYCLES["table call"] + CYCLES["table word pair"] * _divide_up(elements // 8, cores)


def add(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_add_s8 for operands of one shape."""
    return CYCLES["add call"] + CYCLES["add word"] * _divide_up(elements // 4, cores)


def multiply(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_multiply_s8 for operands of one shape."""
    return CYCLES["multiply call"] + CYCLES["multiply word"] * _divide_up(elements // 4, cores)


def attention_word(
    heads: int, queries: int, keys: int, *, second_table: bool, cores: int = CORES
) -> float:
    """Cycles of tw_attention_word_s8 for queries that attend to so many keys, on average."""
    rows = _divide_up(heads * queries, cores)
    return cycles(
        {
            "attention word call": 1,
            "attention word query": rows,
            "attention word key": rows * keys,
            "attention word second table": rows * keys * second_table,
        }
    )


def attention_words(heads: int, queries: int, keys: int, cores: int = CORES) -> float:
    """Cycles of tw_attention_words_s8; arguments as of `attention_word`."""
    pairs = _divide_up(_divide_up(heads * queries, cores), 2)
    return cycles(
        {
            "attention words call": 1,
            "attention words pair": pairs,
            "attention words pair key": pairs * keys,
        }
    )


def attention(
    heads: int,
    queries: int,
    keys: int,
    sizes: Pair,
    *,
    second_table: bool,
    zero_point: bool = False,
    cores: int = CORES,
) -> float:
    """Cycles of tw_attention_s8 for up to 256 keys.

    Args:
        heads: of queries, in all batch entries.
        queries: per head.
        keys: that a query attends to, on average.
        sizes: of keys and of values.
        second_table: whether weights come from two tables.
        zero_point: whether that of queries is not 0.
        cores: cores that share the work.
    """
    kind = "single" if queries == 1 else "pair"
    quads = " in quads" if queries > 1 and sizes[0] % 16 == 0 and not zero_point else ""
    items = _divide_up(heads * _divide_up(queries, 2), cores)
    rows = items * min(queries, 2)
    words = items * (sizes[0] // 4 + sizes[1] // 4) / 2
    return cycles(
        {
            "attention call": 1,
            f"attention {kind}": items,
            f"attention {kind} key{quads}": items * keys,
            f"attention {kind} word": words,
            f"attention {kind} word of key": words * keys,
            "attention second table": rows * keys * second_table,
            "attention zero point": (rows + items * sizes[0] // 4) * keys * zero_point,
            "attention scalar": rows * keys * (sizes[0] % 4 + sizes[1] % 4),
        }
    )


def matmul_terms(
    rows: int, inner: int, columns: int, core: int, cores: int, bits: int = 8
) -> Terms:
    """What a core does in a matrix product."""
    stored = _stored(bits)
    words = _divide_up(inner, _VALUES)
    runs = (inner >= _VALUES) + (inner % _VALUES != 0)
    if rows == 1 and inner % _VALUES == 0 and columns % _OUTPUTS == 0:
        pairs, rest = divmod(len(share(columns // _OUTPUTS, core, cores)), 2)
        return {
            f"matmul of one row{stored}": 1,
            f"block of 1 rows{stored}": pairs,
            f"word of 1 rows{stored}": pairs * words,
            f"last block of 1 row{stored}": rest,
            f"word of last block of 1 row{stored}": rest * words,
        }
    regular = inner % _VALUES == 0 and columns % _OUTPUTS == 0
    terms: Counter[str] = Counter({"matmul call": 1})
    before = False  # whether the group before was one of those that are computed at once
    for group in _groups(rows, columns, core, cores):
        blocks = group.end - group.begin
        if regular and group.rows == _ROWS and blocks == columns // _OUTPUTS:
            terms["matmul groups"] += not before
            terms["matmul next group"] += before
            terms[f"block of 4 rows{stored}"] += blocks
            terms[f"word of 4 rows{stored}"] += blocks * words
            before = True
            continue
        before = False
        terms["matmul group"] += 1
        terms["matmul group of rows that end within a word"] += inner % _VALUES != 0
        _count_products(terms, group, columns, runs, words, stored)
    return terms


def conv_terms(tile: ConvTile, core: int, cores: int, bits: int = 8) -> Terms:
    """What a core does in a convolution."""
    taps = tile.kernel[0] * tile.kernel[1]
    values = taps * tile.channels
    unit = 8 * _VALUES // bits
    in_place = tile.channels % unit == 0 and taps <= _IN_PLACE_TAPS
    height, width = tile.output
    pixels = tile.batches * height * width
    terms: Counter[str] = Counter({"conv call": 1})
    for group in _groups(pixels, tile.outputs, core, cores):
        terms["conv group"] += 1
        places = [min(group.first + i, pixels - 1) for i in range(_ROWS)]
        inside = [
            _window_is_inside(tile, place // width % height, place % width) for place in places
        ]
        runs = 1
        if in_place:
            dense = all(inside) and tile.dilations[1] == 1
            runs = tile.kernel[0] if dense else taps
            terms["conv group in taps"] += not dense
            terms["conv row of group" if dense else "conv tap of group"] += runs
        else:
            copied = inside[: group.rows] if tile.dilations[1] == 1 else [False] * group.rows
            whole, parts = copied.count(True), copied.count(False)
            terms["conv window"] += whole
            terms["conv row of window"] += whole * tile.kernel[0]
            terms["conv value of window"] += whole * values
            terms["conv border window"] += parts
            terms["conv row of border window"] += parts * tile.kernel[0]
            terms["conv value of border window"] += parts * values
        words = _divide_up(values, unit) * unit // _VALUES
        _count_products(terms, group, tile.outputs, runs, words, _stored(bits))
    return terms


def depthwise_terms(tile: ConvTile, band_rows: int, turned: bool, core: int, cores: int) -> Terms:
    """What a core does in a depthwise convolution of 3x3 taps."""
    axes = (1, 0) if turned else (0, 1)
    rows, columns = (tile.output[axis] for axis in axes)
    stride = tile.strides[0]
    extents = [(tile.height, tile.width)[axis] for axis in axes]
    top = tile.begins[axes[0]]
    bands = _divide_up(rows, band_rows)
    groups = tile.channels // _CHANNELS
    pitch = _divide_up((columns - 1) * stride + 4, 4) * 4
    terms: Counter[str] = Counter({"depthwise call": 1})
    items = share(tile.batches * bands * groups, core, cores)
    if items:
        terms["depthwise word filled"] += ((band_rows - 1) * stride + 3) * pitch
    for item in items:
        begin = item // groups % bands * band_rows
        count = min(band_rows, rows - begin)
        first = begin * stride - top
        inside = min(first + (count - 1) * stride + 3, extents[0]) - max(first, 0)
        quads = _divide_up(extents[1], 4) if extents[1] >= 4 else 2 * extents[1]
        strips = _CHANNELS * _divide_up(columns, 4)
        terms["depthwise band"] += 1
        terms["depthwise row split"] += inside
        terms["depthwise quad split"] += inside * quads
        terms[f"depthwise strip with stride {stride}"] += strips
        terms[f"depthwise row of strip with stride {stride}"] += strips * count
    return terms


def depthwise_singly_terms(tile: ConvTile, band_rows: int, core: int, cores: int) -> Terms:
    """What a core does in a depthwise convolution of any kernel, output by output."""
    height, width = tile.output
    bands = _divide_up(height, band_rows)
    groups = _divide_up(tile.channels, _CHANNELS)
    words = tile.kernel[0] * _divide_up(tile.kernel[1], _VALUES)
    quads = _divide_up(tile.width, 4) if tile.width >= 4 else 2 * tile.width
    terms: Counter[str] = Counter({"depthwise call": 1})
    for item in share(tile.batches * bands * groups, core, cores):
        begin = item // groups % bands * band_rows
        count = min(band_rows, height - begin)
        first = begin * tile.strides[0] - tile.begins[0]
        last = first + (count - 1) * tile.strides[0] + tile.dilations[0] * (tile.kernel[0] - 1)
        inside = max(0, min(last + 1, tile.height) - max(first, 0))
        outputs = _CHANNELS * _divide_up(tile.outputs, tile.channels) * count * width
        terms["depthwise band"] += 1
        terms["depthwise row split"] += inside
        terms["depthwise quad split"] += inside * quads
        terms["depthwise output"] += outputs
        terms["depthwise word of output"] += outputs * words
    return terms


@dataclass(frozen=True)
class _Group:
    """Blocks [begin, end) of outputs for `rows` rows from `first` on."""

    first: int
    rows: int
    begin: int
    end: int


def share(count: int, core: int, cores: int) -> range:
    """What `tw_share` gives a core."""
    base, extra = divmod(count, cores)
    begin = core * base + min(core, extra)
    return range(begin, begin + base + (core < extra))


def _groups(rows: int, columns: int, core: int, cores: int) -> Iterator[_Group]:
    """A core's share of blocks of rows by columns."""
    blocks = _divide_up(columns, _OUTPUTS)
    items = share(_divide_up(rows, _ROWS) * blocks, core, cores)
    at = items.start
    while at < items.stop:
        number, begin = divmod(at, blocks)
        end = min(blocks, begin + items.stop - at)
        yield _Group(number * _ROWS, min(_ROWS, rows - number * _ROWS), begin, end)
        at += end - begin


def _count_products(
    terms: Counter[str], group: _Group, columns: int, runs: int, words: int, stored: str
) -> None:
    """Adds the terms of `tw_packed_columns`."""
    together = max(0, min(group.end, columns // _OUTPUTS) - group.begin)
    single = group.end - group.begin - together
    rows = 4 if group.rows == 3 else group.rows
    for blocks in [together] * (together > 0) + [1] * single:
        terms[f"{rows} rows"] += 1
        pairs, rest = blocks, 0
        if rows == 1:
            pairs, rest = divmod(blocks, 2) if runs == 1 else (0, blocks)
        terms[f"block of {rows} rows{stored}"] += pairs
        terms[f"word of {rows} rows{stored}"] += pairs * words
        terms["run of block"] += (pairs + rest) * (runs - 1)
        terms[f"last block of 1 row{stored}"] += rest
        terms[f"word of last block of 1 row{stored}"] += rest * words
    terms["block that ends the outputs"] += single


def _stored(bits: int) -> str:
    """How names of terms end that depend on the bits of stored weights."""
    return "" if bits == 8 else f" of {bits} bits"


def _window_is_inside(tile: ConvTile, row: int, column: int) -> bool:
    for axis, (place, extent) in enumerate(((row, tile.height), (column, tile.width))):
        first = place * tile.strides[axis] - tile.begins[axis]
        last = first + (tile.kernel[axis] - 1) * tile.dilations[axis]
        if first < 0 or last >= extent:
            return False
    return True


def _divide_up(value: int, by: int) -> int:
    return -(-value // by)
