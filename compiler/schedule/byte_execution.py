"""Runs a program in one byte array per memory, as unkindly as hardware may be: for tests.

A copy reads its source when it begins or only when it is due, and what it writes is garbage until
then; kernels ruin their results and scratch memory before they write them. What a program forgot to
wait for, or put where something else still was, makes results differ from the interpreter's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compiler.ir import Array, Graph, TensorType
from compiler.memory.memory_map import interface_inputs, interface_outputs
from compiler.schedule.extents import program_with
from compiler.schedule.program import Call, Place, Program, Space, Transfer


class ByteExecution:
    """One run of a program."""

    def __init__(self, graph: Graph, program: Program, inputs: Mapping[str, Array]) -> None:
        self.graph = graph
        names = interface_inputs(graph)
        values = [int(inputs[names[extent.input]].reshape(-1)[0]) for extent in program.extents]
        rows = [extent.at(value) for extent, value in zip(program.extents, values, strict=True)]
        self.program = program_with(program, rows)
        self.random = np.random.default_rng(1)
        self.memory: dict[tuple[Space, str | int], Array] = {
            (Space.L1, ""): self._garbage(program.l1_bytes),
            (Space.ARENA, ""): self._garbage(program.arena_bytes),
            (Space.CONSTANTS, ""): np.frombuffer(program.constants, np.uint8).copy(),
            (Space.WEIGHT_MEMORY, ""): np.frombuffer(program.weights, np.uint8).copy(),
        }
        for index, name in enumerate(interface_inputs(graph)):
            self.memory[Space.INPUT, index] = _bytes_of(inputs[name])
        for index, name in enumerate(interface_outputs(graph)):
            self.memory[Space.OUTPUT, index] = self._garbage(graph.values[name].type.bytes)
        for state in graph.states:
            self.memory[Space.STATE, state.input] = _bytes_of(inputs[state.input])

    def run(self) -> dict[str, Array]:
        """Results by name: interface outputs, and states by the name of their output."""
        pending: list[tuple[Transfer, Array]] = []
        for index, step in enumerate(self.program.steps):
            for transfer in step.transfers:
                source, target = self._lines(transfer)
                # What the copy sees may be the source as it is now, or as it is when it is due.
                pending.append((transfer, source.copy() if self.random.integers(2) else source))
                target[:] = self._garbage(transfer.bytes).reshape(target.shape)
            for call in step.calls:
                self._call(call)
            for transfer, source in pending:
                if transfer.due == index:
                    self._lines(transfer)[1][:] = source
            pending = [item for item in pending if item[0].due > index]
        assert not pending
        results: dict[str, Array] = {}
        for index, name in enumerate(interface_outputs(self.graph)):
            results[name] = self._array(Place(Space.OUTPUT, 0, index), self.graph.values[name].type)
        for state in self.graph.states:
            type_ = self.graph.values[state.output].type
            results[state.output] = self._array(Place(Space.STATE, 0, state.input), type_)
        return results

    def _garbage(self, size: int) -> Array:
        return self.random.integers(0, 256, size).astype(np.uint8)

    def _bytes(self, place: Place, size: int) -> Array:
        memory = self.memory[place.space, place.key]
        assert 0 <= place.offset <= place.offset + size <= len(memory), (place, size)
        return memory[place.offset : place.offset + size]

    def _array(self, place: Place, type_: TensorType) -> Array:
        found = self._bytes(place, type_.bytes).tobytes()
        return np.frombuffer(found, type_.data_type.numpy).reshape(type_.shape)

    def _lines(self, transfer: Transfer) -> tuple[Array, Array]:
        """Source and target, as views [lines, bytes]."""
        inside = self._bytes(Place(Space.L1, transfer.l1), transfer.bytes)
        inside = inside.reshape(transfer.lines, transfer.line_bytes)
        span = (transfer.lines - 1) * transfer.stride + transfer.line_bytes
        outside = np.lib.stride_tricks.as_strided(
            self._bytes(transfer.external, span),
            (transfer.lines, transfer.line_bytes),
            (transfer.stride, 1),
        )
        return (outside, inside) if transfer.load else (inside, outside)

    def _call(self, call: Call) -> None:
        inputs = [
            None if type_ is None or place is None else self._array(place, type_)
            for place, type_ in zip(call.operands, call.inputs, strict=False)
        ]
        kernel = call.operation.kernel(call.inputs, call.outputs)
        assert kernel is not None
        results = call.operation.evaluate(inputs)
        places = call.operands[len(call.inputs) :]
        if kernel.scratch_bytes:
            scratch = places[-1]
            assert scratch is not None
            self._bytes(scratch, kernel.scratch_bytes)[:] = self._garbage(kernel.scratch_bytes)
        for place, type_, result in zip(places, call.outputs, results, strict=False):
            assert place is not None
            assert TensorType.of(result) == type_, (call.node, TensorType.of(result), type_)
            self._bytes(place, type_.bytes)[:] = _bytes_of(result)


def _bytes_of(array: Array) -> Array:
    return np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8).copy()
