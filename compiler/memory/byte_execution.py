"""Runs a graph in one byte array per memory, as pessimistic C kernels would: for tests.

A kernel is assumed to ruin its scratch memory and outputs before it reads its inputs, except where
an operation allows to share memory; updates write only the elements that they change. If a memory
map makes the code wrong, results differ from the interpreter's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compiler.ir import Array, Graph, Node
from compiler.memory.memory_map import (
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    Location,
    MemoryMap,
    interface_inputs,
    interface_outputs,
)
from compiler.memory.sample_operations import SampleOperation

GUARD = 4096
"""Bytes around every memory, so that a test can place things outside and see what happens."""


class ByteExecution:
    """Memory of one run; `states` and `outputs` are its results by name."""

    def __init__(self, graph: Graph, memory_map: MemoryMap, inputs: Mapping[str, Array]) -> None:
        self.graph = graph
        self.map = memory_map
        self.random = np.random.default_rng(1)
        self.memory: dict[tuple[str, int | str], Array] = {}
        self._add(("arena", 0), self._garbage(memory_map.arena_bytes))
        for value in graph.constants():
            assert value.constant is not None
            self._add(("constant", value.name), _bytes_of(value.constant))
        for index, name in enumerate(interface_inputs(graph)):
            self._add(("input", index), _bytes_of(inputs[name]))
        for index, name in enumerate(interface_outputs(graph)):
            self._add(("output", index), self._garbage(graph.values[name].type.bytes))
        for state in graph.states:
            self._add(("state", state.input), _bytes_of(inputs[state.input]))

    def run(self) -> dict[str, Array]:
        """Results by name: interface outputs, and states by the name of their output."""
        for step, node in enumerate(self.graph.nodes):
            self._run_copies(step)
            if node.operation.view_of is None:
                self._run_node(node)
        self._run_copies(len(self.graph.nodes))
        results: dict[str, Array] = {}
        for index, name in enumerate(interface_outputs(self.graph)):
            results[f"output {index}"] = self._array(name, InOutput(index))
        for state in self.graph.states:
            results[f"state {state.input}"] = self._array(state.output, InState(state.input))
        return results

    def _garbage(self, size: int) -> Array:
        return self.random.integers(0, 256, size).astype(np.uint8)

    def _add(self, key: tuple[str, int | str], content: Array) -> None:
        guard = self._garbage(GUARD)
        self.memory[key] = np.concatenate([guard, content, guard])

    def _bytes(self, location: Location, size: int) -> Array:
        match location:
            case InArena():
                key: tuple[str, int | str] = ("arena", 0)
            case InConstant(name):
                key = ("constant", name)
            case InInput(index):
                key = ("input", index)
            case InOutput(index):
                key = ("output", index)
            case InState(name):
                key = ("state", name)
        start = GUARD + location.offset
        return self.memory[key][start : start + size]

    def _array(self, name: str, location: Location | None = None) -> Array:
        type_ = self.graph.values[name].type
        found = self._bytes(location or self.map.values[name], type_.bytes)
        # Read into fresh memory: any offset is possible here, also misaligned ones.
        return np.frombuffer(found.tobytes(), type_.data_type.numpy).reshape(type_.shape)

    def _run_node(self, node: Node) -> None:
        operation = node.operation
        assert isinstance(operation, SampleOperation)
        types = self.graph.input_types(node)
        outputs = [
            self._bytes(self.map.values[name], self.graph.values[name].type.bytes)
            for name in node.outputs
        ]
        shared = {
            index: self._array(name)
            for index, name in enumerate(node.inputs)
            if name is not None and self._may_share(node, index)
        }
        scratch = self._scratch(node)
        changed = operation.changed(types)
        written = len(outputs[0])
        if changed is not None:
            written = changed * self.graph.values[node.outputs[0]].type.data_type.bytes
        for memory in [outputs[0][:written], *outputs[1:], scratch]:
            memory[:] = self._garbage(len(memory))
        operands = [
            None if name is None else shared[i] if i in shared else self._array(name)
            for i, name in enumerate(node.inputs)
        ]
        results = operation.evaluate(operands)
        outputs[0][:written] = _bytes_of(results[0])[:written]
        for memory, result in zip(outputs[1:], results[1:], strict=True):
            memory[:] = _bytes_of(result)
        scratch[:] = self._garbage(len(scratch))

    def _may_share(self, node: Node, index: int) -> bool:
        """Whether input `index` is where output 0 is, in a way that the operation allows."""
        name = node.inputs[index]
        assert name is not None
        source, target = self.map.values[name], self.map.values[node.outputs[0]]
        old, new = self.graph.values[name].type, self.graph.values[node.outputs[0]].type
        if source != target:
            return False
        if index == node.operation.updates:
            return True
        same_width = old.data_type.bytes == new.data_type.bytes and new.bytes <= old.bytes
        return index in node.operation.in_place and same_width

    def _scratch(self, node: Node) -> Array:
        kernel = node.operation.kernel(self.graph.input_types(node), self.graph.output_types(node))
        if kernel is None or not kernel.scratch_bytes:
            return np.empty(0, np.uint8)
        return self._bytes(self.map.scratch[node.name], kernel.scratch_bytes)

    def _run_copies(self, step: int) -> None:
        for copy in self.map.copies:
            if copy.step == step:
                source = self._bytes(copy.source, copy.bytes)
                self._bytes(copy.target, copy.bytes)[:] = source.copy()


def _bytes_of(array: Array) -> Array:
    return np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
