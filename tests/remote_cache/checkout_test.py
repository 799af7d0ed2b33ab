"""The log and the events as Bazel 7 writes them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.remote_cache.checkout import Build, action, executed_mnemonics

HIT = {
    "mnemonic": "CppCompile",
    "targetLabel": "//a:b",
    "runner": "remote cache hit",
    "cacheHit": True,
    "remoteCacheable": True,
    "digest": {"hash": "0" * 64, "sizeBytes": "152"},
    "actualOutputs": [
        {"path": "bazel-out/x.o", "digest": {"hash": "1" * 64, "sizeBytes": "3"}},
        {"path": "bazel-out/link", "symlinkTargetPath": "x.o"},
    ],
}
RUN = {"mnemonic": "Genrule", "runner": "linux-sandbox", "remoteCacheable": True}
LOCAL = {"mnemonic": "TestRunner", "runner": "local"}


def test_what_a_build_did() -> None:
    hit, run, local = (action(spawn) for spawn in (HIT, RUN, LOCAL))
    assert (hit.target, hit.key, hit.outputs) == ("//a:b", "0" * 64, {"bazel-out/x.o": "1" * 64})
    build = Build(0, "", [hit, run, local], {"CppCompile", "Genrule", "TestRunner", "Symlink"})
    assert build.hits() == [hit]
    assert build.misses() == [run]
    assert build.done_by_bazel() == {"Symlink"}
    assert build.digests() == hit.outputs
    assert str(run) == "Genrule of  (linux-sandbox)"


def test_mnemonics_are_those_of_executed_actions(tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    data = [{"mnemonic": "Symlink", "actionsExecuted": "2"}, {"mnemonic": "Middleman"}]
    metrics = {"buildMetrics": {"actionSummary": {"actionData": data}}}
    events.write_text(json.dumps({"started": {}}) + "\n" + json.dumps(metrics) + "\n")
    assert executed_mnemonics(events) == {"Symlink"}
