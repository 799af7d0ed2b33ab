"""Decisions for a network whose tensors all fit L1: no choice of residents is better."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.memory.aliasing import Home
from compiler.schedule.candidates import Candidate, copy_cycles
from compiler.schedule.choices import Choice, Choices, decisions_of
from compiler.schedule.decisions import Decisions
from compiler.schedule.task import aligned


def everything_resident(choices: Choices, budget: int) -> Decisions | None:
    """What is fastest with every tensor in L1, if that fits: then nothing else is faster.

    Only what comes from the caller for the first node, or goes back from the last one, may
    pass in tiles.
    """
    return _Everything(choices, budget).decide()


class _Everything:
    def __init__(self, choices: Choices, budget: int) -> None:
        self._choices = choices
        self._cluster = choices.cluster
        self._budget = budget
        self._blocks = [b for b in choices.blocks if aligned(b.bytes) <= budget]
        self._homes = {block.name: block.home for block in self._blocks}

    def decide(self) -> Decisions | None:
        resident = {block.name for block in self._blocks}
        chosen: dict[str, Candidate] = {}
        for choice in self._choices.nodes:
            best = self._fastest(choice, resident)
            passing = self._passing(choice) & resident
            if passing:
                other = self._fastest(choice, resident - passing)
                before = self._cost(choice, best, resident)
                if self._cost(choice, other, resident - passing) < before:
                    best, resident = other, resident - passing
            chosen[choice.node.name] = best
        return decisions_of(resident, chosen) if self._fits(resident, chosen) else None

    def _passing(self, choice: Choice) -> set[str]:
        """Inputs that only the first node uses, and outputs that only the last one does."""
        homes: set[Home] = set()
        if choice is self._choices.nodes[0]:
            homes.add(Home.INPUT)
        if choice is self._choices.nodes[-1]:
            homes.add(Home.OUTPUT)
        return {
            block.name
            for block in self._blocks
            if block.home in homes
            and self._choices.spans.get(block.name) == (choice.step, choice.step)
        }

    def _fastest(self, choice: Choice, resident: set[str]) -> Candidate:
        """The best candidate if exactly `resident` are; a direct one only if there is no other."""
        possible = [
            candidate
            for candidate in choice.candidates
            if all(
                stream.contiguous for name, stream in candidate.operands.items() if name in resident
            )
        ]
        return min(possible, key=lambda candidate: self._cost(choice, candidate, resident))

    def _cost(
        self, choice: Choice, candidate: Candidate, resident: set[str]
    ) -> tuple[int, int, int]:
        traffic, transfers = candidate.constant_traffic, candidate.steps
        for name, stream in candidate.operands.items():
            if name not in resident:
                traffic += stream.traffic
                transfers += stream.transfers
        copies = copy_cycles(traffic, transfers, self._cluster)
        # What the first tile waits for cannot hide behind the node's own compute.
        exposed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
        cycles = max(candidate.compute, copies) + exposed // candidate.steps // 2
        for name in self._passing(choice):
            stream = candidate.operands.get(name)
            if stream is None:
                continue  # read where it is, as a Gather's table
            arrives = self._homes[name] is Home.INPUT
            first = stream.traffic if name in resident else stream.first_bytes
            cycles += copy_cycles(first if arrives else stream.last_bytes, 1, self._cluster)
        return cycles, traffic, candidate.steps

    def _fits(self, resident: set[str], chosen: Mapping[str, Candidate]) -> bool:
        for choice in self._choices.nodes:
            candidate = chosen[choice.node.name]
            used = candidate.fixed_bytes
            used += sum(
                aligned(b.bytes)
                for b in self._choices.live_blocks(choice.step)
                if b.name in resident
            )
            used += sum(s.tile_bytes for n, s in candidate.operands.items() if n not in resident)
            if used > self._budget:
                return False
        return True
