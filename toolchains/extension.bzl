"""Repositories that the C/C++ toolchains are made of."""

load("//toolchains/host:local_gcc.bzl", "local_gcc")
load("//tools/python:python_wheel.bzl", "python_wheel")

def toolchain_repositories():
    """Declares `local_gcc` and `zig`."""
    local_gcc(name = "local_gcc")
    python_wheel(
        name = "zig",
        build_file = Label("//toolchains/zig:zig.BUILD.bazel"),
        lock = Label("//toolchains/zig:zig.lock"),
    )

def _toolchains_impl(module_ctx):
    toolchain_repositories()
    return module_ctx.extension_metadata(reproducible = True)

toolchains = module_extension(
    doc = "Declares `zig`, the unpacked `ziglang` wheel, and `local_gcc`.",
    implementation = _toolchains_impl,
)
