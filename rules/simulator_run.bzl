"""simulator_run: firmware on its simulator, for `bazel run`."""

load("//rules/private:simulator_command.bzl", "simulator_command")
load(":providers.bzl", "FirmwareInfo", "RunInfo")

def _simulator_run_impl(ctx):
    firmware = ctx.attr.firmware[FirmwareInfo]
    command = simulator_command(firmware, ctx.file.arguments_file, ctx.label)
    words = command.words
    runfiles = ctx.runfiles(command.files).merge(command.runfiles)
    if ctx.attr.front_end:
        front_end = ctx.attr.front_end[DefaultInfo]
        words = [front_end.files_to_run.executable.short_path] + words + ["--"]
        runfiles = runfiles.merge(front_end.default_runfiles)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/bin/bash\n{}exec {} \"$@\"\n".format(
            "export TILEWRIGHT_STATISTICS=1\n" if firmware.simulator.statistics else "",
            " ".join(["'{}'".format(word) for word in words]),
        ),
        is_executable = True,
    )
    return [
        DefaultInfo(executable = script, runfiles = runfiles),
        RunInfo(arguments = ctx.file.arguments_file, firmware = firmware),
    ]

simulator_run = rule(
    implementation = _simulator_run_impl,
    doc = """Runs firmware on the simulator of its platform: `bazel run :target -- options`.

Options go to the front end, or to the simulator if there is none.
""",
    attrs = {
        "arguments_file": attr.label(
            doc = "File with the run-time input, if no front end makes it.",
            allow_single_file = True,
        ),
        "firmware": attr.label(
            doc = "The `firmware` to run.",
            mandatory = True,
            providers = [FirmwareInfo],
        ),
        "front_end": attr.label(
            doc = """A program that talks with the user. It is called as
`front_end SIMULATOR WORDS... -- options` and runs the simulator's words, to which it may add
`--arguments FILE`, and `--stats FILE` if the environment has TILEWRIGHT_STATISTICS=1.""",
            cfg = "exec",
            executable = True,
        ),
    },
    executable = True,
    provides = [RunInfo],
)
