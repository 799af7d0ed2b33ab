"""Which values of a graph share a block of memory, and which blocks are in the arena.

Three notions, from values to memory:

- A *content* is what a set of views shows: values linked by `Operation.view_of` have one content,
  named after the value that the others are views of. The inputs of an operation that `joins` are
  computed as parts of the content of its output. Views and parts may begin behind its begin.
- A *block* is memory that holds one content after the other: an update or an in-place operation
  replaces a content by the next one, which is legal only when the old one is never read again.
- A *home* says where a block is. Constants, inputs and states bring their own; a block that holds
  a result for the caller is the caller's buffer; all others are in the arena.

What cannot be arranged by sharing is done by an explicit copy (`Transfer`):

- before a node that updates a content which must survive, or which is read-only;
- after the last node, for an output that lives elsewhere (it is an input, a constant, a state or
  a second output) and for a state whose new content could not be produced in its memory.
  These copies are simultaneous in meaning (states may swap), and are put in an order in which
  none overwrites the source of a later one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from compiler.ir import Graph, Node, TensorType, present
from compiler.memory.memory_map import interface_inputs, interface_outputs


class Home(Enum):
    """The kind of memory that a block is in."""

    ARENA = "arena"
    CONSTANT = "constant"
    INPUT = "input"
    OUTPUT = "output"
    STATE = "state"


@dataclass(eq=False)
class Block:
    """Memory that holds the values `members` in turn.

    `first` and `last` are the steps (inclusive) between which its bytes matter; `key` is the index
    of an input or output, or the name of a constant or state. Memory that is filled before the
    run has `first` = -1.
    """

    name: str
    bytes: int
    first: int
    last: int
    home: Home = Home.ARENA
    key: int | str = 0
    members: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, eq=False)
class Transfer:
    """A copy of `value` from one block to another; see `memory_map.Copy` for `step`."""

    step: int
    value: str
    source: Block
    target: Block
    bytes: int


@dataclass
class Aliasing:
    """The result: every value's block, the scratch memory of nodes (bytes), and the copies.

    `begin_of` says where in its block a value begins, in bytes, if that is not at 0.
    """

    steps: int
    blocks: list[Block] = field(default_factory=list[Block])
    block_of: dict[str, Block] = field(default_factory=dict[str, Block])
    begin_of: dict[str, int] = field(default_factory=dict[str, int])
    scratch: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By node name: step and bytes."""
    transfers: list[Transfer] = field(default_factory=list[Transfer])

    def arena_blocks(self) -> list[Block]:
        return [block for block in self.blocks if block.home is Home.ARENA and block.bytes]

    def join(self, first: Block, second: Block) -> None:
        """Makes two blocks one, in the memory of the first."""
        first.members += second.members
        first.first = min(first.first, second.first)
        first.last = max(first.last, second.last)
        for name in second.members:
            self.block_of[name] = first
        self.blocks.remove(second)

        def moved(block: Block) -> Block:
            return first if block is second else block

        self.transfers = [
            replace(transfer, source=moved(transfer.source), target=moved(transfer.target))
            for transfer in self.transfers
        ]


class Contents:
    """Contents of a graph and when they are read for the last time."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.end = len(graph.nodes)
        self.root: dict[str, str] = {}
        sources = [
            *graph.inputs,
            *(state.input for state in graph.states),
            *(value.name for value in graph.constants()),
        ]
        for name in sources:
            self.root[name] = name
        self.begin: dict[str, int] = {}
        """Where a value begins in its content, in bytes, if that is not at 0."""
        parts = self._parts()
        self.last_read: dict[str, int] = {}
        for step, node in enumerate(graph.nodes):
            view = node.operation.view_of
            for name in present(node.inputs):
                if name not in self.root:
                    raise ValueError(f"node {node.name!r} reads {name!r} before it is computed")
            for index, name in enumerate(node.outputs):
                if name in self.root and not node.operation.joins:
                    raise ValueError(f"{name!r} is computed twice")
                if view is not None and index == 0:
                    self._add_view(node, operand(node, view), name)
                else:
                    self._add_result(name, parts)
            if view is None and not node.operation.joins:
                for name in present(node.inputs):
                    self.last_read[self.root[name]] = step
        for name in [*interface_outputs(graph), *(state.output for state in graph.states)]:
            if name not in self.root:
                raise ValueError(f"result {name!r} is never computed")
            if not self.is_whole(name):
                raise ValueError(f"result {name!r} is part of another value")
            self.last_read[self.root[name]] = self.end

    def dies_at(self, name: str, step: int) -> bool:
        """Whether nothing reads the value's content after a node."""
        return self.last_read.get(self.root[name], -1) <= step

    def replaceable(self, node: Node, step: int, index: int) -> bool:
        """Whether the node may overwrite input `index`: no later reader, no other operand."""
        content = self.root[operand(node, index)]
        others = (name for i, name in enumerate(node.inputs) if i != index and name is not None)
        return (
            self.is_whole(operand(node, index))
            and self.dies_at(content, step)
            and all(self.root[name] != content for name in others)
        )

    def is_whole(self, name: str) -> bool:
        """Whether a value is all of its content."""
        values = self.graph.values
        return values[name].type.bytes == values[self.root[name]].type.bytes

    def takes_over(self, node: Node, index: int) -> bool:
        """Whether output 0 may be written over input `index`, as far as types go.

        Element i of the output replaces element i of the input. With different element sizes it
        would be other elements that are lost, perhaps before another core has read them.
        """
        if index not in node.operation.in_place or node.inputs[index] is None:
            return False
        source = self.graph.values[operand(node, index)].type
        target = self.graph.values[node.outputs[0]].type
        return source.data_type.bytes == target.data_type.bytes and target.bytes <= source.bytes

    def _parts(self) -> dict[str, tuple[str, int]]:
        """What is computed as part of another value: that value, and where in it, in bytes."""
        parts: dict[str, tuple[str, int]] = {}
        made = {
            name
            for node in self.graph.nodes
            for name in node.outputs
            if node.operation.view_of is None and node.operation.updates is None
        }
        for node in self.graph.nodes:
            begin = 0
            for name in present(node.inputs) if node.operation.joins else ():
                if name not in made or name in parts:
                    raise ValueError(f"node {node.name!r} cannot have {name!r} as a part")
                parts[name] = node.outputs[0], begin
                begin += self.graph.values[name].type.bytes
        return parts

    def _add_result(self, name: str, parts: dict[str, tuple[str, int]]) -> None:
        whole, begin = name, 0
        while whole in parts:
            whole, further = parts[whole]
            begin += further
        self.root[name] = self.root[whole] = whole
        self._set_begin(name, begin)

    def _add_view(self, node: Node, source: str, name: str) -> None:
        types = self.graph.values[source].type, self.graph.values[name].type
        begin = node.operation.view_begin(self.graph.input_types(node))
        if begin is None:
            fits, begin = types[0].bytes == types[1].bytes, 0
        else:
            fits = self.graph.values[source].constant is None
            fits &= begin + types[1].bytes <= types[0].bytes
        if not fits:
            raise ValueError(
                f"node {node.name!r}: {types[0]} and {types[1]} cannot be the same memory"
            )
        self.root[name] = self.root[source]
        self._set_begin(name, self.begin.get(source, 0) + begin)

    def _set_begin(self, name: str, begin: int) -> None:
        if begin:
            self.begin[name] = begin


def operand(node: Node, index: int) -> str:
    """Name of a present input. Raises ValueError if it is absent."""
    name = node.inputs[index]
    if name is None:
        raise ValueError(f"node {node.name!r} must have input {index}")
    return name


def share_memory(graph: Graph, alignment: int) -> Aliasing:
    """Decides for every value of a graph which block it is in.

    `alignment` (bytes) is the unit in which memory is counted when sharing is weighed.
    Raises ValueError if the graph is not well formed (a value read before it is computed, a view
    of other size than its source).
    """
    contents = Contents(graph)
    result = Aliasing(steps=len(graph.nodes) + 1, begin_of=contents.begin)
    _add_given_blocks(graph, contents, result)
    for step, node in enumerate(graph.nodes):
        _add_results(graph, contents, result, node, step)
    for name in graph.values:
        if name in contents.root and name not in result.block_of:
            block = result.block_of[contents.root[name]]
            block.members.append(name)
            result.block_of[name] = block
    moves = _give_outputs_homes(graph, contents, result)
    moves += _give_states_results(graph, contents, result)
    _order_moves(moves, result)
    _run_in_place(graph, contents, result, alignment)
    return result


def _type(graph: Graph, name: str) -> TensorType:
    return graph.values[name].type


def _new_block(graph: Graph, contents: Contents, result: Aliasing, name: str, first: int) -> Block:
    last = max(first, contents.last_read.get(name, -1))
    block = Block(name, _type(graph, name).bytes, first, last, members=[name])
    result.blocks.append(block)
    result.block_of[name] = block
    return block


def _add_given_blocks(graph: Graph, contents: Contents, result: Aliasing) -> None:
    given: list[tuple[str, Home, int | str]] = [
        (value.name, Home.CONSTANT, value.name) for value in graph.constants()
    ]
    given += [(name, Home.INPUT, i) for i, name in enumerate(interface_inputs(graph))]
    given += [(state.input, Home.STATE, state.input) for state in graph.states]
    for name, home, key in given:
        block = _new_block(graph, contents, result, name, -1)
        block.home, block.key = home, key


def _add_results(graph: Graph, contents: Contents, result: Aliasing, node: Node, step: int) -> None:
    operation = node.operation
    for index, name in enumerate(node.outputs):
        root = contents.root[name]
        if root in result.block_of:  # of a view, or of a part whose whole has another part already
            continue
        if index or operation.updates is None:
            _new_block(graph, contents, result, root, step)
            continue
        source = operand(node, operation.updates)
        old = result.block_of[contents.root[source]]
        writable = old.home in (Home.ARENA, Home.STATE)
        if writable and contents.replaceable(node, step, operation.updates):
            result.block_of[name] = old
            old.members.append(name)
            old.last = max(old.last, step, contents.last_read.get(name, -1))
        else:
            new = _new_block(graph, contents, result, name, step)
            result.transfers.append(Transfer(step, source, old, new, new.bytes))
    kernel = operation.kernel(graph.input_types(node), graph.output_types(node))
    if kernel is not None and kernel.scratch_bytes:
        result.scratch[node.name] = (step, kernel.scratch_bytes)


def _give_outputs_homes(graph: Graph, contents: Contents, result: Aliasing) -> list[Transfer]:
    """Computes results in the caller's memory; returns the copies needed for the others."""
    moves: list[Transfer] = []
    for index, name in enumerate(interface_outputs(graph)):
        block = result.block_of[name]
        if block.home is Home.ARENA:
            block.home, block.key = Home.OUTPUT, index
        else:
            size = _type(graph, name).bytes
            target = Block(name, size, contents.end, contents.end, Home.OUTPUT, index)
            result.blocks.append(target)
            moves.append(Transfer(contents.end, name, block, target, size))
    return moves


def _give_states_results(graph: Graph, contents: Contents, result: Aliasing) -> list[Transfer]:
    """Computes new states in the states' memory; returns the copies needed for the others."""
    for state in graph.states:
        block, memory = result.block_of[state.output], result.block_of[state.input]
        if block.bytes != memory.bytes:
            raise ValueError(
                f"state {state.input!r} has {memory.bytes} bytes, {state.output!r} {block.bytes}"
            )
        if block.home is Home.ARENA and _may_move_into(graph, contents, block, memory):
            result.join(memory, block)
    # Only now is it settled where results are: one may be the new content of several states.
    return [
        Transfer(contents.end, state.output, block, memory, memory.bytes)
        for state in graph.states
        for block, memory in [(result.block_of[state.output], result.block_of[state.input])]
        if block is not memory
    ]


def _may_move_into(graph: Graph, contents: Contents, block: Block, memory: Block) -> bool:
    """Whether a state's memory is free from the time on at which `block` is first written."""
    if memory.last != block.first:
        return memory.last < block.first
    node = graph.nodes[block.first]
    if node.outputs[0] != block.name or node.operation.updates is not None:
        return False
    return any(
        contents.takes_over(node, index)
        and operand(node, index) in memory.members
        and contents.replaceable(node, block.first, index)
        for index in node.operation.in_place
    )


def _order_moves(moves: list[Transfer], result: Aliasing) -> None:
    """Appends simultaneous copies in an order that keeps their meaning."""
    pending = list(moves)
    while pending:
        safe = (
            move
            for move in pending
            if all(other is move or other.source is not move.target for other in pending)
        )
        move = next(safe, None)
        if move is None:
            # Every target is still to be read: a cycle of states. Save one of them.
            move = pending[0]
            end = result.steps - 1
            saved = Block(move.target.name, move.target.bytes, end, end)
            result.blocks.append(saved)
            result.transfers.append(
                Transfer(end, move.target.name, move.target, saved, saved.bytes)
            )
            pending = [
                replace(other, source=saved) if other.source is move.target else other
                for other in pending
            ]
            move = pending[0]
        result.transfers.append(move)
        pending.remove(move)


def _run_in_place(graph: Graph, contents: Contents, result: Aliasing, alignment: int) -> None:
    """Lets nodes overwrite an operand in the arena where that never needs more memory.

    Candidates are tried in execution order, those of one node by the resulting live bytes. One is
    taken if the most bytes alive at one step get fewer, or stay equal while the sum over all steps
    gets smaller; so the lower bound of the arena never grows.
    """

    def rounded(size: int) -> int:
        return -(-size // alignment) * alignment

    live = np.zeros(result.steps, np.int64)
    for block in result.arena_blocks():
        live[block.first : block.last + 1] += rounded(block.bytes)
    for step, size in result.scratch.values():
        live[step] += rounded(size)
    for step, node in enumerate(graph.nodes):
        output = result.block_of[node.outputs[0]]
        fresh = output.name == node.outputs[0] and output.first == step
        if output.home is not Home.ARENA or not fresh or node.operation.updates is not None:
            continue
        best = (int(live.max()), int(live.sum())), None, live
        for index in node.operation.in_place:
            if not contents.takes_over(node, index):
                continue
            source = result.block_of[operand(node, index)]
            dies = source.last == step and contents.replaceable(node, step, index)
            if source.home is not Home.ARENA or not dies:
                continue
            merged = live.copy()
            merged[step] -= rounded(output.bytes)
            merged[step + 1 : output.last + 1] += rounded(source.bytes) - rounded(output.bytes)
            cost = int(merged.max()), int(merged.sum())
            if cost < best[0]:
                best = cost, source, merged
        _, taken, live = best
        if taken is not None:
            result.join(taken, output)
