"""A checkout that is built with a cache, and what each build did."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.incrementality.execution_log import spawns
from tests.nested_bazel.workspace import Workspace

_REMOTE_HIT = "remote cache hit"

# No cache but the one of the test, and nothing is written into the checkout.
_OPTIONS = (
    "--color=no",
    "--curses=no",
    "--disk_cache=",
    "--experimental_record_metrics_for_all_mnemonics",
    "--show_progress_rate_limit=30",
    "--symlink_prefix=/",
)

_LONGEST_BUILD_SECONDS = 3000


@dataclass(frozen=True)
class Action:
    """A process of a build, run or spared.

    `key` is the SHA-256 by which caches know it, `runner` what ran it or spared it; `outputs` are
    SHA-256 by path.
    """

    mnemonic: str
    target: str
    key: str
    runner: str
    cacheable: bool
    outputs: dict[str, str]

    @property
    def is_hit(self) -> bool:
        """Whether the remote cache spared the process."""
        return self.runner == _REMOTE_HIT

    def __str__(self) -> str:
        return f"{self.mnemonic} of {self.target} ({self.runner})"


def action(spawn: Mapping[str, Any]) -> Action:
    """An entry of the execution log, where what is false or empty may be absent."""
    return Action(
        mnemonic=spawn["mnemonic"],
        target=spawn.get("targetLabel", ""),
        key=spawn.get("digest", {}).get("hash", ""),
        runner=spawn.get("runner", ""),
        cacheable=spawn.get("remoteCacheable", False),
        outputs={
            output["path"]: output["digest"]["hash"]
            for output in spawn.get("actualOutputs", [])
            if output.get("digest", {}).get("hash")
        },
    )


def executed_mnemonics(build_events: Path) -> set[str]:
    """The mnemonics of all actions of a build, from a file of --build_event_json_file."""
    for line in build_events.read_text(encoding="utf-8").splitlines():
        metrics = json.loads(line).get("buildMetrics")
        if metrics:
            data = metrics["actionSummary"].get("actionData", [])
            return {entry["mnemonic"] for entry in data if int(entry.get("actionsExecuted", 0))}
    return set()


@dataclass(frozen=True)
class Build:
    """What a build said and did.

    `actions` are those that take a process, `executed` the mnemonics of these and of what Bazel
    does by itself.
    """

    status: int
    messages: str
    actions: list[Action]
    executed: set[str]

    def hits(self) -> list[Action]:
        """The actions that the cache spared."""
        return [action for action in self.actions if action.is_hit]

    def misses(self) -> list[Action]:
        """The actions that the cache could have spared, and did not."""
        return [action for action in self.actions if action.cacheable and not action.is_hit]

    def done_by_bazel(self) -> set[str]:
        """The mnemonics of what Bazel did by itself, without a process."""
        return self.executed - {action.mnemonic for action in self.actions}

    def digests(self) -> dict[str, str]:
        """SHA-256 of all outputs by path, as run or as the cache has told."""
        return {path: digest for action in self.actions for path, digest in action.outputs.items()}


class Checkout(Workspace):
    """A checkout with an output base of its own."""

    def build(self, command: str, targets: Sequence[str], *options: str) -> Build:
        """Builds `targets` (`command` is `build` or `test`), whether that succeeds or not."""
        self.output_root.mkdir(parents=True, exist_ok=True)
        log = self.output_root / "execution_log.json"
        events = self.output_root / "build_events.json"
        for file in (log, events):
            file.unlink(missing_ok=True)
        written = (f"--execution_log_json_file={log}", f"--build_event_json_file={events}")
        result = subprocess.run(
            [*self.command(), command, *_OPTIONS, *written, *options, "--", *targets],
            cwd=self.checkout,
            env=self.process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST_BUILD_SECONDS,
            check=False,
        )
        print(result.stdout)
        return Build(
            result.returncode,
            result.stdout,
            [action(spawn) for spawn in spawns(log)] if log.exists() else [],
            executed_mnemonics(events) if events.exists() else set(),
        )

    def clean(self) -> None:
        """Forgets all outputs; the fetched repositories stay."""
        self.bazel("clean")

    def output_folder(self) -> Path:
        """What `bazel-out` in the paths of outputs stands for."""
        return Path(self.bazel("info", "output_path", capture=True).stdout.strip())
