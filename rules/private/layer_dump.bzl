"""The setting that makes networks dump their layers, and how a test turns it on."""

load(":operator_modules.bzl", "operator_modules", "operator_options")

LayerDumpInfo = provider(
    doc = "Whether networks dump their layers (tilewright/layer_dump.h).",
    fields = {"enabled": "bool: whether they do."},
)

def _layer_dump_setting_impl(ctx):
    return LayerDumpInfo(enabled = ctx.build_setting_value)

layer_dump_setting = rule(
    implementation = _layer_dump_setting_impl,
    doc = "A flag of the build; there is one, `//rules:dump_layers`.",
    build_setting = config.bool(flag = True),
)

_SETTING = "//rules:dump_layers"

def _layer_dump_transition_impl(settings, attr):
    return {_SETTING: settings[_SETTING] or attr.dump_layers}

# On the edge from a rule with an attribute `dump_layers` to its firmware.
layer_dump_transition = transition(
    implementation = _layer_dump_transition_impl,
    inputs = [_SETTING],
    outputs = [_SETTING],
)

def _without_layer_dump_transition_impl(_, _attr):
    return {_SETTING: False}

# From a network to what is the same whether it dumps its layers or not: neither models nor kernels
# are built twice.
without_layer_dump_transition = transition(
    implementation = _without_layer_dump_transition_impl,
    inputs = [],
    outputs = [_SETTING],
)

def layer_dump_copts(network):
    """Flags for the compilation of a network that dumps its layers.

    Args:
      network: the network's name in C.

    Returns:
      A list of string.
    """
    return [
        "-DTILEWRIGHT_HOOKS=\"tilewright/layer_dump.h\"",
        "-DTILEWRIGHT_DUMPED_NETWORK=\"{}\"".format(network),
    ]

def layer_recorder(recorder, networks, golden):
    """The command in front of a simulator's that takes the dump out of the console's bytes.

    Args:
      recorder: DefaultInfo of //tools/compare_layers:record_layers.
      networks: list of NetworkInfo, those in the firmware.
      golden: File, .npz with the inputs that the firmware runs, in which case there is one network;
        or None.

    Returns:
      A struct of `words`, a list of string with paths relative to the runfiles; `files`, a list of
      File; and `runfiles` of the recorder.
    """
    words = [recorder.files_to_run.executable.short_path]
    files = []
    for network in networks:
        words += ["--mapping", network.mapping.short_path]
        files.append(network.mapping)
    if golden:
        model = networks[0].model.onnx
        words += ["--model", model.short_path, "--golden", golden.short_path]
        modules = operator_modules(networks[0].model)
        words += networks[0].options
        words += operator_options([module.short_path for module in modules])
        files += [model, golden] + modules
    return struct(words = words + ["--"], files = files, runfiles = recorder.default_runfiles)
