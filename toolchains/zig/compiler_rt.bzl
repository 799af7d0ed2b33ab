"""compiler_rt: the compiler's support library for one processor, as an archive."""

def _compiler_rt_impl(ctx):
    object_file = ctx.actions.declare_file(ctx.label.name + ".o")
    cache = object_file.path + ".cache"
    ctx.actions.run_shell(
        outputs = [object_file],
        inputs = depset([ctx.file._main], transitive = [depset(ctx.files._sources)]),
        tools = [ctx.file._zig],
        # zig insists on cache folders; these live and die with the action.
        command = "\n".join([
            "set -eu",
            "export ZIG_GLOBAL_CACHE_DIR=\"$1\" ZIG_LOCAL_CACHE_DIR=\"$1\"",
            "zig=\"$2\"",
            "trap 'rm -rf \"$ZIG_LOCAL_CACHE_DIR\"' EXIT",
            "shift 2",
            "\"$zig\" build-obj \"$@\"",
        ]),
        arguments = [
            cache,
            ctx.file._zig.path,
            "-target",
            ctx.attr.target,
            "-mcpu=" + ctx.attr.cpu,
            "-OReleaseSmall",
            "-fstrip",
            "-ffunction-sections",
            "-fdata-sections",
            "--zig-lib-dir",
            ctx.file._main.dirname,
            "--name",
            "compiler_rt",
            "-femit-bin=" + object_file.path,
            ctx.file._main.path,
        ],
        mnemonic = "CompilerRt",
        progress_message = "Building compiler-rt for %{label}",
    )

    # Not `zig build-lib`: it names the archive's member after a random temporary folder.
    archive = ctx.actions.declare_file("lib{}.a".format(ctx.label.name))
    ctx.actions.run(
        outputs = [archive],
        inputs = [object_file],
        executable = ctx.file._zig,
        arguments = ["ar", "rcsD", archive.path, object_file.path],
        mnemonic = "CompilerRtArchive",
    )
    return [DefaultInfo(files = depset([archive]))]

compiler_rt = rule(
    implementation = _compiler_rt_impl,
    doc = """Builds `lib<name>.a`: 64-bit division, soft float, integer/float conversion, memcpy,
memmove, memset, memcmp. The memory functions are weak: a program's own definition wins.""",
    attrs = {
        "cpu": attr.string(
            doc = "zig's `-mcpu`: base model and features, e.g. `generic_rv32+m+c`.",
            mandatory = True,
        ),
        "target": attr.string(
            doc = "zig's target triple, e.g. `riscv32-freestanding-none`.",
            mandatory = True,
        ),
        "_main": attr.label(
            default = "@zig//:ziglang/lib/compiler_rt.zig",
            allow_single_file = True,
        ),
        "_sources": attr.label(default = "@zig//:compiler_rt_sources"),
        "_zig": attr.label(
            default = "@zig//:ziglang/zig",
            allow_single_file = True,
        ),
    },
)
