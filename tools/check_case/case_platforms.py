"""The platforms that a case can run on: what is compiled for each, and how its programs run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from compiler import pipeline
from compiler.ir import Array, Graph
from compiler.target.soc import Cluster, soc_of_text
from platforms.qemu_rv32.run_qemu import qemu_command
from toolchains.soc.render_template import render
from tools.check_case.toolchain import CORE_V, HOST, RV32, Machine, Toolchain

ROOT = Path(__file__).absolute().parents[2]
SIMULATOR_VARIABLE = "TILEWRIGHT_SIMULATOR"
RUN_SECONDS = 3600
MARKER = b"case outputs:\n"
STACK_BYTES = 8192
OTHERS = ("layer_dump.c",)
"""Of the runtime: what networks call that record their layers."""


class RunError(Exception):
    """A program did not run to its end; the text says what it did."""


@dataclass(frozen=True)
class Platform:
    """A platform.

    Attributes:
        machine: what its programs are compiled for.
        folder: of its sources, below `platforms`; None for this machine.
        cluster: whether networks run on a cluster of cores.
        accelerator: whether its accelerator computes, too.
    """

    machine: Machine
    folder: str | None = None
    cluster: bool = False
    accelerator: bool = False

    @property
    def _sources(self) -> Path:
        assert self.folder is not None
        return ROOT / "platforms" / self.folder

    def _soc(self) -> str:
        return (self._sources / "soc.yaml").read_text()

    def _target(self) -> Cluster | None:
        if not self.cluster:
            return None
        cluster = soc_of_text(self._soc()).cluster
        assert cluster is not None
        return cluster if self.accelerator else replace(cluster, accelerator=None)

    def emit(self, graphs: list[Graph]) -> Mapping[str, bytes]:
        """The files of the network `net`. Raises CompileError if it does not fit."""
        target = self._target()
        if target is None:
            placements = pipeline.read_placements(pipeline.place(pipeline.analyse(graphs)))
            return pipeline.emit("net", graphs, placements, None, _silent)[0].files()
        pipeline.choose_kernels(graphs, target)
        plan = pipeline.read_schedule(pipeline.place(pipeline.analyse_cluster(graphs, target)))
        return pipeline.emit_cluster("net", graphs, target, plan, None, _silent)[0].files()

    def build(
        self,
        toolchain: Toolchain,
        folder: Path,
        files: Mapping[str, bytes],
        inputs: Sequence[Array],
        output_bytes: Sequence[int],
    ) -> Path:
        """The program of a case, in `folder`. Raises BuildError."""
        for name, data in files.items():
            (folder / name).write_bytes(data)
        for index, data in enumerate(inputs):
            (folder / f"input_{index}.bin").write_bytes(np.ascontiguousarray(data).tobytes())
        pointer = ".word" if self.machine.is_device else ".quad"
        (folder / "case_data.S").write_text(_data(len(inputs), output_bytes, pointer))
        generated = folder / "platform"
        includes = self._includes(generated)
        shared = toolchain.compiled(self.machine, self._shared_sources(), includes)
        options = [f"-I{folder}", f"-Wa,-I{folder}"]
        if not self.machine.is_device:
            options.append("-DTILEWRIGHT_CASE_HOST")
        own = [
            *(folder / name for name in files if name.endswith((".c", ".S"))),
            folder / "case_data.S",
            ROOT / "tools/check_case/run_case.c",
        ]
        objects = [
            toolchain.compile(self.machine, source, folder / f"{source.name}.o", includes, options)
            for source in own
        ]
        script: Path | None = None
        if self.machine.is_device:
            script = folder / "link.ld"
            template = (self._sources / "link.ld.jinja").read_text()
            script.write_text(render(template, self._soc(), {"stack_size": STACK_BYTES}))
        return toolchain.link(self.machine, [*objects, *shared], folder / "case", script)

    def _includes(self, generated: Path) -> list[Path]:
        includes = [ROOT / "kernels/include"]
        if self.folder is None:
            return includes
        header = generated / "platforms" / self.folder / "soc.h"
        header.parent.mkdir(parents=True, exist_ok=True)
        template = (self._sources / "soc.h.jinja").read_text()
        header.write_text(render(template, self._soc(), {}))
        return [*includes, ROOT / "firmware/include", ROOT, generated]

    def _shared_sources(self) -> list[Path]:
        """Kernels, each from the folder that has the fastest for this platform, and runtime."""
        kernels: dict[str, Path] = {}
        folders = ["ref", *(["xcorev"] if self.machine is CORE_V else [])]
        for name in (*folders, *(["neureka"] if self.accelerator else [])):
            folder = ROOT / "kernels" / name
            kernels.update({path.stem: path for path in sorted(folder.glob("*.[cS]"))})
        sources = [kernels[stem] for stem in sorted(kernels)]
        if not self.machine.is_device:
            return sources
        runtime = ROOT / "firmware/runtime"
        sources += [path for path in sorted(runtime.glob("*.c")) if path.name not in OTHERS]
        sources += sorted((runtime / "riscv").glob("*.[cS]"))
        if self.cluster:
            sources += sorted((runtime / "cluster").glob("*.[cS]"))
        return sources + sorted(self._sources.glob("*.[cS]"))

    def run(self, program: Path) -> bytes:
        """What the program's network gives. Raises RunError."""
        command = self._command(program)
        try:
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=RUN_SECONDS,
            )
        except FileNotFoundError as error:
            raise RunError(f"{command[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise RunError(f"the program ran longer than {RUN_SECONDS} seconds") from error
        before, marker, outputs = result.stdout.partition(MARKER)
        if result.returncode != 0 or not marker:
            said = (before + result.stderr).decode(errors="replace").strip()
            raise RunError(f"the program ended with {result.returncode}: {said[-400:]}")
        return outputs

    def _command(self, program: Path) -> list[str]:
        if self.folder is None:
            return [str(program)]
        description = self._sources / "soc.yaml"
        if self.machine is RV32:
            return qemu_command(yaml.safe_load(description.read_text()), program)
        simulator = os.environ.get(SIMULATOR_VARIABLE)
        if simulator is None or not Path(simulator).exists():
            raise RunError(f"{SIMULATOR_VARIABLE} does not name the simulator; use bazelw")
        path = str(Path(simulator).absolute())
        return [path, "--soc", str(description), "--elf", str(program)]


def _silent(text: str) -> None:
    del text


def _data(inputs: int, outputs: Sequence[int], pointer: str) -> str:
    """Assembly with the inputs, room for the outputs, and pointers to both."""
    lines = ['.section .rodata.case, "a"']
    for index in range(inputs):
        lines += [".balign 16", f"input_{index}:", f'.incbin "input_{index}.bin"']
    lines += [".balign 16", '.section .bss.case, "aw", @nobits']
    for index, size in enumerate(outputs):
        lines += [".balign 16", f"output_{index}: .zero {max(size, 1)}"]
    for role, count in (("input", inputs), ("output", len(outputs))):
        lines += [
            '.section .data.rel.ro.case, "aw"',
            ".balign 8",
            f".globl case_{role}s",
            f"case_{role}s:",
            *(f"{pointer} {role}_{index}" for index in range(count)),
            f"{pointer} 0",
        ]
    if pointer == ".quad":
        lines.append('.section .note.GNU-stack, "", @progbits')
    return "\n".join(lines) + "\n"


PLATFORMS: Mapping[str, Platform] = {
    "host": Platform(HOST),
    "qemu_rv32": Platform(RV32, "qemu_rv32"),
    "siracusa": Platform(CORE_V, "siracusa", cluster=True),
    "siracusa_full": Platform(CORE_V, "siracusa", cluster=True, accelerator=True),
}
"""By the name that people give: siracusa is its cluster's cores, siracusa_full also the
accelerator."""
