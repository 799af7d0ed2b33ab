"""The RISC-V toolchain: the `ziglang` wheel with wrappers around its LLVM tools."""

load("//tools/python:python_wheel.bzl", "python_wheel")

_CC = """#!/bin/sh
d="${0%/*}"
exec "$d/../ziglang/zig" clang --target=riscv32-unknown-none-elf -nostdinc -isystem "$d/../ziglang/lib/include" \\
  --ld-path="$d/ld.lld" -fdebug-compilation-dir=. -ffile-prefix-map="$PWD"=. -Wno-unused-command-line-argument "$@"
"""
_TOOL = """#!/bin/sh
exec "${{0%/*}}/../ziglang/zig" {} "$@"
"""

def zig_repository(name):
    """Declares the repository.

    Args:
      name: the repository's name.
    """
    python_wheel(
        name = name,
        build_file = Label("//toolchains/riscv:zig.BUILD.tpl"),
        lock = Label("//toolchains/riscv:zig.lock"),
        scripts = {
            "bin/ar": _TOOL.format("ar"),
            "bin/cc": _CC,
            "bin/ld.lld": _TOOL.format("ld.lld"),
            "bin/objcopy": _TOOL.format("objcopy"),
        },
    )
