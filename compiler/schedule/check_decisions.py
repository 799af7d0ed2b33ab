"""Whether decisions that were read from a file are about a graph."""

from __future__ import annotations

from itertools import chain

from compiler.ir import Graph
from compiler.memory.aliasing import share_memory
from compiler.schedule.chains import chains_of, reads_what_is_overwritten, rounds_of
from compiler.schedule.decisions import Decisions, runs_kernel
from compiler.schedule.task import ALIGNMENT


def check_decisions(graph: Graph, decisions: Decisions) -> None:
    """Raises ValueError if something has another name or another number of axes.

    Whether the program of such decisions is right is left to the validator.
    """
    aliasing = share_memory(graph, ALIGNMENT)
    nodes = {node.name: node for node in graph.nodes}
    _check_names("blocks", decisions.resident, {block.name for block in aliasing.blocks})
    _check_names("nodes", {*decisions.cuts, *decisions.direct}, set(nodes))
    for name, cuts in decisions.cuts.items():
        shape = graph.values[nodes[name].outputs[0]].type.shape
        if len(cuts.counts) != len(shape) or min(cuts.counts, default=1) < 1:
            raise ValueError(f"node {name!r} has other axes")
    kernels = [node for node in graph.nodes if runs_kernel(graph, node)]
    possible = {
        tuple(node.name for node in found): found for found in chains_of(graph, aliasing, kernels)
    }
    for names in decisions.chains:
        if names not in possible:
            raise ValueError(f"the nodes {', '.join(names)} are no chain")
        rounds = rounds_of(graph, possible[names], decisions.cuts.get(names[-1]))
        if rounds is None or reads_what_is_overwritten(possible[names], rounds, aliasing):
            raise ValueError(f"the chain {', '.join(names)} is cut in another way")
    if len(set(chain(*decisions.chains))) != sum(map(len, decisions.chains)):
        raise ValueError("a node is in two chains")


def _check_names(what: str, found: set[str] | frozenset[str], known: set[str]) -> None:
    if not found <= known:
        raise ValueError(f"there are no {what} {', '.join(sorted(found - known))}")
