"""Installs wheels into site/ and writes a BUILD.bazel for them: install_wheels.py LOCK WHEELS

Two runs give the same bytes: bytecode is compiled here, with hashes in place of time stamps,
and what pip writes about its own run is removed.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import py_compile
import re
import shutil
import subprocess
import sys
from pathlib import Path

_SITE = Path("site")

_HEADER = """\
load("@rules_python//python:py_library.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

exports_files(glob(["site/bin/*"], allow_empty = True))

filegroup(
    name = "files",
    srcs = glob(["site/**"], exclude = ["**/* *"]),
)
"""

_LIBRARY = """
py_library(
    name = "{name}",
    data = glob(
        {patterns},
        exclude = ["**/* *", "site/{kept}/**"],
        allow_empty = True,
    ),
    imports = ["site"],
    deps = {deps},
)
"""

# Installed next to the modules, but never imported.
_NOT_IMPORTED = {"bin", "include", "share"}

# Test suites of the packages: thousands of files that every sandbox would have to link.
_TEST_FOLDERS = ("tests", "test")

# A suite that is used, and the name of the target that has it.
_KEPT_SUITE = Path("onnx/backend/test")
_KEPT_TARGET = "onnx_backend_test"
_KEPT_LIBRARY = """
py_library(
    name = "{name}",
    data = glob(["site/{folder}/**"], exclude = ["**/* *"]),
    imports = ["site"],
    deps = [":onnx"],
)
"""


def install(lock: Path, wheels: Path) -> None:
    """Installs the packages of `lock` from the folder `wheels` into `_SITE`."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    options = ["--no-index", f"--find-links={wheels}", "--no-deps", "--only-binary=:all:"]
    # Newer Debians forbid pip altogether without the last option; this is not their site folder.
    target = [f"--target={_SITE}", "--break-system-packages"]
    locked = ["--require-hashes", f"--requirement={lock}"]
    subprocess.run([*command, *options, *target, *locked], stdin=subprocess.DEVNULL, check=True)


def normalised(name: str) -> str:
    """The package's name as a target name."""
    return re.sub(r"[-_.]+", "_", name).lower()


def remove_test_suites(site: Path) -> None:
    """Removes the test suites that packages install, except for `_KEPT_SUITE`."""
    kept = site / _KEPT_SUITE
    for name in _TEST_FOLDERS:
        for folder in sorted(site.glob(f"*/**/{name}")):
            if folder.is_dir() and not folder.is_relative_to(kept):
                shutil.rmtree(folder)


def library(distribution: importlib.metadata.Distribution, known: set[str]) -> str:
    """The py_library of one installed package."""
    tops = {
        Path(str(file)).parts[0]
        for file in distribution.files or []
        if not str(file).startswith("..")
    } - _NOT_IMPORTED
    patterns = [
        f"site/{top}/**" if (_SITE / top).is_dir() else f"site/{top}"
        for top in sorted(tops)
        if (_SITE / top).exists()
    ]
    name = normalised(distribution.metadata["Name"])
    required = {
        normalised(match.group(0))
        for line in distribution.requires or []
        if "extra ==" not in line and (match := re.match(r"[A-Za-z0-9._-]+", line))
    }
    deps = [f":{dep}" for dep in sorted(required & known - {name})]
    return _LIBRARY.format(
        name=name,
        patterns=_list(patterns),
        deps=_list([*deps, "@local_python//:version"]),
        kept=_KEPT_SUITE,
    )


def _list(items: list[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def main(arguments: list[str]) -> int:
    """Installs, compiles and writes the BUILD file; returns the exit status."""
    lock, wheels = (Path(argument) for argument in arguments)
    try:
        install(lock, wheels)
    except subprocess.CalledProcessError as error:
        return error.returncode
    remove_test_suites(_SITE)
    compileall.compile_dir(
        _SITE,
        stripdir=str(_SITE.parent),
        quiet=1,
        workers=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    distributions = {
        normalised(distribution.metadata["Name"]): distribution
        for distribution in importlib.metadata.distributions(path=[str(_SITE)])
    }
    text = _HEADER
    for name in sorted(distributions):
        text += library(distributions[name], set(distributions))
    if (_SITE / _KEPT_SUITE).is_dir():
        text += _KEPT_LIBRARY.format(name=_KEPT_TARGET, folder=_KEPT_SUITE)
    Path("BUILD.bazel").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
