"""program_for_platform: an executable built for a platform other than the command line's."""

def _platform_transition_impl(_settings, attr):
    return {
        "//command_line_option:compilation_mode": attr.compilation_mode,
        "//command_line_option:platforms": str(attr.platform),
    }

_platform_transition = transition(
    implementation = _platform_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:platforms",
    ],
)

def _program_for_platform_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = program,
        target_file = ctx.executable.program,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = program,
        runfiles = ctx.runfiles([program]),
    )]

program_for_platform = rule(
    implementation = _program_for_platform_impl,
    doc = "Builds `program` for `platform` and names the result after itself.",
    attrs = {
        "compilation_mode": attr.string(default = "opt"),
        "platform": attr.label(mandatory = True),
        "program": attr.label(
            mandatory = True,
            cfg = _platform_transition,
            executable = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
