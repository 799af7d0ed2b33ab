"""simulator_test: runs firmware on its platform's simulator and checks what it does."""

load(
    "//rules/private:layer_dump.bzl",
    "LayerDumpInfo",
    "layer_dump_transition",
    "layer_recorder",
)
load("//rules/private:simulator_command.bzl", "simulator_command")
load(":providers.bzl", "FirmwareInfo", "RunInfo")

def _simulator_test_impl(ctx):
    firmware = ctx.attr.firmware[0][FirmwareInfo]
    arguments = ctx.file.arguments_file
    if ctx.attr.arguments:
        if arguments:
            fail("give `arguments` or `arguments_file`, not both")
        arguments = ctx.actions.declare_file(ctx.label.name + ".arguments")
        ctx.actions.write(arguments, ctx.attr.arguments)
    command = simulator_command(firmware, arguments, ctx.label)

    check = ["--expected-exit-code", str(ctx.attr.expected_exit_code)]
    files = []
    if ctx.file.expected_output:
        check += ["--expected-output", ctx.file.expected_output.short_path]
        files.append(ctx.file.expected_output)
    for text in ctx.attr.expected_text:
        check += ["--expected-text", text]

    checker = ctx.attr._checker[DefaultInfo]
    words = command.words
    files += command.files
    runfiles = [command.runfiles, checker.default_runfiles]
    if _dumps_layers(ctx, firmware):
        recorder = layer_recorder(
            ctx.attr._record_layers[DefaultInfo],
            firmware.networks,
            ctx.file.golden,
        )
        words = recorder.words + words
        files += recorder.files
        runfiles.append(recorder.runfiles)
    else:
        for unit, most in ctx.attr.maximums.items():
            check += ["--maximum", "{}={}".format(unit, most)]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    words = [checker.files_to_run.executable.short_path] + check + ["--"] + words
    ctx.actions.write(
        script,
        "#!/bin/bash\nexec {}\n".format(" ".join([_quote(word) for word in words])),
        is_executable = True,
    )
    return [
        DefaultInfo(
            executable = script,
            runfiles = ctx.runfiles(files).merge_all(runfiles),
        ),
        RunInfo(arguments = arguments, firmware = firmware),
    ]

def _dumps_layers(ctx, firmware):
    """Whether the test records layers: it is asked to, or all are and it has networks."""
    if ctx.attr.dump_layers and not firmware.networks:
        fail("{}: dump_layers: {} has no network".format(ctx.label, ctx.attr.firmware[0].label))
    if ctx.file.golden and len(firmware.networks) != 1:
        fail("{}: golden: {} has {} networks, not one".format(
            ctx.label,
            ctx.attr.firmware[0].label,
            len(firmware.networks),
        ))
    return bool(firmware.networks) and (
        ctx.attr.dump_layers or ctx.attr._dump_layers[LayerDumpInfo].enabled
    )

def _quote(word):
    return "'" + word.replace("'", "'\\''") + "'"

simulator_test = rule(
    implementation = _simulator_test_impl,
    doc = """Runs firmware on the simulator of its platform.

The test itself is of the build's own platform; it fails if exit code or output are not as expected.

With `dump_layers`, and for all tests with `--@tilewright//rules:dump_layers`, the networks of the
firmware are compiled so that they write what each layer made to the console. The test's undeclared
outputs get it as `<network>.layers.npz`, for `//tools:compare_layers`; it is not part of the output
that the test checks. With `golden`, every layer must equal the interpreter's to the bit, and the
test's log names the first that does not.
""",
    attrs = {
        "arguments": attr.string(doc = "Run-time input, as it is."),
        "arguments_file": attr.label(
            doc = "File with the run-time input.",
            allow_single_file = True,
        ),
        "dump_layers": attr.bool(
            doc = "Whether to record what every layer of the firmware's networks makes.",
        ),
        "expected_exit_code": attr.int(doc = "What main returns, 0 to 255."),
        "expected_output": attr.label(
            doc = "File that the output must equal to the byte.",
            allow_single_file = True,
        ),
        "expected_text": attr.string_list(
            doc = "Texts that the output must contain, in this order.",
        ),
        "firmware": attr.label(
            doc = "The `firmware` to run.",
            cfg = layer_dump_transition,
            mandatory = True,
            providers = [FirmwareInfo],
        ),
        "golden": attr.label(
            doc = """`golden_data` whose inputs the firmware runs its only network on: what recorded
layers are compared with.""",
            allow_single_file = [".npz"],
        ),
        "maximums": attr.string_dict(
            doc = """Largest allowed counts by unit: with `{"instructions": "5000"}`, every number
in front of the word `instructions` in the output must be at most 5000. Not checked in a run that
records layers, which takes longer.""",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_checker": attr.label(
            default = "//toolchains/simulator:check_run",
            cfg = "exec",
            executable = True,
        ),
        "_dump_layers": attr.label(default = "//rules:dump_layers"),
        "_record_layers": attr.label(
            default = "//tools/compare_layers:record_layers",
            cfg = "exec",
            executable = True,
        ),
    },
    provides = [RunInfo],
    test = True,
)
