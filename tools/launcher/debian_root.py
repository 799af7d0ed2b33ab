"""Sets up the private Debian root: Bazel and all that it runs, for a network without Bazel's
own hosts.

Locked packages are unpacked below the user's cache. No root rights are needed, no maintainer
script is run, and nothing that Tilewright builds for release depends on it.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.launcher import deb_archive, debian_index
from tools.launcher.cache import exclusive
from tools.launcher.debian_index import BASE, Deb
from tools.launcher.download import download_all, is_present
from tools.launcher.messages import LauncherError, PackageGone, Progress, say

# Part of the root's name: to be raised when a change here gives another root.
_LAYOUT = 3

# Tells a launcher that runs inside of the root that it does. No two roots have the same text.
MARKER = Path("/etc/tilewright_root")

# Files of the machine that are put over the root's own; their mount points are made here.
HOST_FILES = ("group", "hosts", "passwd", "pip.conf", "resolv.conf")

# Debian's options for Bazel, below the root.
DEBIAN_BAZELRC = "etc/bazel/debian.bazelrc"

_CERTIFICATES = "/etc/ssl/certs"


def requested_groups() -> list[str]:
    """The package groups of TILEWRIGHT_PACKAGES; raises LauncherError for an unknown one."""
    names = os.environ.get("TILEWRIGHT_PACKAGES", "").replace(",", " ").split()
    unknown = sorted(set(names) - set(debian_index.GROUPS))
    if unknown:
        raise LauncherError(
            f"TILEWRIGHT_PACKAGES asks for {', '.join(unknown)}; there are "
            f"{', '.join(debian_index.GROUPS)}."
        )
    return sorted(set(names))


def ensure(cache: Path) -> Path:
    """The root with all requested groups, set up if it is not."""
    lock = debian_index.read_lock()
    key = hashlib.sha256(f"{_LAYOUT}\n{_group_text(BASE, lock)}".encode()).hexdigest()[:16]
    root = cache / f"debian-{key}"
    missing = [g for g in (BASE, *requested_groups()) if not _is_complete(root, g, lock)]
    if not missing:
        return root
    with exclusive(cache, "debian"):
        for group in missing:
            if not _is_complete(root, group, lock):
                _set_up(cache, root, group, lock)
    return root


def _mark(root: Path, group: str) -> Path:
    return root / "var/lib/tilewright" / group


def _is_complete(root: Path, group: str, lock: Sequence[Deb]) -> bool:
    """Whether the root has the group as the lock has it; of the base its name tells."""
    mark = _mark(root, group)
    return mark.exists() and (group == BASE or mark.read_text("utf-8") == _group_text(group, lock))


def _group_text(group: str, lock: Sequence[Deb]) -> str:
    return debian_index.lock_text(deb for deb in lock if deb.group == group)


def _set_up(cache: Path, root: Path, group: str, lock: Sequence[Deb]) -> None:
    debs = [deb for deb in lock if deb.group == group]
    folder = cache / "debs"
    mebibytes = sum(deb.size for deb in debs) >> 20
    what = "a private Debian root with Bazel" if group == BASE else f"the tools for '{group}'"
    say(f"setting up {what}, once: {len(debs)} packages, {mebibytes} MiB, into {root}")
    debs = _download(debs, group, folder)
    target = root.with_suffix(".partial") if group == BASE else root
    if group == BASE:
        shutil.rmtree(target, ignore_errors=True)
        _make_skeleton(target)
    _unpack(debs, folder, target)
    if group == BASE:
        _finish(target, root)
    _mark(target, group).parent.mkdir(parents=True, exist_ok=True)
    # What was asked for: where the mirror has moved on, what there is differs.
    _mark(target, group).write_text(_group_text(group, lock), encoding="utf-8")
    if group == BASE:
        shutil.rmtree(root, ignore_errors=True)
        target.rename(root)
    for deb in debs:
        (folder / deb.sha256).unlink(missing_ok=True)


def _download(debs: Sequence[Deb], group: str, folder: Path) -> list[Deb]:
    """Downloads `debs`; what the mirror no longer has is resolved anew. Returns what is there."""
    base_url = debian_index.mirror()
    try:
        _download_listed(base_url, debs, folder)
        return list(debs)
    except PackageGone as gone:
        say(f"WARNING: {gone}")
        say("WARNING: the mirror has moved on from tools/launcher/debian.lock; taking its current")
        say("WARNING: packages. Renew the lock: python3 -m tools.launcher.update_debian_lock")
    current = [deb for deb in debian_index.resolve(base_url) if deb.group == group]
    changed = len({deb.sha256 for deb in current} - {deb.sha256 for deb in debs})
    say(f"WARNING: {changed} of {len(current)} packages differ from the lock")
    _download_listed(base_url, current, folder)
    return current


def _download_listed(base_url: str, debs: Sequence[Deb], folder: Path) -> None:
    absent = [deb for deb in debs if not is_present(deb, folder)]
    progress = Progress("downloading packages", sum(deb.size for deb in absent))
    download_all(base_url, absent, folder, progress.add)
    progress.finish()


def _unpack(debs: Sequence[Deb], folder: Path, root: Path) -> None:
    progress = Progress("unpacking packages", len(debs), "packages")

    def one(deb: Deb) -> None:
        try:
            deb_archive.unpack(folder / deb.sha256, root)
        except LauncherError as error:
            raise LauncherError(f"{deb.path}: {error}") from error
        progress.add(1)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        list(executor.map(one, debs))
    progress.finish()


def _make_skeleton(root: Path) -> None:
    (root / "mnt").mkdir(parents=True)
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")


def _finish(root: Path, final: Path) -> None:
    """What the packages' maintainer scripts would have done, as far as it is needed."""
    for command, program in debian_index.package_list()["commands"].items():
        link = root / "usr/bin" / command
        if not link.is_symlink() and not link.exists():
            if not (root / "usr/bin" / program).exists():
                raise LauncherError(f"the Debian packages have no /usr/bin/{program}")
            link.symlink_to(program)
    for name in HOST_FILES:
        (root / "etc" / name).touch()
    # Bazel would read it by itself; the launcher takes from it what is wanted.
    (root / "etc/bazel/bazelrc").rename(root / DEBIAN_BAZELRC)
    certificates = root / "usr/share/ca-certificates"
    bundle = "".join(
        file.read_text(encoding="utf-8") for file in sorted(certificates.rglob("*.crt"))
    )
    (root / _CERTIFICATES[1:]).mkdir(parents=True, exist_ok=True)
    (root / _CERTIFICATES[1:] / "ca-certificates.crt").write_text(bundle, encoding="utf-8")
    (root / str(MARKER)[1:]).write_text(f"{final.name} {secrets.token_hex(8)}\n", encoding="utf-8")
