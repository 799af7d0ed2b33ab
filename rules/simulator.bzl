"""simulator: a program that runs firmware of one platform."""

load(":providers.bzl", "SimulatorInfo")

def _simulator_impl(ctx):
    target = ctx.attr.executable[DefaultInfo]
    simulator = SimulatorInfo(
        executable = target.files_to_run,
        runfiles = target.default_runfiles,
        statistics = ctx.attr.statistics,
    )
    return [simulator, platform_common.ToolchainInfo(simulator = simulator)]

simulator = rule(
    implementation = _simulator_impl,
    doc = """A simulator; `soc_platform` makes it known to toolchain resolution.

It is called as `executable --elf FILE --soc FILE [--arguments FILE]`, writes what the firmware
writes as it is written, and exits with the firmware's exit code.
""",
    attrs = {
        "executable": attr.label(
            doc = "The program, built for the machine that runs tests.",
            cfg = "exec",
            executable = True,
            mandatory = True,
        ),
        "statistics": attr.bool(
            doc = "Whether it also takes `--stats FILE`, see platforms/simulator/README.md.",
        ),
    },
    provides = [SimulatorInfo],
)
