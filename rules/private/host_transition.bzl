"""The transition to the configuration of things that are the same for every device."""

def _host_transition_impl(_, _attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:platforms": str(Label("//platforms/host")),
        "//rules:dump_layers": False,
    }

host_transition = transition(
    implementation = _host_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:platforms",
        "//rules:dump_layers",
    ],
)
