"""The transition from the build's configuration to that of a device."""

def _platform_transition_impl(_, attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:platforms": str(attr.platform),
    }

# On the incoming edge of a rule with an attribute `platform`. Firmware is always optimised: what
# is measured and shipped does not depend on how its tests were started.
platform_transition = transition(
    implementation = _platform_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:platforms",
    ],
)
