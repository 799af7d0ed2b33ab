"""quantized_model: the int8 version of a float model."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:host_transition.bzl", "host_transition")
load("//rules/private:onnxruntime.bzl", "ONNXRUNTIME_ENVIRONMENT")
load(":providers.bzl", "ModelInfo")

def _quantize_action(ctx, float_model, onnx, report):
    arguments = ctx.actions.args()
    arguments.add("--name", ctx.label.name)
    arguments.add("--model", float_model.onnx)
    arguments.add("--calibration", ctx.file.calibration)
    if ctx.file.evaluation:
        arguments.add("--evaluation", ctx.file.evaluation)
    arguments.add("--output", onnx)
    arguments.add("--report", report)
    arguments.add("--calibration-method", ctx.attr.calibration_method)
    arguments.add("--percentile", ctx.attr.percentile)
    arguments.add("--weights", "per-channel" if ctx.attr.per_channel else "per-tensor")
    arguments.add_all(
        ["{}={}".format(layers, bits) for layers, bits in ctx.attr.weight_bits.items()],
        before_each = "--weight-bits",
    )
    arguments.add_all(
        [str(bits) for bits in ctx.attr.weight_bits_search],
        before_each = "--weight-bits-search",
    )
    arguments.add_all(
        ["{}={}".format(name, number) for name, number in ctx.attr.tolerance.items()],
        before_each = "--tolerance",
    )
    arguments.add_all(ctx.attr.allow_constant, before_each = "--allow-constant")
    arguments.add_all(ctx.attr.float_layers, before_each = "--float-layers")
    arguments.add_all(ctx.attr.weight_only_layers, before_each = "--weight-only-layers")
    arguments.add_all(ctx.attr.options)
    ctx.actions.run(
        mnemonic = "TilewrightQuantize",
        progress_message = "Quantizing %{label}",
        executable = ctx.executable._quantize,
        arguments = [arguments],
        env = ONNXRUNTIME_ENVIRONMENT,
        inputs = [float_model.onnx, ctx.file.calibration] +
                 ([ctx.file.evaluation] if ctx.file.evaluation else []),
        outputs = [onnx, report],
    )

def _render_action(ctx, report, text, html):
    arguments = ctx.actions.args()
    arguments.add("--report", report)
    arguments.add("--text", text)
    arguments.add("--html", html)
    ctx.actions.run(
        mnemonic = "TilewrightQuantizationReport",
        progress_message = "Reporting %{label}",
        executable = ctx.executable._render_report,
        arguments = [arguments],
        inputs = [report],
        outputs = [text, html],
    )

def _check_action(ctx, report, checked):
    arguments = ctx.actions.args()
    arguments.add("--report", report)
    arguments.add("--output", checked)
    ctx.actions.run(
        mnemonic = "TilewrightCheckTolerance",
        progress_message = "Checking the tolerance of %{label}",
        executable = ctx.executable._check_tolerance,
        arguments = [arguments],
        inputs = [report],
        outputs = [checked],
    )

def _quantized_model_impl(ctx):
    float_model = ctx.attr.model[ModelInfo]
    onnx = ctx.actions.declare_file(ctx.label.name + ".onnx")
    report, text, html = [
        ctx.actions.declare_file("{}.quantization.{}".format(ctx.label.name, suffix))
        for suffix in ["json", "txt", "html"]
    ]
    _quantize_action(ctx, float_model, onnx, report)
    _render_action(ctx, report, text, html)
    validation = []
    if ctx.attr.tolerance:
        checked = ctx.actions.declare_file(ctx.label.name + ".quantization.checked")
        _check_action(ctx, report, checked)
        validation.append(checked)
    golden = ctx.file.golden or float_model.golden
    return [
        ModelInfo(
            golden = golden,
            license = float_model.license,
            onnx = onnx,
            operators = float_model.operators,
        ),
        DefaultInfo(files = depset([onnx])),
        OutputGroupInfo(
            # Bazel makes these whenever the model is needed, and fails if one cannot be made; the
            # report is there to be read all the same.
            _validation = depset(validation),
            golden = depset([golden] if golden else []),
            onnx = depset([onnx]),
            report = depset([report]),
            report_html = depset([html]),
            report_txt = depset([text]),
        ),
    ]

_quantized_model = rule(
    implementation = _quantized_model_impl,
    doc = "See the macro `quantized_model`.",
    attrs = {
        "allow_constant": attr.string_list(),
        "calibration": attr.label(allow_single_file = [".npz"], mandatory = True),
        "calibration_method": attr.string(
            default = "min-max",
            values = ["entropy", "min-max", "mse", "percentile"],
        ),
        "evaluation": attr.label(allow_single_file = [".npz"]),
        "float_layers": attr.string_list(),
        "golden": attr.label(allow_single_file = [".npz"]),
        "model": attr.label(mandatory = True, providers = [ModelInfo]),
        "options": attr.string_list(),
        "per_channel": attr.bool(default = True),
        "percentile": attr.string(default = "99.99"),
        "tolerance": attr.string_dict(),
        "weight_bits": attr.string_dict(),
        "weight_bits_search": attr.int_list(),
        "weight_only_layers": attr.string_list(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_check_tolerance": attr.label(
            default = "//tools/quantize:check_tolerance",
            cfg = "exec",
            executable = True,
        ),
        "_quantize": attr.label(
            default = "//tools/quantize",
            cfg = "exec",
            executable = True,
        ),
        "_render_report": attr.label(
            default = "//tools/quantize:render_report",
            cfg = "exec",
            executable = True,
        ),
    },
    provides = [ModelInfo],
    # A model does not depend on a platform: firmware for several shares one run.
    cfg = host_transition,
)

def quantized_model(
        name,
        model,
        calibration,
        golden = None,
        calibration_method = "min-max",
        percentile = 99.99,
        per_channel = True,
        weight_bits = {},
        weight_bits_search = [],
        evaluation = None,
        tolerance = {},
        allow_constant = [],
        float_layers = [],
        weight_only_layers = [],
        options = [],
        **kwargs):
    """An int8 model in QDQ form, made by onnxruntime's quantiser; see docs/quantisation.md.

    Outputs, each also an output group and a target `<name>.<group>`: `onnx`, and `report`,
    `report_txt` and `report_html`, which compare every layer of the two models as JSON, as a table
    and as a page.

    Args:
      name: the target's name, and that of the files.
      model: float32 `onnx_model`.
      calibration: .npz with typical inputs.
      golden: inputs to test the int8 model with; by default those of `model`.
      calibration_method: how the ranges of activations follow from the calibration data: "min-max",
        "percentile", "mse" or "entropy".
      percentile: values of an activation that the method "percentile" keeps in its range, in percent.
      per_channel: whether weights have one scale per output channel, or one in all.
      weight_bits: bits of layers' weights, 8, 4 or 2, by the pattern of their nodes' names, such as
        `{"encoder/*": 4, "encoder/last": 8}`; of several that match the last one counts, and 8 is
        what others have.
      weight_bits_search: bits below 8 to choose from for layers that `weight_bits` does not name,
        such as `[4, 2]`: the fewest, by measured sensitivity, with which `tolerance` holds.
      evaluation: .npz like that of calibration, with the right class of each sample as `labels` if
        it is to be compared with them. Models are compared on these data, or else on those of
        calibration.
      tolerance: what the int8 model must keep to, else the build fails: numbers by `accuracy` (share
        of right classes, at least), `accuracy_drop` (from the float model's, at most), `agreement`
        (share of classes as the float model's, at least) and `signal_to_noise_db` (of the outputs, at
        least).
      allow_constant: patterns of names of activations that may be constant on the calibration data.
      float_layers: patterns of names of nodes that stay float32.
      weight_only_layers: patterns of names of Gemm and MatMul nodes whose weights are quantised, but
        not their activations. GRU, LSTM and RNN are so by themselves.
      options: further options of `//tools/quantize`.
      **kwargs: attributes that all rules have.
    """
    _quantized_model(
        name = name,
        allow_constant = allow_constant,
        calibration = calibration,
        calibration_method = calibration_method,
        evaluation = evaluation,
        float_layers = float_layers,
        golden = golden,
        model = model,
        options = options,
        per_channel = per_channel,
        percentile = str(percentile),
        tolerance = {measure: str(number) for measure, number in tolerance.items()},
        weight_bits = {layers: str(bits) for layers, bits in weight_bits.items()},
        weight_bits_search = weight_bits_search,
        weight_only_layers = weight_only_layers,
        **kwargs
    )
    dotted_targets(name, ["onnx", "report", "report_html", "report_txt"], kwargs)
