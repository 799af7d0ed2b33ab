"""golden_data: inputs of a network with the outputs it must give."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:host_transition.bzl", "host_transition")
load("//rules/private:onnxruntime.bzl", "ONNXRUNTIME_ENVIRONMENT")
load("//rules/private:operator_modules.bzl", "operator_modules", "operator_options")
load(":providers.bzl", "NetworkInfo")

def _golden_data_impl(ctx):
    network = ctx.attr.network[NetworkInfo]
    inputs = ctx.file.inputs or network.model.golden
    npz = ctx.actions.declare_file(ctx.label.name + ".npz")
    source = ctx.actions.declare_file(ctx.label.name + ".c")
    report = ctx.actions.declare_file(ctx.label.name + ".reference.json")
    arguments = ctx.actions.args()
    arguments.add(network.model.onnx)
    arguments.add_all(network.options)
    modules = operator_modules(network.model)
    arguments.add_all(operator_options(modules))
    if inputs:
        arguments.add("--inputs", inputs)
    else:
        arguments.add("--seed", ctx.attr.seed)
        arguments.add("--steps", ctx.attr.steps)
    if ctx.attr.reference_tolerance:
        arguments.add("--reference-tolerance", ctx.attr.reference_tolerance)
    arguments.add("--npz", npz)
    arguments.add("--source", source)
    arguments.add("--report", report)
    ctx.actions.run(
        mnemonic = "TilewrightGolden",
        progress_message = "Interpreting %{label}",
        executable = ctx.executable._golden,
        arguments = [arguments],
        env = ONNXRUNTIME_ENVIRONMENT,
        inputs = [network.model.onnx] + modules + ([inputs] if inputs else []),
        outputs = [npz, source, report],
    )
    return [
        DefaultInfo(files = depset([npz])),
        OutputGroupInfo(
            c = depset([source]),
            npz = depset([npz]),
            reference = depset([report]),
        ),
    ]

_golden_data = rule(
    implementation = _golden_data_impl,
    doc = "See the macro `golden_data`.",
    attrs = {
        "inputs": attr.label(allow_single_file = [".npz"]),
        "network": attr.label(mandatory = True, providers = [NetworkInfo]),
        "reference_tolerance": attr.string(),
        "seed": attr.int(),
        "steps": attr.int(default = 2),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_golden": attr.label(
            default = "//tools/golden",
            cfg = "exec",
            executable = True,
        ),
    },
    # Expected values do not depend on a platform: firmware for several shares one run.
    cfg = host_transition,
)

def golden_data(name, network, inputs = None, seed = 0, steps = 2, reference_tolerance = None, **kwargs):
    """Inputs of a network, and the outputs of the compiler's interpreter, which are exact.

    Outputs, each also an output group and a target `<name>.<group>`: `npz`; `c`, the same as C for
    //firmware/apps/inference_check; `reference`, differences from onnxruntime as JSON.

    Args:
      name: the target's name, and that of the files.
      network: `compiled_network`.
      inputs: .npz with inputs, see `onnx_model`; by default the model's `golden`, and without that
        random inputs: int8 uniform over the whole range, float32 standard normal.
      seed: of random inputs.
      steps: how often every entry point runs on random inputs; states carry over.
      reference_tolerance: a number; the build fails if an output is further than that from
        onnxruntime's: in quantisation steps of a quantised output, else absolute. Without one the
        two are not compared.
      **kwargs: attributes that all rules have.
    """
    _golden_data(
        name = name,
        inputs = inputs,
        network = network,
        reference_tolerance = "" if reference_tolerance == None else str(reference_tolerance),
        seed = seed,
        steps = steps,
        **kwargs
    )
    dotted_targets(name, ["c", "npz", "reference"], kwargs)
