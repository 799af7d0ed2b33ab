"""profile_report: where the cycles of networks on a cluster go, as predicted and as simulated."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load(":providers.bzl", "FirmwareInfo", "RunInfo")

_SUFFIXES = {
    "csv": ".csv",
    "html": ".html",
    "json": ".json",
    "text": ".txt",
    "trace": ".trace.json",
}

def _profile_report_impl(ctx):
    firmware = ctx.attr.firmware[FirmwareInfo]
    networks = [network for network in firmware.networks if network.on_cluster]
    if not firmware.simulator or not firmware.soc.cluster or not networks:
        fail("{}: {} runs no network on a simulated cluster: build it for a platform such as {}".format(
            ctx.label,
            ctx.attr.firmware.label,
            "@tilewright//platforms/siracusa:cluster_only",
        ))
    outputs = {
        kind: ctx.actions.declare_file(ctx.label.name + suffix)
        for kind, suffix in _SUFFIXES.items()
    }
    inputs = [firmware.elf, firmware.soc.description]
    arguments = ctx.actions.args()
    arguments.add("--elf", firmware.elf)
    arguments.add("--soc", firmware.soc.description)
    arguments.add("--simulator", firmware.simulator.executable.executable)
    if ctx.file.arguments_file:
        arguments.add("--arguments", ctx.file.arguments_file)
        inputs.append(ctx.file.arguments_file)
    for network in networks:
        arguments.add("--memory-map", network.memory_map)
        arguments.add("--mapping", network.mapping)
        inputs += [network.memory_map, network.mapping]
    for kind, file in outputs.items():
        arguments.add("--" + kind, file)
    ctx.actions.run(
        mnemonic = "TilewrightProfile",
        progress_message = "Profiling %{label}",
        executable = ctx.executable._tool,
        arguments = [arguments],
        inputs = inputs,
        outputs = outputs.values(),
        tools = [firmware.simulator.executable],
    )
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/bin/bash\nexec cat '{}'\n".format(outputs["text"].short_path),
        is_executable = True,
    )
    return [
        DefaultInfo(
            executable = script,
            files = depset(outputs.values()),
            runfiles = ctx.runfiles([outputs["text"]]),
        ),
        OutputGroupInfo(**{
            kind: depset([file])
            for kind, file in outputs.items()
        }),
        RunInfo(arguments = ctx.file.arguments_file, firmware = firmware),
    ]

_profile_report = rule(
    implementation = _profile_report_impl,
    doc = "See the macro `profile_report`.",
    attrs = {
        "arguments_file": attr.label(allow_single_file = True),
        "firmware": attr.label(mandatory = True, providers = [FirmwareInfo]),
        "_tool": attr.label(
            default = "//tools/profile:profile_report",
            cfg = "exec",
            executable = True,
        ),
    },
    executable = True,
    provides = [RunInfo],
)

def profile_report(name, firmware, arguments_file = None, **kwargs):
    """What each layer of a network takes on a cluster: predicted by the compiler, and simulated.

    Runs the firmware on its platform's simulator. Of each entry point of its networks that the
    firmware calls the last call is reported. `bazel run` prints the table; outputs, also as output
    groups and targets `<name>.<group>`, are

    - `text`: `<name>.txt`, the table;
    - `csv`: `<name>.csv`, one row per layer;
    - `html`: `<name>.html`, a page with timeline, figures and table that needs nothing else;
    - `trace`: `<name>.trace.json`, a timeline for https://ui.perfetto.dev;
    - `json`: `<name>.json`, for programs.

    Args:
      name: the target's name.
      firmware: `firmware` for a platform with `cluster = True`.
      arguments_file: file with the run-time input.
      **kwargs: attributes that all rules have.
    """
    _profile_report(
        name = name,
        arguments_file = arguments_file,
        firmware = firmware,
        **kwargs
    )
    dotted_targets(name, _SUFFIXES.keys(), kwargs)
