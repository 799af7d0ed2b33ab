"""Operators of onnxruntime (domain com.microsoft) by ONNX's own.

Its transformer optimiser fuses what exporters write into these. Here they are taken apart as far as
there are kernels for the parts: Attention, LayerNormalization, RotaryEmbedding and others have
kernels of their own.
"""

from compiler.frontend.contrib_operators import (
    activations as _activations,
)
from compiler.frontend.contrib_operators import (
    attention as _attention,
)
from compiler.frontend.contrib_operators import (
    channels_last as _channels_last,
)
from compiler.frontend.contrib_operators import (
    dynamic_lstm as _dynamic_lstm,
)
from compiler.frontend.contrib_operators import (
    embedding as _embedding,
)
from compiler.frontend.contrib_operators import (
    fused_products as _fused_products,
)
from compiler.frontend.contrib_operators import (
    group_query_attention as _group_query_attention,
)
from compiler.frontend.contrib_operators import (
    multi_head_attention as _multi_head_attention,
)
from compiler.frontend.contrib_operators import (
    normalization as _normalization,
)
from compiler.frontend.contrib_operators import (
    packed_weights as _packed_weights,
)
from compiler.frontend.contrib_operators import (
    quantised_table as _quantised_table,
)
from compiler.frontend.contrib_operators import (
    rotary_embedding as _rotary_embedding,
)

__all__: list[str] = []

_RULES = (
    _activations,
    _attention,
    _channels_last,
    _dynamic_lstm,
    _embedding,
    _fused_products,
    _group_query_attention,
    _multi_head_attention,
    _normalization,
    _packed_weights,
    _quantised_table,
    _rotary_embedding,
)
"""Importing them registers their rules."""
