"""How long kernels of float32 take on eight cores that share four floating-point units.

Fitted to the simulator with operands in L1 and code in the caches (docs/benchmarks.md); the time
until the code is there is `COLD_START` of cluster_cycles.py, for the caller to add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from compiler.ir import TensorType
from compiler.ir.operation import ParameterValue

Parameters = Mapping[str, ParameterValue]
Model = Callable[[Parameters, Sequence[TensorType], int], float]

SUMS = 4
"""Outputs that are computed together; `SUMS` of kernels/xcorev/products_f32.h."""


def _number(parameters: Parameters, name: str) -> int:
    value = parameters[name]
    assert isinstance(value, int)
    return value


def _up(value: int, unit: int) -> int:
    return -(-value // unit)


def _matmul(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    blocks = _number(parameters, "rows") * _up(_number(parameters, "columns"), SUMS)
    return 200 + _up(blocks, cores) * (75 + 19.5 * _number(parameters, "inner"))


def _matmul_weight_only(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows, inner = _number(parameters, "rows"), _number(parameters, "inner")
    columns = _up(_number(parameters, "columns"), cores)
    singly = columns % SUMS
    products = 5.8 * (columns - singly) + 13.4 * singly
    return 200 + columns * (115 + 12.3 * inner) + products * rows * inner


def _batched_matmul(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    lines = _number(parameters, "matrices") * _number(parameters, "rows")
    blocks = lines * _up(_number(parameters, "columns"), SUMS)
    return 200 + _up(blocks, cores) * (190 + 22.3 * _number(parameters, "inner"))


def _taps(parameters: Parameters, axis: str, before: int) -> float:
    """Taps on one axis that lie inside of the input, on average over its outputs."""
    outputs, taps = _number(parameters, f"output_{axis}"), _number(parameters, f"kernel_{axis}")
    stride, dilation = (_number(parameters, f"{name}_{axis}") for name in ("stride", "dilation"))
    end = before + _number(parameters, f"input_{axis}")
    inside = sum(
        before <= output * stride + tap * dilation < end
        for output in range(outputs)
        for tap in range(taps)
    )
    return inside / outputs


def _inside(parameters: Parameters) -> tuple[float, float]:
    """Rows and columns of taps that lie inside of the input, on average."""
    return (
        _taps(parameters, "height", _number(parameters, "pad_top")),
        _taps(parameters, "width", _number(parameters, "pad_left")),
    )


def _pixels(parameters: Parameters) -> int:
    batches, height = _number(parameters, "batches"), _number(parameters, "output_height")
    return batches * height * _number(parameters, "output_width")


def _conv(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows, columns = _inside(parameters)
    groups = _number(parameters, "groups")
    each = _number(parameters, "input_channels") // groups
    per_group = _number(parameters, "output_channels") // groups
    blocks = _pixels(parameters) * groups * _up(per_group, SUMS)
    joined = groups == 1 and _number(parameters, "dilation_width") == 1
    runs = rows if joined else rows * columns
    block = 150 + 20 * runs + 20.5 * rows * columns * each
    return 200 + _up(blocks, cores) * block


def _depthwise(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows, columns = _inside(parameters)
    channels = _number(parameters, "output_channels")
    if channels != _number(parameters, "input_channels"):
        return 200 + _up(_pixels(parameters) * channels, cores) * (90 + 16 * rows * columns)
    blocks = _up(channels, SUMS)
    block = 80 + 280 / blocks + 42 * rows * columns
    return 200 + _up(_pixels(parameters) * blocks, cores) * block


def _arithmetic(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    bounded = parameters["minimum"] != -inf or parameters["maximum"] != inf
    elements = _up(outputs[0].elements, cores)
    return 500 + elements * (23.2 if bounded else 6.1)


def _rows(per_element: float, per_row: float) -> Model:
    """Kernels whose cores share rows, which are the innermost axis."""

    def model(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
        rows = _number(parameters, "rows")
        elements = outputs[0].elements // rows
        return 200 + _up(rows, cores) * (per_row + per_element * elements)

    return model


def _softmax(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    del outputs
    rows = _number(parameters, "outer") * _number(parameters, "inner")
    # Up to half of the cores have units of their own.
    element = 97.5 if rows > cores // 2 else 77.0
    return 200 + _up(rows, cores) * (150 + element * _number(parameters, "extent"))


def _elements(cycles: float) -> Model:
    def model(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
        del parameters
        return 200 + cycles * _up(outputs[0].elements, cores)

    return model


def _max_pool(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    rows, columns = _inside(parameters)
    return 200 + _up(outputs[0].elements, cores) * 34 * rows * columns


FLOAT_MODELS: Mapping[str, Model] = {
    "tw_add_f32": _arithmetic,
    "tw_subtract_f32": _arithmetic,
    "tw_multiply_f32": _arithmetic,
    "tw_matmul_f32": _matmul,
    "tw_matmul_weight_only_f32": _matmul_weight_only,
    "tw_batched_matmul_f32": _batched_matmul,
    "tw_conv_f32": _conv,
    "tw_depthwise_conv_f32": _depthwise,
    "tw_max_pool_f32": _max_pool,
    "tw_softmax_f32": _softmax,
    "tw_normalization_f32": _rows(50.5, 200),
    "tw_rms_normalization_f32": _rows(18.3, 130),
    "tw_clip_f32": _elements(18.4),
    "tw_leaky_relu_f32": _elements(11.9),
    "tw_exp_f32": _elements(65.0),
    "tw_gelu_f32": _elements(61.0),
    "tw_erf_f32": _elements(61.0),
    "tw_tanh_f32": _elements(70.0),
    "tw_sigmoid_f32": _elements(125.5),
}
"""By the kernel's function: parameters, outputs and number of cores give cycles."""
