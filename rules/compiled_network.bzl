"""compiled_network: C code of a model, as a library."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//rules/private:cc_library.bzl", "compile_library")
load("//rules/private:dotted_targets.bzl", "dotted_targets")
load(
    "//rules/private:layer_dump.bzl",
    "LayerDumpInfo",
    "layer_dump_copts",
    "without_layer_dump_transition",
)
load("//rules/private:network_options.bzl", "entry_point_options", "network_name")
load("//rules/private:operator_modules.bzl", "operator_modules", "operator_options")
load(":providers.bzl", "ModelInfo", "NetworkInfo")

_SOC = "//toolchains/soc:toolchain_type"

_REQUIREMENTS = {
    # The compiler starts once and stays for all networks (compiler/persistent_worker.py).
    "requires-worker-protocol": "json",
    "supports-workers": "1",
    "worker-key-mnemonic": "TilewrightCompile",
    # Of no effect but in builds with --experimental_output_paths=strip: the command lines name
    # files only, so that the same network for two platforms is one cache entry.
    "supports-path-mapping": "1",
}

def _compiled_network_impl(ctx):
    model = ctx.attr.model[0][ModelInfo]
    name = network_name(ctx.label.name)
    modules = operator_modules(model)

    def output(suffix):
        return ctx.actions.declare_file(name + suffix)

    def run(mnemonic, message, command, inputs, outputs, positional, named):
        # A worker takes its requests from files.
        arguments = ctx.actions.args()
        arguments.use_param_file("@%s", use_always = True)
        arguments.set_param_file_format("multiline")
        arguments.add(command)
        arguments.add_all(positional)
        arguments.add_all(operator_options(modules))
        for option, value in named.items():
            arguments.add(option, value)
        ctx.actions.run(
            mnemonic = mnemonic,
            progress_message = message,
            executable = ctx.executable._compiler,
            arguments = [arguments],
            inputs = inputs + modules,
            outputs = outputs,
            execution_requirements = _REQUIREMENTS,
        )

    options = [model.onnx] + ctx.attr.options

    named = {"--name": name}

    # Networks on a cluster are scheduled in tiles, by the chip's description.
    soc = ctx.toolchains[_SOC].soc if ctx.toolchains[_SOC] else None
    dumps_layers = ctx.attr._dump_layers[LayerDumpInfo].enabled

    on_cluster = soc != None and soc.cluster
    chip = {}
    if on_cluster:
        chip["--soc"] = soc.description
        options = options + ["--engines=" + ("all" if soc.accelerator else "cores")]
        if dumps_layers:
            options = options + ["--record-layers"]
    placement = _place(model, run, output, options, chip)
    placed = chip | {"--placement": placement}
    source = output(".c")
    header = output(".h")
    weights = output("_weights.bin")
    assembly = output("_weights.S")
    mapping = output(".mapping.json")
    mapping_text = output(".mapping.txt")
    memory_map = output(".memory.json")
    memory_page = output(".memory.html")
    emitted = {
        "--assembly": assembly,
        "--header": header,
        "--mapping": mapping,
        "--mapping-text": mapping_text,
        "--memory-map": memory_map,
        "--memory-page": memory_page,
        "--source": source,
        "--weights": weights,
    }
    if ctx.attr.memory_budget:
        named["--memory"] = ctx.attr.memory_budget
    run(
        "TilewrightEmit",
        "Generating C for %{label}",
        "emit",
        [model.onnx] + placed.values(),
        emitted.values(),
        options,
        named | placed | emitted,
    )

    libraries = ctx.attr._libraries
    copts = ctx.attr.copts
    if dumps_layers:
        libraries = libraries + [ctx.attr._layer_dump]
        copts = copts + layer_dump_copts(name)
    library = compile_library(
        ctx,
        srcs = [source, assembly],
        hdrs = [header],
        deps = [target[CcInfo] for target in libraries] +
               [kernels for operators in model.operators for kernels in operators.cc_infos],
        # The folder is that of the header and of the file that the assembly includes.
        copts = ["-std=c99", "-I" + weights.dirname] + copts,
        includes = [weights.dirname],
        additional_inputs = [weights],
    )
    return [
        library.cc_info,
        DefaultInfo(files = depset(library.files)),
        NetworkInfo(
            header = header,
            mapping = mapping,
            memory_map = memory_map,
            model = model,
            name = name,
            on_cluster = on_cluster,
            options = ctx.attr.options,
            placement = placement,
            source = source,
            weights = weights,
        ),
        OutputGroupInfo(
            c = depset([source]),
            h = depset([header]),
            placement = depset([placement]),
            report = depset([mapping, mapping_text, memory_map, memory_page]),
            weights = depset([weights, assembly]),
        ),
    ]

def _place(model, run, output, options, chip):
    """Actions that give every tensor an address, or schedule tiles on a cluster; returns the file.

    The problem does not have the weights: if only these change, it is not solved again.
    """
    problem = output(".problem.json")
    run(
        "TilewrightAnalyse",
        "Analysing %{label}",
        "analyse",
        [model.onnx] + chip.values(),
        [problem],
        options,
        chip | {"--output": problem},
    )
    placement = output(".placement.json")
    run(
        "TilewrightPlace",
        "Scheduling %{label}" if chip else "Placing tensors of %{label}",
        "place",
        [problem],
        [placement],
        [problem],
        {"--output": placement},
    )
    return placement

_compiled_network = rule(
    implementation = _compiled_network_impl,
    doc = "See the macro `compiled_network`.",
    attrs = {
        "copts": attr.string_list(),
        "memory_budget": attr.int(),
        "model": attr.label(
            cfg = without_layer_dump_transition,
            mandatory = True,
            providers = [ModelInfo],
        ),
        "options": attr.string_list(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_compiler": attr.label(
            default = "//compiler",
            cfg = "exec",
            executable = True,
        ),
        "_dump_layers": attr.label(default = "//rules:dump_layers"),
        "_layer_dump": attr.label(default = "//firmware/runtime:layer_dump"),
        "_libraries": attr.label_list(
            cfg = without_layer_dump_transition,
            default = [
                "//firmware:headers",
                "//kernels",
                "//kernels:headers",
            ],
        ),
    },
    fragments = ["cpp"],
    provides = [CcInfo, NetworkInfo],
    toolchains = use_cc_toolchain() + [config_common.toolchain_type(_SOC, mandatory = False)],
)

def compiled_network(
        name,
        model,
        entry_points = {},
        dims = {},
        states = {},
        integer_io = [],
        input_types = {},
        **kwargs):
    """A model compiled to C, as a library for `firmware` or any `cc_*` rule.

    Everything that its header `<name>.h` declares starts with the target's name; characters that C
    does not allow in names become `_`.

    Outputs, each also an output group and a target `<name>.<group>`: `c`, `h`, `weights`,
    `placement` (where every tensor lies; on a cluster also how it is cut and when it moves) and
    `report` (operations and memory).

    Args:
      name: the target's name.
      model: `onnx_model` or `quantized_model`.
      entry_points: extents of the model's symbolic dimensions by entry point, for example
        `{"decode": {"sequence": 1}, "prefill": {"sequence": 64}}`. Entry points share weights,
        states and working memory. By default one, without a name.
      dims: extents of symbolic dimensions in all entry points that do not say otherwise, for
        example `{"batch": 1, "seq": 64}`. Every one needs an extent.
      states: model outputs by model input: what a run leaves in the output is the input of the
        next run.
      integer_io: inputs and outputs of a quantised model to pass as int8; `["all"]` for all.
      input_types: what inputs hold, for models that store integers as float32 or leave extents open,
        for example `{"image": "uint8", "cache": "int8[1,16,8,4]"}`; see docs/importers.md.
      **kwargs: `memory_budget`, bytes that weights, states and working memory may take together;
        `copts`; and attributes that all rules have.
    """
    _compiled_network(
        name = name,
        model = model,
        options = entry_point_options(entry_points, dims) +
                  ["--state={}={}".format(*state) for state in states.items()] +
                  ["--integer-io=" + tensor for tensor in integer_io] +
                  ["--input-type={}={}".format(*item) for item in input_types.items()],
        **kwargs
    )
    dotted_targets(name, ["c", "h", "placement", "report", "weights"], kwargs)
