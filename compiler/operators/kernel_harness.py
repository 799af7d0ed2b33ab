"""Test support: runs the C kernels from Python and compares them with their NumPy twins.

Parameter structs are read from the kernel headers, so that a field that is missing, misspelt or
of another type in `Operation.kernel` fails the test.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compiler.ir import Array, Kernel, Operation, TensorType

LIBRARY_VARIABLE = "TILEWRIGHT_KERNEL_LIBRARY"
"""Path of a shared library of the reference kernels; without it the harness compiles one."""

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
FLAGS = ["-std=c99", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
GUARD = 0xA5
GUARD_BYTES = 64
FIELD_TYPES: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "float": ctypes.c_float,
}


@functools.cache
def library() -> ctypes.CDLL:
    """The reference kernels as a shared library."""
    prebuilt = os.environ.get(LIBRARY_VARIABLE)
    if prebuilt:
        return ctypes.CDLL(str(Path(prebuilt).resolve()))
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("no C compiler: run 'apt-get install gcc', or use 'bazelw test'")
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "kernels.so"
        sources = sorted(str(path) for path in (KERNELS / "ref").glob("*.c"))
        include = f"-I{KERNELS / 'include'}"
        subprocess.run(
            [compiler, *FLAGS, "-shared", "-fPIC", include, *sources, "-o", str(output)], check=True
        )
        return ctypes.CDLL(str(output))


@functools.cache
def parameter_struct(header: str, function: str) -> type[ctypes.Structure] | None:
    """The ctypes equivalent of `<function>_parameters`; None if the header has no such struct."""
    text = re.sub(r"/\*.*?\*/", "", (KERNELS / "include" / header).read_text(), flags=re.DOTALL)
    found = re.search(r"typedef struct \{([^}]*)\}\s*" + function + "_parameters;", text)
    if found is None:
        return None
    fields: list[tuple[str, Any]] = []
    for declaration in filter(None, (line.strip() for line in found[1].split(";"))):
        match = re.fullmatch(r"(\w+) (\w+)(?:\[(\d+)\])?", declaration)
        if match is None or match[1] not in FIELD_TYPES:
            raise TypeError(
                f"{function}_parameters has a field the compiler cannot fill: {declaration}"
            )
        c_type = FIELD_TYPES[match[1]]
        fields.append((match[2], c_type * int(match[3]) if match[3] else c_type))
    return type(f"{function}_parameters", (ctypes.Structure,), {"_fields_": fields})


def run_kernel(
    kernel: Kernel,
    inputs: Sequence[Array | None],
    outputs: Sequence[TensorType],
    cores: int = 1,
    updated_input: int | None = None,
    in_place_input: int | None = None,
) -> tuple[Array, ...]:
    """Calls the kernel once per core and returns its outputs.

    `updated_input`: index of the input that output 0 updates in place (see Operation.updates).
    `in_place_input`: index of an input that shares output 0's memory in this call.
    Fails if the kernel writes outside an output or its scratch memory, or into an input.
    """
    struct = parameter_struct(kernel.header, kernel.function)
    assert struct is not None, f"{kernel.header} lacks {kernel.function}_parameters"
    names = [field[0] for field in struct._fields_]  # pyright: ignore
    assert set(names) == set(kernel.parameters), (names, sorted(kernel.parameters))
    parameters = struct()
    for name, value in kernel.parameters.items():
        target = getattr(parameters, name)
        if isinstance(value, tuple):
            assert len(target) == len(value), name
            target[:] = value
        else:
            setattr(parameters, name, value)

    shared = updated_input if updated_input is not None else in_place_input
    input_buffers = [None if array is None else _guarded(array) for array in inputs]
    output_buffers = [
        _guarded(np.full(t.shape, 0x5A, np.uint8).repeat(t.data_type.bytes)) for t in outputs
    ]
    if shared is not None:
        source = inputs[shared]
        assert source is not None
        output_buffers[0] = _guarded(source)
        input_buffers[shared] = output_buffers[0]
    scratch = [_guarded(np.zeros(kernel.scratch_bytes, np.uint8))] if kernel.scratch_bytes else []
    before = [None if buffer is None else buffer.copy() for buffer in input_buffers]

    function = getattr(library(), kernel.function)
    function.restype = None
    pointers = [
        ctypes.c_void_p(None if buffer is None else buffer.ctypes.data + GUARD_BYTES)
        for buffer in [*input_buffers, *output_buffers, *scratch]
    ]
    for core in range(cores):
        function(ctypes.byref(parameters), *pointers, ctypes.c_uint32(core), ctypes.c_uint32(cores))

    for index, (buffer, original) in enumerate(zip(input_buffers, before, strict=True)):
        if buffer is not None and original is not None and index != shared:
            assert np.array_equal(buffer, original), f"{kernel.function} wrote into input {index}"
    for buffer in [*output_buffers, *scratch]:
        assert np.all(buffer[:GUARD_BYTES] == GUARD), f"{kernel.function} wrote before a buffer"
        assert np.all(buffer[-GUARD_BYTES:] == GUARD), f"{kernel.function} wrote past a buffer"
    return tuple(
        buffer[GUARD_BYTES:-GUARD_BYTES].copy().view(t.data_type.numpy).reshape(t.shape)
        for buffer, t in zip(output_buffers, outputs, strict=True)
    )


def _guarded(array: Array) -> Array:
    """The array's bytes between guards, 64-byte aligned."""
    data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    memory = np.full(data.size + 2 * GUARD_BYTES + 64, GUARD, np.uint8)
    start = -memory.ctypes.data % 64
    buffer = memory[start : start + data.size + 2 * GUARD_BYTES]
    buffer[GUARD_BYTES : GUARD_BYTES + data.size] = data
    return buffer


def assert_twin(operation: Operation, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Asserts that kernel and NumPy twin agree to the bit, on 1, 3 and 8 cores and in place.

    Returns the twin's outputs.
    """
    input_types = [None if array is None else TensorType.of(array) for array in inputs]
    output_types = operation.infer(input_types)
    expected = operation.evaluate(inputs)
    assert [TensorType.of(array) for array in expected] == list(output_types)
    kernel = operation.kernel(input_types, output_types)
    if kernel is None:
        assert operation.view_of is not None
        return expected
    sharings: list[int | None] = [None, *operation.in_place]
    for cores in (1, 3, 8):
        for in_place in sharings:
            found = run_kernel(kernel, inputs, output_types, cores, operation.updates, in_place)
            for want, have in zip(expected, found, strict=True):
                _assert_same_bits(want, have, f"{kernel.function} on {cores} cores")
    return expected


def _assert_same_bits(expected: Array, found: Array, what: str) -> None:
    """Bit equality; NaNs may differ in sign and payload, which IEEE 754 leaves open."""
    expected, found = np.atleast_1d(expected), np.atleast_1d(found)
    same = expected.view(np.uint8) == found.view(np.uint8)
    if expected.dtype == np.float32:
        both_nan = np.isnan(expected) & np.isnan(found)
        same = (expected.view(np.uint32) == found.view(np.uint32)) | both_nan
    if not np.all(same):
        where = np.argwhere(expected.reshape(-1) != found.reshape(-1)).reshape(-1)[:4]
        values = [(int(i), expected.reshape(-1)[i], found.reshape(-1)[i]) for i in where]
        raise AssertionError(f"{what}: (index, NumPy, C) = {values}, {len(where)} or more differ")
