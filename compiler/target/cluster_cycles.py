"""How long kernels take on eight cores, with operands in L1: a model fitted to the simulator.

Kernels share blocks of work; a call takes as long as the core with most blocks. What a block costs
was measured on the layers of this repository's models (docs/benchmarks.md); the constant part of a
call is mostly its code coming in from L2, because other kernels ran before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from compiler.ir import Kernel, TensorType
from compiler.ir.operation import ParameterValue

Parameters = Mapping[str, ParameterValue]
Model = Callable[[Parameters, Sequence[TensorType], int], float]


def kernel_cycles(kernel: Kernel, outputs: Sequence[TensorType], cores: int) -> int:
    """Cycles from the first core's start to the last one's end."""
    model = _MODELS.get(kernel.function, _by_element(OTHER_CYCLES, OTHER_START))
    return max(1, round(model(kernel.parameters, outputs, cores)))


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
    rows, columns = _number(parameters, "rows"), _number(parameters, "columns")
    words = _up(_number(parameters, "inner"), 4)
    rounds = _up(_up(rows, 4) * _up(columns, 4), cores)
    if _number(parameters, "wide"):
        return rounds * (25.8 * words + 1550) + 300
    if rows == 1:
        return rounds * (9.3 * words + 70) / (2 if rounds > 1 else 1) + 860
    return rounds * (23.9 * words + 149) + 863


def _conv(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    taps = _number(parameters, "kernel_height") * _number(parameters, "kernel_width")
    channels = _number(parameters, "input_channels")
    words = _up(taps * channels, 4)
    columns = _number(parameters, "output_channels")
    pixels = outputs[0].elements // max(1, columns)
    rounds = _up(_up(pixels, 4) * _up(columns, 4), cores)
    copied = 0 if channels % 4 == 0 and taps <= 25 else _up(pixels, 4) * words / cores
    return rounds * (28.2 * words + 168 + (1400 if parameters["wide"] else 0)) + 10 * copied + 674


def _depthwise(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    bands = _up(_number(parameters, "output_height"), _number(parameters, "band_rows"))
    quadruples = _up(_number(parameters, "input_channels"), 4)
    rounds = _up(quadruples * bands * _number(parameters, "batches"), cores)
    rows = _number(parameters, "band_rows")
    strips = _up(_number(parameters, "output_width"), 4)
    stride = _number(parameters, "stride_height") * _number(parameters, "stride_width")
    del outputs
    return rounds * rows * strips * 4 * (42 + 11 * (stride - 1)) + rounds * 1200 + 1000


def _attention(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    heads = _number(parameters, "batch") * _number(parameters, "query_heads")
    rows = _up(heads * _number(parameters, "queries"), cores)
    keys = _number(parameters, "keys")
    sizes = _number(parameters, "head_size") + _number(parameters, "value_size")
    del outputs
    return 2000 + rows * (300 + keys * (20 + 1.5 * sizes))


_MODELS: Mapping[str, Model] = {
    "tw_matmul_packed_s8": _matmul,
    "tw_conv_packed_s8": _conv,
    "tw_depthwise_conv_packed_s8": _depthwise,
    "tw_attention_s8": _attention,
    "tw_add_s8": _by_element(7.7, 890),
    "tw_multiply_s8": _by_element(9.4, 1300),
    "tw_table": _by_element(3.3, 260),
    "tw_normalization_s8": _by_element(76, 0),
    "tw_rms_normalization_s8": _by_element(12.7, 790),
    "tw_rotary_embedding_s8": _by_element(50, 400),
    "tw_strided_copy": _by_element(18, 500),
    "tw_max_pool_s8": _by_element(28, 0),
    "tw_average_pool_s8": _by_element(58, 2100),
    "tw_gather": _by_element(20, 700),
    "tw_tensor_scatter": _by_element(1, 1000),
    "tw_softmax_s8": _by_element(200, 990),
}
