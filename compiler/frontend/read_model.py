"""Reads an ONNX file and the external data that it names, which must lie in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import google.protobuf.message
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto

from compiler.errors import Code, CompileError, Problem

READ_ADVICE = "export the model again, or copy the whole file"


def read_model(path: Path) -> ModelProto:
    """The model with all tensor data in it.

    Raises:
        CompileError: the file cannot be read (TW-0001) or is no ONNX model (TW-0101), or some
            external data is missing (TW-0105) or outside the model's folder (TW-0110), all at once.
    """
    proto = ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
        if not proto.ir_version and not proto.HasField("graph"):
            # Also a file without anything in it is a message of this kind.
            raise google.protobuf.message.DecodeError("it is empty")
        tensors = list(tensors_of(proto.graph))
        for text in _texts(proto):
            if isinstance(text, bytes):
                text.decode()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CompileError(
            [Problem(Code.UNREADABLE_FILE, str(path), reason, advice="check the path")]
        ) from error
    except (google.protobuf.message.DecodeError, UnicodeDecodeError) as error:
        raise CompileError(
            [
                Problem(
                    Code.INVALID_MODEL,
                    str(path),
                    "the file is not an ONNX model, or it is damaged or cut off",
                    advice=READ_ADVICE,
                )
            ]
        ) from error
    problems = [p for tensor in tensors if (p := _load_external(tensor, path.parent)) is not None]
    if problems:
        raise CompileError(list(dict.fromkeys(problems)))
    return proto


def tensors_of(graph: GraphProto) -> Iterator[TensorProto]:
    """All tensors of a graph: initialisers, attributes, and those of its subgraphs."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from _attribute_tensors(attribute)


def _attribute_tensors(attribute: AttributeProto) -> Iterator[TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    for graph in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
        yield from tensors_of(graph)


def _texts(proto: ModelProto) -> Iterator[object]:
    """All names; protobuf gives one as bytes if it is no UTF-8."""
    for entry in proto.opset_import:
        yield entry.domain
    yield from _graph_texts(proto.graph)


def _graph_texts(graph: GraphProto) -> Iterator[object]:
    yield graph.name
    for tensor in graph.initializer:
        yield tensor.name
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for value in [*graph.input, *graph.output, *graph.value_info]:
        yield value.name
        yield from (dimension.dim_param for dimension in value.type.tensor_type.shape.dim)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield attribute.name
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from _graph_texts(inner)


def _load_external(tensor: TensorProto, folder: Path) -> Problem | None:
    """Replaces a reference to external data by the data; or says why that cannot be done."""
    if tensor.data_location != TensorProto.EXTERNAL:
        return None
    where = f"initialiser {tensor.name!r}"
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if not _is_inside(location, folder):
        return Problem(
            Code.UNSAFE_PATH,
            where,
            f"its data is in {location!r}",
            "files in the model's folder or below it, by a relative path",
            "keep the data beside the model",
        )
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        if offset < 0 or length < -1:
            raise ValueError
    except ValueError:
        return _missing(where, f"its offset or length in {location!r} is no number")
    try:
        with (folder / location).open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return _missing(where, f"{location!r} cannot be read: {reason or error}")
    if length >= 0 and len(data) != length:
        return _missing(
            where, f"{location!r} ends {length - len(data):,} bytes before the end of its data"
        )
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]
    return None


def _is_inside(location: str, folder: Path) -> bool:
    if not location or "\0" in location:
        return False
    path = PurePosixPath(location)
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(location).drive:
        return False
    if "\\" in location and ".." in PureWindowsPath(location).parts:
        return False
    # Links may lead out; build systems link single files, so the file itself may be one.
    return (folder / path).parent.resolve().is_relative_to(folder.resolve())


def _missing(where: str, found: str) -> Problem:
    return Problem(
        Code.MISSING_INITIALIZER_DATA,
        where,
        found,
        advice="keep the external data file beside the model, whole",
    )
