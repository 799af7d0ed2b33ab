"""How good a program is known to be: what a search has proven, and what no program is below."""

from __future__ import annotations

from dataclasses import dataclass, replace

CYCLE_COST = 16
"""Of a cycle in the objective: cycles come first; bytes copied and tiles cost 1 each."""

OPTIMAL = "optimal"
"""Nothing better satisfies the constraints, and what was found could be arranged."""

RESERVED = "optimal with L1 reserved"
"""The same, but for L1 that had to be kept free before what was found could be arranged."""

LIMIT = "limit"
"""The search ended at its deterministic limit."""


@dataclass(frozen=True)
class Search:
    """What a constraint program has found.

    Attributes:
        what: what it decides.
        status: `OPTIMAL`, `RESERVED` or `LIMIT`.
        objective: of what was found, `CYCLE_COST` for each cycle.
        bound: proven: no solution of the constraints, with nothing reserved, has less.
    """

    what: str
    status: str
    objective: int
    bound: int

    def proven(self, bound: int) -> Search:
        """The same with the bound of the search for which nothing was reserved."""
        reserved = self.status == OPTIMAL and bound < self.objective
        status = RESERVED if reserved else self.status
        return replace(self, status=status, bound=min(bound, self.objective))

    @property
    def gap(self) -> float:
        """How much less the objective might be, as a part of it."""
        return (self.objective - self.bound) / self.objective if self.objective else 0.0


@dataclass(frozen=True)
class LeastCycles:
    """Cycles that no program is below, whatever it keeps in L1 and however it is cut.

    Attributes:
        cores: to compute every node in the tiles that take the fewest cycles.
        accelerator: the same for the nodes that the accelerator computes.
        loads: to copy to L1, once, what has to come there; `stores`: what has to leave it.
    """

    cores: int
    accelerator: int
    loads: int
    stores: int

    @property
    def cycles(self) -> int:
        """Both kinds of engines, and the DMA's two directions, work at the same time."""
        return max(self.cores, self.accelerator, self.loads, self.stores)
