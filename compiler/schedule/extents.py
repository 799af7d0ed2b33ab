"""Which states are copied to L1 with their rows in use only, and what follows from how many.

A cache has room for the longest context; a run with a shorter one uses the first rows. Where the
operations that touch a cache say how far they reach into it, and that depends on one number that
the caller passes, such as a position, the program has an `Extent`: only so many rows of the cache
are copied, and they lie in L1 as if the cache had no others. What depends on that, lengths of
copies and parameters of kernels, grows linearly with the rows, so that tables are written for the
longest extent and corrected by a factor at the start of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gcd, prod

from compiler.ir import DataType, Graph, Kernel, Node, Operation, TensorType, tile_types
from compiler.memory.aliasing import Aliasing, Block, Home
from compiler.memory.memory_map import interface_inputs
from compiler.operators.binary import Arithmetic
from compiler.schedule.decisions import Decisions
from compiler.schedule.program import MAXIMUM_TRANSFER_BYTES, Call, Extent, Program, Transfer

LINE_UNIT = 8
"""Bytes: lines of copies are multiples of what the DMA moves in a cycle."""


@dataclass(frozen=True)
class Bounds:
    """By name, the blocks of which only rows in use are in L1: (axis of the rows, extent)."""

    blocks: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    extents: tuple[Extent, ...] = ()

    def of(self, node: Node, aliasing: Aliasing) -> tuple[tuple[int, int], ...]:
        """(input, extent) of a node's operands in such blocks."""
        return tuple(
            (position, self.blocks[block][1])
            for position, name in enumerate(node.inputs)
            if name is not None and (block := aliasing.block_of[name].name) in self.blocks
        )


def bounds_of(graph: Graph, aliasing: Aliasing, decisions: Decisions) -> Bounds:
    """Those of the states that are resident."""
    found: dict[str, _Reached] = {}
    for block in aliasing.blocks:
        if block.home is Home.STATE and block.name in decisions.resident:
            reached = _reached(graph, aliasing, block, decisions)
            if reached is not None:
                found[block.name] = reached
    while True:
        dropped = [name for name in found if not _users_agree(graph, aliasing, found, found[name])]
        if not dropped:
            break
        for name in dropped:
            del found[name]
    shared: dict[tuple[int, int], Extent] = {}
    for reached in found.values():
        extent = reached.extent
        known = shared.setdefault((extent.input, extent.maximum), extent)
        shared[extent.input, extent.maximum] = replace(
            known,
            offset=max(known.offset, extent.offset),
            granule=known.granule * extent.granule // gcd(known.granule, extent.granule),
        )
    order = list(shared)
    blocks = {
        name: (reached.axis, order.index((reached.extent.input, reached.extent.maximum)))
        for name, reached in found.items()
    }
    bounds = Bounds(blocks, tuple(shared.values()))
    linear = all(
        _is_linear(node.operation, graph.input_types(node), bounds.of(node, aliasing), bounds)
        for node in graph.nodes
        if bounds.of(node, aliasing)
    )
    return bounds if linear else Bounds()


@dataclass(frozen=True)
class _Reached:
    """The rows of one block that are used, and the nodes that use them."""

    axis: int
    extent: Extent
    users: tuple[Node, ...]


def _reached(
    graph: Graph, aliasing: Aliasing, block: Block, decisions: Decisions
) -> _Reached | None:
    """What limits the use of a block's rows; None if nothing does, or one copy cannot serve."""
    shapes = {graph.values[name].type.shape for name in block.members}
    users = [
        node
        for node in graph.nodes
        if any(
            name is not None and aliasing.block_of[name] is block
            for name in (*node.inputs, *node.outputs)
        )
    ]
    limits: set[tuple[int, int]] = set()
    offset = 0
    for node in users:
        reaches = node.operation.reach(graph.input_types(node))
        if node.name in decisions.cuts or node.name in decisions.direct:
            return None
        for position, name in enumerate(node.inputs):
            if name is None or aliasing.block_of[name] is not block:
                continue
            reach = reaches.get(position)
            origin = None if reach is None else _origin(graph, node.inputs[reach.by])
            if reach is None or origin is None:
                return None
            limits.add((reach.axis, origin[0]))
            offset = max(offset, origin[1] + reach.offset)
    if len(shapes) != 1 or len(limits) != 1:
        return None
    ((shape,), ((axis, index),)) = shapes, limits
    row_bytes = prod(shape[axis + 1 :]) * graph.values[block.name].type.data_type.bytes
    granule = LINE_UNIT // gcd(LINE_UNIT, row_bytes)
    extent = Extent(index, max(offset, 1), granule, shape[axis])
    if len(extent.possible) < 2 or block.bytes > MAXIMUM_TRANSFER_BYTES:
        return None
    return _Reached(axis, extent, tuple(users))


def _origin(graph: Graph, name: str | None) -> tuple[int, int] | None:
    """(interface input, offset) if all elements of a tensor are at most input + offset."""
    offset = 0
    producers = graph.producers()
    while name is not None and name in producers:
        node = producers[name]
        operation = node.operation
        if operation.view_of is not None:
            name = node.inputs[operation.view_of]
            continue
        if not isinstance(operation, Arithmetic) or operation.function != "add":
            return None
        constants = [
            graph.values[operand].constant for operand in node.inputs if operand is not None
        ]
        variable = [
            operand
            for operand, constant in zip(node.inputs, constants, strict=True)
            if constant is None
        ]
        added = [constant for constant in constants if constant is not None]
        # A negative term could wrap around where the extent does not.
        if len(variable) != 1 or not added[0].size or added[0].min() < 0:
            return None
        offset += int(added[0].max())
        name = variable[0]
    inputs = interface_inputs(graph)
    if name not in inputs:
        return None
    type_ = graph.values[name].type
    is_number = type_.data_type is DataType.INT32 and type_.elements == 1
    return (inputs.index(name), offset) if is_number else None


def _users_agree(
    graph: Graph, aliasing: Aliasing, found: Mapping[str, _Reached], reached: _Reached
) -> bool:
    """Whether all operands that the users reach into are short too, as `within` asks for."""
    return all(
        aliasing.block_of[name].name in found
        for node in reached.users
        for position in node.operation.reach(graph.input_types(node))
        if (name := node.inputs[position]) is not None
    )


# --- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patch:
    """A word of a table that grows by `factor` with every row; `field` is a parameter's name."""

    field: str
    extent: int
    factor: int


def parameter_patches(call: Call, extents: Sequence[Extent]) -> list[Patch]:
    """The parameters of a call's kernel that depend on extents."""
    result: list[Patch] = []
    for extent in dict.fromkeys(extent for _, extent in call.extents):
        operands = tuple(item for item in call.extents if item[1] == extent)
        fewer, most = extents[extent].possible[-2:]
        kernels = [
            _shortened_kernel(call.operation, call.inputs, operands, rows) for rows in (fewer, most)
        ]
        for name, value in kernels[1].parameters.items():
            before = kernels[0].parameters[name]
            if value != before:
                assert isinstance(value, int) and isinstance(before, int)
                result.append(Patch(name, extent, (value - before) // (most - fewer)))
    return result


def _is_linear(
    operation: Operation,
    inputs: Sequence[TensorType | None],
    operands: tuple[tuple[int, int], ...],
    bounds: Bounds,
) -> bool:
    """Whether a kernel's parameters grow linearly with the rows in use, by whole numbers."""
    if len({extent for _, extent in operands}) != 1:
        return False
    extent = bounds.extents[operands[0][1]]
    call = Call("", 0, operation, tuple(inputs), (), (), extents=operands)
    last = _shortened_kernel(operation, inputs, operands, extent.maximum)
    try:
        patches = {patch.field: patch.factor for patch in parameter_patches(call, bounds.extents)}
    except AssertionError:
        return False
    for rows in extent.possible:
        expected = dict(last.parameters)
        for name, factor in patches.items():
            value = expected[name]
            assert isinstance(value, int)
            expected[name] = value - factor * (extent.maximum - rows)
        kernel = _shortened_kernel(operation, inputs, operands, rows)
        if (kernel.function, kernel.parameters) != (last.function, expected):
            return False
        if kernel.scratch_bytes > last.scratch_bytes:
            return False
    return True


def _shortened_kernel(
    operation: Operation,
    inputs: Sequence[TensorType | None],
    operands: tuple[tuple[int, int], ...],
    rows: int,
) -> Kernel:
    tile = operation.within(inputs, {position: rows for position, _ in operands})
    types = tile_types(tile.inputs, inputs)
    kernel = tile.operation.kernel(types, tile.operation.infer(types))
    assert kernel is not None
    return kernel


# --- programs for given extents ------------------------------------------------------------------


def program_with(program: Program, rows: Sequence[int]) -> Program:
    """The program as it runs when extents have these rows."""
    if not program.extents:
        return program
    steps = tuple(
        replace(
            step,
            transfers=tuple(shortened_transfer(transfer, rows) for transfer in step.transfers),
            calls=tuple(shortened_call(call, rows) for call in step.calls),
        )
        for step in program.steps
    )
    return replace(program, steps=steps, extents=())


def nominal(program: Program) -> Program:
    """The program for which predictions are made; see `NOMINAL_SHARE`."""
    return program_with(program, [extent.nominal for extent in program.extents])


def shortened_transfer(transfer: Transfer, rows: Sequence[int]) -> Transfer:
    if transfer.extent is None:
        return transfer
    return replace(
        transfer, extent=None, line_bytes=transfer.row_bytes * rows[transfer.extent], row_bytes=0
    )


def shortened_call(call: Call, rows: Sequence[int]) -> Call:
    """The call for operands of so many rows; `shortened` says which have how many."""
    if not call.extents:
        return call
    shortened = tuple((position, rows[extent]) for position, extent in call.extents)
    tile = call.operation.within(call.inputs, dict(shortened))
    return replace(
        call,
        operation=tile.operation,
        inputs=tuple(tile_types(tile.inputs, call.inputs)),
        outputs=(TensorType(call.outputs[0].data_type, tile.output.shape), *call.outputs[1:]),
        boxes=(*tile.inputs, tile.output) if call.boxes else (),
        extents=(),
        shortened=shortened,
    )
