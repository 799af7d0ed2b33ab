"""The main program of every `pytest_test`: pytest, told what Bazel wants of a test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


class Shard:
    """Keeps only the tests of this shard (Bazel's `shard_count`)."""

    def __init__(self, index: int, total: int) -> None:
        """`index` of `total` shards, counted from 0."""
        self._index = index
        self._total = total

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Every `total`-th test, beginning with `index`."""
        items[:] = items[self._index :: self._total]


def configure_hypothesis() -> None:
    """The same examples on every run, and no deadline: the machine may be busy."""
    try:
        import hypothesis
    except ImportError:
        return
    hypothesis.settings.register_profile(
        "bazel", derandomize=True, database=None, deadline=None, print_blob=True
    )
    hypothesis.settings.load_profile("bazel")


def main(arguments: list[str]) -> int:
    """Runs pytest; returns its exit status."""
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir=."]
    plugins: list[object] = []
    may_be_empty = False
    if "XML_OUTPUT_FILE" in os.environ:
        options.append(f"--junitxml={os.environ['XML_OUTPUT_FILE']}")
    if "TEST_TMPDIR" in os.environ:
        options.append(f"--basetemp={os.environ['TEST_TMPDIR']}/pytest")
    if "TESTBRIDGE_TEST_ONLY" in os.environ:
        options.extend(["-k", os.environ["TESTBRIDGE_TEST_ONLY"]])
    if "TEST_TOTAL_SHARDS" in os.environ:
        Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()
        total = int(os.environ["TEST_TOTAL_SHARDS"])
        plugins.append(Shard(int(os.environ["TEST_SHARD_INDEX"]), total))
        may_be_empty = total > 1
    configure_hypothesis()
    status = int(pytest.main([*options, *arguments], plugins=plugins))
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and may_be_empty:
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
