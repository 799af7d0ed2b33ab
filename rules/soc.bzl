"""soc: one system on chip, described by a soc.yaml."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":providers.bzl", "SocInfo")

def _soc_impl(ctx):
    soc = SocInfo(
        name = ctx.label.name,
        accelerator = ctx.attr.accelerator,
        cluster = ctx.attr.cluster,
        description = ctx.file.description,
        linker_script = ctx.file.linker_script,
        cc_info = ctx.attr.runtime[CcInfo],
    )
    return [
        soc,
        platform_common.ToolchainInfo(soc = soc),
        DefaultInfo(files = depset([ctx.file.description])),
    ]

soc = rule(
    implementation = _soc_impl,
    doc = """A system on chip; `soc_platform` makes it known to toolchain resolution.

The linker script template is rendered with the facts of `description` (every key of soc.yaml is a
variable, and `stack_size`). It defines the symbols that //firmware/runtime/riscv:start.S names.
""",
    attrs = {
        "accelerator": attr.bool(
            doc = "Whether networks use the cluster's accelerator too.",
        ),
        "cluster": attr.bool(
            doc = "Whether networks run on the cluster that `description` has.",
        ),
        "description": attr.label(
            doc = "soc.yaml: memories, stack, devices, instruction set.",
            allow_single_file = [".yaml"],
            mandatory = True,
        ),
        "linker_script": attr.label(
            doc = "Jinja template of the linker script; none on a host.",
            allow_single_file = [".jinja"],
        ),
        "runtime": attr.label(
            doc = "Library that defines tilewright/soc_interface.h and brings start-up code.",
            mandatory = True,
            providers = [CcInfo],
        ),
    },
    provides = [SocInfo],
)
