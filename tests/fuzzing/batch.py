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
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import google.protobuf.message
import onnx.printer
from onnx import ModelProto

from tests.fuzzing.case import Case, fuzz_case
from tests.fuzzing.check_case import FAILED, JUDGES, REFUSED, check_case
from tests.fuzzing.generated_code import FOLDER_VARIABLE, GeneratedCodeError, prepare
from tests.fuzzing.oracle import NOT_COMPARED, Failure
from tests.fuzzing.shrink import MAXIMUM_SECONDS, shrink

CASE_SECONDS = 120.0
"""A case that takes longer hangs; the slowest take a few seconds on a busy machine."""

START_SECONDS = 600.0
"""Until the first case begins: the seed models and the kernels are made once."""

MEMORY_BYTES = 8 * 2**30
MAXIMUM_TEXT = 2000
SHRINK = "shrinking a failure"


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
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path]),
            FOLDER_VARIABLE: folder,
        }
        while first < seeds.stop:
            remaining = range(first, seeds.stop)
            first = _run_until_it_dies(remaining, sanitize_every, environment, report, progress)
    return report


def _run_until_it_dies(
    seeds: range,
    sanitize_every: int,
    environment: Mapping[str, str],
    report: Report,
    progress: Callable[[Report], None],
) -> int:
    """Runs one process; returns the first seed that it did not get to."""
    command = [sys.executable, "-m", "tests.fuzzing.batch"]
    arguments = [seeds.start, seeds.stop, sanitize_every]
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
                if phase == SHRINK:
                    limit = time.monotonic() + CASE_SECONDS + MAXIMUM_SECONDS
                if "ready" in event:
                    limit = time.monotonic() + CASE_SECONDS
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
    if phase == JUDGES:
        report.outcomes[NOT_COMPARED] += 1
    else:
        report.outcomes[FAILED] += 1
        report.failures.append(f"{fuzz_case(seed)}: {phase} {what}\n{reproduction(seed)}")
    return seed + 1


def _main(arguments: Sequence[str]) -> int:
    first, last, sanitize_every = map(int, arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))
    _say(first, phase="preparation")
    prepare()
    fuzz_case(first)
    _say(first, phase="preparation", ready="")
    compiled = 0
    for seed in range(first, last):
        _say(seed, phase="start")
        case = fuzz_case(seed)
        try:
            outcome = check_case(
                case.content,
                seed,
                types=case.types,
                sanitize=sanitize_every > 0 and compiled % sanitize_every == 0,
                entering=lambda phase, seed=seed: _say(seed, phase=phase),
            )
        # Whatever the compiler raises is what this looks for.
        except Exception as error:
            _say(seed, phase=SHRINK)
            _say(seed, outcome=FAILED, failure=f"{case}: {_told(error)}\n{_reduced(case)}")
            continue
        compiled += not outcome.startswith(REFUSED)
        _say(seed, outcome=outcome)
    return 0


def _told(error: Exception) -> str:
    known = isinstance(error, (Failure, GeneratedCodeError))
    return f"{'' if known else f'{type(error).__name__}: '}{error}"


def failure_of(content: bytes, case: Case) -> str | None:
    """How a smaller file of a case fails in this process; None if it does not."""
    try:
        check_case(content, case.seed, types=case.types, sanitize=True, entering=lambda _: None)
    except Exception as error:
        return _told(error)
    return None


def _reduced(case: Case) -> str:
    """The smallest model found that fails alike, as text, and how to get it."""
    content = shrink(case.content, lambda candidate: failure_of(candidate, case))
    return f"{model_text(content)}\n{reproduction(case.seed)}"


def reproduction(seed: int) -> str:
    """The command that writes a case's model, and a smaller one that fails alike."""
    return f"reproduce: bazel run //tests/benchmarks:fuzz -- --reproduce {seed}"


def model_text(content: bytes) -> str:
    """A model in ONNX's own syntax, cut off where it is long; or the size of a damaged file."""
    try:
        text = onnx.printer.to_text(ModelProto.FromString(content))
    except (google.protobuf.message.DecodeError, RuntimeError, ValueError):
        return f"a file of {len(content)} bytes"
    return text if len(text) <= MAXIMUM_TEXT else f"{text[:MAXIMUM_TEXT]} ..."


def _say(seed: int, **event: str) -> None:
    print(json.dumps({"seed": seed, **event}), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
