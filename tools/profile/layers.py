"""The compiler's plan of a network and the simulator's measurement of its run, joined.

A layer is a node of the compiled graph with all its tiles; the mapping report says which nodes of
the user's model it is. Work that belongs to no layer has a name in parentheses. Where layers share
a step, what was measured is divided among them like what was predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tools.profile.measurement import STALLS, WAITS, Copy, MeasuredStep, Measurement, Run

SPENT = ("instructions", *STALLS, *WAITS)
"""What cycles of workers are spent on, in the order of reports."""

LAUNCH = "(start and end of the run)"
COPIES = "(copies only)"


@dataclass
class Layer:
    """What one layer was predicted to take, and what it took.

    Attributes:
        name: of the node in the compiled graph.
        nodes: of the user's model.
        kernel: function that computes it.
        calls: tiles.
        multiply_accumulates: of all tiles.
        predicted, simulated: cycles, from the end of the steps before to the end of its own.
        predicted_exposed, exposed: of these, cycles in which all workers wait for copies.
        dma_busy: cycles in which at least one copy moves bytes beside it.
        bytes_loaded, bytes_stored: of the copies that start beside it.
        l1_bytes: most bytes of L1 that hold something.
        core_cycles: cycles of all workers together, by SPENT.
    """

    name: str
    nodes: list[str] = field(default_factory=list)
    kernel: str = ""
    calls: int = 0
    multiply_accumulates: int = 0
    predicted: int = 0
    simulated: int = 0
    predicted_exposed: int = 0
    exposed: int = 0
    dma_busy: int = 0
    bytes_loaded: int = 0
    bytes_stored: int = 0
    l1_bytes: int = 0
    core_cycles: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPENT, 0))

    @property
    def error(self) -> float | None:
        """By how much the prediction is too high, as part of the simulated cycles."""
        return self.predicted / self.simulated - 1 if self.simulated else None

    @property
    def rate(self) -> float:
        """Multiply-accumulates per simulated cycle."""
        return self.multiply_accumulates / self.simulated if self.simulated else 0.0


@dataclass(frozen=True)
class Step:
    """One step of the program; predicted cycles count from its first step.

    `calls`: layers that compute in it, one after the other, each with its tile; `copies`: what
    starts beside it: (tensor, whether to L1, bytes, predicted begin and end).
    """

    calls: tuple[tuple[str, int], ...]
    measured: MeasuredStep
    predicted_begin: int
    predicted_compute: int
    predicted_exposed: int
    copies: tuple[tuple[str, bool, int, int, int], ...]

    @property
    def layer(self) -> str:
        """The first layer's name, and how many others follow."""
        more = len(self.calls) - 1
        return f"{self.calls[0][0]} +{more}" if more else self.calls[0][0]


@dataclass(frozen=True)
class EntryProfile:
    """One entry point's last run.

    `predicted` and `simulated` are cycles from the caller's jump to the return.
    """

    network: str
    name: str
    workers: int
    predicted: int
    simulated: int
    l1_bytes: int
    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    copies: tuple[Copy, ...]
    begin: int

    @property
    def title(self) -> str:
        return f"{self.network}, {self.name}" if self.name else self.network

    def total(self) -> Layer:
        """All layers as one."""
        total = Layer("total", predicted=self.predicted, simulated=self.simulated)
        for layer in self.layers:
            for name in (
                *("calls", "multiply_accumulates", "predicted_exposed", "exposed", "dma_busy"),
                *("bytes_loaded", "bytes_stored"),
            ):
                setattr(total, name, getattr(total, name) + getattr(layer, name))
            for what, cycles in layer.core_cycles.items():
                total.core_cycles[what] += cycles
        total.l1_bytes = self.l1_bytes
        return total

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "entry_point": self.name,
            "predicted_cycles": self.predicted,
            "simulated_cycles": self.simulated,
            "l1_bytes": self.l1_bytes,
            "layers": [asdict(layer) for layer in self.layers],
        }


def profiles(
    memory: dict[str, Any], mapping: dict[str, Any], measurement: Measurement
) -> list[EntryProfile]:
    """A network's entry points that were called.

    Args:
        memory: the compiler's memory map of the network (`net.memory.json`).
        mapping: its mapping report.
        measurement: of a run of the firmware that contains it.

    Raises:
        ProfileError: if the two do not belong together.
    """
    nodes = {entry["name"]: _nodes_by_layer(entry) for entry in mapping["entry_points"]}
    result: list[EntryProfile] = []
    for plan in memory["maps"]:
        run = measurement.last_run(plan["function"], len(plan["steps"]))
        if run is not None:
            result.append(_join(memory["network"], plan, nodes[plan["graph"]], run))
    return result


def _nodes_by_layer(entry: dict[str, Any]) -> dict[str, list[str]]:
    return {layer["name"]: layer["nodes"] for layer in entry["layers"]}


def _join(
    network: str, plan: dict[str, Any], nodes: dict[str, list[str]], run: Run
) -> EntryProfile:
    steps: list[Step] = []
    layers: dict[str, Layer] = {}
    ends = [step["begin"] for step in plan["steps"][1:]] + [plan["predicted_cycles"]]
    live = _live_bytes(plan)
    for index, (step, measured) in enumerate(zip(plan["steps"], run.steps, strict=True)):
        predicted = ends[index] - step["begin"]
        busy = busy_cycles(run.copies, measured.begin, measured.end)
        calls = step["calls"] or [{"node": COPIES, "tile": 0, "predicted_cycles": 1}]
        weights = [call["predicted_cycles"] for call in calls]
        for part, call in enumerate(calls):
            layer = layers.setdefault(
                call["node"], Layer(call["node"], nodes.get(call["node"], []))
            )
            layer.kernel = call.get("kernel", "")
            layer.calls += "kernel" in call
            layer.multiply_accumulates += call.get("multiply_accumulates", 0)

            def share(amount: int, part: int = part, weights: Sequence[int] = weights) -> int:
                return _share(amount, weights, part)

            layer.predicted += share(predicted)
            layer.simulated += share(measured.cycles)
            layer.predicted_exposed += share(step["exposed_cycles"])
            layer.exposed += share(measured.exposed)
            layer.dma_busy += share(busy)
            layer.bytes_loaded += share(step["loaded_bytes"])
            layer.bytes_stored += share(step["stored_bytes"])
            layer.l1_bytes = max(layer.l1_bytes, live[index])
            for what in SPENT:
                layer.core_cycles[what] += share(measured.core_cycles[what])
        copies = tuple(
            (copy["what"], copy["load"], copy["bytes"], copy["begin"], copy["end"])
            for copy in step["transfers"]
        )
        steps.append(
            Step(
                tuple((call["node"], call["tile"]) for call in calls),
                measured,
                step["begin"],
                step["predicted_cycles"],
                step["exposed_cycles"],
                copies,
            )
        )
    launch = Layer(LAUNCH, predicted=plan["launch_cycles"])
    launch.simulated = run.end - run.begin - (run.steps[-1].end - run.steps[0].begin)
    return EntryProfile(
        network,
        plan["graph"],
        len(run.steps[0].arrivals),
        plan["predicted_cycles"] + launch.predicted,
        run.end - run.begin,
        plan["l1_bytes"],
        (*layers.values(), launch),
        tuple(steps),
        run.copies,
        run.begin,
    )


def busy_cycles(copies: Sequence[Copy], begin: int, end: int) -> int:
    """Cycles from `begin` to `end` in which at least one copy moves bytes."""
    busy = 0
    at = begin
    for copy in sorted(copies, key=lambda copy: copy.started):
        started, done = max(copy.started, at), min(copy.done, end)
        if started < done:
            busy += done - started
            at = done
    return busy


def _share(amount: int, weights: Sequence[int], part: int) -> int:
    """A part's share of an amount that is cut by weights; the shares add up to the amount."""
    total = sum(weights)
    before = sum(weights[:part])
    return amount * (before + weights[part]) // total - amount * before // total


def _live_bytes(plan: dict[str, Any]) -> list[int]:
    """Bytes of L1 that hold something, by step."""
    live = [0] * len(plan["steps"])
    for buffer in plan["buffers"]:
        for step in range(buffer["first"], min(buffer["last"], len(live) - 1) + 1):
            live[step] += buffer["bytes"]
    return live
