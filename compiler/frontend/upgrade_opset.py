"""Brings models of older operator sets to the first one that the importer reads."""

from __future__ import annotations

import functools

import onnx.defs
import onnx.shape_inference
from onnx import ModelProto, helper, version_converter
from onnx.checker import ValidationError

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_attributes import ONNX_DOMAINS

OLDEST = 4
"""The first operator set that is converted."""

WANTED = 13
"""Whose forms lowerings know: axes as operands, Softmax along one axis."""

CONVERTED_IR = 8
"""The file format of operator set 13; older ones list initialisers as inputs."""

NEWER_DOMAIN = "newer"
"""Of operators that the file's operator set does not have, while the others are converted."""


def opset_of(proto: ModelProto) -> int:
    """The version of ONNX's own operator set; 0 if the model names none."""
    versions = [entry.version for entry in proto.opset_import if entry.domain in ONNX_DOMAINS]
    return max(versions, default=0)


def upgrade_opset(proto: ModelProto, least: int = 0) -> ModelProto:
    """The model in operator set `WANTED` or `least` if its own is older, else as it is.

    Files also have operators that are newer than the operator set they name, as onnxruntime's
    tools write them: LayerNormalization in operator set 12. The operator set then becomes the
    first one that has them all.

    Operators of other domains stay as they are. Initialisers that are listed as inputs, as files
    of the oldest formats do, are inputs no more.

    Raises:
        CompileError: the converter does not know an operator's older form (TW-0102).
    """
    opset = opset_of(proto)
    newer = _newer_operators(proto, opset)
    wanted = max((WANTED, least, *newer.values()))
    if not OLDEST <= opset < wanted:
        return proto
    initialised = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in initialised]
    del proto.graph.input[:]
    proto.graph.input.extend(inputs)
    proto.ir_version = max(proto.ir_version, CONVERTED_IR)
    # Operators that ONNX does not have at all are refused later, all together.
    known = {schema.name for schema in _schemas() if schema.domain == ""} - set(newer)
    foreign = [n for n in proto.graph.node if n.domain in ONNX_DOMAINS and n.op_type not in known]
    for node in foreign:
        node.domain = NEWER_DOMAIN
    if foreign:
        proto.opset_import.append(helper.make_opsetid(NEWER_DOMAIN, 1))
    try:
        converted = version_converter.convert_version(proto, wanted)
    except (
        *(RuntimeError, ValueError, ValidationError),
        *(version_converter.ConvertError, onnx.shape_inference.InferenceError),
    ) as error:
        message = " ".join(str(error).split())[:400]
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_OPSET,
                    f"model {proto.graph.name!r}",
                    f"it uses operator set {opset}, and cannot be converted: {message}",
                    f"operator sets from {WANTED} on, and older ones that convert to it",
                    "export the model again with a newer operator set",
                )
            ]
        ) from error
    for node in converted.graph.node:
        if node.domain == NEWER_DOMAIN:
            node.domain = ""
    imports = [entry for entry in converted.opset_import if entry.domain != NEWER_DOMAIN]
    del converted.opset_import[:]
    converted.opset_import.extend(imports)
    return converted


def _newer_operators(proto: ModelProto, opset: int) -> dict[str, int]:
    """ONNX's operators that came after `opset`, with the operator set that brought them."""
    result: dict[str, int] = {}
    for name in dict.fromkeys(n.op_type for n in proto.graph.node if n.domain in ONNX_DOMAINS):
        versions = [
            schema.since_version
            for schema in _schemas()
            if schema.name == name and schema.domain == "" and not schema.deprecated
        ]
        if versions and min(versions) > opset:
            result[name] = min(versions)
    return result


@functools.cache
def _schemas() -> tuple[onnx.defs.OpSchema, ...]:
    return tuple(onnx.defs.get_all_schemas_with_history())
