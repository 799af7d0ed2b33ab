"""Runs kernels on cores of the simulated cluster, with their data in L1.

Kernels are compiled as for firmware. Every buffer of every case lies in L1 between guards of
random bytes; after the run all of L1 is compared: outputs are returned, and nothing else may have
changed. Cores call the kernel in the same cycle.
"""

from __future__ import annotations

import functools
import importlib.util
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.simulator.harness.assemble import AssemblyError
from tests.simulator.harness.execute import run_on_simulator
from tests.simulator.harness.installed_tools import soc_description, zig_command
from tests.simulator.harness.targets import siracusa
from toolchains.soc.render_template import render

Array = NDArray[np.generic]

_REPOSITORY = Path(__file__).parents[3]
_HARNESS = Path(__file__).parents[1] / "harness"
_INCLUDES = ["kernels/include", "firmware/include", "."]
_PLATFORM = "platforms/siracusa"

# As the compiler is called for firmware; zig's own clang driver finds nothing by itself.
_COMPILE = [
    *["--target=riscv32-unknown-none-elf", "-menable-experimental-extensions", "-mabi=ilp32f"],
    *["-O2", "-DNDEBUG", "-ffreestanding", "-ffp-contract=off", "-nostdinc", "-Wall", "-Wextra"],
    *["-Werror", "-Wno-unused-command-line-argument"],
]
_EXTENSIONS = "xcvmem_xcvmac_xcvalu_xcvsimd_xcvbi_xcvelw"

# Stacks are at the end of L1, as far apart as those of firmware.
_STACK_TOP = 0x10040000
_STACK_STRIDE = 0x890
_CALLS_BYTES = 0x2000
_L1_BYTES = 0x40000 - 9 * _STACK_STRIDE - _CALLS_BYTES
_GUARD = 16

# The fabric controller waits for the cores and writes their cycle counts, then all data of L1, to
# the console. Each core runs through the table of calls; a barrier before each call.
_START = """
.include "program.inc"
.text
.globl _start
_start:
    enable_instruction_caches
    start_cluster {mask}, on_core
    {waits}
    output cycles, cycles_end
    output l1_data, l1_data_end
    exit_with 0

on_core:
    csrr s0, mhartid
    andi s0, s0, 31
    li t0, {stack_top}
    li t1, {stack_stride}
    mul t1, s0, t1
    sub sp, t0, t1
    csrw fcsr, zero
    li s1, TW_EVENT_UNIT
    li t0, 0x10000
    sw t0, 0(s1)
    li t0, {mask}
    sw t0, 0x2e0(s1)
    sw t0, 0x2ec(s1)
    la s2, calls
    la s3, calls_end
    li s4, {calls}
    slli s4, s4, 2
    mul s4, s4, s0
    la t0, cycles
    add s4, s4, t0
1:
    lw s6, 4(s2)
2:
    lw s5, 0(s2)
    mv a1, s0
    li a2, {cores}
    addi a0, s2, 8
    cv.elw zero, 0x2fc(s1)
    csrr s7, mcycle
    jalr s5
    csrr s8, mcycle
    sub s8, s8, s7
    sw s8, 0(s4)
    addi s6, s6, -1
    bnez s6, 2b
    addi s4, s4, 4
    addi s2, s2, {call_bytes}
    bne s2, s3, 1b
    la t0, finished
    slli t1, s0, 2
    add t0, t0, t1
    li t1, 1
    sw t1, 0(t0)
    stop_core

.bss
.balign 4
finished: .zero 64
cycles: .zero {cycle_bytes}
cycles_end:
"""

_POINTERS = 12


@dataclass(frozen=True)
class Kernel:
    """A kernel as the cluster calls it.

    Attributes:
        name: the function's name; its arguments are a pointer to its parameters, `buffers`
            pointers, the core and the number of cores.
        header: declares it.
        sources: C and assembly files with it and what it calls, in the repository.
        buffers: number of pointers besides the parameters.
    """

    name: str
    header: str
    sources: tuple[str, ...]
    buffers: int


@dataclass(frozen=True)
class Output:
    """A buffer that the kernel writes.

    Attributes:
        length: bytes.
        alignment: what its address is a multiple of.
        contents: what is there before, if the kernel does not write all of it.
    """

    length: int
    alignment: int = 4
    contents: bytes | None = None


@dataclass(frozen=True)
class Input:
    """A buffer that the kernel reads; `offset` bytes past a multiple of 16."""

    contents: Array
    offset: int = 0


@dataclass(frozen=True)
class Call:
    """One call: the parameters' words and the buffers in the order of the arguments.

    None is a null pointer.
    """

    parameters: Sequence[int | float]
    buffers: Sequence[Array | Input | Output | None]


@dataclass(frozen=True)
class Outcome:
    """What a call did: bytes of its outputs, and the cycles of the slowest core."""

    outputs: list[bytes]
    cycles: int


class GuardError(AssertionError):
    """A kernel wrote where nothing of its is."""


@functools.cache
def _objects_directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kernels")


def _compiler_headers() -> Path:
    """The folder of stdint.h, beside zig's executable."""
    command = zig_command()
    package = importlib.util.find_spec("ziglang") if len(command) > 1 else None
    zig = package.origin if package is not None else command[0]
    assert zig is not None
    return Path(zig).absolute().parent / "lib/include"


def _run(command: list[str]) -> None:
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise AssemblyError(process.stderr)


@functools.cache
def _generated_headers() -> Path:
    """A folder with the platform's headers that are made from soc.yaml."""
    folder = Path(_objects_directory().name) / "generated"
    header = folder / _PLATFORM / "soc.h"
    header.parent.mkdir(parents=True)
    template = (_REPOSITORY / _PLATFORM / "soc.h.jinja").read_text()
    header.write_text(render(template, soc_description().read_text(), {}))
    return folder


def _compile_file(source: Path, output: Path) -> Path:
    _run(
        [
            *zig_command(),
            *["clang", *_COMPILE, f"-march=rv32imfc_{_EXTENSIONS}"],
            *(["-std=c99"] if source.suffix == ".c" else []),
            *[f"-I{_REPOSITORY / folder}" for folder in _INCLUDES],
            f"-I{_generated_headers()}",
            *["-isystem", str(_compiler_headers()), "-c", str(source), "-o", str(output)],
        ]
    )
    return output


@functools.cache
def _compile(source: str) -> Path:
    """The object file of a source in the repository."""
    name = source.replace("/", "_") + ".o"
    return _compile_file(_REPOSITORY / source, Path(_objects_directory().name) / name)


@functools.cache
def _compile_caller(kernel: Kernel) -> Path:
    """A function that calls the kernel with arguments from memory."""
    pointers = "".join(f"(void *)arguments[{i + 1}], " for i in range(kernel.buffers))
    source = Path(_objects_directory().name) / f"call_{kernel.name}.c"
    source.write_text(
        f'#include "{kernel.header}"\n'
        "void caller(const uint32_t *arguments, uint32_t core, uint32_t cores);\n"
        "void caller(const uint32_t *arguments, uint32_t core, uint32_t cores) {\n"
        f"  {kernel.name}((const void *)arguments[0], {pointers}core, cores);\n"
        "}\n"
    )
    return _compile_file(source, source.with_suffix(".o"))


class _Layout:
    """Where buffers lie in L1, and what is there before the run."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self.contents = bytearray()
        self.outputs: list[list[tuple[int, int]]] = []

    def _guard(self, alignment: int, offset: int = 0) -> None:
        length = len(self.contents) + _GUARD
        length += -length % alignment + offset
        random = self._generator.integers(0, 256, length - len(self.contents), np.uint8)
        self.contents += random.tobytes()

    def place(self, buffer: Array | Input | Output | None) -> int:
        """Address of a buffer."""
        if buffer is None:
            return 0
        if isinstance(buffer, Output):
            self._guard(16, buffer.alignment % 16)
            address = len(self.contents)
            self.outputs[-1].append((address, buffer.length))
            before = self._generator.integers(0, 256, buffer.length, np.uint8).tobytes()
            self.contents += before if buffer.contents is None else buffer.contents
        else:
            given = buffer if isinstance(buffer, Input) else Input(buffer)
            self._guard(16, given.offset)
            address = len(self.contents)
            self.contents += np.ascontiguousarray(given.contents).tobytes()
        return int(siracusa().symbols["TW_L1"]) + address

    def finish(self) -> None:
        self._guard(4)


def _words(values: Sequence[int | float]) -> bytes:
    return b"".join(
        struct.pack("<f", value) if isinstance(value, float) else struct.pack("<I", value % 2**32)
        for value in values
    )


def run(
    kernel: Kernel, calls: Sequence[Call], *, cores: int = 8, repeats: int = 1, seed: int = 0
) -> list[Outcome]:
    """Runs calls of a kernel one after the other.

    Args:
        kernel: the kernel.
        calls: its arguments. All their buffers together must fit into L1.
        cores: how many cores call it together.
        repeats: how often each call is made; the last one's cycles are returned, with code in the
            caches if there were others before.
        seed: of the guards.

    Raises:
        GuardError: something else than the outputs changed.
        AssemblyError: the kernel does not compile.
    """
    layout = _Layout(seed)
    rows: list[list[int]] = []
    for call in calls:
        layout.outputs.append([])
        parameters = np.frombuffer(_words(call.parameters), np.uint8)
        rows.append([layout.place(buffer) for buffer in (parameters, *call.buffers)])
        assert len(rows[-1]) == 1 + kernel.buffers
    layout.finish()
    assert len(layout.contents) <= _L1_BYTES, "buffers do not fit into L1"
    with tempfile.TemporaryDirectory() as name:
        executable = _link(kernel, rows, layout, cores, repeats, Path(name))
        result = run_on_simulator(executable)
    assert result.exit_code == 0, result.messages
    cycle_bytes = 4 * cores * len(calls)
    counts = np.frombuffer(result.output[:cycle_bytes], np.uint32).reshape(cores, len(calls))
    after = bytearray(result.output[cycle_bytes:])
    outcomes = [
        Outcome([bytes(after[begin : begin + length]) for begin, length in places], int(slowest))
        for places, slowest in zip(layout.outputs, counts.max(axis=0), strict=True)
    ]
    for places in layout.outputs:
        for begin, length in places:
            after[begin : begin + length] = layout.contents[begin : begin + length]
    if after != layout.contents:
        changed = np.frombuffer(after, np.uint8) != np.frombuffer(layout.contents, np.uint8)
        raise GuardError(f"{kernel.name} changed L1 + {np.flatnonzero(changed)[:8]}")
    return outcomes


def _link(
    kernel: Kernel,
    rows: list[list[int]],
    layout: _Layout,
    cores: int,
    repeats: int,
    directory: Path,
) -> Path:
    target = siracusa()
    start = _START.format(
        mask=(1 << cores) - 1,
        waits="\n".join(f"wait_for_word finished + {4 * core}, 1" for core in range(cores)),
        stack_top=_STACK_TOP,
        stack_stride=_STACK_STRIDE,
        cores=cores,
        calls=len(rows),
        call_bytes=4 * (2 + _POINTERS),
        cycle_bytes=4 * cores * len(rows),
    )
    (directory / "l1").write_bytes(layout.contents)
    symbols = [f".set {name}, {value:#x}" for name, value in target.symbols.items()]
    lines = [*symbols, start, '.section .l1, "aw", @progbits', "l1_data:"]
    lines += [f'.incbin "{directory / "l1"}"', "l1_data_end:"]
    # In L1 too: firmware has arguments in registers or on its stack.
    lines += ['.section .l1.calls, "aw", @progbits', ".balign 4", "calls:"]
    for addresses in rows:
        padded = addresses + [0] * (_POINTERS - len(addresses))
        lines += [f".word caller, {repeats}, " + ", ".join(map(str, padded))]
    lines += ["calls_end:", ""]
    source = directory / "program.s"
    source.write_text("\n".join(lines))
    program = directory / "program.o"
    executable = directory / "program.elf"
    _run(
        [
            *zig_command(),
            *["clang", "--target=riscv32-unknown-none-elf", f"-march={target.architecture}"],
            *["-menable-experimental-extensions", "-mabi=ilp32f", "-mno-relax"],
            *[f"-I{_HARNESS}", "-c", str(source), "-o", str(program)],
        ]
    )
    sources = [*kernel.sources, "firmware/runtime/memory.c"]
    _run(
        [
            *zig_command(),
            *["ld.lld", "-m", "elf32lriscv", "--build-id=none", "--no-relax"],
            *["-T", str(_HARNESS / "program.ld")],
            *[f"--defsym=code_base={target.code_base:#x}", f"--defsym=l1_base={target.l1_base:#x}"],
            *["-o", str(executable), str(program), str(_compile_caller(kernel))],
            *[str(_compile(source)) for source in sources],
        ]
    )
    return executable
