"""Which values of a graph share a block of memory, and which blocks are in the arena.

Three notions, from values to memory:

- A *content* is what a set of views shows (`contents.py`).
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

from compiler.ir import Graph, Node, TensorType
from compiler.memory.contents import Contents, operand
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
