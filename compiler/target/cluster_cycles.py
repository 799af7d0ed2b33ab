"""How long kernels take on eight cores, with operands in L1: a model fitted to the simulator.

Products have a model that follows their loops (`siracusa_cluster_cycles.py`); other kernels take so
many cycles per element, measured on the layers of this repository's models (docs/benchmarks.md).
Whatever it is, its code first has to come to the core, because other kernels ran before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod

from compiler.ir import Kernel, TensorType
from compiler.ir.operation import ParameterValue
from compiler.target.float_cycles import FLOAT_MODELS
from compiler.target.neureka_job import jobs_cycles
from compiler.target.siracusa_cluster_cycles import (
    attention,
    attention_word,
    attention_words,
    conv_packed,
    depthwise_conv_packed,
    depthwise_conv_singly,
    matmul_packed,
)
from compiler.target.siracusa_cluster_terms import ConvTile

Parameters = Mapping[str, ParameterValue]
Model = Callable[[Parameters, Sequence[TensorType], int], float]


ESTIMATES: dict[str, Model] = {}
"""Of kernels that other repositories add, by function."""


def estimate(function: str) -> Callable[[Model], Model]:
    """Registers the decorated function as the cycles of a kernel whose operands are in L1.

    It gets the kernel's parameters, the types of its outputs and the number of cores, and counts
    from the first core's start to the last one's end. The scheduler chooses tiles by it; results
    do not depend on it.
    """

    def register(model: Model) -> Model:
        if function in ESTIMATES or function in _MODELS or function in FLOAT_MODELS:
            raise ValueError(f"{function} has two estimates")
        ESTIMATES[function] = model
        return model

    return register


def kernel_cycles(kernel: Kernel, outputs: Sequence[TensorType], cores: int) -> int:
    """Cycles from the first core's start to the last one's end."""
    if (warm := FLOAT_MODELS.get(kernel.function)) is not None:
        return round(COLD_START + warm(kernel.parameters, outputs, cores))
    model = ESTIMATES.get(kernel.function) or _MODELS.get(kernel.function, _OTHER)
    return max(1, round(model(kernel.parameters, outputs, cores)))


COLD_START = 100.0
"""Cycles until a kernel's code has come from the cache that cores share. From L2 it takes 450: once
for kernels of layers that repeat, whose code fits that cache."""

JOBS_START = 110.0
"""From a step's begin until the control core starts the job that it has prepared before, and from
the last job's end until the step ends."""

WIDE_CYCLES = 90.0
"""Per element, for 64-bit requantisation."""

UNPACKING: Mapping[int, float] = {8: 1.0, 4: 1.2, 2: 1.35}
"""How much longer products take with weights of fewer bits, by bits."""

OTHER_CYCLES, OTHER_START = 100.0, 900.0
"""Of kernels that only exist in portable C: cycles per element, and of the call."""


STRIP = 4
"""Outputs in a row from which on a depthwise convolution is computed in strips."""


def _number(parameters: Parameters, name: str) -> int:
    value = parameters[name]
    assert isinstance(value, int)
    return value


def _up(value: int, unit: int) -> int:
    return -(-value // unit)


def _by_element(cycles: float, start: float) -> Model:
    """So many cycles for each element of output 0 that a core computes."""

    def model(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
        del parameters
        return start + cycles * _up(outputs[0].elements, cores)

    return model


def _matmul(
    parameters: Parameters, outputs: Sequence[TensorType], cores: int, bits: int = 8
) -> float:
    del outputs
    rows, inner = _number(parameters, "rows"), _number(parameters, "inner")
    columns = _number(parameters, "columns")
    if _number(parameters, "wide"):
        rounds = _up(_up(rows, 4) * _up(columns, 4), cores)
        words = _up(inner, 4) * UNPACKING[bits]
        if rows == 1:
            return COLD_START + 150 + rounds * (9.2 * words + 500)
        return COLD_START + rounds * (25.8 * words + 1550)
    return COLD_START + matmul_packed(rows, inner, columns, cores, bits)


def _conv(
    parameters: Parameters, outputs: Sequence[TensorType], cores: int, bits: int = 8
) -> float:
    tile = _conv_tile(parameters)
    wide = 0
    if _number(parameters, "wide"):
        wide = WIDE_CYCLES * _up(outputs[0].elements, cores)
    return COLD_START + conv_packed(tile, cores, bits) + wide


def _depthwise(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    band_rows = _number(parameters, "band_rows")
    tile = _conv_tile(parameters)
    if (
        tile.kernel == (3, 3)
        and tile.strides in ((1, 1), (2, 2))
        and tile.output[1] >= STRIP
        and not _number(parameters, "wide")
    ):
        # As the kernel is told: if the image is turned, then so are these parameters.
        return COLD_START + depthwise_conv_packed(tile, band_rows, cores=cores)
    return COLD_START + depthwise_conv_singly(tile, band_rows, cores)


def _windows(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    tile = _conv_tile({**parameters, "output_channels": 0})
    height, width = (_taps_inside(tile, axis) for axis in (0, 1))
    rows, columns = tile.kernel
    pixels = len(height) * len(width)
    taps = sum(height) * sum(width)
    # Rows of neighbouring taps are copied at once; windows that are not whole are filled first.
    whole, lines = 0, taps
    if tile.dilations[1] == 1:
        whole = height.count(rows) * width.count(columns)
        lines = sum(height) * sum(taken > 0 for taken in width)
    window_bytes = rows * columns * tile.channels
    border = (pixels - whole) * (56 + 0.2 * window_bytes + 31.4 * (rows + columns))
    each = 38 * pixels + 23.3 * lines + taps * tile.channels + border
    return COLD_START + tile.batches * each / cores


def _taps_inside(tile: ConvTile, axis: int) -> list[int]:
    """Of the window of each output on an axis, how many taps lie inside of the input."""
    extent = (tile.height, tile.width)[axis]
    return [
        sum(
            0 <= output * tile.strides[axis] - tile.begins[axis] + tap < extent
            for tap in range(0, tile.kernel[axis] * tile.dilations[axis], tile.dilations[axis])
        )
        for output in range(tile.output[axis])
    ]


def _pad(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    extents, inputs, begins = (parameters[name] for name in ("extents", "input_extents", "begins"))
    assert isinstance(extents, tuple) and isinstance(inputs, tuple) and isinstance(begins, tuple)
    axes = range(len(extents))
    padded = [axis for axis in axes if begins[axis] != 0 or extents[axis] != inputs[axis]]
    last = padded[-1] if padded else 0

    def inside(axis: int) -> int:
        return max(0, min(extents[axis], begins[axis] + inputs[axis]) - max(0, begins[axis]))

    # What is behind the last padded axis is copied, or filled, at once.
    sides = (begins[last] > 0) + (begins[last] + inputs[last] < extents[last])
    runs = prod(extents[:last]) + prod(inside(axis) for axis in range(last)) * sides
    return 650 + (183 * runs + 0.51 * outputs[0].bytes) / cores


def _accelerated(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs, cores
    return JOBS_START + jobs_cycles(parameters)


def _conv_tile(parameters: Parameters) -> ConvTile:
    def pair(name: str) -> tuple[int, int]:
        return _number(parameters, f"{name}_height"), _number(parameters, f"{name}_width")

    extents, outputs = pair("input"), pair("output")
    kernel, strides, dilations = pair("kernel"), pair("stride"), pair("dilation")
    begins = _number(parameters, "pad_top"), _number(parameters, "pad_left")
    ends = [
        (outputs[a] - 1) * strides[a] + dilations[a] * (kernel[a] - 1) + 1 - extents[a] - begins[a]
        for a in (0, 1)
    ]
    return ConvTile(
        *extents,
        _number(parameters, "input_channels"),
        _number(parameters, "output_channels"),
        kernel,
        strides,
        begins,
        (ends[0], ends[1]),
        dilations,
        _number(parameters, "batches"),
    )


def _attention(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    return COLD_START + attention(
        _number(parameters, "batch") * _number(parameters, "query_heads"),
        _number(parameters, "queries"),
        _attended_keys(parameters),
        (_number(parameters, "head_size"), _number(parameters, "value_size")),
        second_table=_number(parameters, "weight_bits") != 0,
        zero_point=_number(parameters, "query_zero_point") != 0,
        cores=cores,
    )


def _attention_word(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    return COLD_START + attention_word(
        _number(parameters, "heads"),
        _number(parameters, "queries"),
        _attended_keys(parameters),
        second_table=_number(parameters, "weight_bits") != 0,
        cores=cores,
    )


def _attention_words(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    heads, queries = _number(parameters, "heads"), _number(parameters, "queries")
    return COLD_START + attention_words(heads, queries, _attended_keys(parameters), cores)


def _attended_keys(parameters: Parameters) -> int:
    """Keys of a query on average. Only a run tells positions: those of several queries are taken
    for the first ones, that of a single query for the last one."""
    keys, queries = _number(parameters, "keys"), _number(parameters, "queries")
    if not _number(parameters, "causal") and not _number(parameters, "position_row_stride"):
        return keys
    # Query i attends to i + 1 keys.
    among = min(keys, queries)
    return _up(among * (among + 1) // 2 + (queries - among) * keys, queries)


def _strided_copy(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    extents, strides = parameters["extents"], parameters["strides"]
    assert isinstance(extents, Sequence) and isinstance(strides, Sequence)
    del outputs
    sizes = [int(extent) for extent in extents]
    elements, element = _number(parameters, "elements"), _number(parameters, "element_bytes")
    contiguous = strides[-1] == 1
    if contiguous and sizes[-1] > 1 and sizes[-1] * element in (2, 4):  # moved like elements
        elements //= sizes[-1]
        sizes, contiguous = [1, *sizes[:-1]], False
    share = _up(elements, cores)
    last, other = sizes[-1], sizes[-2]
    if contiguous:  # rows, and blocks of rows with a constant distance
        rows = _up(share, last)
        row = min(last, share) * element
        by_row = 16 + 0.6 * row if row >= 16 else 11 if row >= 8 else 7.5
        return COLD_START + 260 + 130 * _up(rows, other) + by_row * rows
    return COLD_START + 200 + 35 * _up(share, max(last, other)) + 2.45 * share


def _rms_normalization(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows, elements = _number(parameters, "rows"), _number(parameters, "elements")
    if rows < cores:  # each core finds each row's factor
        row = 105 + 0.9 * elements + 9.2 * _up(elements, cores)
        return COLD_START + 100 + rows * row
    return COLD_START + 120 + _up(rows, cores) * (275 + 9.8 * elements)


def _rotary_embedding(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    tokens = _number(parameters, "batch") * _number(parameters, "tokens")
    heads = _number(parameters, "heads")
    vectors = _up(tokens * heads, cores)
    pairs = _number(parameters, "rotary_size") // 2
    is_word = _number(parameters, "head_size") == _number(parameters, "rotary_size") == 4
    if is_word and not _number(parameters, "interleaved") and tokens >= cores:
        return COLD_START + 120 + _up(tokens, cores) * (65 + 30.1 * heads)
    if tokens == 1:
        return COLD_START + 40 + vectors * (4 + 20 * pairs)
    return COLD_START + 250 + vectors * (24 + 20.5 * pairs)


def _tensor_scatter(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    blocks = _up(_number(parameters, "batch") * _number(parameters, "outer"), cores)
    rows = _number(parameters, "rows")
    block = 60 + 0.75 * rows * _number(parameters, "row_bytes") if rows > 1 else 5
    return COLD_START + (80 if rows > 1 else 0) + blocks * block


CONSOLE_CYCLES = 30
"""Per character that is written: some 40 a line, and 4 for 3 bytes of data."""


def _dump_tile(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs, cores
    counts = parameters["counts"]
    assert isinstance(counts, tuple)
    lines = prod(counts)
    return CONSOLE_CYCLES * lines * (40 + 4 * _number(parameters, "run_bytes") / 3)


def _copy(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    return 150 + 0.51 * _up(_number(parameters, "bytes"), cores)


_MODELS: Mapping[str, Model] = {
    "tw_accelerated_conv": _accelerated,
    "tw_matmul_packed_s8": _matmul,
    "tw_matmul_packed_s8_w4": partial(_matmul, bits=4),
    "tw_matmul_packed_s8_w2": partial(_matmul, bits=2),
    "tw_conv_packed_s8": _conv,
    "tw_conv_packed_s8_w4": partial(_conv, bits=4),
    "tw_conv_packed_s8_w2": partial(_conv, bits=2),
    "tw_depthwise_conv_packed_s8": _depthwise,
    "tw_attention_s8": _attention,
    "tw_copy": _copy,
    "tw_attention_word_s8": _attention_word,
    "tw_attention_words_s8": _attention_words,
    "tw_add_s8": _by_element(7.8, 130),
    "tw_multiply_s8": _by_element(9.7, 220),
    "tw_table": _by_element(3.3, 100),
    "tw_table_product_s8": _by_element(11.5, 160),
    "tw_normalization_s8": _by_element(15.7, 500),
    "tw_rms_normalization_s8": _rms_normalization,
    "tw_rotary_embedding_s8": _rotary_embedding,
    "tw_dump_tile": _dump_tile,
    "tw_strided_copy": _strided_copy,
    "tw_max_pool_s8": _by_element(28, 0),
    "tw_average_pool_s8": _by_element(58, 2100),
    "tw_pad": _pad,
    "tw_recode": _by_element(0.8, 200),
    "tw_windows": _windows,
    "tw_gather": _by_element(0.6, 700),
    "tw_tensor_scatter": _tensor_scatter,
    "tw_softmax_s8": _by_element(200, 990),
}

_OTHER: Model = _by_element(OTHER_CYCLES, OTHER_START)
