"""What a core of the Siracusa cluster does in a kernel, counted in terms of the kernel's loops.

`siracusa_cluster_cycles.py` weighs them. The loops are those of `kernels/xcorev`, whose comments
name them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ROWS = 4
_OUTPUTS = 4
_VALUES = 4
_CHANNELS = 4
_IN_PLACE_TAPS = 25

Pair = tuple[int, int]
Terms = Mapping[str, float]


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


def matmul_terms(
    rows: int, inner: int, columns: int, core: int, cores: int, bits: int = 8
) -> Terms:
    """What a core does in a matrix product."""
    stored = _stored(bits)
    words = divide_up(inner, _VALUES)
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
        words = divide_up(values, unit) * unit // _VALUES
        _count_products(terms, group, tile.outputs, runs, words, _stored(bits))
    return terms


def depthwise_terms(tile: ConvTile, band_rows: int, turned: bool, core: int, cores: int) -> Terms:
    """What a core does in a depthwise convolution of 3x3 taps."""
    axes = (1, 0) if turned else (0, 1)
    rows, columns = (tile.output[axis] for axis in axes)
    stride = tile.strides[0]
    extents = [(tile.height, tile.width)[axis] for axis in axes]
    top = tile.begins[axes[0]]
    bands = divide_up(rows, band_rows)
    groups = tile.channels // _CHANNELS
    pitch = divide_up((columns - 1) * stride + 4, 4) * 4
    terms: Counter[str] = Counter({"depthwise call": 1})
    items = share(tile.batches * bands * groups, core, cores)
    if items:
        terms["depthwise word filled"] += ((band_rows - 1) * stride + 3) * pitch
    for item in items:
        begin = item // groups % bands * band_rows
        count = min(band_rows, rows - begin)
        first = begin * stride - top
        inside = min(first + (count - 1) * stride + 3, extents[0]) - max(first, 0)
        quads = divide_up(extents[1], 4) if extents[1] >= 4 else 2 * extents[1]
        strips = _CHANNELS * divide_up(columns, 4)
        terms["depthwise band"] += 1
        terms["depthwise row split"] += inside
        terms["depthwise quad split"] += inside * quads
        terms[f"depthwise strip with stride {stride}"] += strips
        terms[f"depthwise row of strip with stride {stride}"] += strips * count
    return terms


def depthwise_singly_terms(tile: ConvTile, band_rows: int, core: int, cores: int) -> Terms:
    """What a core does in a depthwise convolution of any kernel, output by output."""
    height, width = tile.output
    bands = divide_up(height, band_rows)
    groups = divide_up(tile.channels, _CHANNELS)
    words = tile.kernel[0] * divide_up(tile.kernel[1], _VALUES)
    quads = divide_up(tile.width, 4) if tile.width >= 4 else 2 * tile.width
    terms: Counter[str] = Counter({"depthwise call": 1})
    for item in share(tile.batches * bands * groups, core, cores):
        begin = item // groups % bands * band_rows
        count = min(band_rows, height - begin)
        first = begin * tile.strides[0] - tile.begins[0]
        last = first + (count - 1) * tile.strides[0] + tile.dilations[0] * (tile.kernel[0] - 1)
        inside = max(0, min(last + 1, tile.height) - max(first, 0))
        outputs = _CHANNELS * divide_up(tile.outputs, tile.channels) * count * width
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
    blocks = divide_up(columns, _OUTPUTS)
    items = share(divide_up(rows, _ROWS) * blocks, core, cores)
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


def divide_up(value: int, by: int) -> int:
    """The quotient, rounded up."""
    return -(-value // by)
