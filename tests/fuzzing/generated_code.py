"""Compiles generated C: every file for its syntax, some to run under ASan and UBSan."""

from __future__ import annotations

import functools
import os
import resource
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compiler.codegen.network_harness import FLAGS, c_compiler
from compiler.ir import Array, Graph
from compiler.operators.kernel_harness import KERNELS

RUNNER = Path(__file__).with_name("run_network.c")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INCLUDE = f"-I{KERNELS / 'include'}"
UNCHECKED = ("-O0", "-g0")
FLAG_SETS = (SANITIZERS, UNCHECKED)
FOLDER_VARIABLE = "TILEWRIGHT_FUZZ_FOLDER"
"""Where processes find what an earlier one compiled."""

TIME_LIMIT = 60


class GeneratedCodeError(AssertionError):
    """Generated C does not compile, or does what C forbids."""


def check_syntax(source: Path) -> None:
    """Raises GeneratedCodeError with the C compiler's messages."""
    _call([c_compiler(), *FLAGS, INCLUDE, "-fsyntax-only", str(source)])


def run(
    folder: Path, graph: Graph, inputs: Mapping[str, Array], *, sanitize: bool
) -> dict[str, Array]:
    """The outputs of the network `net` in `folder`; its buffers have exactly the size it says.

    `sanitize`: with the address and the undefined behaviour sanitizer, which takes longer.
    """
    flags = SANITIZERS if sanitize else UNCHECKED
    program = folder / "net"
    files = [str(folder / "net.c"), str(folder / "net_weights.S"), str(RUNNER)]
    directories = [INCLUDE, f"-I{folder}", f"-Wa,-I{folder}"]
    kernels = str(_kernels(flags))
    command = [c_compiler(), *FLAGS, *flags, *directories, *files, kernels, "-lm"]
    _call([*command, "-o", str(program)])
    content = b"".join(np.ascontiguousarray(inputs[name]).tobytes() for name in graph.inputs)
    output = _call([str(program)], content)
    result: dict[str, Array] = {}
    for name in graph.outputs:
        type_ = graph.values[name].type
        result[name] = np.frombuffer(output[: type_.bytes], type_.data_type.numpy)
        output = output[type_.bytes :]
    return result


def prepare() -> None:
    """Compiles the kernels, which takes longer than any case."""
    for flags in FLAG_SETS:
        _kernels(flags)


@functools.cache
def _kernels(flags: tuple[str, ...]) -> Path:
    """An archive of all reference kernels, made once for all processes that share the folder."""
    shared = os.environ.get(FOLDER_VARIABLE)
    folder = Path(shared or tempfile.mkdtemp()) / f"kernels{FLAG_SETS.index(flags)}"
    archive = folder / "kernels.a"
    if archive.exists():
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(path) for path in (KERNELS / "ref").glob("*.c"))
    _call([c_compiler(), *FLAGS, *flags, INCLUDE, "-c", *sources], cwd=folder)
    objects = sorted(str(path) for path in folder.glob("*.o"))
    _call(["ar", "rcs", str(folder / "kernels.tmp"), *objects])
    (folder / "kernels.tmp").replace(archive)
    return archive


def _unlimited() -> None:
    """The address sanitizer maps much more than the process that compiles models may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _call(command: list[str], data: bytes = b"", cwd: Path | None = None) -> bytes:
    result = subprocess.run(
        command,
        input=data,
        capture_output=True,
        check=False,
        timeout=TIME_LIMIT * 5,
        cwd=cwd,
        preexec_fn=_unlimited,
    )
    if result.returncode != 0:
        raise GeneratedCodeError(result.stderr.decode(errors="replace")[:4000])
    return result.stdout
