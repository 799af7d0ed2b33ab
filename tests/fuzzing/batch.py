"""Runs cases in a process of their own, so that none can hang or crash the one that counts them.

As a program: FIRST LAST SANITIZE, a line of JSON for every phase and every end of a case.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fuzzing.case import fuzz_case
from tests.fuzzing.check_case import Failure, Outcome, check_case
from tests.fuzzing.generated_code import GeneratedCodeError

CASE_SECONDS = 60.0
"""A case that takes longer hangs; the slowest take a few seconds on a busy machine."""

START_SECONDS = 300.0
"""Until the first case ends: the seed models, and the kernels with sanitizers, are made once."""

MEMORY_BYTES = 8 * 2**30
REFERENCE = "onnxruntime"
"""The phase in which a crash or hang is not the compiler's."""


@dataclass
class Report:
    """How many cases ended how, and what failed."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        counts = [f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        return "; ".join(counts)


def run_cases(
    seeds: range, sanitize_every: int, progress: Callable[[Report], None] = lambda _: None
) -> Report:
    """Runs the cases of all seeds, and every `sanitize_every`th compiled one with sanitizers."""
    report = Report()
    first = seeds.start
    while first < seeds.stop:
        first = _run_until_it_dies(range(first, seeds.stop), sanitize_every, report, progress)
    return report


def _run_until_it_dies(
    seeds: range, sanitize_every: int, report: Report, progress: Callable[[Report], None]
) -> int:
    """Runs one process; returns the first seed that it did not get to."""
    command = [sys.executable, "-m", "tests.fuzzing.batch"]
    arguments = [seeds.start, seeds.stop, sanitize_every]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    seed, phase, ended = seeds.start, "start", False
    limit = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, limit - time.monotonic())):
            line = process.stdout.readline()
            if not line:
                ended = True
                break
            event: dict[str, Any] = json.loads(line)
            seed = event["seed"]
            if "outcome" not in event:
                phase = event["phase"]
                continue
            report.outcomes[event["outcome"]] += 1
            if "failure" in event:
                report.failures.append(event["failure"])
            progress(report)
            seed, phase = seed + 1, "start"
            limit = time.monotonic() + CASE_SECONDS
    process.kill()
    status = process.wait()
    if seed >= seeds.stop:
        return seed
    what = f"crashes (status {status})" if ended else f"takes more than {CASE_SECONDS:.0f} s"
    if phase == REFERENCE:
        report.outcomes[Outcome.COMPILED.value] += 1
    else:
        report.outcomes[Outcome.FAILED.value] += 1
        report.failures.append(f"{fuzz_case(seed)}: {phase} {what}")
    return seed + 1


def _main(arguments: Sequence[str]) -> int:
    first, last, sanitize_every = map(int, arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))
    compiled = 0
    for seed in range(first, last):
        _say(seed, phase="start")
        case = fuzz_case(seed)
        try:
            outcome = check_case(
                case,
                sanitize=sanitize_every > 0 and compiled % sanitize_every == 0,
                entering=lambda phase, seed=seed: _say(seed, phase=phase),
            )
        # Whatever the compiler raises is what this looks for.
        except Exception as error:
            known = isinstance(error, (Failure, GeneratedCodeError))
            kind = "" if known else f"{type(error).__name__}: "
            _say(seed, outcome=Outcome.FAILED.value, failure=f"{case}: {kind}{error}")
            continue
        compiled += outcome in (Outcome.EQUAL, Outcome.COMPILED)
        _say(seed, outcome=outcome.value)
    return 0


def _say(seed: int, **event: str) -> None:
    print(json.dumps({"seed": seed, **event}), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
