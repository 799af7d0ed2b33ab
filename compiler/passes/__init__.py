"""Passes over the lowered graph, in the order in which they run.

A pass is a function `run(graph) -> None` in a file of its own that changes the graph in place and
leaves it valid: nodes in execution order, every value made before it is read.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.ir import Graph
from compiler.passes import (
    absorb_transposes,
    cancel_transposes,
    eliminate_common_subexpressions,
    fold_constants,
    fuse_clips,
    fuse_gates,
    merge_movements,
    remove_dead_nodes,
    remove_identities,
    tabulate_elementwise,
)

Pass = Callable[[Graph], None]

PASSES: tuple[tuple[str, Pass], ...] = (
    ("remove_dead_nodes", remove_dead_nodes.run),
    ("fold_constants", fold_constants.run),
    ("remove_identities", remove_identities.run),
    # Before, so that fewer transposes are to be moved; and after, to merge what met at views.
    ("merge_movements", merge_movements.run),
    ("cancel_transposes", cancel_transposes.run),
    ("merge_moved", merge_movements.run),
    ("absorb_transposes", absorb_transposes.run),
    ("tabulate_elementwise", tabulate_elementwise.run),
    ("fuse_clips", fuse_clips.run),
    ("eliminate_common_subexpressions", eliminate_common_subexpressions.run),
    # Behind it: an equal table may have been merged with one that others read, too.
    ("fuse_gates", fuse_gates.run),
    # Merging leaves values behind that nothing reads any more.
    ("remove_unread_values", remove_dead_nodes.run),
)


def run_passes(graph: Graph, observe: Callable[[str, Graph], None] | None = None) -> None:
    """Runs all passes; `observe` is called after each with its name (for dumps)."""
    for name, run in PASSES:
        run(graph)
        if observe is not None:
            observe(name, graph)
