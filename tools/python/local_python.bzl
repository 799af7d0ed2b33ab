"""The machine's own Python interpreter as a toolchain."""

_PROBE = """
import platform, sys
if sys.version_info < (3, 11):
    sys.exit("found Python %s at %s" % (platform.python_version(), sys.executable))
print(sys.executable)
print(platform.python_version(), sys.implementation.cache_tag)
"""

_BUILD = """\
load("@rules_python//python:py_library.bzl", "py_library")
load("@rules_python//python:py_runtime.bzl", "py_runtime")
load("@rules_python//python:py_runtime_pair.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

exports_files(["version.txt"])

# The path of an interpreter is not part of an action's key: everything that runs
# Python depends on this, so that two interpreters never share cached results.
py_library(
    name = "version",
    data = ["version.txt"],
)

py_runtime(
    name = "runtime",
    interpreter_path = "{interpreter}",
    python_version = "PY3",
    stub_shebang = "#!{interpreter}",
)

py_runtime_pair(
    name = "runtime_pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":runtime_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

def find_python(repository_ctx):
    """The interpreter that this workspace uses.

    Args:
      repository_ctx: the context of a repository rule with `TILEWRIGHT_PYTHON` in `environ`.

    Returns:
      The path of the interpreter; fails where there is none.
    """
    python = repository_ctx.os.environ.get("TILEWRIGHT_PYTHON") or repository_ctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python 3.11 or newer, or set TILEWRIGHT_PYTHON")
    return python

def _local_python_impl(repository_ctx):
    result = repository_ctx.execute([find_python(repository_ctx), "-c", _PROBE])
    if result.return_code:
        fail("Python 3.11 or newer is needed (TILEWRIGHT_PYTHON can name one): " + result.stdout + result.stderr)
    interpreter, version = result.stdout.strip().split("\n")
    repository_ctx.file("version.txt", version + "\n")
    repository_ctx.file("BUILD.bazel", _BUILD.format(interpreter = interpreter))

local_python = repository_rule(
    doc = "`:toolchain` for the interpreter found, `version.txt` with its version.",
    implementation = _local_python_impl,
    environ = ["PATH", "TILEWRIGHT_PYTHON"],
    local = True,
)
