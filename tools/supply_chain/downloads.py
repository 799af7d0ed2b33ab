"""Everything that a build downloads: downloads.json, and the locks that it is checked against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

LIST = Path("tools/supply_chain/downloads.json")
DEBIAN_LOCK = Path("tools/launcher/debian.lock")
PYTHON_LOCKS = (
    Path("tools/lint/linters.lock"),
    Path("tools/python/packages.lock"),
    Path("tools/remote/buildgrid.lock"),
    Path("toolchains/zig/zig.lock"),
)
NPM_LOCKS = (
    Path("tools/launcher/bazelisk/package-lock.json"),
    Path("tools/lint/buildifier/package-lock.json"),
)
MODULES = Path("MODULE.bazel")

BAZEL_MODULE = "bazel_module"
"""Modules are pinned by version; their hash is the registry's, and no file here but the list."""

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
_WHEEL_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_MODULE = re.compile(r'bazel_dep\(name = "(?P<name>\w+)", version = "(?P<version>[^"]+)"')


@dataclass(frozen=True, order=True)
class Download:
    """One download. `hashes` has one per file that may be taken, as `algorithm:value`.

    `kind` is `debian`, `wheel`, `npm` or `bazel_module`; `lock` the file that names it, with the
    group of packages for Debian's; `license` an SPDX expression.
    """

    kind: str
    lock: str
    name: str
    version: str
    hashes: tuple[str, ...]
    license: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it, whatever its version."""
        return self.kind, self.lock, self.name


def locked(root: Path) -> list[Download]:
    """What the locks below `root` name, without licences, ordered.

    Modules come without hashes. Raises OSError or ValueError for a lock that is not there or not
    understood.
    """
    found = [*_debian(root), *_npm(root), *_modules(root)]
    for lock in PYTHON_LOCKS:
        found += _wheels(lock, (root / lock).read_text(encoding="utf-8"))
    return sorted(found)


def read_list(root: Path) -> list[Download]:
    """The committed list."""
    rows: list[dict[str, Any]] = json.loads((root / LIST).read_text(encoding="utf-8"))
    return [download_of(row) for row in rows]


def download_of(row: dict[str, Any]) -> Download:
    """One download of the list's JSON."""
    fields = {**row, "hashes": tuple(row["hashes"])}
    return Download(**fields)


def list_text(downloads: Iterable[Download]) -> str:
    """The list as it is committed: one download per line."""
    rows = [json.dumps(asdict(download), ensure_ascii=False) for download in sorted(downloads)]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def differences(listed: Iterable[Download], wanted: Iterable[Download]) -> list[str]:
    """How the list differs from what the locks name; empty if it does not."""
    by_key = {download.key: download for download in listed}
    problems: list[str] = []
    for download in wanted:
        entry = by_key.pop(download.key, None)
        what = f"{download.kind} {download.name} {download.version} of {download.lock}"
        if entry is None:
            problems.append(f"{what} is not listed")
        elif entry.version != download.version:
            problems.append(f"{what} is listed with version {entry.version}")
        elif download.kind != BAZEL_MODULE and entry.hashes != download.hashes:
            problems.append(f"{what} is listed with other hashes")
        elif not entry.hashes:
            problems.append(f"{what} is listed without a hash")
        elif not entry.license:
            problems.append(f"{what} is listed without a licence")
    problems += [
        f"{entry.kind} {entry.name} is listed, but {entry.lock} does not name it"
        for entry in by_key.values()
    ]
    return problems


def _debian(root: Path) -> Iterable[Download]:
    for line in (root / DEBIAN_LOCK).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        group, sha256, _, path = line.split()
        name, version, _ = PurePosixPath(path).name.split("_")
        yield Download("debian", f"{DEBIAN_LOCK}:{group}", name, version, (f"sha256:{sha256}",))


def _wheels(lock: Path, text: str) -> Iterable[Download]:
    """The requirements of a lock; each has its hashes on the lines that follow it."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        found = _REQUIREMENT.match(block)
        if found is None:
            raise ValueError(f"{lock}: not a locked requirement: {block.splitlines()[0]}")
        hashes = tuple(sorted(_WHEEL_HASH.findall(block)))
        yield Download("wheel", str(lock), found["name"], found["version"], hashes)


def _npm(root: Path) -> Iterable[Download]:
    for lock in NPM_LOCKS:
        packages = json.loads((root / lock).read_text(encoding="utf-8"))["packages"]
        for folder, package in packages.items():
            if folder:
                name = folder.removeprefix("node_modules/")
                hashes = (package["integrity"].replace("-", ":", 1),)
                yield Download("npm", str(lock), name, package["version"], hashes)


def _modules(root: Path) -> Iterable[Download]:
    text = (root / MODULES).read_text(encoding="utf-8")
    names = _MODULE.findall(text)
    if len(names) != text.count("bazel_dep("):
        raise ValueError(f"{MODULES}: a bazel_dep is not `bazel_dep(name = ..., version = ...)`")
    for name, version in names:
        yield Download(BAZEL_MODULE, str(MODULES), name, version, ())
