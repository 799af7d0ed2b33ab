"""Runs generated C on this machine and compares it with the interpreter, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

import numpy as np

from compiler.codegen.generate import GeneratedNetwork
from compiler.codegen.interpreter_harness import generated
from compiler.codegen.network_harness import compile_together
from compiler.ir import Array, Graph
from compiler.target import store_narrow_weights
from tests.quantised.agreement import interpreted, narrowed


def compare_with_compiled(
    cases: Sequence[tuple[str, Graph, Mapping[str, Array]]],
) -> list[str]:
    """What differs in any of the cases: (title, graph with an empty name, its inputs).

    All cases are compiled in one run of the C compiler. Weights that fit into 4 or 2 bits have no
    more of them in C.
    """
    networks: list[GeneratedNetwork] = []
    for index, (_, graph, _) in enumerate(cases):
        narrow = deepcopy(graph)
        store_narrow_weights.run(narrow, least_weights=1)
        networks.append(generated(f"case{index}", [narrow]))
    failures: list[str] = []
    for (title, graph, inputs), network in zip(cases, compile_together(networks), strict=True):
        network.reset()
        given = {name: narrowed(inputs[name]) for name in graph.inputs}
        found = network.run("", given)
        for name, want in interpreted(graph, inputs).items():
            have = found[name]
            if have.tobytes() != np.ascontiguousarray(want).tobytes():
                count = int(np.count_nonzero(have != want))
                failures.append(f"{title}: {name}: {count} of {want.size} elements in C differ")
    return failures
