"""simulator_test: runs firmware on its platform's simulator and checks what it does."""

load("//rules/private:simulator_command.bzl", "simulator_command")
load(":providers.bzl", "FirmwareInfo", "RunInfo")

def _simulator_test_impl(ctx):
    firmware = ctx.attr.firmware[FirmwareInfo]
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

    for unit, most in ctx.attr.maximums.items():
        check += ["--maximum", "{}={}".format(unit, most)]

    checker = ctx.attr._checker[DefaultInfo]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    words = [checker.files_to_run.executable.short_path] + check + ["--"] + command.words
    ctx.actions.write(
        script,
        "#!/bin/bash\nexec {}\n".format(" ".join([_quote(word) for word in words])),
        is_executable = True,
    )
    return [
        DefaultInfo(
            executable = script,
            runfiles = ctx.runfiles(files + command.files).merge_all([
                command.runfiles,
                checker.default_runfiles,
            ]),
        ),
        RunInfo(arguments = arguments, firmware = firmware),
    ]

def _quote(word):
    return "'" + word.replace("'", "'\\''") + "'"

simulator_test = rule(
    implementation = _simulator_test_impl,
    doc = """Runs firmware on the simulator of its platform.

The test itself is of the build's own platform; it fails if exit code or output are not as expected.
""",
    attrs = {
        "arguments": attr.string(doc = "Run-time input, as it is."),
        "arguments_file": attr.label(
            doc = "File with the run-time input.",
            allow_single_file = True,
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
            mandatory = True,
            providers = [FirmwareInfo],
        ),
        "maximums": attr.string_dict(
            doc = """Largest allowed counts by unit: with `{"instructions": "5000"}`, every number
in front of the word `instructions` in the output must be at most 5000.""",
        ),
        "_checker": attr.label(
            default = "//toolchains/simulator:check_run",
            cfg = "exec",
            executable = True,
        ),
    },
    provides = [RunInfo],
    test = True,
)
