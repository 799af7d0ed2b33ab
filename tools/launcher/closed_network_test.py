"""Bazel's options in the Debian root."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tools.launcher import closed_network
from tools.launcher.debian_root import DEBIAN_BAZELRC, MARKER
from tools.launcher.messages import LauncherError

DEBIAN_OPTIONS = """\
startup --install_base=/usr/share/bazel
build --sandbox_debug
common --override_module=rules_cc=/usr/share/bazel/rules/cc
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What the options are made from."""
    java = tmp_path / "usr/lib/jvm/java-25-openjdk-amd64/bin/java"
    for path, text in {
        java: "",
        tmp_path / DEBIAN_BAZELRC: DEBIAN_OPTIONS,
        tmp_path / str(MARKER)[1:]: "debian-1 abc\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_overrides_come_from_debian_and_nothing_else_does(root: Path) -> None:
    lines = closed_network.options(root).splitlines()
    assert "common --override_module=rules_cc=/usr/share/bazel/rules/cc" in lines
    assert not any("sandbox_debug" in line for line in lines)


def test_a_new_root_ends_old_servers(root: Path) -> None:
    before = closed_network.options(root)
    (root / str(MARKER)[1:]).write_text("debian-1 def\n")
    after = closed_network.options(root)
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        "startup --host_jvm_args=-Dtilewright.root=debian-1.def"
    ]


def test_a_checkout_may_have_a_space_in_its_path(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs = root / "my checkout" / "stubs"
    (stubs / "protobuf").mkdir(parents=True)
    monkeypatch.setattr(closed_network, "_STUBS", stubs)
    words = [shlex.split(line) for line in closed_network.options(root).splitlines()]
    assert ["common", f"--override_module=protobuf={stubs}/protobuf"] in words


def test_java_is_found_by_itself(root: Path) -> None:
    expected = "startup --server_javabase=/usr/lib/jvm/java-25-openjdk-amd64"
    assert expected in closed_network.options(root).splitlines()
    (root / "usr/lib/jvm/java-25-openjdk-amd64/bin/java").unlink()
    with pytest.raises(LauncherError, match="no Java"):
        closed_network.options(root)
