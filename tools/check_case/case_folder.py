"""Cases: folders with a model, its inputs and the outputs that it must give."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.input_type import InputType
from compiler.frontend.pulp_dialect.operators import INTEGER_OPERATORS
from compiler.frontend.pulp_dialect.typed_tensors import smallest_type
from compiler.frontend.read_model import read_model
from compiler.ir import Array, DataType, Graph
from tools.check_case.comparison import ShapeError, is_same_shape

MODEL = "network.onnx"
INPUTS = "inputs.npz"
OUTPUTS = "outputs.npz"
FILES = (MODEL, INPUTS, OUTPUTS)
DAMAGES = (
    *(ValueError, EOFError, KeyError, OverflowError, MemoryError, OSError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, SyntaxError, struct.error),
)
"""What reading an archive raises that is none, is cut off or has other bytes than were written."""

FIXED_TYPES = (TensorProto.INT64, TensorProto.BOOL)
"""Of inputs that are indices or conditions: never numbers of the integer dialect."""


@dataclass(frozen=True)
class Case:
    """A case's data.

    Attributes:
        name: its folder below the one that was asked for.
        model: the model's file.
        inputs, outputs: one array per input and output of the model, in its order. Files store
            integers in any type.
        input_types: what the inputs hold, by name.
        stored_as_floats: inputs whose integers the file stores as floats; maybe they are some.
    """

    name: str
    model: Path
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    input_types: tuple[tuple[str, InputType], ...]
    stored_as_floats: frozenset[str] = frozenset()

    def of_floats(self) -> Case | None:
        """The case with inputs as floats that the file stores as such; None if it is the same."""
        types = tuple(
            (name, InputType(DataType.FLOAT32, t.shape) if name in self.stored_as_floats else t)
            for name, t in self.input_types
        )
        return None if types == self.input_types else replace(self, input_types=types)

    def operands(self, graph: Graph) -> dict[str, Array]:
        """The inputs in the types of a lowered graph.

        Raises CompileError (TW-0304) if they have other shapes, or values that leave the type.
        """
        problems: list[Problem] = []
        result: dict[str, Array] = {}
        for name, data in zip(graph.inputs, self.inputs, strict=True):
            type_ = graph.values[name].type
            if data.size != type_.elements:
                problems.append(
                    _misfit(self.name, INPUTS, name, f"it has shape {list(data.shape)}", str(type_))
                )
                continue
            converted = data.reshape(type_.shape).astype(type_.data_type.numpy)
            if not type_.data_type.is_float and not np.array_equal(
                converted, data.reshape(type_.shape)
            ):
                problems.append(
                    _misfit(self.name, INPUTS, name, "its values leave the type", str(type_))
                )
            result[name] = converted
        if problems:
            raise CompileError(problems)
        return result


def find_cases(folder: Path) -> list[Path]:
    """All folders from `folder` on that hold a case's model or data, sorted.

    Raises CompileError (TW-0001) if there is none.
    """
    if not folder.is_dir():
        said = (
            ("it is a file", "folders", "give the folder that it is in")
            if folder.is_file()
            else ("there is no such folder", "", "check the path")
        )
        raise CompileError([Problem(Code.UNREADABLE_FILE, str(folder), *said)])
    found = sorted({path.parent for name in FILES for path in folder.rglob(name)})
    if not any((path / MODEL).exists() for path in found):
        raise CompileError(
            [
                Problem(
                    Code.UNREADABLE_FILE,
                    str(folder),
                    f"neither it nor a folder below it has a {MODEL}",
                    f"folders with {MODEL}, {INPUTS} and {OUTPUTS}",
                    "check the path",
                )
            ]
        )
    return found


def read_case(folder: Path, name: str) -> Case:
    """Reads a case. Raises CompileError with what is wrong with its files."""
    problems: list[Problem] = []
    arrays: dict[str, dict[str, Array]] = {}
    for file in (INPUTS, OUTPUTS):
        try:
            arrays[file] = _read_arrays(folder / file)
        except CompileError as error:
            problems += error.problems
    proto: ModelProto | None = None
    try:
        proto = read_model(folder / MODEL)
    except CompileError as error:
        problems += error.problems
    if problems or proto is None:
        raise CompileError(problems)
    initialised = {tensor.name for tensor in proto.graph.initializer}
    declared = [value for value in proto.graph.input if value.name not in initialised]
    for file, wanted, what in (
        (INPUTS, len(declared), "inputs"),
        (OUTPUTS, len(proto.graph.output), "outputs"),
    ):
        # Entries beyond those are constants of the model.
        if len(arrays[file]) < wanted:
            found = f"it has {len(arrays[file])} arrays, and the model has {wanted} {what}"
            problems.append(
                _problem(f"{folder / file}", found, "one array for each, in their order")
            )
    if problems:
        raise CompileError(problems)
    inputs = _in_order(arrays[INPUTS], [value.name for value in declared])
    outputs = _in_order(arrays[OUTPUTS], [value.name for value in proto.graph.output])
    for index, (value, data) in enumerate(zip(declared, inputs, strict=True)):
        if data.dtype.kind in "iu" and smallest_type(data) is None:
            found = f"its values reach from {data.min()} to {data.max()}"
            problems.append(_misfit(name, INPUTS, value.name, found, "integers of 32 bits"))
        shape = _static_shape(value)
        if shape is None:
            continue
        if is_same_shape(data.shape, shape):
            inputs[index] = data.reshape(shape)
        else:
            found = f"it has shape {list(data.shape)}"
            problems.append(_misfit(name, INPUTS, value.name, found, f"shape {list(shape)}"))
    if problems:
        raise CompileError(problems)
    is_dialect = any(node.op_type in INTEGER_OPERATORS for node in proto.graph.node)
    types = dict(_input_types(declared, inputs, outputs, is_dialect))
    floats = frozenset(
        value.name
        for value, data in zip(declared, inputs, strict=True)
        if data.dtype.kind == "f" and not is_dialect
    )
    return Case(name, folder / MODEL, tuple(inputs), tuple(outputs), tuple(types.items()), floats)


def _in_order(arrays: Mapping[str, Array], names: Sequence[str]) -> list[Array]:
    """One array for each name: the one of that name if all have one, else those that come first.

    Keys that only number more arrays than there are names are no names, even if the model has
    tensors called like them.
    """
    has_all = all(name in arrays for name in names)
    if has_all and (len(arrays) == len(names) or not _are_numbered(list(arrays))):
        return [arrays[name] for name in names]
    return list(arrays.values())[: len(names)]


def _are_numbered(keys: Sequence[str]) -> bool:
    """Whether keys are one word and their place, as numpy.savez makes them."""
    stem = keys[0].removesuffix("0") if keys else ""
    return all(key == f"{stem}{index}" for index, key in enumerate(keys))


def _static_shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    tensor = value.type.tensor_type
    dimensions = tensor.shape.dim
    if not tensor.HasField("shape") or not all(d.HasField("dim_value") for d in dimensions):
        return None
    return tuple(d.dim_value for d in dimensions)


def _read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an npz file, in its order."""
    try:
        data = path.read_bytes()
    except OSError as error:
        found = error.strerror or str(error)
        advice = f"a case has {MODEL}, {INPUTS} and {OUTPUTS}; write it with numpy.savez"
        problem = Problem(Code.UNREADABLE_FILE, str(path), found, advice=advice)
        raise CompileError([problem]) from error
    try:
        content = np.load(io.BytesIO(data), allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array")
        arrays: dict[str, Array] = {key: content[key] for key in content.files}
    except DAMAGES as error:
        found = f"it is no .npz file of numbers, or it is damaged: {' '.join(str(error).split())}"
        raise CompileError([_problem(str(path), found, "files that numpy.savez writes")]) from error
    unsuitable = [key for key, data in arrays.items() if data.dtype.kind not in "biuf"]
    if unsuitable:
        found = f"its arrays {', '.join(map(repr, unsuitable))} hold no numbers"
        raise CompileError([_problem(str(path), found, "arrays of numbers")])
    return arrays


def _input_types(
    declared: Sequence[onnx.ValueInfoProto],
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    is_dialect: bool,
) -> Iterator[tuple[str, InputType]]:
    """What inputs hold: integers if they are stored as such, or if they are whole numbers and the
    model is of the integer dialect, or all that goes in and comes out is integers of 32 bits."""
    everything = is_dialect or all(smallest_type(data) is not None for data in (*inputs, *outputs))
    for value, data in zip(declared, inputs, strict=True):
        element = value.type.tensor_type.elem_type
        type_: DataType | None = None
        if element not in FIXED_TYPES and (data.dtype.kind in "iu" or everything):
            type_ = smallest_type(data)
        yield value.name, InputType(type_ or DataType.FLOAT32, tuple(data.shape))


def output_misfit(case: Case, error: ShapeError) -> Problem:
    """An array of outputs that cannot be what the model gives."""
    where = f"{case.name}/{OUTPUTS}, output {error.index}"
    return _problem(where, f"it has shape {error.expected}", f"shape {error.found}")


def _misfit(case: str, file: str, name: str, found: str, supported: str) -> Problem:
    return _problem(f"{case}/{file}, input {name!r}", found, supported)


def _problem(where: str, found: str, supported: str) -> Problem:
    return Problem(Code.CASE_DATA, where, found, supported, "write the case's data again")
