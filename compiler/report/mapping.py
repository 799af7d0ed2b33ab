"""The mapping report: what became of every node of the model, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from compiler.codegen.source import Layer
from compiler.frontend.model import OnnxModel
from compiler.ir import DataType, Graph, Node, Value, present
from compiler.operators.quantize import Dequantize
from compiler.report.schedule_quality import quality_sentences

FORMAT = 1


def mapping(
    network: str, models: Sequence[OnnxModel], graphs: Sequence[Graph], layers: Sequence[Layer]
) -> dict[str, Any]:
    """The report as JSON data; one entry point per model and graph.

    Layers have the numbers that TILEWRIGHT_LAYER_DONE reports. `form` is "integer", "wide" (integer
    with 64-bit requantisation), "float", or "conversion" between the two.
    """
    return {
        "format": FORMAT,
        "network": network,
        "entry_points": [
            _entry_point(model, graph, [layer for layer in layers if layer.graph is graph])
            for model, graph in zip(models, graphs, strict=True)
        ],
    }


def mapping_json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def mapping_text(report: dict[str, Any]) -> str:
    """The report for people: a line per layer, then the model's nodes that need no layer."""
    lines: list[str] = []
    for entry_point in report["entry_points"]:
        if lines:
            lines.append("")
        name = entry_point["name"]
        lines.append(f"{report['network']}{f', entry point {name}' if name else ''}")
        rows = [("layer", "kernel", "form", "MAC", "nodes of the model", "why")]
        rows += [
            (
                str(layer["layer"]),
                layer["kernel"],
                layer["form"],
                f"{layer['multiply_accumulates']:,}",
                ", ".join(layer["nodes"]) or f"({layer['name']})",
                layer["reason"],
            )
            for layer in entry_point["layers"]
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [
            "  ".join(
                cell.rjust(width) if index in (0, 3) else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        lines.append("")
        if "schedule" in entry_point:
            lines += [*quality_sentences(entry_point["schedule"]), ""]
        lines += [
            f"{node['node']} ({node['operator']}): {node['how']}"
            for node in entry_point["nodes"]
            if not node["layers"]
        ]
    return "\n".join(lines) + "\n"


def _entry_point(model: OnnxModel, graph: Graph, layers: Sequence[Layer]) -> dict[str, Any]:
    layers_of: dict[str, list[int]] = {}
    for layer in layers:
        for name in layer.step.origin:
            layers_of.setdefault(name, []).append(layer.number)
    called = {id(layer.step.node) for layer in layers}
    views = {name for node in graph.nodes if id(node) not in called for name in node.origin}
    return {
        "name": graph.name,
        "layers": [_layer(graph, layer) for layer in layers],
        "nodes": [
            {
                "node": node.name,
                "operator": node.operator,
                "layers": layers_of.get(node.name, []),
                "how": _how(node.name, layers_of, views),
            }
            for node in model.nodes
        ],
    }


def _how(name: str, layers_of: dict[str, list[int]], views: set[str]) -> str:
    if name in layers_of:
        numbers = ", ".join(map(str, layers_of[name]))
        return f"layer{'s' if len(layers_of[name]) > 1 else ''} {numbers}"
    if name in views:
        return "no code: its result is another shape of the same memory"
    return "no code: folded into constants or into how other nodes compute"


def _layer(graph: Graph, layer: Layer) -> dict[str, Any]:
    step = layer.step
    form, reason = _form(graph, step.node) if step.node is not None else ("copy", "memory plan")
    return {
        "layer": layer.number,
        "name": step.name,
        "nodes": list(step.origin),
        "operation": type(step.node.operation).__name__ if step.node is not None else "Copy",
        "kernel": step.kernel.function,
        "form": form,
        "reason": reason,
        "inputs": [str(type_) for type_ in step.inputs],
        "outputs": [str(type_) for type_ in step.outputs],
        "results": [result_of(graph.values[name], step.node) for name in step.results],
        "multiply_accumulates": step.multiply_accumulates,
        "scratch_bytes": step.kernel.scratch_bytes,
    }


def result_of(value: Value, node: Node | None) -> dict[str, Any]:
    """A value that a layer makes: which tensor of the model it is, and how to read its bytes.

    A float32 value that comes from an int8 one has that one's `step`.
    """
    result: dict[str, Any] = {
        "value": value.name,
        "data_type": value.type.data_type.value,
        "shape": list(value.type.shape),
    }
    if value.tensor is not None:
        result["tensor"] = value.tensor.name
        if value.tensor.permutation is not None:
            result["permutation"] = list(value.tensor.permutation)
    if value.quantization is not None:
        result["scale"] = value.quantization.scale
        result["zero_point"] = value.quantization.zero_point
    if node is not None and isinstance(node.operation, Dequantize):
        result["step"] = node.operation.scale
    return result


def _form(graph: Graph, node: Node) -> tuple[str, str]:
    def floats(names: Sequence[str]) -> list[str]:
        return [n for n in names if graph.values[n].type.data_type is DataType.FLOAT32]

    variable = [n for n in present(node.inputs) if graph.values[n].constant is None]
    read, made = floats(variable), floats(node.outputs)
    if read and made:
        return "float", f"{_listing(read)} not quantised, {_listing(made)} not quantised"
    if read:
        return "conversion", f"{_listing(read)} float32 in the model"
    if made:
        return "conversion", f"{_listing(made)} read as float32"
    if getattr(node.operation, "wide", False):
        return "wide", "32 bits cannot hold the product at the precision that is needed"
    return "integer", node.reason


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
