"""Test support: runs a compiled network and the NumPy interpreter side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compiler.codegen.generate import GeneratedNetwork, generate
from compiler.codegen.network_harness import CompiledNetwork
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.memory import plan
from compiler.report.golden import initial_states


def generated(name: str, graphs: Sequence[Graph]) -> GeneratedNetwork:
    return generate(name, graphs, plan(graphs))


def random_inputs(graph: Graph, names: Sequence[str], seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    result: dict[str, Array] = {}
    for name in names:
        type_ = graph.values[name].type
        if type_.data_type.is_float:
            result[name] = random.normal(size=type_.shape).astype(np.float32)
        else:
            data = random.integers(0, 256, type_.bytes).astype(np.uint8)
            result[name] = data.view(type_.data_type.numpy).reshape(type_.shape)
    return result


class Expected:
    """The interpreter with states, in step with a compiled network."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.graphs = {graph.name: graph for graph in graphs}
        self.reset()

    def reset(self) -> None:
        self.states = initial_states(list(self.graphs.values()))

    def run(self, entry_point: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        graph = self.graphs[entry_point]
        known = {state.input: self.states[state.input] for state in graph.states}
        outputs = interpret(graph, {**inputs, **known})
        for state in graph.states:
            self.states[state.input] = outputs.pop(state.output)
        return outputs


def check_runs(graphs: Sequence[Graph], schedule: Sequence[str]) -> GeneratedNetwork:
    """Runs entry points in the given order ("reset" resets) and compares every output."""
    network = generated("sample", graphs)
    compiled, expected = CompiledNetwork(network), Expected(graphs)
    compiled.reset()
    by_name = {entry.name: entry for entry in network.interface.entry_points}
    for seed, name in enumerate(schedule):
        if name == "reset":
            compiled.reset()
            expected.reset()
            continue
        entry = by_name[name]
        inputs = random_inputs(entry.graph, [a.tensor for a in entry.inputs], seed)
        found, wanted = compiled.run(name, inputs), expected.run(name, inputs)
        assert list(found) == list(wanted)
        for tensor, array in wanted.items():
            assert found[tensor].tobytes() == array.tobytes(), (seed, name, tensor)
    return network
