"""zig_driver: one LLVM driver of the `ziglang` wheel as a tool of its own."""

def _zig_driver_impl(ctx):
    driver = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        driver,
        "#!/bin/sh\nexec {zig} {command} \"$@\"\n".format(
            zig = ctx.file._zig.path,
            command = ctx.attr.command,
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = driver,
        files = depset([driver, ctx.file._zig]),
    )]

zig_driver = rule(
    implementation = _zig_driver_impl,
    doc = """Makes an executable that runs `zig <command> <arguments>`.

Bazel calls a tool by its path alone and puts its arguments into a response file where they are
long, so the sub-command cannot be one of them. The script names the wheel's binary by its path
below the execution root: it works as an action's tool, with `DefaultInfo.files` among the inputs,
and not under `bazel run`.""",
    attrs = {
        "command": attr.string(
            doc = "Sub-command of zig: `clang`, `ar`, `ld.lld` or `objcopy`.",
            mandatory = True,
            values = ["ar", "clang", "ld.lld", "objcopy"],
        ),
        "_zig": attr.label(
            default = "@zig//:ziglang/zig",
            allow_single_file = True,
        ),
    },
    executable = True,
)
