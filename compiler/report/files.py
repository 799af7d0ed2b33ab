"""The reports that are written beside the generated code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from compiler.codegen.generate import GeneratedNetwork
from compiler.frontend.model import OnnxModel
from compiler.memory import Plan
from compiler.report.mapping import mapping, mapping_json, mapping_text
from compiler.report.memory import memory_report
from compiler.report.memory_page import to_html

MEMORY_FORMAT = 1


def report_files(
    models: Sequence[OnnxModel], network: GeneratedNetwork, plan: Plan
) -> dict[str, bytes]:
    """Contents by file name; one model and one graph per entry point."""
    name = network.interface.name
    graphs = [entry_point.graph for entry_point in network.interface.entry_points]
    report = mapping(name, models, graphs, network.content.layers)
    maps = zip(network.interface.entry_points, graphs, plan.maps, strict=True)
    page = memory_report(name, [(entry.name, graph, places) for entry, graph, places in maps])
    return {
        f"{name}.mapping.json": mapping_json(report).encode(),
        f"{name}.mapping.txt": mapping_text(report).encode(),
        f"{name}.memory.json": _memory_json(network, plan).encode(),
        f"{name}.memory.html": to_html(page).encode(),
    }


def _memory_json(network: GeneratedNetwork, plan: Plan) -> str:
    """Bytes of everything, and every tensor's place, per entry point."""
    data = {
        "format": MEMORY_FORMAT,
        "network": network.interface.name,
        "weights_bytes": len(network.weights),
        "states_bytes": plan.states_bytes,
        "arena_bytes": plan.arena_bytes,
        "alignment": plan.alignment,
        "states": [
            {"name": state.name, "offset": state.offset, "bytes": state.bytes}
            for state in plan.states
        ],
        "maps": [json.loads(memory_map.to_json()) for memory_map in plan.maps],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
