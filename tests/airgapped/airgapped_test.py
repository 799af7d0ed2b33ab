"""Fetches everything once, and builds and tests without a network.

Usage: airgapped_test.py [TARGET_PATTERN...]

No cache takes part: what the build needs comes from the fetch. A checkout that was never fetched
fails, and says what to do.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.airgapped.without_network import command_without_network
from tests.nested_bazel.workspace import (
    Workspace,
    caller_environment,
    copy_checkout,
    scratch_folder,
)

_TARGETS = (
    "//models:tinystories_fw",
    "//models/digits:digits_plain_int8_test_host",
    "//models/digits:digits_plain_int8_test_full",
)
_OPTIONS = (
    "--config=airgapped",
    "--curses=no",
    "--disk_cache=",
    "--remote_cache=",
    "--show_progress_rate_limit=30",
    "--symlink_prefix=/",
)


@dataclass(frozen=True)
class Airgapped(Workspace):
    """A workspace whose Bazel, server and actions included, has no network."""

    def command(self) -> list[str]:
        return command_without_network(super().command(), sys.executable)


def never_fetched(folder: Path) -> bool:
    """Whether a build without a fetch fails and names the way out."""
    workspace = Airgapped(copy_checkout(folder / "never_fetched"), folder / "empty")
    result = subprocess.run(
        [*workspace.command(), "build", *_OPTIONS, *_TARGETS],
        cwd=workspace.checkout,
        env=workspace.process_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    workspace.close()
    print(result.stderr)
    return result.returncode != 0 and "fetch" in result.stderr


def main(targets: Sequence[str]) -> int:
    """Runs both builds; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # In one order with what Bazel writes.
    with scratch_folder("airgapped") as folder:
        checkout = copy_checkout(folder / "checkout")
        connected = Workspace(checkout, folder / "outputs", caller_environment())
        # Fetches what the targets need; `fetch --all` would also want what nobody uses.
        connected.bazel("build", "--nobuild", *targets)
        # The server has the network; without it one of its own is started, with the same outputs.
        connected.bazel("shutdown")
        airgapped = Airgapped(checkout, folder / "outputs", caller_environment())
        airgapped.bazel("test", "--build_tests_only=false", *_OPTIONS, *targets)
        airgapped.close()
        print(f"Built without a network: {' '.join(targets)}")
        if not never_fetched(folder):
            print("A build that was never fetched did not say that a fetch is needed.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or _TARGETS))
