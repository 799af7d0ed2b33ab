"""Programs that also tell what each of their calls has made.

Behind every step comes another, in which one core writes the step's results to the console, before
what follows overwrites them. So values are recorded that exist in tiles only, and L1 holds at every
step what it holds in the program that is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from compiler.ir import Array, Box, Graph, Kernel, Node, Operation, TensorType
from compiler.schedule.program import Call, Program, Space, Step

OUTER_AXES = 3
"""TW_DUMP_AXES of tilewright/layer_dump.h."""

RECORD_OF = "record of "
"""How the names of calls begin that record; the value's name follows."""


@dataclass(frozen=True)
class RecordTile(Operation):
    """Writes a tile of a result of layer `layer` to the console.

    The tile's elements, packed as the call has made them, are runs of `run_bytes` bytes of a result
    of `result_bytes`: the first at `offset`, then over `outer`, (count, stride in bytes) from the
    outermost axis on.
    """

    layer: int
    result: int
    result_bytes: int
    offset: int
    run_bytes: int
    outer: tuple[tuple[int, int], ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        del inputs
        return ()

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        del inputs
        return ()

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        del inputs, outputs
        axes = ((1, 0),) * (OUTER_AXES - len(self.outer)) + self.outer
        return Kernel(
            "tw_dump_tile",
            "tilewright/layer_dump.h",
            {
                "layer": self.layer,
                "result": self.result,
                "result_bytes": self.result_bytes,
                "offset": self.offset,
                "run_bytes": self.run_bytes,
                "counts": tuple(count for count, _ in axes),
                "strides": tuple(stride for _, stride in axes),
            },
        )

    def runs(self) -> Iterator[tuple[int, int]]:
        """Where each run begins, in bytes: in the result, and in the tile."""
        offsets = [self.offset]
        for count, stride in self.outer:
            offsets = [offset + i * stride for offset in offsets for i in range(count)]
        return ((offset, index * self.run_bytes) for index, offset in enumerate(offsets))


def record(graph: Graph, program: Program, layers: Mapping[str, int]) -> Program:
    """The program with a step behind each that records what `layers`, numbers by node, have made.

    The inputs and constants of the network are not recorded.
    """
    recorded = _recorded_calls(program, layers)
    nodes = {node.name: node for node in graph.nodes}
    steps: list[tuple[Step, tuple[Call, ...]]] = []
    for index, step in enumerate(program.steps):
        calls = [
            call
            for number, made in enumerate(step.calls)
            if (index, number) in recorded
            for call in _records(graph, nodes[made.node], made, layers[made.node])
        ]
        steps.append((step, tuple(calls)))
    position = [0]
    for _, calls in steps:
        position.append(position[-1] + (2 if calls else 1))
    result: list[Step] = []
    for step, calls in steps:
        transfers = tuple(replace(t, due=position[t.due]) for t in step.transfers)
        result.append(Step(transfers, step.calls))
        if calls:
            result.append(Step(calls=calls))
    end = len(program.steps) - 1
    buffers = tuple(
        replace(
            buffer,
            first=position[buffer.first],
            last=position[min(buffer.last, end) + 1] - 1,
        )
        for buffer in program.buffers
    )
    return replace(program, steps=tuple(result), buffers=buffers)


def _recorded_calls(program: Program, layers: Mapping[str, int]) -> set[tuple[int, int]]:
    """(step, number in it) of the calls to record: of each tile of each layer one.

    States that are updated both where they live and in L1 may have only their rows in use in L1.
    """
    chosen: dict[tuple[str, int], tuple[int, int]] = {}
    for index, step in enumerate(program.steps):
        for number, call in enumerate(step.calls):
            if call.node not in layers:
                continue
            key = call.node, call.tile
            if key not in chosen or _output_space(call) is Space.STATE:
                chosen[key] = index, number
    return set(chosen.values())


def _output_space(call: Call) -> Space:
    place = call.operands[len(call.inputs)]
    assert place is not None
    return place.space


def _records(graph: Graph, node: Node, call: Call, layer: int) -> Iterator[Call]:
    places = call.operands[len(call.inputs) :]
    for result, (name, made) in enumerate(zip(node.outputs, call.outputs, strict=True)):
        place = places[result]
        assert place is not None
        type_ = graph.values[name].type
        box = call.boxes[-1] if result == 0 and call.boxes else None
        tile = box or Box.whole(type_.shape)
        for operation, offset, part in tile_records(tile, type_, layer=layer, result=result):
            yield Call(
                f"{RECORD_OF}{name}",
                call.tile,
                operation,
                (TensorType(made.data_type, part.shape),),
                (),
                (place + offset * made.data_type.bytes,),
                (part,),
            )


def tile_records(
    tile: Box, type_: TensorType, *, layer: int, result: int
) -> Iterator[tuple[RecordTile, int, Box]]:
    """What records a tile of a result: operations, where in the tile each one's part begins (in
    elements), and which part of the result it is."""
    size = type_.data_type.bytes
    for part, offset in _parts(tile, type_.shape):
        runs = part.runs(type_.shape)
        operation = RecordTile(
            layer,
            result,
            type_.bytes,
            runs.offset * size,
            runs.elements * size,
            tuple((count, stride * size) for count, stride in _merged(runs.outer)),
        )
        yield operation, offset, part


def _merged(outer: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same steps over fewer axes: neighbours that go on where the inner one ends are one."""
    result: list[tuple[int, int]] = []
    for count, stride in outer:
        if result and result[-1][1] == count * stride:
            result[-1] = (result[-1][0] * count, stride)
        else:
            result.append((count, stride))
    return tuple(result)


def _parts(box: Box, shape: Sequence[int]) -> Iterator[tuple[Box, int]]:
    """Parts of a box with few enough axes, and where each begins in it, in elements."""
    if len(_merged(box.runs(shape).outer)) <= OUTER_AXES:
        yield box, 0
        return
    axis = next(axis for axis, extent in enumerate(box.shape) if extent > 1)
    for index in range(box.begin[axis], box.end[axis]):
        slice_ = box.on(axis, index, index + 1)
        first = (index - box.begin[axis]) * slice_.elements
        for part, offset in _parts(slice_, shape):
            yield part, first + offset
