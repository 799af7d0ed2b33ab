"""The layers of a network that runs on a cluster, as reports and recorded programs number them."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.codegen.source import Layer
from compiler.codegen.steps import Step
from compiler.ir import Graph, Node


def cluster_layers(graphs: Sequence[Graph]) -> list[Layer]:
    """Every node that a kernel computes, through all entry points."""
    layers: list[Layer] = []
    for graph in graphs:
        for node in graph.nodes:
            step = _step(graph, node)
            if step is not None:
                layers.append(Layer(len(layers), graph, step))
    return layers


def numbers_of(layers: Sequence[Layer], graph: Graph) -> dict[str, int]:
    """The numbers of one entry point's layers, by node."""
    return {layer.step.name: layer.number for layer in layers if layer.graph is graph}


def _step(graph: Graph, node: Node) -> Step | None:
    inputs, outputs = graph.input_types(node), graph.output_types(node)
    kernel = node.operation.kernel(inputs, outputs)
    if kernel is None or not any(type_.elements for type_ in outputs):
        return None
    variable = [
        graph.values[name].type
        for name in node.inputs
        if name is not None and graph.values[name].constant is None
    ]
    work = node.operation.multiply_accumulates(inputs)
    return Step(node, node.name, kernel, (), tuple(variable), tuple(outputs), work)
