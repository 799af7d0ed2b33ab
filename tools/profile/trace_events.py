"""A profile as a timeline for Perfetto, in the Trace Event Format of Google; 1 us is a cycle.

Each entry point is a process with tracks for the control core, the workers, the accelerator and the
DMA's two directions as simulated, and for what the plan says of both engines and the DMA.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tools.profile.layers import EntryProfile, title
from tools.profile.measurement import Job

CONTROL, WORKERS, ACCELERATOR, DMA, PLAN, PLAN_ACCELERATOR, PLAN_DMA = 1, 2, 36, 40, 80, 81, 90
"""Numbers of tracks; of workers and DMA lanes, the first one's."""

DIRECTIONS = ("to L1", "from L1")


def to_json(profiles: Sequence[EntryProfile]) -> str:
    """The document: cycles count from the call of each entry point."""
    events: list[dict[str, Any]] = []
    for number, profile in enumerate(profiles, 1):
        events += _entry_point(number, profile)
    data = {"otherData": {"unit of time": "1 us is one cycle"}, "traceEvents": events}
    return json.dumps(data, separators=(",", ":")) + "\n"


class _Process:
    """Events of one process; tracks are named when they are first used."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._named: set[int] = set()
        self.events: list[dict[str, Any]] = []
        self._metadata(0, "process_name", {"name": name})
        self._metadata(0, "process_sort_index", {"sort_index": number})

    def slice(
        self, track: tuple[int, str], name: str, begin: int, end: int, **arguments: Any
    ) -> None:
        thread, title = track
        if thread not in self._named:
            self._named.add(thread)
            self._metadata(thread, "thread_name", {"name": title})
            self._metadata(thread, "thread_sort_index", {"sort_index": thread})
        if end > begin:
            event = {"ph": "X", "pid": self._number, "tid": thread, "name": name}
            self.events.append({**event, "ts": begin, "dur": end - begin, "args": arguments})

    def _metadata(self, thread: int, name: str, arguments: dict[str, Any]) -> None:
        self.events.append(
            {"ph": "M", "pid": self._number, "tid": thread, "name": name, "args": arguments}
        )


def _entry_point(number: int, profile: EntryProfile) -> list[dict[str, Any]]:
    process = _Process(number, profile.title)
    origin = profile.begin
    # The plan begins where the first step does.
    plan = profile.steps[0].measured.begin - origin
    for step in profile.steps:
        measured = step.measured
        begin, end = measured.begin - origin, measured.end - origin
        process.slice(
            (CONTROL, "control core"),
            f"copies for {step.layer}" if measured.exposed else step.layer,
            begin,
            measured.control_arrival - origin,
            exposed=measured.exposed,
        )
        for job, call in zip(measured.jobs, step.jobs, strict=True):
            _job(process, job, call[0], origin)
        for worker, arrival in enumerate(measured.arrivals):
            track = (WORKERS + worker, f"core {worker}")
            process.slice(
                track,
                title(step.core_calls or step.calls),
                begin,
                arrival - origin,
                calls=[name for name, _ in step.core_calls],
            )
            process.slice(track, "waits", arrival - origin, end)
        compute = step.predicted_begin + step.predicted_compute
        track = (PLAN, "predicted: cores")
        planned = plan + step.predicted_begin
        if step.core_calls:
            process.slice(track, title(step.core_calls), planned, planned + step.predicted_cores)
        if step.job_calls:
            process.slice(
                (PLAN_ACCELERATOR, "predicted: accelerator"),
                title(step.job_calls),
                planned,
                planned + step.predicted_jobs,
            )
            waits = planned + step.predicted_cores
            process.slice(track, "waits for the accelerator", waits, plan + compute)
        exposed = compute + step.predicted_exposed
        process.slice(track, "waits for copies", plan + compute, plan + exposed)
        for what, load, size, first, last in step.copies:
            track = (PLAN_DMA + (not load), f"predicted: DMA {DIRECTIONS[not load]}")
            process.slice(track, what, plan + first, plan + last, bytes=size)
    lanes: dict[bool, list[int]] = {True: [], False: []}
    for copy in profile.copies:
        lane = _free_lane(lanes[copy.to_l1], copy.started, copy.done)
        group = DMA if copy.to_l1 else DMA + 16
        track = (group + lane, f"DMA {DIRECTIONS[not copy.to_l1]}")
        begin, end = copy.started - origin, copy.done - origin
        process.slice(track, f"{copy.bytes} bytes", begin, end, bytes=copy.bytes)
    return process.events


def _job(process: _Process, job: Job, layer: str, origin: int) -> None:
    """A job on the accelerator's track, and its configuration on the one below."""
    process.slice(
        (ACCELERATOR, "accelerator"),
        layer,
        job.started - origin,
        job.done - origin,
        job=job.description,
        stalls=job.stalls,
        weight_stalls=job.weight_stalls,
        weight_bytes=job.weight_bytes,
        weights="weight memory" if job.weight_memory else "L1",
    )
    track = (ACCELERATOR + 1, "accelerator: configuration")
    begin, end = job.acquired - origin, job.triggered - origin
    process.slice(track, f"hidden: {layer}", begin, begin + job.hidden)
    process.slice(track, f"exposed: {layer}", end - job.exposed, end)


def _free_lane(busy_until: list[int], begin: int, end: int) -> int:
    """The first lane on which nothing happens at `begin`; it is busy until `end` then."""
    for lane, until in enumerate(busy_until):
        if until <= begin:
            busy_until[lane] = end
            return lane
    busy_until.append(end)
    return len(busy_until) - 1
