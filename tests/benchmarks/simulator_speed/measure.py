"""Measures how fast the simulator simulates: `bazel run //tests/benchmarks/simulator_speed`.

Seconds are of the processor, which the simulator has one of at a time; the fastest of several runs
counts, since others share the machine.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import run_on_simulator
from tests.simulator.harness.targets import siracusa

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Run:
    """The fastest of several runs: seconds of the processor, and the simulator's statistics."""

    seconds: float
    statistics: dict[str, Any]


def processor_seconds() -> float:
    """What all programs that this one has run have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(program: str, repeat: int) -> Run:
    """Runs an assembly file of this folder.

    Raises:
        RuntimeError: it did not end as it should.
    """
    with tempfile.TemporaryDirectory() as directory:
        elf = assemble((FOLDER / program).read_text(), siracusa(), Path(directory))
        fastest: Run | None = None
        for _ in range(repeat):
            start = processor_seconds()
            result = run_on_simulator(elf, options=["--max-cycles", "10000000000"])
            seconds = processor_seconds() - start
            if result.exit_code != 0:
                raise RuntimeError(f"{program}: exit code {result.exit_code}\n{result.messages}")
            if fastest is None or seconds < fastest.seconds:
                fastest = Run(seconds, result.statistics)
        assert fastest is not None
        return fastest


def report(what: str, amount: float, unit: str, seconds: float, public: float) -> None:
    """Prints one figure and its ratio to the public simulator's on the same class of machine."""
    rate = amount / seconds / 1e6
    ratio = f"{rate / public:.1f} times {public} M"
    print(f"{what:<32} {rate:8.1f} M {unit}/s in {seconds:.2f} s, {ratio}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()

    start_up = run("start_up.S", options.repeat).seconds
    print(f"{'start-up':<32} {start_up * 1e3:8.1f} ms", flush=True)

    dense = run("dense_cores.S", options.repeat)
    instructions = sum(core["instructions"] for core in dense.statistics["cores"])
    report("8 dense cores", instructions, "instructions", dense.seconds, 36)

    busy = run("busy_core.S", options.repeat)
    report("one busy core", busy.statistics["cycles"], "cycles", busy.seconds, 24)

    accelerator = run("accelerator.S", options.repeat)
    products = accelerator.statistics["accelerator"]["multiply_accumulates"]
    report("accelerator jobs", products, "MAC", accelerator.seconds, 4.3)


if __name__ == "__main__":
    main()
