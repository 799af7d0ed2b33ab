"""riscv_toolchain: the cc_toolchain of one instruction set."""

load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load("//toolchains/zig:clang_toolchain_config.bzl", "clang_toolchain_config")
load("//toolchains/zig:compiler_rt.bzl", "compiler_rt")

# lld takes ilp32f objects only if compiler-rt has the same float ABI: zig derives it from the
# processor's features as clang does from -mabi, and compilation_tests compares the results.
_ZIG_TARGET = "riscv32-freestanding-none"

_COMPILER_FILES = Label("//toolchains/riscv:compiler_files")
_NO_FILES = Label("//toolchains/riscv:no_files")
_AR = Label("//toolchains/zig:ar")
_CLANG = Label("//toolchains/zig:clang")
_LLD = Label("//toolchains/zig:ld.lld")
_OBJCOPY = Label("//toolchains/zig:objcopy")

def riscv_toolchain(name, isa):
    """Defines `<name>_cc`, its compiler-rt, and the registrable toolchain `<name>`.

    A platform chooses it with the constraint value `//platforms/constraints/isa:<name>`, together
    with `@platforms//cpu:riscv32` and `@platforms//os:none`.

    Args:
      name: name of the instruction set, a key of ISA_TABLE.
      isa: its value in ISA_TABLE.
    """
    compiler_rt(
        name = name + "_compiler_rt",
        cpu = isa.zig_cpu,
        # Toolchains build it in the execution configuration; `//...` would do so a second time.
        tags = ["manual"],
        target = _ZIG_TARGET,
    )

    clang_toolchain_config(
        name = name + "_config",
        abi = isa.mabi,
        compile_flags = [
            # No libc: clang neither assumes nor introduces calls to its functions, so a memcpy
            # written in C does not become a call of itself.
            "-ffreestanding",
            "-fno-asynchronous-unwind-tables",
            "-fno-unwind-tables",
            "-g",
        ],
        cpu = "riscv32",
        cxx_flags = [
            "-fno-exceptions",
            "-fno-rtti",
        ],
        include_folders = ["include"],
        libc = "none",
        link_flags = ["-nostdlib"],
        machine_flags = [
            "-march=" + isa.march,
            "-mabi=" + isa.mabi,
        ],
        runtime_files = [name + "_compiler_rt"],
        runtime_libraries = [name + "_compiler_rt"],
        target = "riscv32-unknown-none-elf",
    )

    native.filegroup(
        name = name + "_linker_files",
        srcs = [
            name + "_compiler_rt",
            _CLANG,
            _LLD,
        ],
    )

    native.filegroup(
        name = name + "_all_files",
        srcs = [
            name + "_linker_files",
            _COMPILER_FILES,
            _AR,
            _OBJCOPY,
        ],
    )

    cc_toolchain(
        name = name + "_cc",
        all_files = name + "_all_files",
        ar_files = _AR,
        as_files = _COMPILER_FILES,
        compiler_files = _COMPILER_FILES,
        dwp_files = _NO_FILES,
        linker_files = name + "_linker_files",
        objcopy_files = _OBJCOPY,
        strip_files = _OBJCOPY,
        supports_param_files = True,
        toolchain_config = name + "_config",
        toolchain_identifier = name,
    )

    native.toolchain(
        name = name,
        exec_compatible_with = [
            "@platforms//cpu:x86_64",
            "@platforms//os:linux",
        ],
        target_compatible_with = [
            "@platforms//cpu:riscv32",
            "@platforms//os:none",
            Label("//platforms/constraints/isa:" + name),
        ],
        toolchain = name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
