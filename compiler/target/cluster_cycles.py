"""How long kernels take on eight cores, with operands in L1: a model fitted to the simulator.

Products have a model that follows their loops (`siracusa_cluster_cycles.py`); other kernels take so
many cycles per element, measured on the layers of this repository's models (docs/benchmarks.md).
Whatever it is, its code first has to come from L2, because other kernels ran before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from compiler.ir import Kernel, TensorType
from compiler.ir.operation import ParameterValue
from compiler.target.siracusa_cluster_cycles import (
    ConvTile,
    conv_packed,
    depthwise_conv_packed,
    matmul_packed,
)

Parameters = Mapping[str, ParameterValue]
Model = Callable[[Parameters, Sequence[TensorType], int], float]


def kernel_cycles(kernel: Kernel, outputs: Sequence[TensorType], cores: int) -> int:
    """Cycles from the first core's start to the last one's end."""
    model = _MODELS.get(kernel.function, _by_element(OTHER_CYCLES, OTHER_START))
    return max(1, round(model(kernel.parameters, outputs, cores)))


COLD_START = 450.0
"""Cycles until a kernel's code has come from L2, where others ran before it."""

WIDE_CYCLES = 90.0
"""Per element, for 64-bit requantisation."""

OTHER_CYCLES, OTHER_START = 100.0, 900.0
"""Of kernels that only exist in portable C: cycles per element, and of the call."""


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


def _matmul(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows, inner = _number(parameters, "rows"), _number(parameters, "inner")
    columns = _number(parameters, "columns")
    if _number(parameters, "wide"):
        rounds = _up(_up(rows, 4) * _up(columns, 4), cores)
        return COLD_START + rounds * (25.8 * _up(inner, 4) + 1550)
    return COLD_START + matmul_packed(rows, inner, columns, cores)


def _conv(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    tile = _conv_tile(parameters)
    wide = 0
    if _number(parameters, "wide"):
        wide = WIDE_CYCLES * _up(outputs[0].elements, cores)
    return COLD_START + conv_packed(tile, cores) + wide


def _depthwise(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    band_rows = _number(parameters, "band_rows")
    tile = _conv_tile(parameters)
    if tile.kernel == (3, 3) and tile.strides in ((1, 1), (2, 2)):
        # As the kernel is told: if the image is turned, then so are these parameters.
        return COLD_START + depthwise_conv_packed(tile, band_rows, cores=cores)
    bands = _up(tile.output[0], band_rows) * _up(tile.channels, 4) * tile.batches
    taps = tile.kernel[0] * tile.kernel[1]
    return COLD_START + _up(bands, cores) * band_rows * tile.output[1] * 4 * (30 + 2 * taps)


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
    heads = _number(parameters, "batch") * _number(parameters, "query_heads")
    rows = _up(heads * _number(parameters, "queries"), cores)
    keys = _number(parameters, "keys")
    sizes = _number(parameters, "head_size") + _number(parameters, "value_size")
    del outputs
    # As many keys as there can be: only a run tells how many there are.
    return 1000 + rows * keys * (32 + 1.25 * sizes)


def _copy(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    return 150 + 0.51 * _up(_number(parameters, "bytes"), cores)


_MODELS: Mapping[str, Model] = {
    "tw_matmul_packed_s8": _matmul,
    "tw_conv_packed_s8": _conv,
    "tw_depthwise_conv_packed_s8": _depthwise,
    "tw_attention_s8": _attention,
    "tw_copy": _copy,
    "tw_add_s8": _by_element(7.7, 890),
    "tw_multiply_s8": _by_element(9.4, 1300),
    "tw_table": _by_element(3.3, 100),
    "tw_normalization_s8": _by_element(17.3, 500),
    "tw_rms_normalization_s8": _by_element(12.7, 790),
    "tw_rotary_embedding_s8": _by_element(36, 500),
    "tw_strided_copy": _by_element(4.2, 500),
    "tw_max_pool_s8": _by_element(28, 0),
    "tw_average_pool_s8": _by_element(58, 2100),
    "tw_gather": _by_element(4.5, 700),
    "tw_tensor_scatter": _by_element(1, 1000),
    "tw_softmax_s8": _by_element(200, 990),
}
