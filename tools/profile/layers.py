"""The compiler's plan of a network and the simulator's measurement of its run, joined.

A layer is a node of the compiled graph with all its tiles; the mapping report says which nodes of
the user's model it is. Work that belongs to no layer has a name in parentheses. Where layers share
a step, what was measured is divided among them like what was predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tools.profile.measurement import (
    STALLS,
    WAITS,
    Copy,
    Job,
    MeasuredStep,
    Measurement,
    ProfileError,
    Run,
)

SPENT = ("instructions", *STALLS, *WAITS)
"""What cycles of workers are spent on, in the order of reports."""

CORES, ACCELERATOR = "cores", "accelerator"
"""Engines."""

JOB_FIGURES = (
    *("jobs", "accelerator_busy", "accelerator_idle", "accelerator_stalls", "weight_stalls"),
    *("weight_bytes", "configuration", "configuration_exposed"),
)
"""Attributes of layers that are about the accelerator."""

LAUNCH = "(start and end of the run)"
COPIES = "(copies only)"


@dataclass
class Layer:
    """What one layer was predicted to take, and what it took.

    Attributes:
        name: of the node in the compiled graph.
        nodes: of the user's model.
        kernel: function that computes it.
        engine: CORES, ACCELERATOR, both of them, or nothing.
        calls: tiles.
        multiply_accumulates: of all tiles.
        predicted, simulated: cycles, from the end of the steps before to the end of its own.
        predicted_exposed, exposed: of these, cycles in which all workers wait for copies.
        dma_busy: cycles in which at least one copy moves bytes beside it.
        jobs: of the accelerator.
        accelerator_busy: cycles in which they ran.
        accelerator_idle: other cycles of the steps in which they ran.
        accelerator_stalls: of these, cycles in which they stood back for cores and DMA at L1.
        weight_stalls: of these, cycles in which they wanted weights.
        weight_bytes: that they fetched.
        configuration: cycles in which the control core configured them.
        configuration_exposed: of these, cycles of their own steps in which no other job ran.
        bytes_loaded, bytes_stored: of the copies that start beside it.
        l1_bytes: most bytes of L1 that hold something.
        core_cycles: cycles of all workers together, by SPENT.
    """

    name: str
    nodes: list[str] = field(default_factory=list)
    kernel: str = ""
    engine: str = ""
    calls: int = 0
    multiply_accumulates: int = 0
    predicted: int = 0
    simulated: int = 0
    predicted_exposed: int = 0
    exposed: int = 0
    dma_busy: int = 0
    jobs: int = 0
    accelerator_busy: int = 0
    accelerator_idle: int = 0
    accelerator_stalls: int = 0
    weight_stalls: int = 0
    weight_bytes: int = 0
    configuration: int = 0
    configuration_exposed: int = 0
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

    `core_calls`: layers that workers compute in it, one after the other, each with its tile;
    `job_calls`: the same for the accelerator; `jobs`: which of them each job of `measured` is for;
    `copies`: what starts beside it: (tensor, whether to L1, bytes, predicted begin and end).
    `predicted_cores` and `predicted_jobs` are what the calls take on each engine.
    """

    core_calls: tuple[tuple[str, int], ...]
    job_calls: tuple[tuple[str, int], ...]
    jobs: tuple[tuple[str, int], ...]
    measured: MeasuredStep
    predicted_begin: int
    predicted_compute: int
    predicted_cores: int
    predicted_jobs: int
    predicted_exposed: int
    copies: tuple[tuple[str, bool, int, int, int], ...]

    @property
    def calls(self) -> tuple[tuple[str, int], ...]:
        """Of both engines; of steps that have none, one that says so."""
        return (*self.core_calls, *self.job_calls) or ((COPIES, 0),)

    @property
    def layer(self) -> str:
        """The first layer's name, and how many others follow."""
        return title(self.calls)


@dataclass(frozen=True)
class EntryProfile:
    """One entry point's last run.

    `states_bytes` are those of all states, of which `extents` say which rows come to L1 (as in
    `net.memory.json`). `predicted` and `simulated` are cycles from the caller's jump to the return.
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
    states_bytes: int
    extents: tuple[dict[str, Any], ...]

    @property
    def accelerated(self) -> bool:
        """Whether the accelerator computes any of it."""
        return any(layer.jobs for layer in self.layers)

    @property
    def title(self) -> str:
        return f"{self.network}, {self.name}" if self.name else self.network

    def total(self) -> Layer:
        """All layers as one."""
        total = Layer("total", predicted=self.predicted, simulated=self.simulated)
        for layer in self.layers:
            for name in (
                *("calls", "multiply_accumulates", "predicted_exposed", "exposed", "dma_busy"),
                *("bytes_loaded", "bytes_stored", *JOB_FIGURES),
            ):
                setattr(total, name, getattr(total, name) + getattr(layer, name))
            for what, cycles in layer.core_cycles.items():
                total.core_cycles[what] += cycles
        total.l1_bytes = self.l1_bytes
        return total

    def engines(self) -> dict[str, Any]:
        """What each engine does with the run's cycles; all but the cores' are wall clock.

        `waits` of the cores, by reason, and their other cycles are of all workers together.
        """
        total = self.total()
        cores = total.core_cycles
        waits = {what: cores[what] for what in WAITS}
        busy = sum(cores.values()) - sum(waits.values())
        outside = self.simulated * self.workers - busy - sum(waits.values())
        return {
            "cores": {
                "workers": self.workers,
                "busy": busy,
                "waits": {**waits, "outside of steps": outside},
            },
            "accelerator": {
                "jobs": total.jobs,
                "busy": total.accelerator_busy,
                "idle": self.simulated - total.accelerator_busy,
                "stalls": total.accelerator_stalls,
                "weight_stalls": total.weight_stalls,
                "configuration_hidden": total.configuration - total.configuration_exposed,
                "configuration_exposed": total.configuration_exposed,
            },
            "dma": {
                "busy": total.dma_busy,
                "idle": self.simulated - total.dma_busy,
                "exposed": total.exposed,
            },
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "entry_point": self.name,
            "predicted_cycles": self.predicted,
            "simulated_cycles": self.simulated,
            "l1_bytes": self.l1_bytes,
            "states_bytes": self.states_bytes,
            "extents": list(self.extents),
            "engines": self.engines(),
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
            result.append(_join(memory, plan, nodes[plan["graph"]], run))
    return result


def _nodes_by_layer(entry: dict[str, Any]) -> dict[str, list[str]]:
    return {layer["name"]: layer["nodes"] for layer in entry["layers"]}


def _join(
    memory: dict[str, Any], plan: dict[str, Any], nodes: dict[str, list[str]], run: Run
) -> EntryProfile:
    steps: list[Step] = []
    layers: dict[str, Layer] = {}
    ends = [step["begin"] for step in plan["steps"][1:]] + [plan["predicted_cycles"]]
    live = _live_bytes(plan)
    for index, (step, measured) in enumerate(zip(plan["steps"], run.steps, strict=True)):
        predicted = ends[index] - step["begin"]
        busy = busy_cycles(run.copies, measured.begin, measured.end)
        calls = step["calls"] or [{"node": COPIES, "tile": 0, "predicted_cycles": 1}]
        jobs = _jobs_by_call(plan["function"], index, step["calls"], measured.jobs)
        idle = measured.cycles - sum(job.cycles for job in measured.jobs)
        job_weights = [call.get("jobs", 0) for call in calls]
        weights = [call["predicted_cycles"] for call in calls]
        for part, call in enumerate(calls):
            layer = layers.setdefault(
                call["node"], Layer(call["node"], nodes.get(call["node"], []))
            )
            layer.kernel = call.get("kernel", "")
            layer.engine = _engine(layer.engine, call.get("engine", ""))
            _add_jobs(layer, [job for owner, job in jobs if owner is call])
            if measured.jobs:
                layer.accelerator_idle += _share(idle, job_weights, part)
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
        by_engine = {
            engine: [call for call in step["calls"] if call["engine"] == engine]
            for engine in (CORES, ACCELERATOR)
        }
        steps.append(
            Step(
                _names(by_engine[CORES]),
                _names(by_engine[ACCELERATOR]),
                _names([call for call, _ in jobs]),
                measured,
                step["begin"],
                step["predicted_cycles"],
                sum(call["predicted_cycles"] for call in by_engine[CORES]),
                sum(call["predicted_cycles"] for call in by_engine[ACCELERATOR]),
                step["exposed_cycles"],
                copies,
            )
        )
    launch = Layer(LAUNCH, predicted=plan["launch_cycles"])
    if run.loads_tables:
        launch.predicted += plan["tables_cycles"]
    launch.simulated = run.end - run.begin - (run.steps[-1].end - run.steps[0].begin)
    return EntryProfile(
        memory["network"],
        plan["graph"],
        len(run.steps[0].arrivals),
        plan["predicted_cycles"] + launch.predicted,
        run.end - run.begin,
        plan["l1_bytes"],
        (*layers.values(), launch),
        tuple(steps),
        run.copies,
        run.begin,
        memory["states_bytes"],
        tuple(plan["extents"]),
    )


def title(calls: Sequence[tuple[str, int]]) -> str:
    """The first call's layer, and how many others follow."""
    more = len(calls) - 1
    return f"{calls[0][0]} +{more}" if more else calls[0][0]


def _names(calls: Sequence[dict[str, Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((call["node"], call["tile"]) for call in calls)


def _engine(before: str, engine: str) -> str:
    """The engines of a layer of which `before` computes other tiles."""
    return engine if before in ("", engine) else f"{CORES} and {ACCELERATOR}"


def _jobs_by_call(
    function: str, step: int, calls: Sequence[dict[str, Any]], jobs: Sequence[Job]
) -> list[tuple[dict[str, Any], Job]]:
    """The call that each job is for: jobs are started in the order of calls."""
    owners = [call for call in calls for _ in range(call["jobs"])]
    if len(owners) != len(jobs):
        raise ProfileError(
            f"{function}: step {step} has {len(owners)} jobs for the accelerator, but it was "
            f"given {len(jobs)}; was the firmware built with another plan?"
        )
    return list(zip(owners, jobs, strict=True))


def _add_jobs(layer: Layer, jobs: Sequence[Job]) -> None:
    layer.jobs += len(jobs)
    for job in jobs:
        layer.accelerator_busy += job.cycles
        layer.accelerator_stalls += job.stalls
        layer.weight_stalls += job.weight_stalls
        layer.weight_bytes += job.weight_bytes
        layer.configuration += job.hidden + job.exposed
        layer.configuration_exposed += job.exposed


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
