"""Runs a program with the private Debian root as its system.

A mount namespace of its own (see mount_namespaces(7)) shows /usr, /etc and the links beside
them from the root, read-only, and every other top-level folder from the machine: home folders,
checkouts, caches and /tmp have the same paths inside as outside. The namespace goes away with
its last process, which is the Bazel server.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from tools.launcher.debian_root import HOST_FILES
from tools.launcher.messages import LauncherError

# sched.h, sys/mount.h and, for the number of pivot_root on x86-64, asm/unistd_64.h.
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_SYS_PIVOT_ROOT = 155

# These come from the root; all else in / comes from the machine.
_FROM_ROOT = ("usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "boot", "lost+found")

# Bazel's sandboxes are made here, in memory: thousands of links for every action in Python, which
# take a quarter of the time of short tests on a disk.
SANDBOXES = "/sandboxes"

# Variables that would lead the root's programs to files of the machine's system.
_REMOVED_VARIABLES = ("CC", "CXX", "JAVA_HOME", "LD_LIBRARY_PATH", "LD_PRELOAD")
_REMOVED_PREFIXES = ("BAZEL", "PYTHON", "PYENV", "VIRTUAL_ENV", "CONDA")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, action: str) -> None:
    if result:
        error = ctypes.get_errno()
        raise LauncherError(
            f"the private Debian root cannot be entered: {action}: {os.strerror(error)}.\n"
            "It needs a mount namespace and, for users other than root, a user namespace.\n"
            "A container forbids them unless it is privileged; a kernel may by the settings\n"
            "  kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns,\n"
            "  user.max_user_namespaces.\n"
            "Where they stay forbidden, name a Bazel of the right version instead:\n"
            "  TILEWRIGHT_BAZEL=/path/to/bazel ./bazelw ..."
        )


def _mount(source: str | None, target: str, kind: str | None, flags: int, action: str) -> None:
    result = _libc.mount(
        source.encode() if source else None,
        target.encode(),
        kind.encode() if kind else None,
        flags,
        None,
    )
    _check(result, action)


def _bind(source: Path, target: Path) -> None:
    _mount(str(source), str(target), None, _MS_BIND | _MS_REC, f"bind {source}")


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0 and _libc.unshare(_CLONE_NEWNS) == 0:
        return
    _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUSER), "unshare")
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError as error:
        ctypes.set_errno(error.errno or 0)
        _check(-1, "map the user")


def _is_from_root(path: Path) -> bool:
    return len(path.parts) > 1 and path.parts[1] in _FROM_ROOT


def _build_tree(root: Path, tree: Path, folders: Iterable[Path]) -> None:
    """Puts the new system together below `tree`."""
    (tree / SANDBOXES[1:]).mkdir()
    for entry in sorted(Path("/").iterdir()):
        place = tree / entry.name
        if entry.name in _FROM_ROOT or place.exists():
            continue
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry))
        elif entry.is_dir():
            place.mkdir()
            _bind(entry, place)
    for name in _FROM_ROOT:
        source, place = root / name, tree / name
        if source.is_symlink():
            place.symlink_to(os.readlink(source))
        elif source.is_dir():
            place.mkdir()
            _bind(source, place)
    for name in HOST_FILES:
        source = Path("/etc", name)
        if source.exists():
            _bind(source.resolve(), tree / "etc" / name)
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        _bind(certificates.resolve(), tree / str(certificates)[1:])
    for name in ("usr", "etc"):
        flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY
        _mount(None, str(tree / name), None, flags, f"make /{name} read-only")
    # A checkout or a path argument may itself lie below /usr or /etc.
    for folder in sorted({folder for folder in folders if _is_from_root(folder)}):
        place = tree / str(folder)[1:]
        if not place.exists():
            (root / str(folder)[1:]).mkdir(parents=True, exist_ok=True)
        _bind(folder, place)


def environment(outside: Mapping[str, str]) -> dict[str, str]:
    """The variables for a program inside of the root."""
    kept = {
        name: value
        for name, value in outside.items()
        if name not in _REMOVED_VARIABLES and not name.startswith(_REMOVED_PREFIXES)
    }
    return {**kept, "PATH": _PATH}


def run(root: Path, folders: Iterable[Path], command: Sequence[str]) -> NoReturn:
    """Becomes `command` inside of `root`.

    `folders` are real paths that must be visible: checkout, working directory, path arguments.
    """
    cwd = os.getcwd()
    _unshare()
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE, "make mounts private")
    # The mount point can be any folder; this one exists and nothing else is looked for in it.
    tree = root / "mnt"
    _mount("tmpfs", str(tree), "tmpfs", 0, "mount a tmpfs")
    _build_tree(root, tree, folders)
    os.chdir(tree)
    _check(_libc.syscall(_SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "leave the old root")
    os.chdir(cwd)
    os.execve(command[0], list(command), environment(os.environ))
