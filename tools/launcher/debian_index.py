"""Debian's package index: where the mirror is, what it has, and what depends on what."""

from __future__ import annotations

import configparser
import hashlib
import lzma
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.launcher.download import fetch
from tools.launcher.messages import LauncherError, say

BASE = "base"
GROUPS = ("debug", "cache", "remote", "python3.11")

_FOLDER = Path(__file__).parent
_PACKAGES = _FOLDER / "debian_packages.ini"
_LOCK = _FOLDER / "debian.lock"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, order=True)
class Deb:
    """One locked package file. `path` is relative to the mirror, `size` in bytes."""

    group: str
    path: str
    sha256: str
    size: int


def package_list() -> configparser.ConfigParser:
    """debian_packages.ini."""
    parser = configparser.ConfigParser()
    parser.read(_PACKAGES, encoding="utf-8")
    return parser


def mirror() -> str:
    """The base URL of a Debian mirror, with a slash at its end: apt's own, or the user's."""
    chosen = os.environ.get("TILEWRIGHT_DEBIAN_MIRROR")
    if chosen:
        return chosen.rstrip("/") + "/"
    try:
        output = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except OSError:
        output = ""
    for line in output.splitlines():
        origin, _, uri = line.partition(" ")
        if uri.rstrip("/").endswith("/debian") or (origin == "Debian" and "security" not in uri):
            return uri.rstrip("/") + "/"
    raise LauncherError(
        "no Debian mirror is known: apt names none (apt-get indextargets). Set "
        "TILEWRIGHT_DEBIAN_MIRROR to the base URL of one, the folder that has dists/ and pool/; "
        "or put Bazel or bazelisk on PATH."
    )


def read_lock(text: str | None = None) -> list[Deb]:
    """The packages of a lock, by default of the committed one."""
    lines = (_LOCK.read_text(encoding="utf-8") if text is None else text).splitlines()
    debs: list[Deb] = []
    for line in lines:
        if line and not line.startswith("#"):
            group, sha256, size, path = line.split()
            debs.append(Deb(group, path, sha256, int(size)))
    return debs


def lock_text(debs: Iterable[Deb]) -> str:
    """The lock as text: group, SHA-256, size in bytes, path below the mirror."""
    lines = [f"{deb.group} {deb.sha256} {deb.size} {deb.path}\n" for deb in sorted(debs)]
    return "# Made by tools/launcher/update_debian_lock.py\n" + "".join(lines)


def write_lock(debs: Iterable[Deb]) -> Path:
    """Replaces the committed lock; returns its path."""
    _LOCK.write_text(lock_text(debs), encoding="utf-8")
    return _LOCK


def parse_index(text: str) -> dict[str, dict[str, str]]:
    """The stanzas of a Packages file by package name; continuation lines are left out."""
    packages: dict[str, dict[str, str]] = {}
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, separator, value = line.partition(": ")
            if separator and line[0] != " ":
                fields[name] = value
        if "Package" in fields:
            packages[fields["Package"]] = fields
    return packages


def _alternatives(field: str) -> list[list[str]]:
    """`a (>= 1) | b, c:any` as [[a, b], [c]]."""
    return [
        [name.split("(")[0].split("[")[0].strip().split(":")[0] for name in clause.split("|")]
        for clause in field.split(",")
        if clause.strip()
    ]


def closure(
    packages: dict[str, dict[str, str]],
    wanted: Sequence[str],
    left_out: Iterable[str],
) -> list[str]:
    """`wanted` and all they depend on, without `left_out`.

    Of alternatives the first that is already there is taken, else the first that exists.
    Raises LauncherError naming the packages that the index does not have.
    """
    provided: dict[str, list[str]] = {}
    for name, fields in packages.items():
        for names in _alternatives(fields.get("Provides", "")):
            provided.setdefault(names[0], []).append(name)
    missing = [name for name in wanted if name not in packages]
    if missing:
        raise LauncherError(f"the mirror's index has no package {', '.join(missing)}")
    chosen: dict[str, None] = {}
    seen = set(left_out)
    queue = list(wanted)
    while queue:
        name = queue.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name not in packages:
            if seen.isdisjoint(provided[name]):
                queue.append(provided[name][0])
            continue
        chosen[name] = None
        for field in ("Depends", "Pre-Depends"):
            for names in _alternatives(packages[name].get(field, "")):
                if seen.isdisjoint(names):
                    queue.extend([n for n in names if n in packages or n in provided][:1])
    return sorted(chosen)


def resolve(base_url: str) -> list[Deb]:
    """All groups as the mirror's current indexes have them."""
    config = package_list()
    index = config["index"]
    suites: dict[str, dict[str, dict[str, str]]] = {}
    left_out = config["left out"]["packages"].split()
    debs: list[Deb] = []
    base: set[str] = set()
    for group in (BASE, *GROUPS):
        suite = config[group].get("suite", index["suite"])
        if suite not in suites:
            suites[suite] = parse_index(
                _verified_index(base_url, suite, index["component"], index["architecture"])
            )
        names = config[group]["packages"].split()
        if config[group].getboolean("dependencies", True):
            names = closure(suites[suite], names, [*left_out, *sorted(base)])
        base |= set(names) if group == BASE else set()
        debs.extend(
            Deb(group, fields["Filename"], fields["SHA256"], int(fields["Size"]))
            for fields in (suites[suite][name] for name in names)
        )
    return sorted(debs)


def _verified_index(base_url: str, suite: str, component: str, architecture: str) -> str:
    """The Packages file, checked against the release file's hash and signature."""
    name = f"{component}/binary-{architecture}/Packages.xz"
    release = fetch(f"{base_url}dists/{suite}/InRelease")
    _check_signature(release)
    hashes = release.decode("utf-8", "replace").partition("\nSHA256:\n")[2].splitlines()
    wanted = next((line.split()[0] for line in hashes if line.split()[2:] == [name]), None)
    data = fetch(f"{base_url}dists/{suite}/{name}")
    if hashlib.sha256(data).hexdigest() != wanted:
        raise LauncherError(
            f"{base_url}dists/{suite}/{name} does not match the release file; the mirror may be "
            "in the middle of an update: try again in some minutes."
        )
    return lzma.decompress(data).decode("utf-8")


def _check_signature(release: bytes) -> None:
    gpgv = shutil.which("gpgv")
    if not gpgv or not _KEYRING.exists():
        say("the index's signature is not checked: gpgv or debian-archive-keyring is missing")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(release)
        file.flush()
        result = subprocess.run(
            [gpgv, "--quiet", "--keyring", str(_KEYRING), file.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        raise LauncherError(
            "the signature of the Debian index is not good:\n" + result.stderr.strip()
        )
