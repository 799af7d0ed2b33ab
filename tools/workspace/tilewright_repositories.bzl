"""What a workspace without Bazel modules needs of Tilewright. docs/workspace_mode.md"""

load("//toolchains:extension.bzl", "toolchain_repositories")
load("//tools/python:extension.bzl", "python_repositories")

# A WORKSPACE macro declares repositories under fixed names: there is nothing to name.
# buildifier: disable=unnamed-macro
def tilewright_repositories():
    """Declares Tilewright's repositories and registers its toolchains.

    The rule sets that MODULE.bazel names (bazel_skylib, platforms, rules_cc, rules_python) are
    the caller's to declare, under these names.
    """
    python_repositories()
    toolchain_repositories()
    native.register_toolchains(
        # As in MODULE.bazel.
        "@local_python//:toolchain",
        "@tilewright//platforms/host/runtime:all",
        "@tilewright//platforms/qemu_rv32:all",
        "@tilewright//platforms/siracusa:all",
        "@tilewright//toolchains/host:all",
        "@tilewright//toolchains/riscv:all",
    )
