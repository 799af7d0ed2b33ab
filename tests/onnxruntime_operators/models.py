"""All models of this folder that become firmware, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from onnx import ModelProto

from tests.onnxruntime_operators.clipped_models import clipped
from tests.onnxruntime_operators.fused_models import FUSED_MODELS
from tests.onnxruntime_operators.quantised_models import quantised_model

MODELS: Mapping[str, Callable[[], ModelProto]] = {
    **FUSED_MODELS,
    "clipped": clipped,
    "convolutional_uint8": partial(quantised_model, "convolutional", "uint8", per_channel=True),
    "perceptron_unsigned": partial(quantised_model, "perceptron", "unsigned"),
    "transformer_int8": partial(quantised_model, "transformer", "int8"),
    "transformer_dynamic": partial(quantised_model, "transformer", "dynamic"),
}
