"""quantized_model: the int8 version of a float model."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:onnxruntime.bzl", "ONNXRUNTIME_ENVIRONMENT")
load(":providers.bzl", "ModelInfo")

def _quantized_model_impl(ctx):
    float_model = ctx.attr.model[ModelInfo]
    onnx = ctx.actions.declare_file(ctx.label.name + ".onnx")
    report = ctx.actions.declare_file(ctx.label.name + ".quantization.json")
    arguments = ctx.actions.args()
    arguments.add("--model", float_model.onnx)
    arguments.add("--calibration", ctx.file.calibration)
    arguments.add("--output", onnx)
    arguments.add("--report", report)
    arguments.add_all(
        ["{}={}".format(layers, bits) for layers, bits in ctx.attr.weight_bits.items()],
        before_each = "--weight-bits",
    )
    arguments.add_all(ctx.attr.options)
    ctx.actions.run(
        mnemonic = "TilewrightQuantize",
        progress_message = "Quantizing %{label}",
        executable = ctx.executable._quantize,
        arguments = [arguments],
        env = ONNXRUNTIME_ENVIRONMENT,
        inputs = [float_model.onnx, ctx.file.calibration],
        outputs = [onnx, report],
    )
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
            golden = depset([golden] if golden else []),
            onnx = depset([onnx]),
            report = depset([report]),
        ),
    ]

_quantized_model = rule(
    implementation = _quantized_model_impl,
    doc = "See the macro `quantized_model`.",
    attrs = {
        "calibration": attr.label(allow_single_file = [".npz"], mandatory = True),
        "golden": attr.label(allow_single_file = [".npz"]),
        "model": attr.label(mandatory = True, providers = [ModelInfo]),
        "options": attr.string_list(),
        "weight_bits": attr.string_dict(),
        "_quantize": attr.label(
            default = "//tools/quantize",
            cfg = "exec",
            executable = True,
        ),
    },
    provides = [ModelInfo],
)

def quantized_model(name, model, calibration, golden = None, weight_bits = {}, options = [], **kwargs):
    """An int8 model in QDQ form, made by onnxruntime's quantiser.

    Outputs, each also an output group and a target `<name>.<group>`: `onnx`, and `report`, which
    compares the two models on the calibration data.

    Args:
      name: the target's name, and that of the files.
      model: float32 `onnx_model`.
      calibration: .npz with typical inputs.
      golden: inputs to test the int8 model with; by default those of `model`.
      weight_bits: bits of layers' weights, 8, 4 or 2, by the pattern of their nodes' names, such as
        `{"encoder/*": 4, "encoder/last": 8}`; of several that match the last one counts, and 8 is
        what others have.
      options: further options of `//tools/quantize`.
      **kwargs: attributes that all rules have.
    """
    _quantized_model(
        name = name,
        calibration = calibration,
        golden = golden,
        model = model,
        options = options,
        weight_bits = {layers: str(bits) for layers, bits in weight_bits.items()},
        **kwargs
    )
    dotted_targets(name, ["onnx", "report"], kwargs)
