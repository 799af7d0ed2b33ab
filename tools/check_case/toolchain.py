"""Compiles and links the programs of cases, without a build system: one case, one program.

What all programs of a platform share, kernels and runtime, is compiled once and kept in a cache
folder under a name made of its contents.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ZIG_VARIABLE = "TILEWRIGHT_ZIG"
CACHE_VARIABLE = "XDG_CACHE_HOME"
SECONDS = 600
"""No call of a compiler takes longer, on any machine."""

DEVICE = (
    *("--target=riscv32-unknown-none-elf", "-nostdinc"),
    *("-ffreestanding", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
)
"""As toolchains/riscv compiles firmware: toolchain_test.py compares them."""

COMMON = (
    *("-O2", "-DNDEBUG", "-ffp-contract=off", "-fno-math-errno", "-fno-common"),
    *("-ffunction-sections", "-fdata-sections", "-w"),
)


class BuildError(Exception):
    """A compiler or linker failed; the text is what it said."""


@dataclass(frozen=True)
class Machine:
    """What programs are compiled for.

    Attributes:
        name: of its folder in the cache.
        architecture: clang's -march; empty for this machine.
        support_cpu: zig's name of the same, for compiler-rt.
    """

    name: str
    architecture: str = ""
    support_cpu: str = ""

    @property
    def is_device(self) -> bool:
        return bool(self.architecture)


HOST = Machine("host")
RV32 = Machine("rv32imafc", "rv32imafc", "generic_rv32+m+a+f+c")
CORE_V = Machine(
    "rv32imfcxcv",
    "rv32imfc_xcvmem_xcvmac_xcvalu_xcvsimd_xcvbi_xcvelw",
    "generic_rv32+m+f+c+xcvmem+xcvmac+xcvalu+xcvsimd+xcvbi+xcvelw",
)


class Toolchain:
    """Calls the compiler; sources and include folders are below `root`."""

    def __init__(self, root: Path, zig: Path, cache: Path) -> None:
        self._root = root.absolute()
        self._zig = zig.absolute()
        self._cache = cache.absolute()
        cache.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def of_environment(root: Path) -> Toolchain:
        """With the clang of `TILEWRIGHT_ZIG`, and the user's cache folder.

        Raises BuildError if there is no clang.
        """
        zig = os.environ.get(ZIG_VARIABLE)
        if zig is None or not Path(zig).exists():
            raise BuildError(
                f"{ZIG_VARIABLE} does not name zig, which has the compiler; use bazelw"
            )
        base = os.environ.get(CACHE_VARIABLE) or str(Path.home() / ".cache")
        folder = Path(base) / "tilewright" / "check_case"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            folder = Path(tempfile.gettempdir()) / "tilewright_check_case"
        return Toolchain(root, Path(zig), folder)

    def compiled(
        self, machine: Machine, sources: Iterable[Path], includes: Sequence[Path]
    ) -> list[Path]:
        """The objects of sources that many programs share, from the cache where they are in it."""
        headers = sorted(
            path
            for folder in includes
            # Of the root, only platforms' headers are included with their path.
            for path in (folder / "platforms" if folder == self._root else folder).rglob("*.h")
        )
        common = hashlib.sha256("\0".join(self._flags(machine, [])).encode())
        for header in headers:
            common.update(header.read_bytes())
        folder = self._cache / machine.name
        folder.mkdir(parents=True, exist_ok=True)
        objects: list[Path] = []
        missing: list[tuple[Path, Path]] = []
        for source in sources:
            key = common.copy()
            key.update(source.name.encode() + source.read_bytes())
            output = folder / f"{source.stem}_{key.hexdigest()[:20]}.o"
            objects.append(output)
            if not output.exists():
                missing.append((source, output))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for done in [pool.submit(self.compile, machine, *pair, includes) for pair in missing]:
                done.result()
        return objects

    def compile(
        self,
        machine: Machine,
        source: Path,
        output: Path,
        includes: Sequence[Path],
        options: Sequence[str] = (),
    ) -> Path:
        """Compiles one source. Raises BuildError with the compiler's messages."""
        temporary = output.with_suffix(f".{os.getpid()}.tmp")
        flags = [*self._flags(machine, includes), *options]
        self._run([*self._clang(machine), *flags, "-c", str(source), "-o", str(temporary)])
        temporary.replace(output)
        return output

    def link(
        self, machine: Machine, objects: Sequence[Path], output: Path, script: Path | None
    ) -> Path:
        """Links a program. Raises BuildError with the linker's messages."""
        files = [str(path) for path in objects]
        if not machine.is_device:
            self._run([*self._clang(machine), *files, "-o", str(output)])
            return output
        support = str(self._support(machine))
        self._run(
            [
                *(str(self._zig), "ld.lld", "-m", "elf32lriscv", "--gc-sections"),
                *("--build-id=none", "-T", str(script), "-o", str(output), *files, support),
            ]
        )
        return output

    def _clang(self, machine: Machine) -> list[str]:
        if machine.is_device:
            return [str(self._zig), "clang"]
        compiler = shutil.which("cc")
        if compiler is None:
            raise BuildError("there is no C compiler for this machine; run: apt-get install gcc")
        return [compiler]

    def _flags(self, machine: Machine, includes: Sequence[Path]) -> list[str]:
        folders = [f"-I{folder}" for folder in includes]
        if not machine.is_device:
            return [*COMMON, *folders]
        headers = self._zig.parent / "lib" / "include"
        target = [*DEVICE, f"-march={machine.architecture}", "-mabi=ilp32f"]
        return [*target, *COMMON, "-isystem", str(headers), *folders]

    def _support(self, machine: Machine) -> Path:
        """compiler-rt: 64-bit division and the like."""
        output = self._cache / machine.name / "compiler_rt.o"
        if output.exists():
            return output
        library = self._zig.parent / "lib"
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "compiler_rt.o"
            command = [
                *(str(self._zig), "build-obj", "-target", "riscv32-freestanding-none"),
                *(f"-mcpu={machine.support_cpu}", "-OReleaseSmall", "-fstrip"),
                *("-ffunction-sections", "-fdata-sections", "--zig-lib-dir", str(library)),
                *("--name", "compiler_rt", f"-femit-bin={made}", str(library / "compiler_rt.zig")),
            ]
            caches = {
                "ZIG_GLOBAL_CACHE_DIR": f"{folder}/cache",
                "ZIG_LOCAL_CACHE_DIR": f"{folder}/cache",
            }
            self._run(command, caches)
            temporary = output.with_suffix(f".{os.getpid()}.tmp")
            shutil.copyfile(made, temporary)
            temporary.replace(output)
        return output

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            cwd=self._root,
            env={**os.environ, **(environment or {})},
        )
        if result.returncode != 0:
            raise BuildError(result.stderr.decode(errors="replace")[:4000])
