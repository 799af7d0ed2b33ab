"""A difference in one byte is found, and what is local to a machine is not looked at."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.reproducibility.compare_outputs import compare, digests


def write(tree: Path, files: dict[str, str]) -> Path:
    """Makes a tree of files."""
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


def test_every_kind_of_difference_is_named(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"bin/same": "a", "bin/other": "b", "bin/first": "c"})
    second = write(tmp_path / "2", {"bin/same": "a", "bin/other": "B", "bin/second": "c"})
    comparison = compare(digests(first), digests(second))
    assert comparison.equal == ["bin/same"]
    assert comparison.different == ["bin/other"]
    assert comparison.only_first == ["bin/first"]
    assert comparison.only_second == ["bin/second"]
    assert not comparison.is_identical


def test_links_are_compared_by_contents(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"target": "a"})
    second = write(tmp_path / "2", {"target": "b"})
    for tree in (first, second):
        (tree / "link").symlink_to(tree / "target")
    assert compare(digests(first), digests(second)).different == ["link", "target"]


def test_runfiles_are_not_outputs(tmp_path: Path) -> None:
    first = write(
        tmp_path / "1", {"a": "", "p.runfiles/MANIFEST": "/1", "p.runfiles_manifest": "1"}
    )
    second = write(
        tmp_path / "2", {"a": "", "p.runfiles/MANIFEST": "/2", "p.runfiles_manifest": "2"}
    )
    assert compare(digests(first), digests(second)).is_identical


def test_archives_of_arrays_are_compared_by_their_members(tmp_path: Path) -> None:
    trees = [tmp_path / "1", tmp_path / "2"]
    for system, tree in enumerate(trees):
        tree.mkdir()
        for name, text in (("same.npz", "1"), ("other.npz", tree.name)):
            with zipfile.ZipFile(tree / name, "w") as archive:
                entry = zipfile.ZipInfo("x.npy")
                entry.create_system = system
                archive.writestr(entry, text)
    assert compare(*map(digests, trees)).different == ["other.npz"]


def test_only_the_interpreter_of_a_start_script_may_differ(tmp_path: Path) -> None:
    script = "#!{0}\nPYTHON_BINARY = '{0}'\n"
    first = write(
        tmp_path / "1", {"same": script.format("/usr/bin/python3"), "data": "/usr/bin/python3"}
    )
    second = write(
        tmp_path / "2",
        {"same": script.format("/opt/bin/python3.11"), "data": "/opt/bin/python3.11"},
    )
    assert compare(digests(first), digests(second)).different == ["data"]
    write(second, {"same": script.format("/opt/bin/python3.11") + "more"})
    assert compare(digests(first), digests(second)).different == ["data", "same"]
