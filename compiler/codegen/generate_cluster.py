"""Writes the files of a network that runs on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from compiler.codegen.cluster_tables import (
    KernelFunction,
    Tables,
    TablesWriter,
    kernel_functions,
)
from compiler.codegen.generate import entry_point_values, environment_of_templates, interface_values
from compiler.codegen.interface import EntryPoint, Interface, interface_of
from compiler.codegen.layout import packed
from compiler.ir import Graph
from compiler.memory import Plan
from compiler.memory.plan import states_of
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.program import Program
from compiler.schedule.task import ALIGNMENT
from compiler.target.soc import Cluster

_NOT_INLINED = "__attribute__((noinline)) /* A symbol that debuggers and profiles find. */"


@dataclass(frozen=True)
class GeneratedClusterNetwork:
    """The generated files' contents; `weights` is what is in L2 of the constants."""

    header: str
    source: str
    assembly: str
    weights: bytes
    weight_memory: bytes
    interface: Interface
    plan: Plan

    def files(self) -> dict[str, bytes]:
        """Contents by file name."""
        name = self.interface.name
        return {
            f"{name}.h": self.header.encode(),
            f"{name}.c": self.source.encode(),
            f"{name}_weights.S": self.assembly.encode(),
            f"{name}_weights.bin": self.weights + self.weight_memory,
        }


def generate_cluster(
    name: str,
    graphs: Sequence[Graph],
    programs: Sequence[Program],
    cluster: Cluster,
    model_digest: str = "",
) -> GeneratedClusterNetwork:
    """Generates network `name` with one entry point per graph, run by `programs`.

    `model_digest` is that of `generate`. Raises CompileError as `interface_of` does.
    """
    plan = _plan(graphs, programs)
    interface = interface_of(name, graphs, plan)
    weights, offsets = _merge([(p.constants, p.segments) for p in programs])
    weight_memory, places = _merge([(p.weights, p.weight_segments) for p in programs])
    tables = [
        TablesWriter(interface, entry_point, program, estimate(program, cluster), *where).write()
        for entry_point, program, *where in zip(
            interface.entry_points, programs, offsets, places, strict=True
        )
    ]
    sizes = len(weights), len(weight_memory)
    values = {
        **interface_values(interface, plan, model_digest, *sizes),
        **_values(interface, programs, tables, cluster),
    }
    environment = environment_of_templates()
    header, source, assembly = (
        environment.get_template(template).render(values)
        for template in ("header.h.jinja", "cluster.c.jinja", "weights.S.jinja")
    )
    return GeneratedClusterNetwork(
        header, source, assembly, weights, weight_memory, interface, plan
    )


def _plan(graphs: Sequence[Graph], programs: Sequence[Program]) -> Plan:
    states, states_bytes = states_of(graphs, ALIGNMENT)
    arena = max(program.arena_bytes for program in programs)
    return Plan((), (), ALIGNMENT, arena, states, states_bytes)


def _merge(
    contents: Sequence[tuple[bytes, Sequence[int]]],
) -> tuple[bytes, list[dict[int, int]]]:
    """The programs' constants, equal segments once, and where each program's segments are."""
    merged = bytearray()
    known: dict[bytes, int] = {}
    offsets: list[dict[int, int]] = []
    for constants, segments in contents:
        places: dict[int, int] = {}
        for begin, end in pairwise(segments):
            data = constants[begin:end]
            if data not in known:
                known[data] = len(merged)
                merged += data
            places[begin] = known[data]
        offsets.append(places)
    return bytes(merged), offsets


def _values(
    interface: Interface,
    programs: Sequence[Program],
    tables: Sequence[Tables],
    cluster: Cluster,
) -> dict[str, Any]:
    kernels = kernel_functions(programs)
    headers = {"tilewright/generated.h", "tilewright/placement.h", "tilewright/schedule.h"}
    headers |= {kernel.header for kernel in kernels}
    return {
        "headers": sorted(headers),
        "kernels": [{"functions": _functions(kernel), **vars(kernel)} for kernel in kernels],
        "l1_bytes": max(1, *(program.l1_bytes for program in programs)),
        "programs": [
            {
                "function": entry_point.function,
                "tables": table,
                "relocations": [
                    f"{{.argument = {argument}, .word_count = {count}}},"
                    for argument, count in _word_counts(table).items()
                ],
                "relocated": [f"&{word}," for word, _ in table.relocations],
                "extents": [
                    {"patches": [_entry(8, *patch) for patch in patches], **asdict(extent)}
                    for extent, patches in zip(program.extents, table.patches, strict=True)
                ],
                "job_function": _job_function(program),
                "summary": f"{total_cycles(estimate(program, cluster)):,} cycles predicted",
            }
            for entry_point, program, table in zip(
                interface.entry_points, programs, tables, strict=True
            )
        ],
        "entry_points": [
            entry_point_values(entry_point, _body(entry_point, table), [_NOT_INLINED])
            for entry_point, table in zip(interface.entry_points, tables, strict=True)
        ],
    }


def _word_counts(tables: Tables) -> dict[int, int]:
    """How many words are relocated by each argument, in the relocations' order."""
    return dict(Counter(argument for _, argument in tables.relocations))


def _job_function(program: Program) -> str | None:
    """The kernel that the program's jobs call, if it has any."""
    jobs = [kernel for kernel in kernel_functions([program]) if kernel.is_job]
    assert len(jobs) <= 1
    return jobs[0].function if jobs else None


def _entry(indent: int, word: str, number: int) -> str:
    """A table's entry that is a word's address and a number."""
    return "\n".join(packed(" " * indent, [word, str(number)], ",", "{}"))


def _functions(kernel: KernelFunction) -> list[dict[str, list[str]]]:
    """What makes a call of a kernel; of a job, what prepares it and what queues the rest of it."""
    cores = ["uint32_t core", "uint32_t cores"]
    if not kernel.is_job:
        return [_function("run_", kernel, "", cores)]
    functions = [_function("prepare_", kernel, "_prepare", [])]
    if kernel.has_rest:
        functions.append(_function("run_", kernel, "_continue", cores))
    return functions


def _function(
    prefix: str, kernel: KernelFunction, suffix: str, parameters: list[str]
) -> dict[str, list[str]]:
    head = ["const void *descriptor", *parameters]
    operands = [f"operands[{index}]" for index in range(kernel.operands)]
    names = [parameter.split()[-1] for parameter in parameters]
    call = ["&call->parameters", *operands, *names]
    return {
        "head": packed(f"TW_CALLED_OFTEN static void {prefix}{kernel.function}", head, " {"),
        "call": packed(f"  {kernel.function}{suffix}", call, ";"),
    }


def _body(entry_point: EntryPoint, tables: Tables) -> list[str]:
    pointers = [
        argument.identifier if argument.is_output else f"(void *)(uintptr_t){argument.identifier}"
        for argument in entry_point.arguments
    ]
    return [
        *packed("  void *const caller[] = ", pointers, ";", "{}"),
        f"  tw_schedule_run(&{tables.name}_schedule, caller);",
    ]
