"""Writes out attributes whose defaults ONNX's shape inference takes for others.

The inference of STFT takes `onesided` for 0 where it is absent; the standard says 1, and so compute
the reference implementation and onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping

from onnx import ModelProto, helper

from compiler.frontend.check_attributes import ONNX_DOMAINS

DEFAULTS: Mapping[str, Mapping[str, int]] = {"STFT": {"onesided": 1}}
"""By operator and attribute."""


def write_out_defaults(proto: ModelProto) -> None:
    """Adds the attributes of `DEFAULTS` to the model's nodes that do not have them."""
    for node in proto.graph.node:
        if node.domain not in ONNX_DOMAINS or node.op_type not in DEFAULTS:
            continue
        given = {attribute.name for attribute in node.attribute}
        for name, value in DEFAULTS[node.op_type].items():
            if name not in given:
                node.attribute.append(helper.make_attribute(name, value))
