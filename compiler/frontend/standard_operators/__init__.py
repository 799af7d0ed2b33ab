"""ONNX's own operators by others of ONNX, where these have kernels and ONNX defines no function.

ONNX's functions are found by `expand_functions`; what is here is as often seen in exported models,
but has no such definition, or one that needs what depends on run-time values.
"""

from compiler.frontend.standard_operators import (
    affine_grid as _affine_grid,
)
from compiler.frontend.standard_operators import (
    fourier_transform as _fourier_transform,
)
from compiler.frontend.standard_operators import (
    grid_sample as _grid_sample,
)
from compiler.frontend.standard_operators import (
    local_normalization as _local_normalization,
)
from compiler.frontend.standard_operators import (
    overlapping_blocks as _overlapping_blocks,
)
from compiler.frontend.standard_operators import (
    reduction as _reduction,
)
from compiler.frontend.standard_operators import (
    selection as _selection,
)
from compiler.frontend.standard_operators import (
    sums_of_products as _sums_of_products,
)
from compiler.frontend.standard_operators import (
    volume_convolution as _volume_convolution,
)
from compiler.frontend.standard_operators import (
    volume_pooling as _volume_pooling,
)

__all__: list[str] = []

_RULES = (
    _affine_grid,
    _fourier_transform,
    _grid_sample,
    _local_normalization,
    _overlapping_blocks,
    _reduction,
    _selection,
    _sums_of_products,
    _volume_convolution,
    _volume_pooling,
)
"""Importing them registers their rules."""
