"""Measures what compiling costs per node, from small networks to large ones.

Prints a table: processor time of every stage in milliseconds per node, the least of some runs.
Start-up is not part of it: a run before the first one loads modules and templates.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.benchmarks.compile_time.networks import KINDS
from tests.benchmarks.compile_time.plot import svg_of
from tests.benchmarks.compile_time.stages import STAGES, compile_stages

NODES = (10, 30, 100, 300, 1000, 2000)
TITLE = "Compile time: CPU milliseconds per node of the model, by number of nodes"

Result = TypeVar("Result")


def measure(kind: str, nodes: int, runs: int) -> tuple[int, dict[str, float]]:
    """(nodes of the model, least milliseconds of every stage) of `runs` compilations."""
    model = KINDS[kind](nodes)
    least = dict.fromkeys(STAGES, float("inf"))

    def observe(stage: str, work: Callable[[], Result]) -> Result:
        begin = time.process_time()
        result = work()
        least[stage] = min(least[stage], (time.process_time() - begin) * 1000)
        return result

    for _ in range(runs):
        compile_stages(model, observe)
    return len(model.graph.node), least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="compilations of every network")
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES, help="least numbers")
    parser.add_argument("--svg", type=Path, help="write the plot to this file (an absolute path)")
    arguments = parser.parse_args()

    times: dict[str, dict[int, dict[str, float]]] = {}
    for kind in KINDS:
        measure(kind, 1, 1)
        print(f"\n{kind}\n{'nodes':>7}" + "".join(f"{s:>10}" for s in (*STAGES, "all", "total")))
        times[kind] = {}
        for nodes in arguments.nodes:
            exact, stages = measure(kind, nodes, arguments.runs)
            times[kind][exact] = stages
            per_node = [*stages.values(), sum(stages.values())]
            print(
                f"{exact:>7,}"
                + "".join(f"{milliseconds / exact:>10.3f}" for milliseconds in per_node)
                + f"{sum(stages.values()) / 1000:>8.2f} s",
                flush=True,
            )
    if arguments.svg:
        arguments.svg.write_text(svg_of(times, TITLE), encoding="utf-8")


if __name__ == "__main__":
    main()
