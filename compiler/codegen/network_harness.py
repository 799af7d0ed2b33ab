"""Test support: compiles generated networks for this machine and runs them from Python."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compiler.codegen.generate import GeneratedNetwork
from compiler.codegen.interface import Argument, EntryPoint
from compiler.ir import Array
from compiler.operators.kernel_harness import KERNELS, LIBRARY_VARIABLE

COMPILER_VARIABLE = "TILEWRIGHT_C_COMPILER"
"""Path of the C compiler to use; without it, `cc`."""

TESTDATA = Path(__file__).resolve().parent / "testdata"
FLAGS = (
    *("-std=c99", "-O1", "-g", "-fPIC", "-ffp-contract=off"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Werror"),
)
GUARD = 0xA5
GUARD_BYTES = 64


def c_compiler() -> str:
    """The C compiler. Raises RuntimeError with the command that installs one."""
    found = os.environ.get(COMPILER_VARIABLE) or shutil.which("cc")
    if found is None:
        raise RuntimeError("no C compiler: run 'apt-get install gcc'")
    return found


def compile_c(sources: Sequence[Path], output: Path, *flags: str) -> None:
    """Compiles and links sources; raises RuntimeError with the compiler's messages."""
    include = [f"-I{KERNELS / 'include'}", f"-I{TESTDATA}", f"-I{output.parent}"]
    # Libraries among the flags count for what stands before them.
    command = [c_compiler(), *FLAGS, *include, *map(str, sources), *flags, "-o", str(output)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)


@functools.cache
def _kernels() -> tuple[tempfile.TemporaryDirectory[str], list[str]]:
    """What to link for the kernels, compiled once: files, and options for the prebuilt library."""
    folder = tempfile.TemporaryDirectory()
    prebuilt = os.environ.get(LIBRARY_VARIABLE)
    sources = sorted(TESTDATA.glob("*kernels.c"))
    linked: list[str] = []
    if prebuilt:
        library = Path(prebuilt).resolve()
        linked += [str(library), f"-Wl,-rpath,{library.parent}"]
    else:
        sources += sorted((KERNELS / "ref").glob("*.c"))
    for source in sources:
        linked.append(str(Path(folder.name) / f"{source.stem}.o"))
        compile_c([source], Path(linked[-1]), "-c")
    return folder, linked


def _compile(networks: Sequence[GeneratedNetwork], *flags: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        sources: list[Path] = []
        for network in networks:
            for file, data in network.files().items():
                (folder / file).write_bytes(data)
            name = network.interface.name
            sources += [folder / f"{name}.c", folder / f"{name}_weights.S"]
        compile_c(sources, folder / "network.so", "-shared", *flags, *_kernels()[1])
        return ctypes.CDLL(str(folder / "network.so"))


class CompiledNetwork:
    """A generated network as a shared library of its own, with its own states and arena."""

    def __init__(
        self, network: GeneratedNetwork, *flags: str, library: ctypes.CDLL | None = None
    ) -> None:
        """Compiles the network with further compiler flags, or takes it from `library`."""
        self.network = network
        self.library = library or _compile([network], *flags)

    def reset(self) -> None:
        getattr(self.library, f"{self.network.interface.name}_reset")()

    def run(self, entry_point: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Runs an entry point; fails if it writes to an input or outside an output."""
        entry = next(e for e in self.network.interface.entry_points if e.name == entry_point)
        given = [_guarded(inputs[argument.tensor]) for argument in entry.inputs]
        taken = [_guarded(_garbage(argument)) for argument in entry.outputs]
        before = [buffer.copy() for buffer in given]
        self._call(entry, [*given, *taken])
        for argument, buffer, copy in zip(entry.inputs, given, before, strict=True):
            assert np.array_equal(buffer, copy), f"input {argument.tensor!r} was written"
        for argument, buffer in zip(entry.outputs, taken, strict=True):
            guards = np.concatenate([buffer[:GUARD_BYTES], buffer[-GUARD_BYTES:]])
            assert np.all(guards == GUARD), f"something beside output {argument.tensor!r} changed"
        return {
            argument.tensor: buffer[GUARD_BYTES:-GUARD_BYTES]
            .copy()
            .view(argument.type.data_type.numpy)
            .reshape(argument.type.shape)
            for argument, buffer in zip(entry.outputs, taken, strict=True)
        }

    def _call(self, entry: EntryPoint, buffers: Sequence[Array]) -> None:
        function = getattr(self.library, entry.function)
        function.restype = ctypes.c_int32
        pointers = [ctypes.c_void_p(buffer.ctypes.data + GUARD_BYTES) for buffer in buffers]
        assert function(*pointers) == 0


def compile_together(networks: Sequence[GeneratedNetwork]) -> list[CompiledNetwork]:
    """Compiles networks of different names into one library: one run of the C compiler."""
    library = _compile(networks)
    return [CompiledNetwork(network, library=library) for network in networks]


def _garbage(argument: Argument) -> Array:
    return np.full(argument.type.bytes, 0x5A, np.uint8)


def _guarded(array: Array) -> Array:
    """The array's bytes between guards, aligned to 64 bytes."""
    data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    memory = np.full(data.size + 2 * GUARD_BYTES + 64, GUARD, np.uint8)
    start = -memory.ctypes.data % 64
    buffer = memory[start : start + data.size + 2 * GUARD_BYTES]
    buffer[GUARD_BYTES : GUARD_BYTES + data.size] = data
    return buffer
