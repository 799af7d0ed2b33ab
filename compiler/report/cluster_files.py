"""The reports beside the code of a network for a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from compiler.codegen.cluster_layers import cluster_layers
from compiler.codegen.generate_cluster import GeneratedClusterNetwork
from compiler.frontend.model import OnnxModel
from compiler.ir import Graph
from compiler.memory import interface_inputs, interface_outputs
from compiler.report.mapping import mapping, mapping_json, mapping_text
from compiler.report.memory import ArenaBuffer, EntryPoint, MemoryReport, Step, Tensor
from compiler.report.memory_page import to_html
from compiler.report.schedule_quality import quality_sentences, schedule_quality
from compiler.schedule.estimate import (
    StepTime,
    call_cycles,
    estimate,
    launch_cycles,
    tables_cycles,
)
from compiler.schedule.extents import nominal
from compiler.schedule.program import Call, Program
from compiler.schedule.table_size import kernel_of
from compiler.schedule.task import ALIGNMENT
from compiler.target.neureka_job import job_shapes
from compiler.target.soc import Cluster

MEMORY_FORMAT = 1


def cluster_report_files(
    models: Sequence[OnnxModel],
    graphs: Sequence[Graph],
    network: GeneratedClusterNetwork,
    programs: Sequence[Program],
    cluster: Cluster,
) -> dict[str, bytes]:
    """Contents by file name; one model, graph and program per entry point."""
    name = network.interface.name
    report = mapping(name, models, graphs, cluster_layers(graphs))
    times = [estimate(program, cluster) for program in programs]
    qualities = [
        schedule_quality(program, time) for program, time in zip(programs, times, strict=True)
    ]
    for entry_point, quality in zip(report["entry_points"], qualities, strict=True):
        entry_point["schedule"] = quality
    return {
        f"{name}.mapping.json": mapping_json(report).encode(),
        f"{name}.mapping.txt": mapping_text(report).encode(),
        f"{name}.memory.json": _memory_json(network, programs, times, cluster).encode(),
        f"{name}.memory.html": to_html(_memory(name, graphs, programs, qualities)).encode(),
    }


def _memory_json(
    network: GeneratedClusterNetwork,
    programs: Sequence[Program],
    times: Sequence[Sequence[StepTime]],
    cluster: Cluster,
) -> str:
    plan = network.plan
    data: dict[str, Any] = {
        "format": MEMORY_FORMAT,
        "network": network.interface.name,
        "weights_bytes": len(network.weights),
        "weight_memory_bytes": len(network.weight_memory),
        "states_bytes": plan.states_bytes,
        "arena_bytes": plan.arena_bytes,
        "alignment": plan.alignment,
        "states": [asdict(state) for state in plan.states],
        "maps": [
            _map(entry.function, program, list(time), cluster)
            for entry, program, time in zip(
                network.interface.entry_points, programs, times, strict=True
            )
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _map(
    function: str, program: Program, times: list[StepTime], cluster: Cluster
) -> dict[str, Any]:
    """One entry point: what is in L1 when, and what each step does and takes.

    Bytes and cycles are for the rows of states that `nominal_rows` says.
    """
    run = nominal(program)
    return {
        "graph": program.graph,
        "function": function,
        "arena_bytes": program.arena_bytes,
        "l1_bytes": program.l1_bytes,
        "l1_bound": program.l1_bound,
        "launch_cycles": launch_cycles(program),
        "tables_cycles": tables_cycles(program, cluster),
        **schedule_quality(program, times),
        "buffers": [asdict(buffer) for buffer in program.buffers],
        "arena_buffers": [asdict(buffer) for buffer in program.arena_buffers],
        "steps": [
            {
                "calls": [
                    {
                        "node": call.node,
                        "tile": call.tile,
                        "engine": "accelerator" if call.operation.is_job else "cores",
                        "jobs": _jobs(call),
                        "kernel": kernel_of(call).function,
                        "multiply_accumulates": call.operation.multiply_accumulates(call.inputs),
                        "predicted_cycles": call_cycles(call, cluster),
                    }
                    for call in step.calls
                ],
                "begin": time.begin,
                "predicted_cycles": time.compute,
                "exposed_cycles": time.exposed,
                "loaded_bytes": sum(t.bytes for t in step.transfers if t.load),
                "stored_bytes": sum(t.bytes for t in step.transfers if not t.load),
                "transfers": [
                    {
                        "what": transfer.what,
                        "load": transfer.load,
                        "bytes": transfer.bytes,
                        "due": transfer.due,
                        "begin": begin,
                        "end": end,
                    }
                    for transfer, (begin, end) in zip(step.transfers, time.transfers, strict=True)
                ],
            }
            for step, time in zip(run.steps, times, strict=True)
        ],
        "extents": [
            {**asdict(extent), "nominal_rows": extent.nominal} for extent in program.extents
        ],
    }


def _jobs(call: Call) -> int:
    """How many jobs the accelerator is given."""
    return len(job_shapes(kernel_of(call).parameters)) if call.operation.is_job else 0


def _memory(
    name: str,
    graphs: Sequence[Graph],
    programs: Sequence[Program],
    qualities: Sequence[dict[str, Any]],
) -> MemoryReport:
    """The memory report with L1 in the place of the arena."""
    weights: dict[str, Tensor] = {}
    states: dict[str, Tensor] = {}
    for graph in graphs:
        for value in graph.constants():
            weights.setdefault(value.name, _tensor(graph, value.name))
        for state in graph.states:
            states.setdefault(state.input, _tensor(graph, state.input))
    largest_first = sorted(weights.values(), key=lambda tensor: (-tensor.bytes, tensor.name))
    entries = [
        _entry_point(graph, program, quality_sentences(quality))
        for graph, program, quality in zip(graphs, programs, qualities, strict=True)
    ]
    return MemoryReport(name, tuple(largest_first), tuple(states.values()), tuple(entries), {})


def _tensor(graph: Graph, name: str) -> Tensor:
    type_ = graph.values[name].type
    return Tensor(name, str(type_), type_.bytes)


def _entry_point(graph: Graph, program: Program, schedule: Sequence[str]) -> EntryPoint:
    live = [0] * (max((b.last for b in program.buffers), default=0) + 1)
    for buffer in program.buffers:
        for step in range(buffer.first, buffer.last + 1):
            live[step] += -(-buffer.bytes // ALIGNMENT) * ALIGNMENT
    names = [
        (", ".join(call.node for call in step.calls) or "copies only", _operation(step.calls))
        for step in program.steps
    ]
    live += [0] * (len(names) - len(live))
    return EntryPoint(
        name=program.graph,
        arena_bytes=program.l1_bytes,
        bound=program.l1_bound,
        alignment=ALIGNMENT,
        copied_bytes=sum(t.bytes for step in program.steps for t in step.transfers),
        inputs=tuple(_tensor(graph, value) for value in interface_inputs(graph)),
        outputs=tuple(_tensor(graph, value) for value in interface_outputs(graph)),
        buffers=tuple(
            ArenaBuffer(
                "scratch" if buffer.kind == "scratch" else "activation",
                (f"{buffer.what}" if buffer.kind == "tensor" else f"{buffer.kind}: {buffer.what}",),
                f"{buffer.bytes} bytes",
                buffer.offset,
                buffer.bytes,
                buffer.first,
                min(buffer.last, len(names) - 1),
            )
            for buffer in program.buffers
        ),
        steps=tuple(
            Step(node, operation, size)
            for (node, operation), size in zip(names, live, strict=False)
        ),
        schedule=tuple(schedule),
    )


def _operation(calls: Sequence[Any]) -> str:
    return type(calls[0].operation).__name__ if calls else ""
