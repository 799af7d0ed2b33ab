"""Greedy placement: buffers in some order, each at the lowest address that is free.

The orders are those of Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
Inference" (2020), by size and by breadth, next to lifetime, area and execution order. If none of
them reaches the lower bound, the best order is improved: first by moving the buffers that stick
out above the bound to the front, then by exchanging one of them with a buffer in its way, as the
hill-climbing allocator of Arm's Vela compiler does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

PROMOTIONS = 50
"""How often the buffers above the bound are moved to the front, at most."""

EXCHANGES = 1000
"""How many exchanges are tried, at most."""

EXCHANGED_BLOCKS = 200_000
"""How many blocks are placed again for that, at most; some 10 microseconds each."""


@dataclass(frozen=True, slots=True)
class Block:
    """A buffer in units of the problem's granule; steps `first` to `last`, inclusive."""

    size: int
    alignment: int
    first: int
    last: int

    def meets(self, other: Block) -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True, order=True)
class Excess:
    """The quality of a placement, in units: its peak, then how far blocks are above a target."""

    peak: int
    total: int


@dataclass(frozen=True)
class Instance:
    """Blocks to place, known by their index; steps are renumbered from 0 without gaps.

    Equal instances have equal solutions, whatever their buffers are called.
    """

    blocks: tuple[Block, ...]

    @cached_property
    def neighbours(self) -> list[list[int]]:
        """For every block those alive at the same time."""
        result: list[list[int]] = [[] for _ in self.blocks]
        alive: list[int] = []
        for i in sorted(range(len(self.blocks)), key=lambda i: self.blocks[i].first):
            block = self.blocks[i]
            alive = [j for j in alive if self.blocks[j].last >= block.first]
            for j in alive:
                result[i].append(j)
                result[j].append(i)
            alive.append(i)
        return result

    @cached_property
    def live(self) -> list[int]:
        """Units in use at every step."""
        steps = max((block.last for block in self.blocks), default=-1) + 1
        result = [0] * (steps + 1)
        for block in self.blocks:
            result[block.first] += block.size
            result[block.last + 1] -= block.size
        for step in range(1, steps):
            result[step] += result[step - 1]
        return result[:steps]

    @cached_property
    def bound(self) -> int:
        """Units that are needed at least."""
        return max(self.live, default=0)

    def peak(self, offsets: Sequence[int]) -> int:
        pairs = zip(offsets, self.blocks, strict=True)
        return max((offset + block.size for offset, block in pairs), default=0)

    def excess(self, offsets: Sequence[int], target: int) -> Excess:
        """How much of a placement is above the target."""
        tops = [offset + block.size for offset, block in zip(offsets, self.blocks, strict=True)]
        return Excess(max(tops, default=0), sum(top - target for top in tops if top > target))

    def place(self, order: Sequence[int]) -> list[int]:
        """Offsets by first fit in this order."""
        offsets = [-1] * len(self.blocks)
        for i in order:
            block = self.blocks[i]
            taken = sorted(
                (offsets[j], offsets[j] + self.blocks[j].size)
                for j in self.neighbours[i]
                if offsets[j] >= 0
            )
            offset = 0
            for start, end in taken:
                if offset + block.size <= start:
                    break
                offset = max(offset, -(-end // block.alignment) * block.alignment)
            offsets[i] = offset
        return offsets

    def compact(self, offsets: Sequence[int]) -> list[int]:
        """Lets every block sink as low as it can, from the bottom up; the peak never grows.

        A block finds its old place free at least, because all blocks below it have only sunk.
        """
        result = list(offsets)
        while True:
            order = sorted(range(len(result)), key=lambda i: (result[i], i))
            lower = self.place(order)
            if lower == result:
                return result
            result = lower


def orders(instance: Instance) -> Iterator[tuple[str, list[int]]]:
    """Names and orders of the greedy heuristics."""
    blocks = instance.blocks
    indices = range(len(blocks))

    def length(i: int) -> int:
        return blocks[i].last - blocks[i].first + 1

    def breadth(i: int) -> int:
        return max(instance.live[blocks[i].first : blocks[i].last + 1])

    yield "size", sorted(indices, key=lambda i: (-blocks[i].size, -length(i), i))
    yield "breadth", sorted(indices, key=lambda i: (-breadth(i), -blocks[i].size, i))
    yield "lifetime", sorted(indices, key=lambda i: (-length(i), -blocks[i].size, i))
    yield "area", sorted(indices, key=lambda i: (-length(i) * blocks[i].size, i))
    yield "execution", sorted(indices, key=lambda i: (blocks[i].first, -length(i), i))


def first_fit(instance: Instance, target: int) -> tuple[str, list[int]]:
    """The best placement found, and how; stops as soon as one needs at most `target` units."""
    name, order = _best_order(instance, target)
    if instance.excess(instance.place(order), target).peak > target:
        promoted = _promote(instance, order, target)
        if promoted != order:
            name, order = "promotion", promoted
    if instance.excess(instance.place(order), target).peak > target:
        exchanged = _exchange(instance, order, target)
        if exchanged != order:
            name, order = "exchange", exchanged
    return name, instance.place(order)


def _best_order(instance: Instance, target: int) -> tuple[str, list[int]]:
    """The first of the best orders; those after one that reaches the bound are not tried."""
    best: tuple[Excess, str, list[int]] | None = None
    for name, order in orders(instance):
        excess = instance.excess(instance.place(order), target)
        if best is None or excess < best[0]:
            best = excess, name, order
        if excess.peak <= instance.bound:
            break
    assert best is not None
    return best[1:]


def _promote(instance: Instance, order: list[int], target: int) -> list[int]:
    """The best order seen while the blocks above the target are moved to the front."""
    best, least = order, instance.excess(instance.place(order), target)
    for _ in range(PROMOTIONS):
        offsets = instance.place(order)
        excess = instance.excess(offsets, target)
        if excess < least:
            best, least = order, excess
        high = {i for i in order if offsets[i] + instance.blocks[i].size > target}
        promoted = [i for i in order if i in high] + [i for i in order if i not in high]
        if excess.peak <= target or promoted == order:
            break
        order = promoted
    return best


def _exchange(instance: Instance, order: list[int], target: int) -> list[int]:
    """The order reached by exchanging blocks above the target with those in their way."""
    # Only random.random() is promised to give the same numbers in all versions of Python.
    random = Random(0)
    order = list(order)
    turn = {i: position for position, i in enumerate(order)}
    offsets = instance.place(order)
    least = instance.excess(offsets, target)
    for _ in range(min(EXCHANGES, EXCHANGED_BLOCKS // len(order))):
        high = [i for i in order if offsets[i] + instance.blocks[i].size > target]
        if not high:
            break
        chosen = high[int(random.random() * len(high))]
        earlier = {j for j in instance.neighbours[chosen] if turn[j] < turn[chosen]}
        # One step further: what pushed those up that are now in the way.
        earlier |= {k for j in earlier for k in instance.neighbours[j] if turn[k] < turn[chosen]}
        if not earlier:
            continue
        candidates = sorted(earlier)
        other = candidates[int(random.random() * len(candidates))]
        a, b = turn[chosen], turn[other]
        order[a], order[b] = order[b], order[a]
        changed = instance.place(order)
        excess = instance.excess(changed, target)
        if excess <= least:
            offsets, least = changed, excess
            turn[chosen], turn[other] = b, a
        else:
            order[a], order[b] = order[b], order[a]
    return order
