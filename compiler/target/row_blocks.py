"""A graph in which large nodes are computed in two blocks of rows.

What one block needs of the accelerator can then run beside what the other one needs of the cores:
a layer's projection beside the normalisation before it, windows of an image beside the product of
those above.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from compiler.ir import Graph, Node
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.soc import Cluster
from compiler.target.split_layers import cut_axis, halves_of, split

LEAST_CYCLES = 800
"""Of a node on the cores: halves of less take longer together than they can hide."""

GRANULE = 4
"""Rows that kernels take at a time."""


def in_row_blocks(graph: Graph, cluster: Cluster, whole: Set[str]) -> Graph | None:
    """A copy with two blocks of each node that is large enough; None if there is none.

    Nodes that read or make one of the values `whole` are not cut. Constants are shared with the
    graph.
    """
    result = replace(
        graph,
        values={name: replace(value) for name, value in graph.values.items()},
        nodes=[replace(node) for node in graph.nodes],
    )
    names = {node.name for node in graph.nodes}
    count = 0
    for node in list(result.nodes):
        if not whole.isdisjoint({*node.inputs, *node.outputs}):
            continue
        cut = _cut(result, node, cluster)
        if cut is None:
            continue
        second = f"{node.name}/rows"
        while second in names:
            second += "'"
        names.add(second)
        split(result, node, cut, second)
        count += 1
    return result if count > 1 else None


def _cut(graph: Graph, node: Node, cluster: Cluster) -> int | None:
    """The row before which a node is cut; None if it is better whole."""
    operation = node.operation
    types, outputs = graph.input_types(node), graph.output_types(node)
    if len(outputs) != 1 or operation.updates is not None:
        return None
    kernel = operation.kernel(types, outputs)
    axis = cut_axis(outputs[0].shape)
    if kernel is None or axis is None or axis == len(outputs[0].shape) - 1:
        return None
    rows = outputs[0].shape[axis]
    if rows < 2 * GRANULE or kernel_cycles(kernel, outputs, cluster.cores) < LEAST_CYCLES:
        return None
    cut = rows // 2 // GRANULE * GRANULE
    return cut if halves_of(graph, node, cut) is not None else None
