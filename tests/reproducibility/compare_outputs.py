"""Compares the output trees of two builds, file by file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

# Bazel's own notes of where the files of a program lie: absolute paths, never cached or shared.
_LOCAL_FILES = (".runfiles_manifest", ".repo_mapping")
_LOCAL_FOLDERS = (".runfiles",)

_LONGEST_FIRST_LINE = 4096


@dataclass(frozen=True)
class Comparison:
    """What two output trees have in common, and what not; paths below the trees."""

    equal: list[str]
    different: list[str]
    only_first: list[str]
    only_second: list[str]

    @property
    def is_identical(self) -> bool:
        """Whether every file is in both trees with the same bytes."""
        return not (self.different or self.only_first or self.only_second)


def digests(tree: Path) -> dict[str, str]:
    """SHA-256 of every output file below `tree`, links followed, by its path below `tree`."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if not name.endswith(_LOCAL_FOLDERS))
        for name in names:
            path = Path(folder, name)
            if name.endswith(_LOCAL_FILES) or not path.is_file():
                continue
            found[path.relative_to(tree).as_posix()] = _digest(path)
    return found


def _digest(path: Path) -> str:
    """SHA-256 of a file; in Bazel's start scripts for Python programs, which name the machine's
    interpreter, it is that of the script for `python3`.

    Of archives of arrays it is that of their members: the archive's own headers are those of the
    version of Python that wrote it.
    """
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
        return hashlib.sha256(repr(members).encode()).hexdigest()
    with open(path, "rb") as file:
        first = file.readline(_LONGEST_FIRST_LINE)
        if first.startswith(b"#!") and b"python" in first:
            text = (first + file.read()).replace(first[2:].rstrip(), b"python3")
            return hashlib.sha256(text).hexdigest()
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def compare(first: dict[str, str], second: dict[str, str]) -> Comparison:
    """Compares the digests of two trees."""
    common = sorted(first.keys() & second.keys())
    return Comparison(
        equal=[path for path in common if first[path] == second[path]],
        different=[path for path in common if first[path] != second[path]],
        only_first=sorted(first.keys() - second.keys()),
        only_second=sorted(second.keys() - first.keys()),
    )
