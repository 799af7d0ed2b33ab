"""Brings models of older operator sets to the first one that the importer reads."""

from __future__ import annotations

from onnx import ModelProto, version_converter
from onnx.checker import ValidationError

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_attributes import ONNX_DOMAINS

OLDEST = 4
"""The first operator set that is converted."""

WANTED = 13
"""Whose forms lowerings know: axes as operands, Softmax along one axis."""

CONVERTED_IR = 8
"""The file format's version that operator set 13 belongs to; older ones list initialisers as inputs."""


def opset_of(proto: ModelProto) -> int:
    """The version of ONNX's own operator set; 0 if the model names none."""
    versions = [entry.version for entry in proto.opset_import if entry.domain in ONNX_DOMAINS]
    return max(versions, default=0)


def upgrade_opset(proto: ModelProto) -> ModelProto:
    """The model in operator set `WANTED` if its own is older, else as it is.

    Operators of other domains stay as they are. Initialisers that are listed as inputs, as files
    of the oldest formats do, are inputs no more.

    Raises:
        CompileError: the converter does not know an operator's older form (TW-0102).
    """
    opset = opset_of(proto)
    if not OLDEST <= opset < WANTED:
        return proto
    initialised = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in initialised]
    del proto.graph.input[:]
    proto.graph.input.extend(inputs)
    proto.ir_version = max(proto.ir_version, CONVERTED_IR)
    try:
        return version_converter.convert_version(proto, WANTED)
    except (RuntimeError, ValueError, ValidationError) as error:
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
