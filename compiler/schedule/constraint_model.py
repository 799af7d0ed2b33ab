"""The constraint program: residents, cuts and chains for one budget of L1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass
class _Picked:
    """A candidate, the variable that says whether it is picked, and what follows in sums.

    Attributes:
        away: by block that may be resident, whether the candidate is picked and the block is not.
        used: bytes of L1 without tables.
        table_bytes: bytes of tables.
        copies: cycles of the DMA.
        traffic: bytes copied, without constants.
    """

    candidate: Candidate
    variable: cp_model.IntVar
    away: dict[str, cp_model.IntVar] = field(default_factory=dict[str, "cp_model.IntVar"])
    used: list[cp_model.LinearExprT] = field(default_factory=list["cp_model.LinearExprT"])
    table_bytes: list[cp_model.LinearExprT] = field(default_factory=list["cp_model.LinearExprT"])
    copies: list[cp_model.LinearExprT] = field(default_factory=list["cp_model.LinearExprT"])
    traffic: list[cp_model.LinearExprT] = field(default_factory=list["cp_model.LinearExprT"])


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
        in_chains: dict[str, list[_Picked]] = {}
        chains = [(chain, model.new_bool_var("")) for chain in self._chains]
        for chain, variable in chains:
            one = self._add_candidate(model, chain.candidate, variable, resident)
            costs += self._add_chain(model, chain, one, resident, peak, tables)
            for node in chain.nodes:
                in_chains.setdefault(node.name, []).append(one)
        for choice in self._choices.nodes:
            variables = [model.new_bool_var("") for _ in choice.candidates]
            picked[choice.node.name] = variables
            chained = in_chains.get(choice.node.name, [])
            costs += self._add_node(model, choice, variables, chained, resident, peak, tables)
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
        chains: Sequence[_Picked],
        resident: Mapping[str, cp_model.IntVar],
        peak: cp_model.IntVar,
        tables: list[cp_model.LinearExprT],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of one node; returns what it adds to the objective, and adds to `tables`.

        `chains` are those that may compute the node instead.
        """
        model.add_exactly_one([*variables, *(chain.variable for chain in chains)])
        picked = [
            self._add_candidate(model, candidate, variable, resident)
            for candidate, variable in zip(choice.candidates, variables, strict=True)
        ]
        for name in dict.fromkeys(name for one in picked for name in one.away):
            # Whatever is picked, what is not resident has to come: tighter than one by one.
            others = [one.variable for one in [*picked, *chains] if name not in one.away]
            away = [one.away[name] for one in [*picked, *chains] if name in one.away]
            model.add(sum([*away, *others, resident[name]]) >= 1)
        used = [term for one in [*picked, *chains] for term in one.used]
        for block in self._choices.live_blocks(choice.step):
            if block.name in resident:
                used.append(aligned(block.bytes) * resident[block.name])
        model.add(sum(used) <= peak)
        return self._add_costs(model, picked, tables)

    def _add_chain(
        self,
        model: cp_model.CpModel,
        chain: ChainChoice,
        picked: _Picked,
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
        used = [*picked.used]
        used += [size * resident[name] for name, size in live.items() if name in resident]
        model.add(sum(used) <= peak).only_enforce_if(picked.variable)  # pyright: ignore[reportUnknownMemberType]
        return self._add_costs(model, [picked], tables)

    def _add_candidate(
        self,
        model: cp_model.CpModel,
        candidate: Candidate,
        variable: cp_model.IntVar,
        resident: Mapping[str, cp_model.IntVar],
    ) -> _Picked:
        """What it means that a candidate is picked, whatever is resident."""
        picked = _Picked(candidate, variable)
        picked.used.append(candidate.fixed_bytes * variable)
        picked.table_bytes.append(candidate.table_bytes * variable)
        fixed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
        picked.copies.append(fixed * variable)
        for name, stream in candidate.operands.items():
            away = variable
            if name in resident:
                if stream.contiguous:
                    away = model.new_bool_var("")
                    model.add_bool_or([variable.negated(), resident[name], away])
                    model.add_implication(away, variable)
                else:
                    model.add_implication(variable, resident[name].negated())
                picked.away[name] = away
            picked.used.append(stream.tile_bytes * away)
            picked.table_bytes.append(TRANSFER_BYTES * stream.transfers * away)
            cycles = copy_cycles(stream.traffic, stream.transfers, self._cluster)
            picked.copies.append(cycles * away)
            picked.traffic.append(stream.traffic * away)
        return picked

    def _add_costs(
        self,
        model: cp_model.CpModel,
        picked: Sequence[_Picked],
        tables: list[cp_model.LinearExprT],
    ) -> list[cp_model.LinearExprT]:
        """Adds what the one that is picked of these costs.

        At most one is, so that sums over all bound the time, which is tighter than a bound each.
        """
        time = model.new_int_var(0, 1 << 40, "")
        model.add(time >= sum(one.candidate.compute * one.variable for one in picked))
        model.add(time >= sum(term for one in picked for term in one.copies))
        tables += [term for one in picked for term in one.table_bytes]
        traffic = [term for one in picked for term in one.traffic]
        return [
            time * CYCLE_COST,
            *traffic,
            *(one.candidate.steps * one.variable for one in picked),
        ]
