"""Bazel's options where none of Bazel's own hosts can be reached."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tools.launcher.cache import write_if_changed
from tools.launcher.debian_root import DEBIAN_BAZELRC, MARKER
from tools.launcher.messages import LauncherError
from tools.launcher.namespace import SANDBOXES

BAZEL = "/usr/bin/bazel"

# Modules that the graph names and the build does not use: empty ones stand in.
_STUBS = Path(__file__).resolve().parent / "stubs"


def _java_home(root: Path) -> str:
    homes = sorted((root / "usr/lib/jvm").glob("java-*-openjdk-*/bin/java"))
    if not homes:
        raise LauncherError(f"{root} has no Java; remove that folder and call bazelw again")
    return "/" + str(homes[0].parents[1].relative_to(root))


def options(root: Path) -> str:
    """The bazelrc: Debian's module overrides, ours, and no central registry.

    Debian's own bazelrc is not read, for it also turns on --sandbox_debug; its overrides are
    taken from it. They ignore versions, so one MODULE.bazel serves open networks too.
    """
    system = (root / DEBIAN_BAZELRC).read_text(encoding="utf-8")
    overrides = re.findall(r"^common (--override_module=\S+)$", system, re.MULTILINE)
    identity = (root / str(MARKER)[1:]).read_text(encoding="utf-8").strip().replace(" ", ".")
    # A bazelrc is split at spaces, which the checkout's path may have.
    stubs = [f'"--override_module={stub.name}={stub}"' for stub in sorted(_STUBS.iterdir())]
    lines = [
        "# Written by bazelw.",
        f"startup --server_javabase={_java_home(root)}",
        "startup --install_base=/usr/share/bazel",
        "startup --trust_install_base",
        # A server that was started in another root must not be used: these options end it.
        f"startup --host_jvm_args=-Dtilewright.root={identity}",
        f"startup --host_jvm_args=-Dtilewright.sandboxes={SANDBOXES}",
        f"build --sandbox_base={SANDBOXES}",
        *[f"common {override}" for override in overrides + stubs],
        # The same rule sets for a workspace without modules: --config=workspace_mode.
        *[
            f"common:workspace_mode {override.replace('_module', '_repository')}"
            for override in overrides
        ],
        "common --registry=file:///nonexistent",
        # A lock of modules can only be made, and checked, where the registry answers.
        "common --lockfile_mode=off",
    ]
    return "\n".join(lines) + "\n"


def write_options(root: Path, cache: Path) -> Path:
    """Writes the bazelrc of this checkout, if it changed; returns its path."""
    checkout = hashlib.sha256(os.fsencode(_STUBS)).hexdigest()[:12]
    return write_if_changed(cache / f"closed_network_{checkout}.bazelrc", options(root))
