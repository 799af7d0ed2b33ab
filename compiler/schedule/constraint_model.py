"""The constraint program: residents, cuts and chains for one budget of L1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compiler.schedule.candidates import Candidate, copy_cycles
from compiler.schedule.choices import ChainChoice, Choice, Choices, decisions_of
from compiler.schedule.decisions import Decisions
from compiler.schedule.table_size import TRANSFER_BYTES
from compiler.schedule.task import aligned

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEARCH_LIMIT = 1.0
"""Deterministic time (the solver's unit, about a second)."""

NO_LIMIT = 1 << 40
"""Bytes of L1 where tables do not count."""

CYCLE_COST = 16
"""Cycles come first; bytes that are copied cost 1 even where they hide."""


class ConstraintModel:
    """The choice of residents, cuts and chains.

    `budget` is what tensors and tiles may take of L1, `total` the same with tables; in bytes.
    """

    def __init__(
        self, choices: Choices, budget: int, total: int, chains: Sequence[ChainChoice] = ()
    ) -> None:
        self._budget = budget
        self._total = total
        self._choices = choices
        self._cluster = choices.cluster
        self._chains = chains
        self._blocks = [b for b in choices.blocks if aligned(b.bytes) <= budget]

    def solve(self, known: Decisions | None = None) -> Decisions | None:
        """The best that the constraint program finds; None if it finds nothing.

        It begins with the decisions that are known.
        """
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        resident = {block.name: model.new_bool_var("") for block in self._blocks}
        picked: dict[str, list[cp_model.IntVar]] = {}
        peak = model.new_int_var(0, self._budget, "")
        tables: list[cp_model.LinearExprT] = []
        costs: list[cp_model.LinearExprT] = []
        in_chains: dict[str, list[cp_model.IntVar]] = {}
        chains = [(chain, model.new_bool_var("")) for chain in self._chains]
        for chain, variable in chains:
            costs += self._add_chain(model, chain, variable, resident, peak, tables)
            for node in chain.nodes:
                in_chains.setdefault(node.name, []).append(variable)
        for choice in self._choices.nodes:
            variables = [model.new_bool_var("") for _ in choice.candidates]
            picked[choice.node.name] = variables
            model.add_exactly_one([*variables, *in_chains.get(choice.node.name, [])])
            costs += self._add_node(model, choice, variables, resident, peak, tables)
        if self._total < NO_LIMIT:
            model.add(sum([peak, *tables]) <= self._total)
        model.minimize(sum(costs))
        if known is not None:
            self._hint(model, known, resident, picked)
            for _, variable in chains:
                model.add_hint(variable, 0)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = SEARCH_LIMIT
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        chosen = {
            choice.node.name: candidate
            for choice in self._choices.nodes
            for candidate, variable in zip(choice.candidates, picked[choice.node.name], strict=True)
            if solver.value(variable)
        }
        kept = {name for name, variable in resident.items() if solver.value(variable)}
        return decisions_of(kept, chosen, [c for c, variable in chains if solver.value(variable)])

    def _hint(
        self,
        model: cp_model.CpModel,
        known: Decisions,
        resident: Mapping[str, cp_model.IntVar],
        picked: Mapping[str, Sequence[cp_model.IntVar]],
    ) -> None:
        for name, variable in resident.items():
            model.add_hint(variable, name in known.resident)
        for choice in self._choices.nodes:
            name = choice.node.name
            wanted = known.cuts.get(name), name in known.direct
            for candidate, variable in zip(choice.candidates, picked[name], strict=True):
                model.add_hint(variable, (candidate.cuts, candidate.direct) == wanted)

    def _add_node(
        self,
        model: cp_model.CpModel,
        choice: Choice,
        variables: Sequence[cp_model.IntVar],
        resident: Mapping[str, cp_model.IntVar],
        peak: cp_model.IntVar,
        tables: list[cp_model.LinearExprT],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of one node; returns what it adds to the objective, and adds to `tables`."""
        live = {
            block.name: aligned(block.bytes) for block in self._choices.live_blocks(choice.step)
        }
        used: list[cp_model.LinearExprT] = [
            size * resident[name] for name, size in live.items() if name in resident
        ]
        time = model.new_int_var(0, 1 << 40, "")
        costs: list[cp_model.LinearExprT] = [time * CYCLE_COST]
        for candidate, variable in zip(choice.candidates, variables, strict=True):
            needed, tie = self._add_candidate(model, candidate, variable, resident, time, tables)
            used += needed
            costs += tie
        model.add(sum(used) <= peak)
        return costs

    def _add_chain(
        self,
        model: cp_model.CpModel,
        chain: ChainChoice,
        variable: cp_model.IntVar,
        resident: Mapping[str, cp_model.IntVar],
        peak: cp_model.IntVar,
        tables: list[cp_model.LinearExprT],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of a chain; returns what it adds to the objective, and adds to `tables`.

        What any of its nodes has in L1 is there all the time.
        """
        live = {
            block.name: aligned(block.bytes)
            for step in chain.steps
            for block in self._choices.live_blocks(step)
            if block.name not in chain.inner_blocks
        }
        time = model.new_int_var(0, 1 << 40, "")
        used, tie = self._add_candidate(model, chain.candidate, variable, resident, time, tables)
        used += [size * resident[name] for name, size in live.items() if name in resident]
        model.add(sum(used) <= peak).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        return [time * CYCLE_COST, *tie]

    def _add_candidate(
        self,
        model: cp_model.CpModel,
        candidate: Candidate,
        variable: cp_model.IntVar,
        resident: Mapping[str, cp_model.IntVar],
        time: cp_model.IntVar,
        tables: list[cp_model.LinearExprT],
    ) -> tuple[list[cp_model.LinearExprT], list[cp_model.LinearExprT]]:
        """Bounds `time` if a candidate is picked, and adds to `tables`.

        Returns the L1 it uses without tables, and costs beside time.
        """
        tables.append(candidate.table_bytes * variable)
        used: list[cp_model.LinearExprT] = [candidate.fixed_bytes * variable]
        tie: list[cp_model.LinearExprT] = [candidate.steps * variable]
        fixed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
        copies: list[cp_model.LinearExprT] = [fixed]
        for name, stream in candidate.operands.items():
            cycles = copy_cycles(stream.traffic, stream.transfers, self._cluster)
            entries = TRANSFER_BYTES * stream.transfers
            if name not in resident:
                tables.append(entries * variable)
                used.append(stream.tile_bytes * variable)
                copies.append(cycles)
                tie.append(stream.traffic * variable)
                continue
            if not stream.contiguous:
                model.add_implication(variable, resident[name].negated())
            away = model.new_bool_var("")
            model.add_bool_or([variable.negated(), resident[name], away])
            model.add_implication(away, variable)
            used.append(stream.tile_bytes * away)
            tables.append(entries * away)
            copies.append(cycles * away)
            tie.append(stream.traffic * away)
        model.add(time >= candidate.compute).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        model.add(time >= sum(copies)).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        return used, tie
