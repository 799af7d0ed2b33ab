"""--stats, --trace, --energy and --instruction-trace: valid, consistent, whatever happens."""

from __future__ import annotations

import collections
import itertools
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.debug import cluster_program
from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import EXIT_FAULT, Result, run_on_simulator
from tests.simulator.harness.targets import machine_description, siracusa

CLUSTER_CORES = 9
BAD_PROGRAM = cluster_program.PROGRAM.replace("call accelerate", "lw s6, 4(zero)")
RUNAWAY_PROGRAM = cluster_program.PROGRAM.replace(
    "call accelerate", "forever: addi s4, s4, 1\nj forever"
)


@dataclass(frozen=True)
class Run:
    """A run of a program with all outputs."""

    result: Result
    elf: bytes
    trace: dict[str, Any]
    energy: dict[str, Any]
    instructions: list[str]


def run(text: str, directory: Path, *options: str) -> Run:
    elf = assemble(text, siracusa(), directory)
    names = ["trace", "energy", "instruction-trace"]
    outputs = [part for name in names for part in (f"--{name}", str(directory / name))]
    result = run_on_simulator(elf, options=[*outputs, *options])
    trace, energy, instructions = ((directory / name).read_text() for name in names)
    return Run(
        result, elf.read_bytes(), json.loads(trace), json.loads(energy), instructions.splitlines()
    )


@pytest.fixture(scope="module", name="good")
def fixture_good(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(cluster_program.PROGRAM, tmp_path_factory.mktemp("good"))


def stalls(counters: dict[str, Any]) -> int:
    return sum(counters["stalls"].values())


def slices_by_track(trace: dict[str, Any]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    tracks: dict[tuple[int, int], list[dict[str, Any]]] = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append(event)
    return tracks


def track_names(trace: dict[str, Any]) -> dict[tuple[int, int], str]:
    return {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in trace["traceEvents"]
        if event["ph"] == "M" and event["name"] == "thread_name"
    }


def check_trace(trace: dict[str, Any], end: int) -> None:
    """Slices of a track do not overlap, regions nest and end, nothing lies outside of the run."""
    for slices in slices_by_track(trace).values():
        for before, after in itertools.pairwise(slices):
            assert before["ts"] + before["dur"] <= after["ts"]
        assert all(0 <= one["ts"] <= one["ts"] + one["dur"] <= end for one in slices)
    depths: dict[int, int] = collections.defaultdict(int)
    for event in trace["traceEvents"]:
        if event["ph"] in "BE":
            depths[event["tid"]] += 1 if event["ph"] == "B" else -1
            assert depths[event["tid"]] >= 0
            assert event["ts"] <= end
    assert not any(depths.values())


def test_the_program_does_what_it_should(good: Run) -> None:
    words = [i * 0x01020304 & 0xFFFFFFFF for i in range(64)]
    assert good.result.exit_code == cluster_program.EXIT_CODE, good.result.messages
    assert good.result.output == struct.pack("<64I", *words)


def test_every_cycle_is_accounted_once(good: Run) -> None:
    statistics = good.result.statistics
    for core in statistics["cores"]:
        assert core["cycles"] == core["instructions"] + stalls(core) + core["sleep"]
        if core["name"] == "control core":
            assert "started" not in core and core["cycles"] == 0
        else:
            # A core is ahead of the end by the cycles of its last instruction at most.
            assert 0 <= core["started"] + core["cycles"] - statistics["cycles"] <= 40


def test_sums(good: Run) -> None:
    statistics = good.result.statistics
    for name, value in statistics["all_cores"].items():
        if name == "stalls":
            for cause, cycles in value.items():
                assert cycles == sum(core["stalls"][cause] for core in statistics["cores"])
        else:
            assert value == sum(core[name] for core in statistics["cores"])
    by_bank = statistics["l1"]["bank_conflicts_by_bank"]
    assert len(by_bank) == machine_description()["l1"]["banks"]
    assert statistics["l1"]["bank_conflicts"] == sum(by_bank) > 0


def test_devices_are_counted(good: Run) -> None:
    statistics = good.result.statistics
    dma = statistics["dma"]
    assert (dma["transfers"], dma["bytes_to_l1"], dma["bytes_from_l1"]) == (2, 256, 256)
    assert dma["busy_cycles"] >= 2 * (256 // 8)
    assert statistics["l2"]["bytes_written"] >= cluster_program.COPIED_BYTES
    assert statistics["accelerator"]["jobs"] == 1
    assert statistics["accelerator"]["multiply_accumulates"] == cluster_program.ACCELERATOR_MACS


def test_regions(good: Run) -> None:
    statistics = good.result.statistics
    regions = statistics["regions"]
    names = collections.Counter(region["name"] for region in regions)
    assert names == cluster_program.REGIONS
    for region in regions:
        assert region["visits"] == 1
        assert region["cycles"] == region["last_end"] - region["first_begin"]
        assert region["cycles"] == region["instructions"] + stalls(region) + region["sleep"]
    conflicts = [region for region in regions if region["name"] == "conflicts"]
    # 16 loads each of one bank: whoever comes last has waited for all the others.
    assert max(region["stalls"]["bank_conflict"] for region in conflicts) >= 16 * 7 - 8
    assert all(region["loads"] == 16 for region in conflicts)


def test_energy_by_region(good: Run, tmp_path: Path) -> None:
    (region,) = good.result.statistics["energy_by_region"]
    (whole,) = (
        one for one in good.result.statistics["regions"] if one["core"] == "fabric controller"
    )
    assert (region["name"], region["visits"]) == (whole["name"], 1)
    events = region["events"]
    constants = machine_description()["energy"]
    assert events.keys() == constants.keys()
    assert events["base_cycle"] == whole["cycles"]
    assert events["dma_byte"] == 512
    assert events["accelerator_mac"] == cluster_program.ACCELERATOR_MACS
    # The others' instructions are the whole run's: they start and end within the region.
    others = good.result.statistics["all_cores"]["instructions"]
    (controller,) = (
        core for core in good.result.statistics["cores"] if core["name"] == "fabric controller"
    )
    assert events["instruction"] == others - controller["instructions"] + whole["instructions"]
    microjoules = sum(events[name] * constants[name] for name in constants) * 1e-6
    assert region["microjoules"] == pytest.approx(microjoules, rel=1e-5)
    seconds = whole["cycles"] / machine_description()["clock_hertz"]
    assert region["seconds"] == pytest.approx(seconds, rel=1e-5)
    # Cores that run ahead may have computed what nobody can see yet.
    elf = assemble(cluster_program.PROGRAM, siracusa(), tmp_path)
    (ahead,) = run_on_simulator(elf).statistics["energy_by_region"]
    for name, count in events.items():
        assert ahead["events"][name] == pytest.approx(count, abs=9 * 40), name


def test_run_ahead_changes_nothing(good: Run, tmp_path: Path) -> None:
    # With an instruction trace nobody runs ahead; without one everybody may.
    elf = assemble(cluster_program.PROGRAM, siracusa(), tmp_path)
    ahead = run_on_simulator(elf).statistics
    stepped = run_on_simulator(elf, options=["--no-run-ahead"]).statistics
    assert stepped == good.result.statistics
    for name in ("cycles", "dma", "accelerator", "regions", "l2"):
        assert ahead[name] == stepped[name]


def test_timeline(good: Run) -> None:
    check_trace(good.trace, good.result.statistics["cycles"])
    names = track_names(good.trace)
    slices = slices_by_track(good.trace)
    dma = {names[track]: slices[track] for track in slices if track[0] == 2}
    assert [[one["name"] for one in dma[name]] for name in ("to L1", "from L1")] == [
        ["256 bytes"],
        ["256 bytes"],
    ]
    assert dma["to L1"][0]["args"]["issuer"] == "core 0"
    jobs = [slices[track] for track in slices if track[0] == 3]
    assert len(jobs) == 1 and len(jobs[0]) == 1
    by_core = {names[track]: slices[track] for track in slices if track[0] == 1}
    for core in good.result.statistics["cores"]:
        sleep = sum(one["dur"] for one in by_core.get(core["name"], []) if one["name"] == "sleep")
        assert abs(sleep - core["sleep"]) <= 1
    begun = collections.Counter(
        event["name"] for event in good.trace["traceEvents"] if event["ph"] == "B"
    )
    assert begun == cluster_program.REGIONS


def test_energy(good: Run) -> None:
    energy = good.energy
    statistics = good.result.statistics
    constants = machine_description()["energy"]
    items = {item["name"]: item for item in energy["items"]}
    assert items.keys() == constants.keys()
    for name, item in items.items():
        assert item["picojoules_per_event"] == constants[name]
        microjoules = item["events"] * constants[name] * 1e-6
        assert item["microjoules"] == pytest.approx(microjoules, rel=1e-5)
    assert energy["microjoules"] == pytest.approx(
        sum(item["microjoules"] for item in items.values()), rel=1e-5
    )
    assert items["base_cycle"]["events"] == statistics["cycles"]
    assert items["instruction"]["events"] == statistics["all_cores"]["instructions"]
    assert items["stall_cycle"]["events"] == stalls(statistics["all_cores"])
    assert items["accelerator_mac"]["events"] == cluster_program.ACCELERATOR_MACS
    seconds = statistics["cycles"] / machine_description()["clock_hertz"]
    assert energy["seconds"] == pytest.approx(seconds, rel=1e-5)
    assert energy["milliwatts"] == pytest.approx(energy["microjoules"] / seconds / 1e3, rel=1e-5)
    assert "energy (estimate)" in good.result.messages


def test_instruction_trace(good: Run) -> None:
    lines = [line.split() for line in good.instructions]
    cycles = [int(line[0]) for line in lines]
    assert cycles == sorted(cycles)
    # The last instruction of a core may not be complete when the firmware exits.
    counted = good.result.statistics["all_cores"]["instructions"]
    assert counted <= len(lines) <= counted + CLUSTER_CORES
    assert lines[0][1:3] == ["fabric", "controller"] and lines[0][5:] == ["_start"]
    segment, code = code_of(good.elf)
    for line in good.instructions:
        core, pc, encoding = line[14:31].strip(), int(line[33:41], 16), line[43:51].strip()
        assert core in ["fabric controller", *(f"core {i}" for i in range(8))]
        size = len(encoding) // 2
        at = pc - segment
        assert int.from_bytes(code[at : at + size], "little") == int(encoding, 16)
        assert (int(encoding, 16) & 3 == 3) == (size == 4)
    assert any("on_core+0x" in line for line in good.instructions)


def code_of(elf: bytes) -> tuple[int, bytes]:
    """Address and bytes of the first segment."""
    header = struct.unpack_from("<I", elf, 28)[0]
    _, offset, _, address, size = struct.unpack_from("<5I", elf, header)
    return address, elf[offset : offset + size]


@pytest.mark.parametrize(
    ("text", "stop", "options"),
    [
        (BAD_PROGRAM, "TW-1103", []),
        (RUNAWAY_PROGRAM, "TW-1110", ["--max-cycles", "5000"]),
    ],
)
def test_outputs_are_complete_after_a_fault(
    tmp_path: Path, text: str, stop: str, options: list[str]
) -> None:
    bad = run(text, tmp_path, *options)
    statistics = bad.result.statistics
    assert bad.result.exit_code == EXIT_FAULT
    assert statistics["stop"] == stop
    assert bad.result.messages.startswith(f"error {stop}: ")
    check_trace(bad.trace, statistics["cycles"])
    assert bad.energy["items"][0]["events"] > 0
    assert bad.instructions


def test_outputs_are_the_same_every_time(good: Run, tmp_path: Path) -> None:
    again = run(cluster_program.PROGRAM, tmp_path)
    assert again == good
