"""What the simulator saw of a run on the cluster: the reader of its --profile.

Programs work in steps. The control core and the workers meet at a barrier after each; in between,
workers compute, the control core starts jobs of the accelerator and waits for them and for copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FORMAT = 2
CONTROL_CORE = "control core"

STALLS = {
    "load": ("load_use_stalls", "memory_stalls", "misaligned_stalls"),
    "branch": ("branch_stalls", "jump_register_stalls"),
    "bank conflict": ("bank_conflict_stalls",),
    "instruction cache": ("instruction_cache_stalls",),
    "arithmetic": ("multiply_divide_stalls", "floating_point_stalls"),
}
"""Causes of stalls, and the simulator's counters that belong to each."""

WAITS = ("other cores", "accelerator", "copies")
"""What workers wait for at the end of a step."""


class ProfileError(Exception):
    """A profile that does not belong to the plan it is joined with."""


@dataclass(frozen=True)
class Copy:
    """A DMA transfer: when it moved bytes, in cycles of the simulation."""

    to_l1: bool
    bytes: int
    started: int
    done: int


@dataclass(frozen=True)
class Job:
    """A job of the accelerator, in cycles of the simulation.

    Attributes:
        description: mode and shape.
        acquired: when the control core began to configure it.
        configured: when it had done so, perhaps in an earlier step.
        triggered: when it said that the job may run.
        started, done: when it ran.
        exposed: cycles of the job's step before `triggered` in which the accelerator was idle, but
            for those before `acquired`.
        hidden: other cycles of its configuration: another job ran, or an earlier step.
        stalls: cycles in which it stood back for cores and DMA.
        weight_stalls: of these, cycles in which it wanted weights.
        weight_bytes: that it fetched.
        weight_memory: whether from weight memory.
    """

    description: str
    acquired: int
    configured: int
    triggered: int
    started: int
    done: int
    exposed: int
    stalls: int
    weight_stalls: int
    weight_bytes: int
    weight_memory: bool

    @property
    def cycles(self) -> int:
        return self.done - self.started

    @property
    def hidden(self) -> int:
        return max(0, min(self.configured, self.triggered - self.exposed) - self.acquired)


@dataclass(frozen=True)
class MeasuredStep:
    """One step.

    Attributes:
        begin, end: cycles at which workers begin it, and at which they go on to the next one.
        arrivals: by worker, when it has finished its share.
        control_arrival: when the control core has seen all copies that were due arrive, and the
            accelerator's jobs end.
        jobs: of the accelerator, that were triggered in it.
        exposed: cycles in which all workers and the accelerator waited for copies.
        core_cycles: cycles of all workers together by what they were spent on: `instructions`, the
            keys of STALLS, and WAITS. Their sum is workers x (end - begin).
    """

    begin: int
    end: int
    arrivals: tuple[int, ...]
    control_arrival: int
    jobs: tuple[Job, ...]
    exposed: int
    core_cycles: dict[str, int]

    @property
    def cycles(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True)
class Run:
    """One call of an entry point: from the caller's jump to the return."""

    function: str
    begin: int
    end: int
    steps: tuple[MeasuredStep, ...]
    copies: tuple[Copy, ...]

    @property
    def loads_tables(self) -> bool:
        """Whether the program's tables were not in L1 yet: a copy comes before the first step."""
        return any(copy.to_l1 and copy.done <= self.steps[0].begin for copy in self.copies)


class Measurement:
    """The content of a file that the simulator wrote with --profile."""

    def __init__(self, content: dict[str, Any]) -> None:
        if content.get("format") != FORMAT:
            raise ProfileError(f"the profile has format {content.get('format')}, not {FORMAT}")
        self.clock_hertz: float = content["clock_hertz"]
        self._control = content["cores"].index(CONTROL_CORE)
        self._calls: list[dict[str, Any]] = content["calls"]
        self._meetings = [
            _Meeting(content["arrival_columns"], meeting, self._control)
            for meeting in content["barriers"]
        ]
        columns = content["transfer_columns"]
        rows = [dict(zip(columns, row, strict=True)) for row in content["transfers"]]
        self._copies = [
            Copy(bool(row["to_l1"]), row["bytes"], row["started"], row["done"]) for row in rows
        ]
        self._jobs: list[dict[str, Any]] = content["jobs"]

    def last_run(self, function: str, steps: int) -> Run | None:
        """The last call of an entry point whose program has so many steps; None: there is none.

        Raises:
            ProfileError: if the cluster met more or fewer times than the program says.
        """
        calls = [call for call in self._calls if call["function"] == function]
        if not calls:
            return None
        begin, end = calls[-1]["begin"], calls[-1]["end"]
        meetings = [
            meeting
            for meeting in self._meetings
            if meeting.control_arrival is not None and begin <= meeting.passed <= end
        ]
        # After the last step workers leave the program, and meet the control core once more. Before
        # the first, they may have to be told how many they are.
        if len(meetings) - 1 - steps not in (0, 1):
            raise ProfileError(
                f"{function}: the program has {steps} steps, but the cluster met "
                f"{len(meetings)} times; was the firmware built with another plan?"
            )
        copies = [copy for copy in self._copies if begin <= copy.started <= end]
        found: list[MeasuredStep] = []
        for meeting in meetings[-steps - 1 : -1]:
            found.append(meeting.step(found[-1] if found else None, self._jobs, copies))
        return Run(function, begin, end, tuple(found), tuple(copies))


def _jobs_of_step(rows: Sequence[dict[str, Any]], begin: int, end: int) -> tuple[Job, ...]:
    """The jobs that are triggered in a step, in their order."""
    jobs: list[Job] = []
    for row in rows:
        if not begin <= row["triggered"] < end:
            continue
        # There are two contexts: the job before this one ends last.
        idle_from = max(begin, row["acquired"], jobs[-1].done if jobs else 0)
        jobs.append(
            Job(
                description=row["description"],
                acquired=row["acquired"],
                configured=row["configured"],
                triggered=row["triggered"],
                started=row["started"],
                done=row["done"],
                exposed=max(0, row["triggered"] - idle_from),
                stalls=row["stalls"],
                weight_stalls=row["weight_stalls"],
                weight_bytes=row["weight_bytes"],
                weight_memory=bool(row["weight_memory"]),
            )
        )
    return tuple(jobs)


class _Meeting:
    """A barrier that everybody has reached."""

    def __init__(self, columns: Sequence[str], content: dict[str, Any], control: int) -> None:
        self.passed: int = content["passed"]
        rows = [dict(zip(columns, row, strict=True)) for row in content["arrivals"]]
        by_core = {row["core"]: row for row in rows}
        self.control_arrival: int | None = (
            by_core[control]["arrived"] if control in by_core else None
        )
        self._workers = [by_core[core] for core in sorted(by_core) if core != control]

    def step(
        self, before: MeasuredStep | None, jobs: Sequence[dict[str, Any]], copies: Sequence[Copy]
    ) -> MeasuredStep:
        """The step that ends here. Without a step before it, it begins when workers are called."""
        assert self.control_arrival is not None
        active = [self._active(row) for row in self._workers]
        arrivals = tuple(row["arrived"] for row in self._workers)
        begin = (
            before.end
            if before is not None
            else min(at - cycles for at, cycles in zip(arrivals, active, strict=True))
        )
        spent = {"instructions": sum(row["instructions"] for row in self._workers)}
        for cause, counters in STALLS.items():
            spent[cause] = sum(row[name] for row in self._workers for name in counters)
        own = _jobs_of_step(jobs, begin, self.passed)
        waited = max(0, self.control_arrival - max(arrivals))
        exposed = waited
        if own:
            # Until its last job is done, the accelerator works; only what comes later is exposed.
            last = max(job.done for job in own)
            late = any(last < copy.done <= self.control_arrival for copy in copies)
            exposed = min(waited, self.control_arrival - last) if late else 0
        spent["copies"] = exposed * len(arrivals)
        spent["accelerator"] = (waited - exposed) * len(arrivals)
        # Waiting in kernels for other cores is what is left.
        total = len(arrivals) * (self.passed - begin)
        spent["other cores"] = max(0, total - sum(spent.values()))
        return MeasuredStep(begin, self.passed, arrivals, self.control_arrival, own, exposed, spent)

    @staticmethod
    def _active(row: dict[str, int]) -> int:
        """Cycles since the last meeting in which a worker was not waiting for an event."""
        counters = [name for names in STALLS.values() for name in names]
        return row["instructions"] + sum(row[name] for name in counters)
